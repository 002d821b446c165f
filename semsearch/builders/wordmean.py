"""Documents from the vectors of their words.

    mean        v = Σ n_w a_w w / Σ n_w, over the known words w of a document, with word vectors at unit length
    weights     a_w = 1 (mean), ln((n + 1) / documents with w) (idf), or a / (a + p(w)) with a = 0.001 (sif)
    sif         v - u uᵀv, where u is the first singular vector of the document vectors
    components  v concatenated with the principal components of the document's word vectors; the length of each is an
                eighth of the standard deviation along it, and its largest entry is positive

Smooth inverse frequency (SIF) and the removal of the common component: Arora, Liang & Ma, "A Simple but Tough-to-Beat
Baseline for Sentence Embeddings" (ICLR 2017). p(w) is the share of w among the words of these documents.

A mean ignores word order, and represents long documents poorly. Its advantage over `lsa` is that the word vectors can
come from a larger corpus, or from another tool (`semsearch ingest vectors`). The word vectors are not copied. After a
rebuild of the word collection the documents must be rebuilt too. Until then a search ends with an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.builders.base import CosineParts, timed
from semsearch.builders.explanation import TextTerms, explain_cosine, fetch_vectors
from semsearch.builders.options import BuilderOptions, option, own_stop_words_option
from semsearch.builders.words import stored_analyzer
from semsearch.errors import BuildError, InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.sparse import sp
from semsearch.maths.spelling import Pieces, pieces, uses_other_tokenizer
from semsearch.maths.text import Analyzer, pack, stop_words_in, unpack
from semsearch.maths.weighting import idf
from semsearch.maths.wordmatrix import common_direction, means, principal_components, shares
from semsearch.records import Device, Documents, Embeddings, Fitted, Report, State

WEIGHTS = ("mean", "idf", "sif")
MAX_COMPONENTS = 10
_SIF_A = 1e-3  # a of the paper: the weight of words much rarer than this share is nearly 1
_COMPONENT_SCALE = np.float32(0.125)  # of a component's length: longer ones dominate the mean (benchmarks/log.md)


@dataclass(frozen=True)
class WordmeanOptions(BuilderOptions):
    """Options of `build wordmean`."""

    words: str | None = option(None, "name of the word collection to use", of="word", needed=True)
    weights: Literal["mean", "idf", "sif"] = option(
        "sif",
        "word weights: 1 (mean), inverse document frequency (idf) or smooth inverse frequency (sif)",
        choices=WEIGHTS,
    )
    own_stop_words: str | None = own_stop_words_option()
    components: int = option(
        0,
        "number of principal components of each document's words, concatenated to the mean",
        least=0,
        most=MAX_COMPONENTS,
    )


class Wordmean:
    """Documents as the weighted mean of their word vectors."""

    name = "wordmean"
    reads: Literal["documents"] = "documents"
    Options = WordmeanOptions

    def fit(
        self, corpus: Documents, options: WordmeanOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Documents (n, k + k · components), k the words' dim; zero rows for documents without a known word."""
        if "words" not in corpus.inputs:
            raise InputError("wordmean needs a word collection: give its name with --words")
        words = corpus.inputs["words"]
        metrics: dict[str, float] = {}
        elsewhere = uses_other_tokenizer(words.keys)
        with timed(metrics, "counting"):
            analyzer = Analyzer(stem=False, stop=False, language=corpus.language)
            tokenised = pieces(corpus.texts, elsewhere=elsewhere, analyzer=analyzer)
            stop = stop_words_in(options.own_stop_words, corpus.language)
            position = {word: row for row, word in enumerate(words.keys) if word.lower() not in stop}
            known_words = [word for word in tokenised.words() if word in position]
            counts = tokenised.counts({word: row for row, word in enumerate(known_words)})
        known_share = float(counts.sum()) / max(1, len(tokenised.stream))
        if not counts.nnz:
            raise BuildError(
                f"No word of the {len(corpus):,} documents is in {options.words}: check the language of both"
            )
        table = _unit(words.vectors[[position[word] for word in known_words]])
        weights, unseen = _weights(counts, options.weights)
        arrays: dict[str, npt.NDArray[Any]] = {
            "words": pack(known_words),
            "weights": weights,
            "unmet": np.array(unseen, np.float32),
            "elsewhere": np.array(elsewhere),
            "language": pack([corpus.language]),
            "own_stop_words": pack(sorted(stop)),
            "components": np.array(options.components),
        }
        with timed(metrics, "averaging"):
            shared = shares(counts, weights)
            vectors = means(shared, table)
            if options.weights == "sif":
                arrays["common"] = common_direction(vectors)
        with timed(metrics, "components"):
            vectors = _complete(vectors, shared, table, arrays, report)
        metrics |= {"documents": float(len(corpus)), "words": float(len(known_words)), "known_words": known_share}
        return Fitted([Embeddings("document", corpus.keys, vectors)], arrays, metrics)

    def encode(self, state: State, corpus: Documents) -> FloatArray | None:
        """Texts as fit embeds them, (n, dim) float32; zero rows for texts without a known word, None if none has."""
        tokenised = _pieces(state, corpus.texts)
        words, weights = _known(state, tokenised)
        if not words:
            return None
        table = _unit(state.inputs["words"].take(words))
        shared = shares(tokenised.counts({word: row for row, word in enumerate(words)}), weights)
        return _complete(means(shared, table), shared, table, state.arrays)

    def explain(self, state: State, query: str, corpus: Documents) -> Iterator[CosineParts]:
        """The cosine of the query and each document, as a sum over pairs of words.

        Yields nothing with --components: those are not sums over words.
        """
        if int(state.arrays["components"]):
            return
        tokenised = _pieces(state, [query, *corpus.texts])
        words, weights = _known(state, tokenised)
        if not words:
            return
        shared = shares(tokenised.counts({word: row for row, word in enumerate(words)}), weights)
        table = fetch_vectors(state.inputs["words"], words, 1)
        table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
        if "common" in state.arrays:
            common = state.arrays["common"].astype(np.float64)
            table -= np.outer(table @ common, common)
        texts = []
        for row in range(shared.shape[0]):
            numbers, share = shared[row].indices, shared[row].data.astype(np.float64)
            contributions = table[numbers] * share[:, None]
            texts.append(TextTerms(numbers, [words[number] for number in numbers.tolist()], contributions))
        for document in texts[1:]:
            yield explain_cosine(texts[0], document)


def _pieces(state: State, texts: Sequence[str]) -> Pieces:
    return pieces(texts, elsewhere=bool(state.arrays["elsewhere"]), analyzer=stored_analyzer(state))


def _weights(counts: sp.csr_matrix, kind: str) -> tuple[FloatArray, float]:
    """The weight of each word, (v,) float32, and that of a word that is in no fitted document."""
    if kind == "mean":
        return np.ones(counts.shape[1], np.float32), 1.0
    if kind == "idf":
        n = counts.shape[0]
        return idf(n, np.bincount(counts.indices, minlength=counts.shape[1])), float(np.log(n + 1))
    written = np.asarray(counts.sum(axis=0, dtype=np.float64)).reshape(-1)
    return (_SIF_A / (_SIF_A + written / written.sum())).astype(np.float32), 1.0


def _known(state: State, tokenised: Pieces) -> tuple[list[str], FloatArray]:
    """The words of some texts that have a vector, (m,), and their weights (m,) float32."""
    weights = state.derived(
        "weights", lambda: dict(zip(unpack(state.arrays["words"]), state.arrays["weights"].tolist(), strict=True))
    )
    candidates = tokenised.words()
    known = state.inputs["words"].known(candidates)
    stop = set(unpack(state.arrays["own_stop_words"])) if "own_stop_words" in state.arrays else set()
    words = [word for word in candidates if word in known and word.lower() not in stop]
    unseen = float(state.arrays["unmet"])
    return words, np.array([weights.get(word, unseen) for word in words], np.float32)


def _complete(
    vectors: FloatArray,
    shared: sp.csr_matrix,
    table: FloatArray,
    arrays: Mapping[str, npt.NDArray[Any]],
    report: Report | None = None,
) -> FloatArray:
    """Means (n, k) without the common direction and with components appended, as configured: (n, dim)."""
    if "common" in arrays:
        vectors = vectors - np.outer(vectors @ arrays["common"], arrays["common"])
    n = int(arrays["components"])
    if not n:
        return vectors
    components = principal_components(shared, table, n, progress=report) * _COMPONENT_SCALE
    return np.concatenate([vectors, components.reshape(len(vectors), -1)], axis=1)


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return unit


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Wordmean())
