"""Whether changed term vectors rank better, estimated without judgements on documents that were held out.

A probe is a held-out document: a few of its terms are the query, and the ten other documents that BM25 finds by its
other terms count as related (maths.ranking). The vectors are judged alone, and together with the words of the query.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.ranking import (
    DRAWS,
    EQUAL_WEIGHT,
    MAX_DOCUMENTS,
    MIN_PROBES,
    MIN_TERMS,
    bm25,
    related_ndcg,
    relative_powers,
    split_documents,
    unit_rows,
)
from semsearch.maths.sparse import sp
from semsearch.maths.weighting import log_tfidf

HELD_OUT = 10  # one document of so many is held out
MAX_HELD_OUT = 1000
CERTAIN = 3.0  # standard errors: the best of some twenty epochs is compared, not a single one

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """nDCG@10 of each probe (p,): by the vectors alone, and by vectors and words with equal weights."""

    alone: Doubles
    fused: Doubles

    def is_better_than(self, other: Judged) -> bool:
        """Whether both are better, the fused ranking by more than CERTAIN standard errors of the difference."""
        gain = self.fused - other.fused
        error = float(gain.std()) / math.sqrt(len(gain))
        return bool(self.alone.mean() > other.alone.mean() and gain.mean() > CERTAIN * error)


class Probes:
    """The probes of some held-out documents. `counts` (n, n_terms) of all documents, `weights` (n_terms,) their idf,
    `held` the rows of those held out."""

    def __init__(self, counts: sp.csr_matrix, weights: FloatArray, held: IntArray, rng: np.random.Generator) -> None:
        kept = np.setdiff1d(np.arange(counts.shape[0]), held)
        kept = np.sort(rng.permutation(kept)[:MAX_DOCUMENTS])
        words = bm25(counts[kept])
        self._documents = log_tfidf(counts[kept], weights)
        self._draws = []
        for _ in range(DRAWS):
            queries, others = split_documents(counts[held], rng)
            target = (others @ words.T).toarray()
            text = relative_powers((queries @ words.T).toarray())
            self._draws.append((log_tfidf(queries, weights), target, text))

    def judge(self, vectors: FloatArray) -> Judged:
        """The figures of term vectors (n_terms, k), means over the draws."""
        documents = unit_rows(self._documents @ vectors)
        alone, fused = [], []
        for queries, target, text in self._draws:
            scores = relative_powers(unit_rows(queries @ vectors) @ documents.T)
            alone.append(related_ndcg(scores, target))
            fused.append(related_ndcg(EQUAL_WEIGHT * scores + (1 - EQUAL_WEIGHT) * text, target))
        return Judged(np.mean(alone, axis=0), np.mean(fused, axis=0))


def held_out_documents(counts: sp.csr_matrix, rng: np.random.Generator) -> IntArray | None:
    """The rows of documents to hold out, a tenth of those that can be divided; None where they are too few."""
    long = np.flatnonzero(np.diff(counts.indptr) >= MIN_TERMS)
    held = rng.permutation(long)[: min(MAX_HELD_OUT, counts.shape[0] // HELD_OUT)]
    return np.sort(held) if len(held) >= MIN_PROBES else None


def rows_apart(documents: IntArray, held: Sequence[int] | IntArray) -> tuple[IntArray, IntArray]:
    """The pairs (m, 2) of documents without a held-out one, and those with one."""
    touched = np.isin(documents, held).any(axis=1)
    return np.flatnonzero(~touched), np.flatnonzero(touched)
