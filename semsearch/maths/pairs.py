"""All pairs of near vectors, and how many words two texts have in common, without n² memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError

_HEAD = 64  # directions multiplied for every pair; the others only for pairs that can still reach the threshold
_ROWS, _COLUMNS = 2048, 8192  # a block of products that stays in the cache
_SOME = 100_000  # pairs looked at together


def near_pairs(
    vectors: FloatArray,
    threshold: float,
    *,
    progress: Callable[[int, int], None] | None = None,
    most: int | None = None,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Rows i < j of (n, dim) unit vectors whose cosine is at least `threshold`, with that cosine; exact.

    The strongest directions are multiplied first. By Cauchy-Schwarz what the others can add is at most the product of
    the lengths that two vectors have left there, so one more column holding that length gives an upper bound of each
    cosine. Raises InputError as soon as there are more than `most` pairs.
    """
    n = len(vectors)
    vectors = np.ascontiguousarray(vectors[:, np.argsort(-np.einsum("ij,ij->j", vectors, vectors))])
    head = vectors[:, :_HEAD]
    left = np.sqrt(np.maximum(0, 1 - np.einsum("ij,ij->i", head, head)))
    bound = np.hstack([head, left[:, None]]).astype(np.float32)
    found: list[tuple[IntArray, IntArray, FloatArray]] = []
    for start in range(0, n, _ROWS):
        if progress is not None:
            progress(start, n)
        for other in range(start, n, _COLUMNS):
            at = np.nonzero(bound[start : start + _ROWS] @ bound[other : other + _COLUMNS].T >= threshold)
            i, j = at[0] + start, at[1] + other
            found += _reaching(vectors, i[j > i], j[j > i], threshold)
        if most is not None and sum(len(part[0]) for part in found) > most:
            raise InputError(f"More than {most:,} pairs are as near as {threshold:g}: give a higher threshold")
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    i, j, cosines = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return i, j, cosines


def _reaching(
    vectors: FloatArray, i: IntArray, j: IntArray, threshold: float
) -> list[tuple[IntArray, IntArray, FloatArray]]:
    """Those of the pairs whose whole cosine reaches the threshold."""
    kept = []
    for start in range(0, len(i), _SOME):
        some, other = i[start : start + _SOME], j[start : start + _SOME]
        cosines = np.einsum("ij,ij->i", vectors[some], vectors[other])
        near = cosines >= threshold
        kept.append((some[near], other[near], cosines[near]))
    return kept


def shared_words(counts: sp.csr_matrix, i: IntArray, j: IntArray) -> FloatArray:
    """For each pair of rows of (n, n_words) counts the share of words they have in common, 0 to 1, (len(i),) float32.

    Words are counted as often as they stand in both, out of as many as the longer row has: 0.95 is one word in twenty
    changed. Rows without words share nothing.
    """
    lengths = np.asarray(counts.sum(axis=1)).reshape(-1)
    shares = np.zeros(len(i), np.float32)
    for start in range(0, len(i), _SOME):
        some, other = i[start : start + _SOME], j[start : start + _SOME]
        common = np.asarray(counts[some].minimum(counts[other]).sum(axis=1)).reshape(-1)
        shares[start : start + _SOME] = common / np.maximum(1, np.maximum(lengths[some], lengths[other]))
    return shares
