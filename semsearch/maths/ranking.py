"""The weight of the vector score in hybrid search, estimated from a collection without relevance judgements.

Up to two thousand documents are each split: up to eight of their words, drawn at random, become a query and are removed
from the document. Query and remainder share no word, so only the vectors can find the remainder. Its mean reciprocal
rank orders collections as the best weights do (benchmarks/hybrid_weight.py): near 1 if documents keep to topics, near 0
if words hardly predict each other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray, IntArray

MAX_QUERIES = 2_000  # queries: the standard error of the mean is then below 0.01
MAX_COMPETITORS = (
    5_000  # documents ranked against: a fixed number, so that the measure does not fall in larger collections
)
QUERY_WORDS = 8  # words in a query; two or four give the same order of collections, with smaller differences
MIN_TERMS = 6  # distinct terms that a document needs to be split
MIN_WEIGHT = 0.2  # weight at reciprocal rank 0: with it no test collection becomes worse
WEIGHT_PER_RANK = 0.85  # chosen, as MIN_WEIGHT, on six test collections; two others agree (benchmarks/hybrid_weight.py)
DOCUMENTS_PER_DIMENSION = 8  # documents per dimension from which on the estimate is fully trusted
EQUAL_WEIGHT = 0.5  # the weight where the estimate is not trusted


def hybrid_weight(reciprocal_rank: float, n_documents: int, dim: int) -> float:
    """The weight of the vector score, 0..1, from the mean reciprocal rank of `self_retrieval`.

    It is linear in the rank and at most 1. With few documents per dimension the model overfits and the measure says
    little, so the weight is pulled towards one half.
    """
    weight = min(1.0, MIN_WEIGHT + WEIGHT_PER_RANK * reciprocal_rank)
    trust = min(1.0, n_documents / (DOCUMENTS_PER_DIMENSION * dim))
    return EQUAL_WEIGHT + trust * (weight - EQUAL_WEIGHT)


def self_retrieval(
    counts: sp.csr_matrix,
    embed: Callable[[sp.csr_matrix], FloatArray],
    documents: FloatArray,
    *,
    rng: np.random.Generator,
) -> float | None:
    """The mean reciprocal rank, 0..1, at which words of a document find its remainder; None without long documents.

    `counts` (n, terms) are the term counts of the documents, `embed` maps such counts to vectors (m, dim), `documents`
    (n, dim) are the vectors of all documents. Each remainder competes with up to 5,000 other documents, drawn once.
    """
    long_enough = np.flatnonzero(np.diff(counts.indptr) >= MIN_TERMS)
    if not len(long_enough) or counts.shape[0] < 2:
        return None
    rows = rng.permutation(long_enough)[:MAX_QUERIES]
    query_counts, remainders = _split_documents(counts[rows], rng)
    queries = _unit(embed(query_counts))
    competitors = rng.permutation(counts.shape[0])[:MAX_COMPETITORS]
    scores = queries @ _unit(documents[competitors]).T
    own = np.sum(queries * _unit(embed(remainders)), axis=1)
    ahead = (scores > own[:, None]) & (competitors[None, :] != rows[:, None])
    return float(np.mean(1 / (1 + ahead.sum(axis=1))))


def _split_documents(counts: sp.csr_matrix, rng: np.random.Generator) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Queries and remainders: up to eight terms of each row, at most half, once each; and the row without them."""
    lengths: IntArray = np.diff(counts.indptr)
    row = np.repeat(np.arange(len(lengths)), lengths)
    # The entries of each row in random order: sorted by row, then by a random number.
    order = np.lexsort((rng.random(counts.nnz), row))
    place = np.arange(counts.nnz) - np.repeat(counts.indptr[:-1], lengths)
    chosen = np.zeros(counts.nnz, dtype=bool)
    chosen[order] = place < np.repeat(np.minimum(QUERY_WORDS, lengths // 2), lengths)
    queries, remainders = counts.copy(), counts.copy()
    queries.data = chosen.astype(np.float32)
    remainders.data = np.where(chosen, 0, counts.data).astype(np.float32)
    queries.eliminate_zeros()
    remainders.eliminate_zeros()
    return queries, remainders


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
