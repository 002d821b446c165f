"""How much meaning should weigh beside words in a collection, found without anybody's judgements.

Up to two thousand documents are each taken apart: up to eight of their words, drawn at random, become a question and
are deleted from the document. No word being left in common, only meaning can lead from the question back to the rest.
The mean reciprocal rank of the rest orders collections as the right weights do (benchmarks/hybrid_weight.py): near 1
where documents keep to topics, near 0 where each word is news.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray, IntArray

MAX_QUERIES = 2_000  # the standard error of the mean is then below .01
MAX_COMPETITORS = 5_000  # a fixed number, so that the measure stops falling as a collection grows beyond it
QUERY_WORDS = 8  # a question's words; two or four order the collections alike, with less between them
MIN_TERMS = 6  # distinct terms that a document needs to be taken apart
MIN_WEIGHT = 0.2  # what meaning is worth at least: with so little of it all test collections gain or stay as they are
WEIGHT_PER_RANK = 0.85  # chosen, as the floor, on six test collections; two more agree (benchmarks/hybrid_weight.py)
DOCUMENTS_PER_DIMENSION = 8  # documents for each dimension from which on the measure is taken at its word
EQUAL_WEIGHT = 0.5


def hybrid_weight(reciprocal_rank: float, n_documents: int, dim: int) -> float:
    """Meaning's share, 0..1, from the mean reciprocal rank of `self_retrieval`.

    A line from the floor, at most 1. With few documents for each dimension the factors recall documents rather than
    relate them, and the measure says little: the share is then drawn towards one half.
    """
    share = min(1.0, MIN_WEIGHT + WEIGHT_PER_RANK * reciprocal_rank)
    trust = min(1.0, n_documents / (DOCUMENTS_PER_DIMENSION * dim))
    return EQUAL_WEIGHT + trust * (share - EQUAL_WEIGHT)


def self_retrieval(
    counts: sp.csr_matrix,
    embed: Callable[[sp.csr_matrix], FloatArray],
    documents: FloatArray,
    *,
    rng: np.random.Generator,
) -> float | None:
    """The mean reciprocal rank, 0..1, at which a few words of a document find its rest; None if no document is long.

    `counts` (n, terms) how often each term stands in each document; `embed` turns such counts into vectors (m, dim);
    `documents` (n, dim) those of all documents. Each rest competes with up to 5,000 other documents, drawn once.
    """
    long_enough = np.flatnonzero(np.diff(counts.indptr) >= MIN_TERMS)
    if not len(long_enough) or counts.shape[0] < 2:
        return None
    rows = rng.permutation(long_enough)[:MAX_QUERIES]
    asked, rest = _split_documents(counts[rows], rng)
    questions = _unit(embed(asked))
    rivals = rng.permutation(counts.shape[0])[:MAX_COMPETITORS]
    theirs = questions @ _unit(documents[rivals]).T
    own = np.sum(questions * _unit(embed(rest)), axis=1)
    ahead = (theirs > own[:, None]) & (rivals[None, :] != rows[:, None])
    return float(np.mean(1 / (1 + ahead.sum(axis=1))))


def _split_documents(counts: sp.csr_matrix, rng: np.random.Generator) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Questions and rests: up to eight terms of each row, never more than half, once each; and the row without them."""
    lengths: IntArray = np.diff(counts.indptr)
    row = np.repeat(np.arange(len(lengths)), lengths)
    # Each row's entries in a random order of their own: sorted by row, then by a random number.
    order = np.lexsort((rng.random(counts.nnz), row))
    place = np.arange(counts.nnz) - np.repeat(counts.indptr[:-1], lengths)
    chosen = np.zeros(counts.nnz, dtype=bool)
    chosen[order] = place < np.repeat(np.minimum(QUERY_WORDS, lengths // 2), lengths)
    asked, rest = counts.copy(), counts.copy()
    asked.data = chosen.astype(np.float32)
    rest.data = np.where(chosen, 0, counts.data).astype(np.float32)
    asked.eliminate_zeros()
    rest.eliminate_zeros()
    return asked, rest


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
