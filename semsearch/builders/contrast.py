"""Vectors that learn from the documents themselves: parts of the same document are drawn together (contrast).

    start       V S^0.25, the term vectors of `lsa --power 0.25`
    vectors     d = Σ_t x_t e^(w_t) E_t at unit length: of term t the vector E_t, log weight w_t, log-tf·idf x_t
    loss        cross-entropy of picking a query's own document among those of a batch (InfoNCE)
    result      keep · V S^0.25 + (1 - keep) · e^w E

The pairs need no labels. By default they are 3 to 12 words of a document and the rest of it without these words
(`--pairs words`). Words that predict the same documents move together, and words that predict nothing lose weight.

The loss is that of van den Oord, Li & Vinyals, "Representation Learning with Contrastive Predictive Coding" (2018). The
query drawn from a passage is that of Lee, Chang & Toutanova, "Latent Retrieval" (ACL 2019).

A tenth of the documents is held out. Some words of each are a query, and the documents that BM25 finds by its other
words count as related. The state with the best nDCG@10 on these queries is kept. If the vectors are then not better
than those of LSA, or the hybrid ranking is not better by more than three standard errors, the collection keeps LSA's
vectors, and the build says so. That is usual with fewer than a few thousand documents. With fewer than
about 400 nothing is trained. The loss on held-out pairs is reported, but does not decide: it falls even where
rankings become worse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.builders.base import UNLIMITED_EPOCHS, CosineParts, timed
from semsearch.builders.lsa import Lsa, LsaOptions
from semsearch.builders.options import BuilderOptions, option, own_stop_words_option
from semsearch.builders.term_vectors import analyzer_of_fit, encode_texts, explain_texts, term_numbers
from semsearch.errors import InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.counts import count_all_terms, count_known_terms
from semsearch.maths.drift import unknown_share
from semsearch.maths.probes import Judged, Probes, held_out_documents, rows_apart
from semsearch.maths.sparse import sp
from semsearch.maths.text_pairs import Pairs, sentence_pairs, text_pairs, word_pairs
from semsearch.maths.weighting import log_tfidf
from semsearch.records import Device, Documents, Embeddings, Fitted, Report, State

PAIRS = ("words", "title", "sentences", "halves", "edges", "key", "thread")
RELATED = ("edges", "key", "thread")  # pairs of two documents, which the database knows
PAIRS_SEEN = 500_000  # in a training by default, each epoch counted
MAX_EPOCHS = 100  # by default
PATIENCE = 3  # epochs without improvement before early stopping
MIN_PAIRS = 40  # to train on
_POWER = 0.25  # of S in the initial vectors; lsa has 0.5
_NO_LONGER = ("singular_values", "split", "power", "topic_rotation", "topic_names")  # of an LSA, which this is not
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])|\n+")


@dataclass(frozen=True)
class ContrastOptions(BuilderOptions):
    """Options of `build contrast`."""

    pairs: Literal["words", "title", "sentences", "halves", "edges", "key", "thread"] = option(
        "words",
        "parts of a document to draw together, or documents that an edge, foreign key or mail thread joins",
        choices=PAIRS,
    )
    keep: float = option(0.5, "share of LSA's vectors in the result; 1 is LSA", least=0, most=1)
    dim: int | None = option(
        None, "dimensions", least=1, default_text="chosen from the data: an eighth of the documents, 100 to 500"
    )
    epochs: int | None = option(
        None,
        "epochs at most; training stops earlier when held-out queries no longer improve",
        least=1,
        default_text=f"enough for {PAIRS_SEEN:,} pairs, at most {MAX_EPOCHS} epochs",
    )
    seconds: float | None = option(None, "training time, instead of --epochs", above=0, unit="seconds")
    batch_size: int = option(256, "pairs per step; the other pairs of a step are the negatives", least=2)
    lr: float = option(0.02, "learning rate (Adam), relative to the size of the vectors", above=0, most=1)
    temperature: float = option(
        0.1, "temperature of the softmax; a lower value emphasises the nearest negatives", above=0, most=10
    )
    stem: bool = option(True, "stem words, in the language of the dataset")
    stop_words: bool = option(True, "remove stop words")
    own_stop_words: str | None = own_stop_words_option()
    min_df: int | None = option(
        None, "minimum document frequency of a term", least=1, default_text="1, or 2 for 10,000 documents or more"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seconds is not None and self.epochs is not None:
            raise InputError("--seconds and --epochs are both given: choose one")


class Contrast:
    """LSA trained on parts of the same document (needs torch)."""

    name = "contrast"
    reads: Literal["documents"] = "documents"
    Options = ContrastOptions
    needs = ("torch",)

    def fit(
        self, corpus: Documents, options: ContrastOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Documents (n, k) and words (n_terms, k). Raises InputError for --pairs that the dataset does not have."""
        lsa = Lsa().fit(corpus, _start_options(options), rng=rng, device=device, report=report)
        state = lsa.state()
        words = lsa.embeddings[1]
        initial = words.vectors * lsa.arrays["singular_values"] ** np.float32(_POWER)
        metrics = {name: value for name, value in lsa.metrics.items() if name != "expected_residual"}
        with timed(metrics, "reading"):
            counts = count_known_terms(corpus.texts, analyzer_of_fit(state), term_numbers(state))
            pairs = _pairs(corpus, options.pairs, counts, state)
        setting = _Setting(options, rng, device, report)
        vectors, trained = _improved(counts, pairs, initial, state, setting)
        arrays = {name: array for name, array in lsa.arrays.items() if name not in _NO_LONGER}
        embeddings = [
            Embeddings("document", corpus.keys, np.asarray(log_tfidf(counts, arrays["idf"]) @ vectors, np.float32)),
            Embeddings("word", words.keys, vectors, words.columns),
        ]
        return Fitted(embeddings, arrays, metrics | trained)

    def encode(self, state: State, corpus: Documents) -> FloatArray:
        """Texts as fit embeds them, (n, k) float32; zero rows for texts without a known word."""
        return encode_texts(state, corpus.texts)

    def drift(self, state: State, corpus: Documents, vectors: FloatArray) -> Mapping[str, float]:
        """The share of the texts' squared weights in unknown terms. All of the known part is in the vectors."""
        counts = count_all_terms(corpus.texts, analyzer_of_fit(state), term_numbers(state))
        weights = state.arrays["idf"]
        return {"unknown": unknown_share(counts, weights, float(weights.max())), "residual": 0.0}

    def explain(self, state: State, query: str, corpus: Documents) -> Iterator[CosineParts]:
        """The cosine of the query and each document, as sums over pairs of words."""
        return explain_texts(state, query, corpus.texts)


def _start_options(options: ContrastOptions) -> LsaOptions:
    return LsaOptions(
        dim=options.dim,
        power=_POWER,
        stem=options.stem,
        stop_words=options.stop_words,
        own_stop_words=options.own_stop_words,
        min_df=options.min_df,
    )


@dataclass(frozen=True)
class _Setting:
    """How a fit was asked for: its options, random numbers, device and report."""

    options: ContrastOptions
    rng: np.random.Generator
    device: Device
    report: Report


def _improved(
    counts: sp.csr_matrix, pairs: Pairs, initial: FloatArray, state: State, setting: _Setting
) -> tuple[FloatArray, dict[str, float]]:
    """The term vectors (n_terms, k) after training, or `initial` if these do not improve; and metrics."""
    metrics: dict[str, float] = {"kept_lsa": 1.0, "training_pairs": 0.0, "epochs": 0.0}
    held = held_out_documents(counts, setting.rng)
    if held is None:
        return initial, metrics
    parts = rows_apart(pairs.documents, held)
    metrics |= {"training_pairs": float(len(parts[0])), "probes": float(len(held))}
    if len(parts[0]) < MIN_PAIRS:
        return initial, metrics
    probes = Probes(counts, state.arrays["idf"], held, setting.rng)
    start = probes.judge(initial)

    def blend(vectors: FloatArray) -> FloatArray:
        keep = np.float32(setting.options.keep)
        return keep * initial + (1 - keep) * vectors

    with timed(metrics, "training"):
        trained, curve = _train(pairs, parts, initial, lambda vectors: probes.judge(blend(vectors)), setting)
    best, after = blend(trained), probes.judge(blend(trained))
    improves = after.is_better_than(start)
    metrics |= curve | {"kept_lsa": float(not improves)}
    metrics |= {"probe_lsa": float(start.alone.mean()), "probe_trained": float(after.alone.mean())}
    metrics |= {"probe_lsa_hybrid": float(start.fused.mean()), "probe_trained_hybrid": float(after.fused.mean())}
    return (best if improves else initial), metrics


def _train(
    pairs: Pairs,
    parts: tuple[IntArray, IntArray],
    initial: FloatArray,
    judge: Callable[[FloatArray], Judged],
    setting: _Setting,
) -> tuple[FloatArray, dict[str, float]]:
    """The trained term vectors (n_terms, k) of the best epoch, and the metrics of the training."""
    from semsearch.nets import contrast
    from semsearch.nets.loop import TrainOptions, train

    options = setting.options
    plan = contrast.ContrastPlan(
        epochs=options.epochs or default_epochs(len(parts[0]), options.seconds),
        batch_size=options.batch_size,
        lr=options.lr,
        temperature=options.temperature,
        seed=int(setting.rng.integers(1 << 31)),
    )

    def evaluate(vectors: FloatArray) -> dict[str, float]:
        judged = judge(vectors)
        return {"held_out": 1 - float(judged.alone.mean()), "held_out_hybrid": float(judged.fused.mean())}

    task = contrast.Contrast(pairs, parts, initial, plan, evaluate, setting.device)
    rules = TrainOptions(seed=plan.seed, patience=PATIENCE, seconds=options.seconds)
    ended = train(task, rules, device=setting.device, report=setting.report)
    return task.result(), {"epochs": float(ended.epochs), "steps": float(ended.steps), **ended.metrics}


def default_epochs(n_pairs: int, seconds: float | None = None) -> int:
    """As many as see PAIRS_SEEN pairs, 1 to MAX_EPOCHS; without limit for a training that the clock ends."""
    if seconds is not None:
        return UNLIMITED_EPOCHS
    return int(min(MAX_EPOCHS, max(1, round(PAIRS_SEEN / n_pairs))))


def _pairs(corpus: Documents, kind: str, counts: sp.csr_matrix, state: State) -> Pairs:
    """The pairs of this kind. Raises InputError if the dataset has none."""
    weights = state.arrays["idf"]
    if kind == "words":
        return word_pairs(counts, weights)

    def count(texts: Sequence[str]) -> sp.csr_matrix:
        return count_known_terms(texts, analyzer_of_fit(state), term_numbers(state))

    found: Pairs
    if kind == "sentences":
        parts = [list(filter(None, map(str.strip, _SENTENCE_END.split(text)))) for text in corpus.texts]
        document = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        found = sentence_pairs(count([one for part in parts for one in part]), document, weights)
    elif kind in RELATED:
        related = np.zeros((0, 2), np.int64) if corpus.related is None else corpus.related
        found = text_pairs(counts[related[:, 0]], counts[related[:, 1]], related, weights)
    else:
        parts = _titles_and_bodies(corpus) if kind == "title" else [_halves(text) for text in corpus.texts]
        both = np.repeat(np.arange(len(corpus))[:, None], 2, axis=1)
        left, right = (count([part[side] for part in parts]) for side in (0, 1))
        found = text_pairs(left, right, both, weights)
    if not len(found):
        raise InputError(f"The documents have no {_MISSING[kind]}: choose other pairs, for example --pairs words")
    return found


_MISSING = {  # what a dataset without such pairs lacks
    "title": "title with a known word",
    "sentences": "two sentences in a document",
    "halves": "document of two words",
    "edges": "edge between two of them",
    "key": "two rows that are joined by a foreign key",
    "thread": "two titles that differ only in a mark of a reply",
}


def _titles_and_bodies(corpus: Documents) -> list[list[str]]:
    """A document's text is its title, a new line and its body."""
    titles = corpus.titles or [""] * len(corpus)
    return [[title, text[len(title) :]] for title, text in zip(titles, corpus.texts, strict=True)]


def _halves(text: str) -> list[str]:
    """Both halves of a text, divided at the space or line end nearest after its middle."""
    middle = len(text) // 2
    cut = next((at for at in range(middle, len(text)) if text[at].isspace()), middle)
    return [text[:cut], text[cut:]]


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Contrast())
