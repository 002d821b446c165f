"""Products of tall dense matrices, and how many threads the BLAS may take for them.

What factor.py does with tall matrices it does with the functions from `room` on, and so the module itself is the
namespace `xp` of every matrix that is in memory; semsearch.nets.operator has the same for one on a GPU.

OpenBLAS wakes its threads for every product and lets them spin while they wait for each other. For small products and
on a machine that has something else to do that costs several times the product. So here the BLAS works with one
thread, and tall matrices are split over ours by rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.threads import map_ranges, thread_count

Array = npt.NDArray[Any]

_BLOCK_ROWS = 16_384  # rows at once: what float64 takes of them stays small
_lock = Lock()
_active: list[Any] = []  # one entry for each thread inside `one_thread`; the first and the last one switch


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # 10 ms


@contextmanager
def one_thread() -> Iterator[None]:
    """The BLAS works with one thread meanwhile; as a decorator, too. The setting is the whole process's."""
    with _lock:
        _active.append(_libraries().limit(limits=1, user_api="blas") if not _active else _active[0])
    try:
        yield
    finally:
        with _lock:
            limit = _active.pop()
            if not _active:
                limit.restore_original_limits()


def room(rows: int, columns: int) -> Array:
    """(rows, columns) float32 of anything, columns together."""
    return np.empty((rows, columns), np.float32, order="F")


def put(small: Array) -> Array:
    """An array where the tall matrices are: here they are."""
    return small


def take(tall: Array) -> Array:
    """The inverse of `put`."""
    return tall


@one_thread()
def inner(A: Array, B: Array) -> Array:
    """AᵀB, (a, b) from (n, a) and (n, b); A may be B."""
    found: Array = np.sum(map_ranges(lambda first, last: A[first:last].T @ B[first:last], _shares(len(A))), axis=0)
    return found


@one_thread()
def gram(W: Array) -> npt.NDArray[np.float64]:
    """WᵀW in float64, a few rows at a time: a copy of all of W in float64 would be twice its size."""

    def work(first: int, last: int) -> Array:
        found = np.zeros((W.shape[1], W.shape[1]))
        for start in range(first, last, _BLOCK_ROWS):
            part = W[start : min(start + _BLOCK_ROWS, last)].astype(np.float64)
            found += part.T @ part
        return found

    found: npt.NDArray[np.float64] = np.sum(map_ranges(work, _shares(len(W))), axis=0)
    return found


def exact_inner(A: Array, B: Array) -> npt.NDArray[np.float64]:
    """AᵀB in float64."""
    found: npt.NDArray[np.float64] = A.T.astype(np.float64) @ B.astype(np.float64)
    return found


@one_thread()
def times(W: Array, Z: Array) -> Array:
    """W Z, (n, b) from (n, a) and (a, b)."""
    out = np.empty((len(W), Z.shape[1]), np.result_type(W, Z))
    map_ranges(lambda first, last: np.matmul(W[first:last], Z, out=out[first:last]), _shares(len(W)))
    return out


@one_thread()
def subtract(W: Array, K: Array, H: Array) -> None:
    """W -= K H in place, W (n, b), K (n, a), H (a, b)."""

    def work(first: int, last: int) -> None:
        for start in range(first, last, _BLOCK_ROWS):
            rows = slice(start, min(start + _BLOCK_ROWS, last))
            W[rows] -= K[rows] @ H

    map_ranges(work, _shares(len(W)))


def _shares(rows: int) -> list[int]:
    """Bounds of as many stretches as there are threads; one stretch where there is little to share."""
    return np.linspace(0, rows, (thread_count() if rows >= _BLOCK_ROWS else 1) + 1).astype(int).tolist()
