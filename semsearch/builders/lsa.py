"""Latent semantic analysis (Deerwester et al. 1990): documents and words from one truncated SVD.

    X (documents × terms), log-tf·idf with unit rows        X ≈ U S Vᵀ
    documents                XV = US     the rows of X seen through the k strongest directions
    words                    V           each term's place along the same directions
    a query, folded in       qV          weighted as a document is

Documents and queries are then both stretched by S^power along each direction, so that the strong ones, which many
documents share, count for more in the cosine (Caron, "Experiments with LSA scoring", 2001). Power 0 is plain LSA.

Two documents that share no word are near when their words keep company: they load on the same directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import FloatArray
from semsearch.builders.base import CosineParts, option, timed
from semsearch.builders.explanation import Side, explain_cosine, fetch_vectors
from semsearch.builders.operators import matrix_on
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.maths.counts import TermCounts, count_all_terms, count_known_terms, count_terms
from semsearch.maths.drift import expected_shares, residual_share, unknown_share
from semsearch.maths.factor import SVD, Matrix, truncated_svd
from semsearch.maths.ranking import hybrid_weight, self_retrieval
from semsearch.maths.text import Analyzer, pack, tokens, unpack
from semsearch.maths.weighting import idf, log_tfidf
from semsearch.records import Device, Documents, Embeddings, Fitted, Report, State

SPLITS = ("documents", "words", "even")
_SHARE = {"documents": 0.0, "words": 1.0, "even": 0.5}  # how much of S the words carry
_LARGE = 10_000  # documents from which a term of a single document is left out: it cannot relate two of them
_SAMPLE = 2_000  # fitted texts by which drift is judged


@dataclass(frozen=True)
class LsaOptions:
    """What `build lsa` can be told."""

    dim: int | None = option(None, "dimensions; by default an eighth of the documents, between 50 and 500")
    split: Literal["documents", "words", "even"] = option(
        "documents",
        "who carries the singular values: documents (XV, words V), words (VS, documents U), or each their root",
        choices=SPLITS,
    )
    power: float = option(0.25, "how far strong directions count for more: documents US^(1+power); 0 is plain LSA")
    stem: bool = option(True, "reduce English words to their stem")
    stop: bool = option(True, "leave out English stop words")
    min_documents: int | None = option(None, "documents a term must stand in; by default 1, from 10,000 documents on 2")

    def __post_init__(self) -> None:
        if self.dim is not None and self.dim < 1:
            raise ValueError(f"dim is {self.dim}: at least 1 is needed")
        if not -1 <= self.power <= 2:
            raise ValueError(f"power is {self.power:g}: choose -1 to 2")
        if self.min_documents is not None and self.min_documents < 1:
            raise ValueError(f"min_documents is {self.min_documents}: at least 1 is needed")


def default_dim(n_documents: int) -> int:
    """How many dimensions to keep where nobody says: one for every eight documents, at least 50 and at most 500.

    Few documents support few directions, and larger collections go on gaining up to several hundred
    (benchmarks/README.md has the figures). Never more than half of the documents, since at full rank nothing is
    learned: the cosine would be that of tf-idf. In very large collections only as many as keep the documents' table
    within 40 million numbers.
    """
    dim = min(500, max(50, n_documents // 8))
    return max(1, min(dim, n_documents // 2, max(50, 40_000_000 // n_documents)))


class Lsa:
    """The builder `lsa`: two collections, documents and words, and text can be folded in."""

    name = "lsa"
    reads: Literal["documents"] = "documents"
    Options = LsaOptions
    faster_with = ("torch",)

    def fit(
        self, corpus: Documents, options: LsaOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Documents (n, k) and words (n_terms, k), k the options' dim or what the rank allows."""
        metrics: dict[str, float] = {}
        analyzer = Analyzer(options.stem, options.stop)
        with timed(metrics, "counting"):
            counts = _count(corpus, analyzer, options, report)
        weights = idf(len(corpus), counts.documents)
        with timed(metrics, "weighting"):
            X = log_tfidf(counts.matrix, weights)
        with timed(metrics, "factoring"):
            dim = options.dim or default_dim(len(corpus))
            svd = truncated_svd(matrix_on(device)(X), dim, rng=rng, progress=lambda at, of: report(at, of))
        metrics |= _facts(X, svd, counts)
        s = svd.s.astype(np.float32)
        share = _SHARE[options.split]
        scale = s ** np.float32(options.power - share)
        arrays: dict[str, npt.NDArray[Any]] = {
            "terms": pack(counts.terms),
            "idf": weights,
            "singular_values": s,
            "split": np.array(SPLITS.index(options.split)),
            "power": np.array(options.power),
            "analyzer": np.array([options.stem, options.stop]),
        }
        words = Embeddings("word", counts.surfaces, svd.Vt.T * s**share, _vocabulary(counts))
        # XV rather than US: an empty row of X stays exactly zero, and a document folded in lands exactly on itself.
        documents = Embeddings("document", corpus.keys, (X @ svd.Vt.T) * scale)
        with timed(metrics, "weighing"):
            metrics |= _weighed(counts.matrix, weights, svd.Vt.T * scale, documents.vectors, rng)
            metrics |= _expected(corpus, options, counts, weights, svd)
        return Fitted([documents, words], arrays | {"words": pack(counts.surfaces)}, metrics)

    def encode(self, state: State, corpus: Documents) -> FloatArray:
        """Fold texts in: (n, k) float32, qV in the scale of the fit's documents; zero where no word is known."""
        terms = state.derived("terms", lambda: _numbered(unpack(state.arrays["terms"])))
        words = state.derived("words", lambda: unpack(state.arrays["words"]))
        stem, stop = map(bool, state.arrays["analyzer"])
        counts = count_known_terms(corpus.texts, Analyzer(stem, stop), terms)
        X = log_tfidf(counts, state.arrays["idf"])
        s = state.arrays["singular_values"]
        present, columns = np.unique(X.indices, return_inverse=True)
        if not len(present):
            return np.zeros((len(corpus), len(s)), np.float32)
        share = _SHARE[SPLITS[int(state.arrays["split"])]]
        V = state.embeddings["word"].take([words[row] for row in present]) / s**share
        power = np.float32(state.arrays.get("power", 0))  # models of before there was a power
        known = sp.csr_matrix((X.data, columns, X.indptr), shape=(len(corpus), len(present)))
        folded: FloatArray = (known @ V) * s ** (power - np.float32(share))
        return folded

    def drift(self, state: State, corpus: Documents, vectors: FloatArray) -> dict[str, float]:
        """Shares of the texts' energy: in terms that are not known, and of the rest outside the directions."""
        terms = state.derived("terms", lambda: _numbered(unpack(state.arrays["terms"])))
        weights, s = state.arrays["idf"], state.arrays["singular_values"]
        counts = count_all_terms(corpus.texts, Analyzer(*map(bool, state.arrays["analyzer"])), terms)
        share = _SHARE[SPLITS[int(state.arrays["split"])]]
        projected = vectors / s ** np.float32(float(state.arrays.get("power", 0)) - share)
        return {"unknown": unknown_share(counts, weights, float(weights.max())), "residual": residual_share(projected)}

    def explain(self, state: State, query: str, corpus: Documents) -> Iterator[CosineParts]:
        """How the query meets each document; adds up to the cosine of their encodings.

        cos(q, d) = sum over i, j of q_i d_j (V_i S^a . V_j S^a) / (|qVS^a| |dVS^a|), where q and d are the texts'
        weighted rows and S^a is the scale that documents have (power less what the words carry).
        """
        terms = state.derived("terms", lambda: _numbered(unpack(state.arrays["terms"])))
        words = state.derived("words", lambda: unpack(state.arrays["words"]))
        analyzer = Analyzer(*map(bool, state.arrays["analyzer"]))
        texts = [query, *corpus.texts]
        X = log_tfidf(count_known_terms(texts, analyzer, terms), state.arrays["idf"])
        present = np.unique(X.indices)
        s = state.arrays["singular_values"].astype(np.float64)
        share = _SHARE[SPLITS[int(state.arrays["split"])]]
        # The words' own vectors are VS^share already: the same factor is taken off them and off the documents.
        scale = s ** (float(state.arrays.get("power", 0)) - 2 * share)
        stretched = fetch_vectors(state.embeddings["word"], [words[row] for row in present], len(s)) * scale
        sides = []
        for row, text in enumerate(texts):
            numbers, written = X[row].indices, _written(text, analyzer, terms)
            loads = stretched[np.searchsorted(present, numbers)] * X[row].data.astype(np.float64)[:, None]
            sides.append(Side(numbers, [written[number] for number in numbers.tolist()], loads))
        for side in sides[1:]:
            yield explain_cosine(sides[0], side)


def _written(text: str, analyzer: Analyzer, terms: dict[str, int]) -> dict[int, str]:
    """The word that each known term of a text is first written as, by the term's number."""
    words = list(dict.fromkeys(tokens(text)))
    found: dict[int, str] = {}
    for word, term in zip(words, analyzer.terms(words), strict=True):
        if term is not None and term in terms:
            found.setdefault(terms[term], word)
    return found


def _count(corpus: Documents, analyzer: Analyzer, options: LsaOptions, report: Report) -> TermCounts:
    least = _least_documents(corpus, options)
    counts = count_terms(corpus.texts, analyzer, min_documents=least, progress=lambda done: report(done, len(corpus)))
    if not counts.terms:
        raise BuildError(
            f"None of the {len(corpus):,} documents holds a word to learn from: "
            f"check the text columns, or try --no-stop or --min-documents 1"
        )
    return counts


def _least_documents(corpus: Documents, options: LsaOptions) -> int:
    return options.min_documents or (2 if len(corpus) >= _LARGE else 1)


def _facts(X: sp.csr_matrix, svd: SVD, counts: TermCounts) -> dict[str, float]:
    energy = Matrix(X).energy()
    return {
        "documents": float(X.shape[0]),
        "terms": float(X.shape[1]),
        "nonzeros": float(X.nnz),
        "dim": float(len(svd.s)),
        "captured_energy": float((svd.s**2).sum() / energy),
        "residual": svd.residual,
        "krylov_steps": float(svd.steps),
    }


def _weighed(
    counts: sp.csr_matrix, weights: FloatArray, V: FloatArray, documents: FloatArray, rng: np.random.Generator
) -> dict[str, float]:
    """What these vectors should weigh beside words in a hybrid ranking, and the measure that says so, if there is one.

    `V` (terms, k) folds in: texts are weighted counts times V.
    """
    found = self_retrieval(counts, lambda some: log_tfidf(some, weights) @ V, documents, rng=rng)
    if found is None:
        return {}
    return {"self_retrieval": found, "hybrid_weight": hybrid_weight(found, *documents.shape)}


def _expected(
    corpus: Documents, options: LsaOptions, counts: TermCounts, weights: FloatArray, svd: SVD
) -> dict[str, float]:
    """What `drift` would find in texts of the same kind that were not fitted, from some that were."""
    some = corpus.texts[:: max(1, len(corpus) // _SAMPLE)]
    sample = count_all_terms(some, Analyzer(options.stem, options.stop), _numbered(counts.terms))
    rare = counts.documents <= _least_documents(corpus, options)
    unknown, residual = expected_shares(sample, weights, rare, svd.Vt.T, svd.s)
    return {"expected_unknown": unknown, "expected_residual": residual}


def _vocabulary(counts: TermCounts) -> dict[str, list[str] | list[int]]:
    return {"term": counts.terms, "count": counts.totals.tolist(), "documents": counts.documents.tolist()}


def _numbered(terms: list[str]) -> dict[str, int]:
    return {term: row for row, term in enumerate(terms)}


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Lsa())
