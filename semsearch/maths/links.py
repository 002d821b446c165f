"""Link prediction: scores of pairs of nodes by vectors and by common neighbours, and the best-scored pairs."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.maths.jit import kernel
from semsearch.maths.logistic import one_against_rest
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges

Doubles = npt.NDArray[np.float64]
MIN_SIMILARITY = 0.1  # cosine of a predicted link; below, only the degrees of two nodes speak for an edge
_SCORE_ROWS = 256  # rows of scores computed at a time
_TRAINING_EDGES = 20_000  # edges that the regression of a link is fitted on; it has three parameters
_BATCH_PAIRS = 4_096  # pairs of sparse rows multiplied at a time


class Scorer(Protocol):
    """Scores of pairs of n nodes."""

    def pairs(self, pairs: IntArray) -> Doubles:
        """(m,) the scores of pairs (2, m)."""

    def rows(self, first: int, last: int) -> npt.NDArray[Any]:
        """(last - first, n) the scores of nodes first..last with all nodes."""


class ProductScorer:
    """The dot product of one node's left and the other's right vector, (n, k) each; `right` defaults to `left`."""

    def __init__(self, left: FloatArray, right: FloatArray | None = None) -> None:
        self.left, self.right = left, left if right is None else right

    def pairs(self, pairs: IntArray) -> Doubles:
        products: Doubles = np.einsum("ij,ij->i", self.left[pairs[0]], self.right[pairs[1]]).astype(np.float64)
        return products

    def rows(self, first: int, last: int) -> npt.NDArray[Any]:
        return np.asarray(self.left[first:last] @ self.right.T)


class LinkScorer(ProductScorer):
    """a cos(i, j) + s_i + s_j: the log-odds of an edge, from unit vectors (n, k), a `weight` a and `shares` s (n,)."""

    def __init__(self, unit: FloatArray, weight: float, shares: FloatArray) -> None:
        root, one = np.float32(np.sqrt(weight)), np.ones((len(unit), 1), np.float32)
        super().__init__(np.hstack([root * unit, shares[:, None], one]), np.hstack([root * unit, one, shares[:, None]]))
        self.weight, self.shares = weight, shares

    def similar_rows(self, first: int, last: int, least: float) -> npt.NDArray[Any]:
        """`rows`, with minus infinity for pairs whose cosine is below `least`."""
        scores = self.rows(first, last)
        products = scores - self.shares[first:last, None] - self.shares
        return np.where(products < np.float32(self.weight * least), -np.inf, scores)


class SimilarLinks:
    """A LinkScorer that lists only pairs with a cosine of at least `least`: in `rows` others, which only their degrees
    speak for, get -∞. `pairs` scores any pair."""

    def __init__(self, scorer: LinkScorer, least: float) -> None:
        self.scorer, self.least = scorer, least

    def pairs(self, pairs: IntArray) -> Doubles:
        return self.scorer.pairs(pairs)

    def rows(self, first: int, last: int) -> npt.NDArray[Any]:
        return self.scorer.similar_rows(first, last, self.least)

    def are_listed(self, pairs: IntArray) -> npt.NDArray[np.bool_]:
        """(m,) whether the cosine of pairs (2, m) is at least `least`."""
        shares = self.scorer.shares
        products = self.pairs(pairs) - shares[pairs[0]] - shares[pairs[1]]
        return np.asarray(products >= np.float32(self.scorer.weight * self.least))


class NeighbourScorer:
    """The sum of the weights `worth` (n,) of the neighbours that two nodes have in common."""

    def __init__(self, A: sp.csr_matrix, worth: Doubles) -> None:
        self.A = sp.csr_matrix((np.ones(A.nnz, np.float32), A.indices, A.indptr), shape=A.shape)
        self.weighted = sp.csr_matrix((worth[A.indices].astype(np.float32), A.indices, A.indptr), shape=A.shape)

    def pairs(self, pairs: IntArray) -> Doubles:
        starts = range(0, pairs.shape[1], _BATCH_PAIRS)
        parts = [
            np.asarray(
                self.weighted[pairs[0, at : at + _BATCH_PAIRS]]
                .multiply(self.A[pairs[1, at : at + _BATCH_PAIRS]])
                .sum(axis=1)
            )
            for at in starts
        ]
        return np.concatenate([part.reshape(-1) for part in parts] or [np.zeros(0)]).astype(np.float64)

    def rows(self, first: int, last: int) -> npt.NDArray[Any]:
        return np.asarray((self.weighted[first:last] @ self.A).toarray())


def common_neighbours(A: sp.csr_matrix) -> NeighbourScorer:
    """The number of common neighbours of two nodes (Liben-Nowell & Kleinberg 2003)."""
    return NeighbourScorer(A, np.ones(A.shape[0]))


def adamic_adar(A: sp.csr_matrix) -> NeighbourScorer:
    """Common neighbours, each weighted by 1/ln of its own degree (Adamic & Adar 2003)."""
    degrees = np.diff(A.indptr)
    return NeighbourScorer(A, 1 / np.log(np.maximum(degrees, 2)))


def have_edge(A: sp.csr_matrix, pairs: IntArray) -> npt.NDArray[np.bool_]:
    """(m,) whether A has an edge from the first to the second node of each pair (2, m)."""
    return np.asarray(A[pairs[0], pairs[1]]).reshape(-1) != 0


def best_pairs(scorer: Scorer, A: sp.csr_matrix, k: int) -> tuple[IntArray, Doubles]:
    """The k best-scored pairs (2, k) of nodes that have edges but none between them, best first, and their scores (k,).

    Every pair i < j is scored; ties are in order of pairs.
    """
    n = A.shape[0]
    alone = np.diff(A.indptr) == 0

    def best(first: int, last: int) -> tuple[IntArray, Doubles]:
        scores = np.asarray(scorer.rows(first, last), np.float32)
        block = A[first:last]
        scores[np.repeat(np.arange(last - first), np.diff(block.indptr)), block.indices] = -np.inf
        scores[:, alone] = -np.inf
        scores[alone[first:last]] = -np.inf
        scores[np.arange(n)[None, :] <= np.arange(first, last)[:, None]] = -np.inf
        flat = scores.reshape(-1)
        top = np.argpartition(-flat, min(k, len(flat) - 1))[:k]
        top = np.sort(top[np.isfinite(flat[top])])
        return np.stack([top // n + first, top % n]).astype(np.int64), flat[top].astype(np.float64)

    parts = map_ranges(best, [*range(0, n, _SCORE_ROWS), n])
    pairs = np.concatenate([part[0] for part in parts], axis=1)
    scores = np.concatenate([part[1] for part in parts])
    order = np.argsort(-scores, kind="stable")[:k]
    return pairs[:, order], scores[order]


def spanning_forest(edges: IntArray, n: int) -> npt.NDArray[np.bool_]:
    """(m,) bool: which of the edges (2, m), taken in order, connect two components."""
    chosen = np.zeros(edges.shape[1], np.bool_)
    _union(edges[0], edges[1], np.arange(n), chosen)
    return chosen


@kernel
def _union(source: Any, target: Any, parent: Any, chosen: Any) -> None:
    for edge in range(len(source)):
        a, b = source[edge], target[edge]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b:
            parent[a] = b
            chosen[edge] = True


def sample_non_edges(A: sp.csr_matrix, count: int, rng: np.random.Generator) -> IntArray:
    """(2, m) random pairs of nodes that have edges but none between them; m is `count`, or less in a dense graph."""
    nodes = np.flatnonzero(np.diff(A.indptr))
    result = [np.zeros((2, 0), np.int64)]
    held = 0
    for _ in range(100):
        pairs = nodes[rng.integers(0, len(nodes), (2, 2 * count))]
        pairs = pairs[:, (pairs[0] < pairs[1]) & ~have_edge(A, pairs)][:, : count - held]
        result.append(pairs)
        held += pairs.shape[1]
        if held == count:
            break
    return np.concatenate(result, axis=1)


def link_scorer(vectors: FloatArray, A: sp.csr_matrix, *, rng: np.random.Generator) -> LinkScorer:
    """The log-odds of an edge between two nodes, from their cosine and their degrees.

    a cos(i, j) + b (ln d_i + ln d_j) + c, fitted by logistic regression to edges of A and as many pairs without one.
    A cosine alone finds nodes with the same neighbours; degrees say at least as much about an edge. Raises InputError
    if every two nodes have an edge.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    log_degrees = np.log(np.maximum(np.diff(A.indptr), 1)).astype(np.float32)
    source, target = sp.triu(A, 1).nonzero()
    sample = rng.permutation(len(source))[:_TRAINING_EDGES]
    joined = np.stack([source[sample], target[sample]]).astype(np.int64)
    apart = sample_non_edges(A, len(sample), rng)
    if not apart.shape[1]:
        raise InputError("Every pair of nodes has an edge: there is no link to predict")
    pairs = np.concatenate([joined, apart], axis=1)
    facts = np.stack([np.einsum("ij,ij->i", unit[pairs[0]], unit[pairs[1]]), log_degrees[pairs].sum(axis=0)], axis=1)
    answers = np.arange(pairs.shape[1])[:, None] < len(sample)
    W, c = one_against_rest(facts, answers, C=10.0)
    a, b = max(float(W[0, 0]), 0.0), float(W[1, 0])  # a higher cosine must never lower the score
    return LinkScorer(unit, a, (np.float32(b) * log_degrees + np.float32(c[0] / 2)).astype(np.float32))
