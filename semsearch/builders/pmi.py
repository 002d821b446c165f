"""Word vectors by factoring who appears near whom.

    counts      n_ij, how often words i and j stand within a window of each other
    measure     M_ij = ln(n_ij / what chance would give), its positive part: PPMI
    vectors     the strongest directions of M, stretched by their eigenvalues to a power

Levy & Goldberg, "Neural Word Embedding as Implicit Matrix Factorization" (NIPS 2014): word2vec's skip-gram with k
negative samples, given room enough, finds w_i · c_j = PMI_ij - ln k, that is a factoring of this very matrix, shifted.
What word2vec finds by going through the text many times is had here by counting it once. The defaults are those that
Levy, Goldberg & Dagan, "Improving Distributional Similarity" (TACL 2015), found to matter: contexts smoothed by the
power 0.75 (they say where word2vec hides it: in how it draws its samples), no shift, an exponent well below 1. Harmonic
weights (GloVe's) measured better than flat ones; word2vec's random window sizes come to nearly the same.

The matrix is kept symmetric (`--no-symmetric`: smoothed on one side alone, as in the papers), so that one product a
step is enough; its negative eigenvalues, which no vectors can stand for alone, are reported as `negative_mass`.

With `--measure count --window 0 --power 0.5` the matrix is XᵀX, X how often each word stands in each document, and the
vectors are those that LSA gives words, up to rotation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import NO_LENGTH, option, timed
from semsearch.builders.company import Company, Sentences, learn_company
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.maths.contexts import pack_rows, unit_of
from semsearch.maths.cooccurrence import WHOLE
from semsearch.maths.sides import SIDES
from semsearch.maths.text import pack, tokens, unpack
from semsearch.maths.vocabulary import Words, default_min_count, keep_words, sentences, subsampled
from semsearch.maths.weighting import MEASURES
from semsearch.records import Device, Documents, Embeddings, Fitted, Report, State

WIDEST = 20


@dataclass(frozen=True)
class PmiOptions:
    """What `build pmi` can be told."""

    dim: int | None = option(None, "dimensions; by default 300, in small vocabularies fewer")
    window: int = option(5, "words looked at on either side, 1 to 20; 0: the whole sentence or document")
    within: Literal["document", "sentence"] = option(
        "document", "what a window never leaves", choices=("document", "sentence")
    )
    weights: Literal["harmonic", "flat"] = option(
        "harmonic", "a pair at distance d counts 1/d, or 1", choices=("harmonic", "flat")
    )
    measure: str = option("ppmi", "what a count is worth", choices=MEASURES)
    smoothing: float = option(0.75, "power of the contexts' counts; 1 is no smoothing")
    shift: float = option(5.0, "with measure shifted: word2vec's number of negative samples")
    symmetric: bool = option(
        True, "smooth both sides alike, for one eigendecomposition; else contexts alone, for an SVD"
    )
    side: str = option("left", "which side's vectors: words', contexts', or both", choices=SIDES)
    power: float = option(0.25, "power of the spectrum in the vectors; 0.5 gives back the matrix")
    min_count: int | None = option(None, "how often a word must be written; by default 5, in small corpora 2 or 1")
    max_words: int | None = option(None, "keep at most so many of the commonest words")
    subsample: float = option(0.0, "thin words more frequent than this share, such as 0.001; 0 keeps all")
    contexts: bool = option(True, "keep the counts, which the pages of a word and of co-occurrence show")

    def __post_init__(self) -> None:
        least = {"dim": self.dim, "min_count": self.min_count, "max_words": self.max_words}
        for name, value in least.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if not 0 <= self.window <= WIDEST:
            raise ValueError(f"window is {self.window}: choose 1 to {WIDEST}, or 0 for the whole sentence or document")
        if not 0 < self.smoothing <= 1:
            raise ValueError(f"smoothing is {self.smoothing:g}: choose above 0, up to 1")
        if not 0 <= self.power <= 2:
            raise ValueError(f"power is {self.power:g}: choose 0 to 2")
        if not self.shift >= 1:
            raise ValueError(f"shift is {self.shift:g}: at least 1, which is none")
        if not 0 <= self.subsample < 1:
            raise ValueError(f"subsample is {self.subsample:g}: choose 0 to 1, such as 0.001")


def default_dim(n_words: int) -> int:
    """One for every hundred words, at least 50 and at most 300, the customary number; never more than half of them.

    Small corpora hold less: of 300,000 words of Wikipedia, with a vocabulary of 10,000, 50 to 100 dimensions agree best
    with people's judgements (MEN .56 against .53 with 300), of 17 million 300 and more.
    """
    return max(1, min(300, max(50, n_words // 100), n_words // 2))


class Pmi:
    """The builder `pmi`: vectors of words from who appears near whom; a text is embedded as the mean of its words."""

    name = "pmi"
    reads: Literal["documents"] = "documents"
    Options = PmiOptions

    def fit(
        self, corpus: Documents, options: PmiOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Words (v, k), commonest first; k is the options' dim, what the rank allows, or twice that for both sides."""
        metrics: dict[str, float] = {}
        with timed(metrics, "reading"):
            words = _read(corpus, options, report)
        counts, sides = learn_company(
            _sentences(words, options, rng),
            Company(
                options.dim or default_dim(len(words.words)),
                options.window,
                _weights(options),
                options.measure,
                options.smoothing,
                options.shift,
                options.symmetric,
                options.power,
            ),
            rng=rng,
            report=report,
            metrics=metrics,
            nobody=f"No two known words stand in one {options.within}: longer texts are needed, or --within document,"
            " or a lower --min-count",
        )
        vectors = sides.joined(options.side)
        metrics |= {"words_read": float(words.total), "words": float(len(words.words))}
        unit = unit_of(_weights(options), options.window)
        packed = pack_rows(counts, unit) if options.contexts else ()
        arrays = {
            "words": pack(words.words),
            "has_vector": np.linalg.norm(vectors, axis=1) > NO_LENGTH,
            "totals": np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1),
            "unit": np.array(unit),
        }
        embeddings = Embeddings("word", words.words, vectors, {"count": words.counts.tolist()}, packed)
        return Fitted([embeddings], arrays, metrics)

    def encode(self, state: State, corpus: Documents) -> FloatArray:
        """Texts as the mean of their words' directions, (n, k) float32; zero where no word is known."""
        known = state.derived("known", lambda: _with_vector(state))
        found = [[word for word in tokens(text) if word in known] for text in corpus.texts]
        distinct = sorted({word for words in found for word in words})
        if not distinct:
            return np.zeros((len(corpus), 1), np.float32)  # of any width: nothing is searched by it
        vectors = state.embeddings["word"].take(distinct)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        place = {word: row for row, word in enumerate(distinct)}
        rows = [[place[word] for word in words] for words in found]
        return np.stack([vectors[some].mean(axis=0) if some else np.zeros(vectors.shape[1]) for some in rows]).astype(
            np.float32
        )


def _read(corpus: Documents, options: PmiOptions, report: Report) -> Words:
    """The corpus as numbers of words; BuildError, with what to do, where fewer than two words are left."""
    texts: Iterable[str] = _told(corpus.texts, report)
    words = keep_words(
        sentences(texts) if options.within == "sentence" else texts,
        min_count=options.min_count,
        max_words=options.max_words,
    )
    if not words.total:
        raise BuildError(f"None of the {len(corpus):,} documents holds a word: check the text columns")
    if len(words.words) < 2:
        least = options.min_count or default_min_count(words.total)
        raise BuildError(
            f"{len(words.words) or 'None'} of the words of {len(corpus):,} documents stands at least {least} times, and"
            " two are needed: try a lower --min-count or a larger corpus; a text without spaces, such as Chinese,"
            " must be split into words first (docs/words.md)"
        )
    return words


def _weights(options: PmiOptions) -> Literal["flat", "harmonic"]:
    """In a whole document distance says nothing."""
    return "flat" if options.window == WHOLE else options.weights


def _sentences(words: Words, options: PmiOptions, rng: np.random.Generator) -> Sentences:
    """Where the ids come from: the words of the texts, frequent ones thinned if asked."""
    stream, starts = words.stream, words.starts
    if options.subsample:
        stream, starts = subsampled(words, options.subsample, rng)
    return Sentences(stream, starts, len(words.words))


def _with_vector(state: State) -> frozenset[str]:
    words = unpack(state.arrays["words"])
    return frozenset(word for word, has in zip(words, state.arrays["has_vector"].tolist(), strict=True) if has)


def _told(texts: Iterable[str], report: Report) -> Iterable[str]:
    found = list(texts)
    for done, text in enumerate(found):
        if done % 1000 == 0:
            report(done, len(found))
        yield text


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Pmi())
