"""A small transformer that learns to fill gaps in the texts (masked words).

    task        15 % of the words are chosen; 80 % of these become a mask, 10 % another word, 10 % stay; the loss is the
                cross-entropy of the chosen words
    encoder     word vectors + position embeddings, then layers of self-attention and a position-wise network
    documents   v = ((mean over words of the last two layers) - mean over documents), whitened

Devlin, Chang, Lee & Toutanova, "BERT" (NAACL 2019), in a small size and without next-sentence prediction. Layers are
normalised before each part (Xiong et al. 2020). The vocabulary consists of the most frequent words of the texts, as
`pmi` reads them: a gap is then a whole word. The word vectors start from the factors of `pmi`. A document that is
longer than the context is read in windows.

Whitening (Su et al., "Whitening Sentence Representations", 2021) gives all directions the same variance. Without it the
cosine of any two documents is near 1. A model of one small corpus fills gaps, but it seldom finds documents better than
`lsa` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.builders.base import UNLIMITED_EPOCHS, Gap, timed
from semsearch.builders.cooccurrence_factors import Sentences
from semsearch.builders.gradient_words import StartOptions, prepare
from semsearch.builders.options import BuilderOptions, option
from semsearch.builders.words import stored_analyzer
from semsearch.errors import BuildError, InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.text import Analyzer, pack, unpack
from semsearch.maths.vocabulary import Words, default_min_count, number_frequent
from semsearch.records import Device, Documents, Embeddings, Fitted, Report, State

TOKENS_SEEN = 5_000_000  # in a training by default, each epoch counted
MAX_EPOCHS = 100  # by default
PATIENCE = 5  # epochs without improvement before early stopping
HELD_OUT = 10  # one document of so many is held out
MIN_WORDS = 50  # in the texts
MIN_VOCABULARY = 5
MAX_CONTEXT = 1024
BLANK = "___"
_WINDOW = 5  # words on either side, of the counts that the word vectors start from
_START_SIZE = 0.02  # standard deviation of the initial word vectors, as of random ones
_RIDGE = 0.01  # added to each variance in whitening, as a share of the largest: the weakest directions are mostly noise
_PAD, _MASK, _UNKNOWN, _END, _FIRST = 0, 1, 2, 3, 4  # as in nets.masked


@dataclass(frozen=True)
class MaskedOptions(BuilderOptions):
    """Options of `build masked`."""

    dim: int = option(128, "dimensions; a multiple of --heads", least=8, most=1024)
    layers: int = option(2, "layers of the encoder", least=2, most=12)
    heads: int = option(4, "attention heads", least=1, most=16)
    context: int = option(
        64, "words that the encoder reads at once; longer texts are read in parts", least=8, most=MAX_CONTEXT
    )
    max_vocab: int = option(30_000, "words in the vocabulary; the most frequent are kept", least=MIN_VOCABULARY)
    min_count: int | None = option(None, "minimum count of a word", least=1, default_text="5, for small corpora 2 or 1")
    epochs: int | None = option(
        None,
        "epochs at most; training stops earlier when the held-out loss no longer falls",
        least=1,
        default_text=f"as many as process {TOKENS_SEEN:,} words, at most {MAX_EPOCHS} epochs",
    )
    seconds: float | None = option(None, "training time, instead of --epochs", above=0, unit="seconds")
    batch_size: int = option(64, "windows of --context words per step", least=1)
    lr: float = option(0.002, "learning rate (AdamW)", above=0, most=1)
    init: Literal["pmi", "random"] = option(
        "pmi", "initial word vectors: pmi (those of `pmi`) or random", choices=("pmi", "random")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim % self.heads:
            raise InputError(f"--dim {self.dim} is no multiple of --heads {self.heads}: choose others")
        if self.seconds is not None and self.epochs is not None:
            raise InputError("--seconds and --epochs are both given: choose one")


class Masked:
    """A small transformer that fills masked words (needs torch)."""

    name = "masked"
    reads: Literal["documents"] = "documents"
    Options = MaskedOptions
    needs = ("torch",)

    def fit(
        self, corpus: Documents, options: MaskedOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Documents (n, dim). Raises BuildError for too few words."""
        from semsearch.nets import masked
        from semsearch.nets.loop import TrainOptions, train
        from semsearch.nets.transformer import EncoderConfig

        metrics: dict[str, float] = {}
        with timed(metrics, "reading"):
            words = _read(corpus, options)
        held = rng.permutation(len(corpus))[: len(corpus) // HELD_OUT]
        stream, held_out = _streams(words, held)
        config = EncoderConfig(len(words.words) + _FIRST, options.context, options.dim, options.layers, options.heads)
        epochs = options.epochs or default_epochs(len(stream), options.seconds)
        plan = masked.MaskedPlan(epochs, options.batch_size, options.lr, seed=int(rng.integers(1 << 31)))
        initial = _initial(words, options, rng=rng, report=report, metrics=metrics) if options.init == "pmi" else None
        counts = np.bincount(stream, minlength=config.tokens)
        task = masked.Masked(stream, held_out, config, plan, counts, initial, device)
        rules = TrainOptions(
            seed=plan.seed, clip=1.0, patience=PATIENCE, seconds=options.seconds, mixed=device.name == "cuda"
        )
        with timed(metrics, "training"):
            trained = train(task, rules, device=device, report=report)
        arrays = masked.state_of(task.net) | {"words": pack(words.words), "language": pack([corpus.language])}
        with timed(metrics, "averaging"):
            found = masked.means(task.net.eval(), _token_ids(words), device)
        mean, whitening = _whitening(found)
        arrays |= {"mean": mean, "whitening": whitening}
        metrics |= {"epochs": float(trained.epochs), "steps": float(trained.steps), **trained.metrics}
        metrics |= {"words": float(len(words.words)), "words_read": float(words.total), "dim": float(options.dim)}
        metrics["min_count"] = float(options.min_count or default_min_count(words.total))
        metrics |= {"known_words": float((words.stream >= 0).mean())}
        return Fitted([Embeddings("document", corpus.keys, _placed(found, arrays))], arrays, metrics)

    def encode(self, state: State, corpus: Documents) -> FloatArray:
        """Texts as fit embeds them, (n, dim) float32; zero rows for texts without a known word."""
        from semsearch.nets import masked

        split, known = _split(state), _known(state)
        texts = [_numbers(split(text), known) for text in corpus.texts]
        return _placed(masked.means(_net(state), texts, Device()), state.arrays)

    def fill(self, state: State, text: str, k: int) -> list[Gap]:
        """The k likeliest words for each ___ of a text, best first. Raises InputError for a text without ___."""
        from semsearch.nets import masked

        split, known = _split(state), _known(state)
        pieces = [_numbers(split(part), known, empty=True) for part in text.split(BLANK)]
        if len(pieces) < 2:
            raise InputError(f"The text has no gap: write {BLANK} (three underscores) where a word is missing")
        ids = np.concatenate([pieces[0], *(np.concatenate([[_MASK], piece]) for piece in pieces[1:])]).astype(np.int64)
        words = state.derived("vocabulary", lambda: unpack(state.arrays["words"]))
        net, gaps = _net(state), []
        for start, end, wanted in _spans(np.flatnonzero(ids == _MASK), len(ids), net.config.context):
            found = masked.fill(net, ids[start:end], k)
            gaps += [Gap(tuple((words[word], chance) for word, chance in found[at])) for at in wanted]
        return gaps

    def knows(self, state: State, word: str) -> bool:
        """Whether a piece of text is exactly one word of the vocabulary."""
        tokens = _split(state)(word)
        return len(tokens) == 1 and tokens[0] in _known(state)


def default_epochs(n_words: int, seconds: float | None = None) -> int:
    """As many as read TOKENS_SEEN words, 1 to MAX_EPOCHS; without limit for a training that the clock ends."""
    if seconds is not None:
        return UNLIMITED_EPOCHS
    return int(min(MAX_EPOCHS, max(1, round(TOKENS_SEEN / max(1, n_words)))))


def _read(corpus: Documents, options: MaskedOptions) -> Words:
    words = number_frequent(
        corpus.texts, min_count=options.min_count, max_words=options.max_vocab, language=corpus.language
    )
    if words.total < MIN_WORDS or len(words.words) < MIN_VOCABULARY:
        raise BuildError(
            f"The {len(corpus):,} documents have {words.total:,} words, {len(words.words):,} of them in the vocabulary:"
            f" masked needs {MIN_WORDS} words, {MIN_VOCABULARY} of them different. Add texts, or give --min-count 1"
        )
    return words


def _token_ids(words: Words) -> list[IntArray]:
    """The token ids of each document; none for a document without a known word."""
    ids = np.where(words.stream < 0, _UNKNOWN, words.stream.astype(np.int64) + _FIRST)
    texts = [ids[a:b] for a, b in zip(words.starts[:-1], words.starts[1:], strict=True)]
    return [text if (text >= _FIRST).any() else text[:0] for text in texts]


def _streams(words: Words, held: IntArray) -> tuple[IntArray, IntArray]:
    """The documents of the training and those held out, each with END after every document."""
    texts, is_held = _token_ids(words), np.zeros(len(words.starts) - 1, bool)
    is_held[held] = True
    ended = [np.append(text, _END) if len(text) else text for text in texts]
    none = [np.zeros(0, np.int64)]
    trained, held_out = (
        np.concatenate([text for text, out in zip(ended, is_held, strict=True) if out == side] or none)
        for side in (False, True)
    )
    return trained, held_out


def _initial(
    words: Words, options: MaskedOptions, *, rng: np.random.Generator, report: Report, metrics: dict[str, float]
) -> FloatArray | None:
    """(v, at most dim) factors of the co-occurrence counts, as large as random vectors; None if no words co-occur."""
    inside = words.stream >= 0
    starts = np.concatenate([[0], np.cumsum(inside)])[words.starts].astype(np.int64)
    sentences = Sentences(words.stream[inside], starts, len(words.words))
    start = StartOptions(min(options.dim, max(1, len(words.words) // 2)), _WINDOW, "harmonic")
    try:
        found = prepare(sentences, start, rng=rng, report=report, metrics=metrics, if_empty="")
    except BuildError:
        return None
    metrics.pop("pairs", None)
    if found.sides is None:
        return None
    vectors = found.sides[0]
    size = float(np.sqrt(np.square(vectors).mean()))
    return (vectors * (_START_SIZE / max(size, 1e-12))).astype(np.float32)


def _whitening(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The mean (dim,) and the matrix (dim, dim) that gives the vectors equal variances in all strong directions."""
    filled = vectors[np.linalg.norm(vectors, axis=1) > 0].astype(np.float64)
    mean = filled.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(filled - mean, rowvar=False, bias=True).reshape(len(mean), -1))
    scale = 1 / np.sqrt(np.maximum(variances, 0) + _RIDGE * max(float(variances[-1]), 1e-12))
    return mean.astype(np.float32), (directions * scale).astype(np.float32)


def _placed(means: FloatArray, arrays: Any) -> FloatArray:
    """Centred and whitened means; a text without a known word stays zero."""
    is_known = np.linalg.norm(means, axis=1) > 0
    placed = (means - arrays["mean"]) @ arrays["whitening"]
    return np.where(is_known[:, None], placed, 0).astype(np.float32)


def _split(state: State) -> Callable[[str], list[str]]:
    analyzer: Analyzer = state.derived("analyzer", lambda: stored_analyzer(state))
    return analyzer.tokens


def _known(state: State) -> dict[str, int]:
    return state.derived("known", lambda: {word: row for row, word in enumerate(unpack(state.arrays["words"]))})


def _net(state: State) -> Any:
    from semsearch.nets import masked

    return state.derived("net", lambda: masked.encoder_of(state.arrays))


def _numbers(tokens: Sequence[str], known: dict[str, int], *, empty: bool = False) -> IntArray:
    """The ids of words; none for a text without a known word, unless `empty` texts are kept."""
    ids = np.array([known[token] + _FIRST if token in known else _UNKNOWN for token in tokens], np.int64)
    return ids if empty or (ids >= _FIRST).any() else ids[:0]


def _spans(gaps: IntArray, length: int, context: int) -> list[tuple[int, int, list[int]]]:
    """Parts of a text that the encoder can read, (start, end), which together show each gap once with words on both
    sides; and which gaps inside a part, by position, are taken from it."""
    if length <= context:
        return [(0, length, list(range(len(gaps))))]
    spans, at = [], 0
    while at < len(gaps):
        start = int(max(0, min(gaps[at] - context // 4, length - context)))
        inside = np.flatnonzero((gaps >= start) & (gaps < start + context))
        last = start + context if start + context >= length else start + 3 * context // 4
        taken = [int(row) for row in inside if row >= at and (gaps[row] < last or row == at)]
        spans.append((start, min(length, start + context), [row - int(inside[0]) for row in taken]))
        at += len(taken)
    return spans


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Masked())
