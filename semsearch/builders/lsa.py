"""Latent semantic analysis (LSA): vectors of documents and words from one truncated SVD.

    X (documents × terms), log-tf·idf with unit rows        X ≈ U S Vᵀ
    documents                XV = US     the rows of X projected onto the first k right singular vectors
    words                    V           the loadings of each term on the same k singular vectors
    a query, folded in       qV          q is weighted in the same way as a document

Deerwester et al., "Indexing by Latent Semantic Analysis" (1990). Documents and queries are then multiplied by S^power
(Caron, "Experiments with LSA scoring", 2001). Components with a large singular value then have more weight in the
cosine. A power of 0 is standard LSA.

Two documents without a common word can be similar. Their words then co-occur in other documents, and load on the same
components.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.builders.base import CosineParts, timed
from semsearch.builders.operators import matrix_on
from semsearch.builders.options import BuilderOptions, option, own_stop_words_option
from semsearch.builders.term_vectors import (
    analyzer_of_fit,
    encode_texts,
    explain_texts,
    numbered,
    stored_terms,
    term_numbers,
    vocabulary,
)
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.maths.counts import TermCounts, count_all_terms, count_terms
from semsearch.maths.drift import expected_shares, residual_share, unknown_share
from semsearch.maths.factor import SVD, Matrix, truncated_svd
from semsearch.maths.ranking import held_out_weight
from semsearch.maths.sparse import sp
from semsearch.maths.text import Analyzer, pack, stop_words_in
from semsearch.maths.varimax import topic_rotation
from semsearch.maths.weighting import idf, log_tfidf
from semsearch.records import Device, Documents, Embeddings, Fitted, Report, State

SPLITS = ("documents", "words", "even")
_WORD_SHARE = {"documents": 0.0, "words": 1.0, "even": 0.5}  # exponent of the singular values in the word vectors
_MIN_DF_2_FROM = 10_000  # documents: a term of one document relates no two of them, and is then left out
_DRIFT_SAMPLE = 2_000  # fitted texts from which the expected drift is estimated


@dataclass(frozen=True)
class LsaOptions(BuilderOptions):
    """Options of `build lsa`."""

    dim: int | None = option(
        None, "dimensions", least=1, default_text="chosen from the data: an eighth of the documents, 100 to 500"
    )
    split: Literal["documents", "words", "even"] = option(
        "documents",
        "vectors scaled by the singular values S: documents (US, V), words (U, VS) or both (U√S, V√S)",
        choices=SPLITS,
    )
    power: float = option(
        0.5, "document vectors are also scaled by S to this power; 0 is standard LSA", least=-1, most=2
    )
    stem: bool = option(True, "stem words, in the language of the dataset")
    stop_words: bool = option(True, "remove stop words", was=("stop",))
    own_stop_words: str | None = own_stop_words_option()
    min_df: int | None = option(
        None,
        "minimum document frequency of a term",
        least=1,
        default_text=f"1, or 2 for {_MIN_DF_2_FROM:,} documents or more",
        was=("min_documents",),
    )


def default_dim(n_documents: int) -> int:
    """One dimension for every eight documents, at least 100 and at most 500, or half of the documents if that is less.

    Few documents support few directions; larger collections gain up to several hundred (benchmarks/log.md has the
    figures). At full rank nothing is learned: the cosine would be that of tf-idf. From 80,000 documents on, fewer
    dimensions keep the documents' table within 40 million numbers, but never fewer than 200.
    """
    dim = min(500, max(100, n_documents // 8))
    return max(1, min(dim, n_documents // 2, max(200, 40_000_000 // n_documents)))


class Lsa:
    """LSA: documents and words by truncated SVD."""

    name = "lsa"
    reads: Literal["documents"] = "documents"
    Options = LsaOptions
    faster_with = ("torch",)

    def fit(
        self, corpus: Documents, options: LsaOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Documents (n, k) and words (n_terms, k), k options.dim or the rank."""
        metrics: dict[str, float] = {}
        analyzer = _analyzer_of(options, corpus.language)
        with timed(metrics, "counting"):
            counts = _count(corpus, analyzer, options, report)
        weights = idf(len(corpus), counts.documents)
        with timed(metrics, "weighting"):
            X = log_tfidf(counts.matrix, weights)
        with timed(metrics, "factoring"):
            dim = options.dim or default_dim(len(corpus))
            svd = truncated_svd(matrix_on(device)(X), dim, rng=rng, progress=lambda done, total: report(done, total))
        metrics |= _facts(X, svd, counts) | {"min_df": float(_min_df(corpus, options))}
        s = svd.s.astype(np.float32)
        share = _WORD_SHARE[options.split]
        scale = s ** np.float32(options.power - share)
        arrays = stored_terms(counts, weights, analyzer) | {
            "singular_values": s,
            "split": np.array(SPLITS.index(options.split)),
            "power": np.array(options.power),
        }
        with timed(metrics, "naming"):
            arrays |= _topics(svd, counts.surfaces)
        words = Embeddings("word", counts.surfaces, svd.Vt.T * s**share, vocabulary(counts))
        # XV instead of US: an empty row of X stays exactly zero, and a fitted document folded in gets its own vector.
        documents = Embeddings("document", corpus.keys, (X @ svd.Vt.T) * scale)
        with timed(metrics, "weighing"):
            metrics |= _hybrid_weight(counts.matrix, options, rng)
            metrics |= _expected_drift(corpus, options, counts, weights, svd)
        return Fitted([documents, words], arrays, metrics)

    def encode(self, state: State, corpus: Documents) -> FloatArray:
        """Folds texts in: qV, scaled as the fitted documents are, (n, k) float32; zero rows for texts without a known
        word."""
        s = state.arrays["singular_values"]
        share = _WORD_SHARE[SPLITS[int(state.arrays["split"])]]
        power = np.float32(state.arrays.get("power", 0))  # absent in models of versions without --power
        folded = encode_texts(state, corpus.texts, s ** np.float32(-share))
        scaled: FloatArray = folded * s ** (power - np.float32(share))
        return scaled

    def drift(self, state: State, corpus: Documents, vectors: FloatArray) -> dict[str, float]:
        """Shares of the texts' squared weights: of unknown terms, and of known ones outside the k directions."""
        weights, s = state.arrays["idf"], state.arrays["singular_values"]
        counts = count_all_terms(corpus.texts, analyzer_of_fit(state), term_numbers(state))
        share = _WORD_SHARE[SPLITS[int(state.arrays["split"])]]
        projected = vectors / s ** np.float32(float(state.arrays.get("power", 0)) - share)
        return {"unknown": unknown_share(counts, weights, float(weights.max())), "residual": residual_share(projected)}

    def explain(self, state: State, query: str, corpus: Documents) -> Iterator[CosineParts]:
        """The cosine of the query and each document, as sums over words and over topics: the rotated leading
        directions, then the other directions.

        cos(q, d) = sum over i, j of q_i d_j (V_i S^a . V_j S^a) / (|qVS^a| |dVS^a|), where q and d are the texts'
        weighted rows and S^a is the scale that documents have (power less what the words carry).
        """
        s = state.arrays["singular_values"].astype(np.float64)
        share = _WORD_SHARE[SPLITS[int(state.arrays["split"])]]
        # The stored word vectors are VS^share, and documents are divided by S^share: hence twice.
        scale = s ** (float(state.arrays.get("power", 0)) - 2 * share)
        rotation = state.arrays.get("topic_rotation")  # absent in models of older versions
        return explain_texts(state, query, corpus.texts, scale, rotation)


def _analyzer_of(options: LsaOptions, language: str) -> Analyzer:
    own = stop_words_in(options.own_stop_words, language)
    return Analyzer(options.stem, options.stop_words, language, own=own)


def _count(corpus: Documents, analyzer: Analyzer, options: LsaOptions, report: Report) -> TermCounts:
    counts = count_terms(
        corpus.texts, analyzer, min_documents=_min_df(corpus, options), progress=lambda done: report(done, len(corpus))
    )
    if not counts.terms:
        raise BuildError(
            f"None of the {len(corpus):,} documents contains a word to learn from: "
            f"check the text columns, or try --no-stop-words or --min-df 1"
        )
    return counts


def _min_df(corpus: Documents, options: LsaOptions) -> int:
    return options.min_df or (2 if len(corpus) >= _MIN_DF_2_FROM else 1)


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


def _hybrid_weight(counts: sp.csr_matrix, options: LsaOptions, rng: np.random.Generator) -> dict[str, float]:
    """The weight of the vector score in hybrid search and its evidence, from LSA without the documents that ask."""

    def fit(some: sp.csr_matrix) -> Callable[[sp.csr_matrix], FloatArray]:
        documents = np.bincount(some.indices, minlength=some.shape[1])
        weights = np.where(documents > 0, idf(some.shape[0], np.maximum(documents, 1)), np.float32(0))
        dim = options.dim or default_dim(some.shape[0])
        svd = truncated_svd(Matrix(log_tfidf(some, weights)), dim, rng=rng)
        V = svd.Vt.T * svd.s.astype(np.float32) ** np.float32(options.power)
        return lambda rows: _weighted(rows, weights) @ V

    evidence = held_out_weight(counts, fit, rng=rng)
    return {} if evidence is None else evidence.metrics()


def _weighted(counts: sp.csr_matrix, weights: FloatArray) -> sp.csr_matrix:
    """log-tf·idf without the terms of weight 0, which no fitted document holds."""
    known = counts.copy()
    known.data = known.data * (weights[known.indices] > 0)
    known.eliminate_zeros()
    return log_tfidf(known, weights)


def _topics(svd: SVD, surfaces: list[str]) -> dict[str, npt.NDArray[Any]]:
    """The rotation of the leading directions into topics (m, m), and each topic's two strongest words as its name."""
    V = svd.Vt.T
    rotation = topic_rotation(V, svd.s)
    loadings = V[:, : len(rotation)] @ rotation
    strongest = np.argsort(-loadings, axis=0, kind="stable")[:2].T.tolist()
    return {
        "topic_rotation": rotation,
        "topic_names": pack([", ".join(surfaces[row] for row in rows) for rows in strongest]),
    }


def _expected_drift(
    corpus: Documents, options: LsaOptions, counts: TermCounts, weights: FloatArray, svd: SVD
) -> dict[str, float]:
    """What `drift` would return for new texts of the same kind, estimated on a sample of the fitted ones."""
    texts = corpus.texts[:: max(1, len(corpus) // _DRIFT_SAMPLE)]
    analyzer = _analyzer_of(options, corpus.language)
    sample = count_all_terms(texts, analyzer, numbered(counts.terms))
    rare = counts.documents <= _min_df(corpus, options)
    unknown, residual = expected_shares(sample, weights, rare, svd.Vt.T, svd.s)
    return {"expected_unknown": unknown, "expected_residual": residual}


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Lsa())
