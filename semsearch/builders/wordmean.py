"""Documents from the vectors of their words.

    mean        v = Σ n_w a_w w / Σ n_w, over the words w of a document that the word collection knows, at unit length
    weights     a_w: 1 (mean); ln((n + 1) / documents with w) (idf); a / (a + p(w)) with a = 0.001 (sif)
    sif         v - u uᵀv, u the direction in which the documents' vectors all lie most
    components  v joined with the directions in which the document's own words differ most, each as long as an eighth of
                the standard deviation of the words along it, its largest entry positive

Smooth inverse frequency and the removal of the common component: Arora, Liang & Ma, "A Simple but Tough-to-Beat
Baseline for Sentence Embeddings" (ICLR 2017). p(w) is the share of w among the words of these documents.

In a mean of long documents much is averaged away, and word order always is. What it has over `lsa` is that its words
may have been learned from other, larger texts, or come from elsewhere (`semsearch ingest vectors`). The word vectors
are not copied: if the word collection is built anew, the documents have to be as well, and a search says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import FloatArray
from semsearch.builders.base import CosineParts, option, timed
from semsearch.builders.explanation import Side, explain_cosine, fetch_vectors
from semsearch.errors import BuildError, InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.ranking import hybrid_weight, self_retrieval
from semsearch.maths.spelling import Pieces, pieces, uses_other_tokenizer
from semsearch.maths.text import pack, unpack
from semsearch.maths.weighting import idf
from semsearch.maths.wordmatrix import common_direction, means, principal_components, shares
from semsearch.records import Device, Documents, Embeddings, Fitted, Report, State

WEIGHTS = ("mean", "idf", "sif")
MOST_COMPONENTS = 10
_RARE = 1e-3  # a of the paper: words much rarer than this count nearly 1
_EIGHTH = np.float32(0.125)  # of a component's length: longer ones drown the mean (benchmarks/README.md)


@dataclass(frozen=True)
class WordmeanOptions:
    """What `build wordmean` can be told."""

    words: str | None = option(None, "the word collection to read", of="word", needed=True)
    weights: Literal["mean", "idf", "sif"] = option("sif", "what a word counts for", choices=WEIGHTS)
    components: int = option(0, "join so many principal components of the document's own words to the mean")

    def __post_init__(self) -> None:
        if not 0 <= self.components <= MOST_COMPONENTS:
            raise ValueError(f"components is {self.components}: choose 0 to {MOST_COMPONENTS}")


class Wordmean:
    """The builder `wordmean`: documents as the mean of their words' vectors, which a word collection holds."""

    name = "wordmean"
    reads: Literal["documents"] = "documents"
    Options = WordmeanOptions

    def fit(
        self, corpus: Documents, options: WordmeanOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Documents (n, k + k · components), k the words' dim; zero rows for documents without a known word."""
        if "words" not in corpus.inputs:
            raise InputError("wordmean reads a word collection: give its name as `words`")
        words = corpus.inputs["words"]
        metrics: dict[str, float] = {}
        elsewhere = uses_other_tokenizer(words.keys)
        with timed(metrics, "counting"):
            said = pieces(corpus.texts, elsewhere=elsewhere)
            place = {word: row for row, word in enumerate(words.keys)}
            met = [word for word in said.words() if word in place]
            counts = said.counts({word: row for row, word in enumerate(met)})
        known = float(counts.sum()) / max(1, len(said.stream))
        if not counts.nnz:
            raise BuildError(
                f"None of the words of {len(corpus):,} documents is in {options.words}: is it of another language?"
            )
        table = _unit(words.vectors[[place[word] for word in met]])
        weights, unmet = _weights(counts, options.weights)
        arrays: dict[str, npt.NDArray[Any]] = {
            "words": pack(met),
            "weights": weights,
            "unmet": np.array(unmet, np.float32),
            "elsewhere": np.array(elsewhere),
            "components": np.array(options.components),
        }
        with timed(metrics, "averaging"):
            shared = shares(counts, weights)
            vectors = means(shared, table)
            if options.weights == "sif":
                arrays["common"] = common_direction(vectors)
        with timed(metrics, "components"):
            vectors = _finished(vectors, shared, table, arrays, report)
        with timed(metrics, "weighing"):
            metrics |= _weighed(counts, table, arrays, vectors, rng)
        metrics |= {"documents": float(len(corpus)), "words": float(len(met)), "known_words": known}
        return Fitted([Embeddings("document", corpus.keys, vectors)], arrays, metrics)

    def encode(self, state: State, corpus: Documents) -> FloatArray:
        """Texts as fit embeds them, (n, dim) float32; zero where no word is known."""
        said = pieces(corpus.texts, elsewhere=bool(state.arrays["elsewhere"]))
        met, weights = _known(state, said)
        if not met:
            return np.zeros((len(corpus), 1), np.float32)  # of any width: nothing is searched by it
        table = _unit(state.inputs["words"].take(met))
        shared = shares(said.counts({word: row for row, word in enumerate(met)}), weights)
        return _finished(means(shared, table), shared, table, state.arrays)

    def explain(self, state: State, query: str, corpus: Documents) -> Iterator[CosineParts]:
        """How the query meets each document: a mean is a sum over words, so its cosine is one over pairs of words.

        Nothing where principal components are joined: those are no sum over words.
        """
        if int(state.arrays["components"]):
            return
        said = pieces([query, *corpus.texts], elsewhere=bool(state.arrays["elsewhere"]))
        met, weights = _known(state, said)
        if not met:
            return
        shared = shares(said.counts({word: row for row, word in enumerate(met)}), weights)
        table = fetch_vectors(state.inputs["words"], met, 1)
        table /= np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-12)
        if "common" in state.arrays:
            common = state.arrays["common"].astype(np.float64)
            table -= np.outer(table @ common, common)
        sides = []
        for row in range(shared.shape[0]):
            numbers, parts = shared[row].indices, shared[row].data.astype(np.float64)
            sides.append(Side(numbers, [met[number] for number in numbers.tolist()], table[numbers] * parts[:, None]))
        for side in sides[1:]:
            yield explain_cosine(sides[0], side)


def _weights(counts: sp.csr_matrix, how: str) -> tuple[FloatArray, float]:
    """(v,) float32 what each word counts for, and what one does that no document of the fit has."""
    if how == "mean":
        return np.ones(counts.shape[1], np.float32), 1.0
    if how == "idf":
        n = counts.shape[0]
        return idf(n, np.bincount(counts.indices, minlength=counts.shape[1])), float(np.log(n + 1))
    written = np.asarray(counts.sum(axis=0, dtype=np.float64)).reshape(-1)
    return (_RARE / (_RARE + written / written.sum())).astype(np.float32), 1.0


def _known(state: State, said: Pieces) -> tuple[list[str], FloatArray]:
    """The words of some texts that have a vector, and what each counts for."""
    weights = state.derived(
        "weights", lambda: dict(zip(unpack(state.arrays["words"]), state.arrays["weights"].tolist(), strict=True))
    )
    every = said.words()
    there = state.inputs["words"].known(every)
    met = [word for word in every if word in there]
    unmet = float(state.arrays["unmet"])
    return met, np.array([weights.get(word, unmet) for word in met], np.float32)


def _finished(
    vectors: FloatArray,
    shared: sp.csr_matrix,
    table: FloatArray,
    arrays: Mapping[str, npt.NDArray[Any]],
    report: Report | None = None,
) -> FloatArray:
    """The means (n, k) without what all have in common, if that is taken off, and with components, if they join."""
    if "common" in arrays:
        vectors = vectors - np.outer(vectors @ arrays["common"], arrays["common"])
    n = int(arrays["components"])
    if not n:
        return vectors
    components = principal_components(shared, table, n, progress=report) * _EIGHTH
    return np.concatenate([vectors, components.reshape(len(vectors), -1)], axis=1)


def _weighed(
    counts: sp.csr_matrix,
    table: FloatArray,
    arrays: Mapping[str, npt.NDArray[Any]],
    vectors: FloatArray,
    rng: np.random.Generator,
) -> dict[str, float]:
    """What these vectors should weigh beside words in a hybrid ranking, as in `lsa`."""

    def embed(some: sp.csr_matrix) -> FloatArray:
        shared = shares(some, arrays["weights"])
        return _finished(means(shared, table), shared, table, arrays)

    found = self_retrieval(counts, embed, vectors, rng=rng)
    if found is None:
        return {}
    return {"self_retrieval": found, "hybrid_weight": hybrid_weight(found, *vectors.shape)}


def _unit(vectors: FloatArray) -> FloatArray:
    found: FloatArray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return found


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Wordmean())
