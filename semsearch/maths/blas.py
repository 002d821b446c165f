"""Products of tall dense matrices, with a limit on the threads of the BLAS.

The functions from `room` on are the operations that factor.py needs. They make this module the NumPy backend of the
array namespace `xp`; semsearch.nets.operator is the backend for a GPU.

OpenBLAS wakes its threads for every product, and they spin while they wait for each other. For small products, and on a
busy machine, that costs several times the product itself. So the BLAS works with one thread here, and tall matrices are
split by rows over the threads of semsearch.threads.
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

_BLOCK_ROWS = 16_384  # rows in one product, so that their float64 copy stays small
_lock = Lock()
_active: list[Any] = []  # an entry for each thread inside `one_thread`; the first sets the limit, the last lifts it


@cache
def _libraries() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # 10 ms


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit the BLAS of the whole process to one thread; a context manager or a decorator."""
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
    """(rows, columns) float32, uninitialised, in column order."""
    return np.empty((rows, columns), np.float32, order="F")


def put(small: Array) -> Array:
    """Move a numpy array to where the tall matrices are; here that is memory."""
    return small


def take(tall: Array) -> Array:
    """The inverse of `put`."""
    return tall


@one_thread()
def inner(A: Array, B: Array) -> Array:
    """AᵀB, (a, b) from (n, a) and (n, b); A may be B."""
    product: Array = np.sum(
        map_ranges(lambda first, last: A[first:last].T @ B[first:last], _row_bounds(len(A))), axis=0
    )
    return product


@one_thread()
def gram(W: Array) -> npt.NDArray[np.float64]:
    """WᵀW in float64, a block of rows at a time, because a float64 copy of W would be twice its size."""

    def work(first: int, last: int) -> Array:
        total = np.zeros((W.shape[1], W.shape[1]))
        for start in range(first, last, _BLOCK_ROWS):
            part = W[start : min(start + _BLOCK_ROWS, last)].astype(np.float64)
            total += part.T @ part
        return total

    product: npt.NDArray[np.float64] = np.sum(map_ranges(work, _row_bounds(len(W))), axis=0)
    return product


def exact_inner(A: Array, B: Array) -> npt.NDArray[np.float64]:
    """AᵀB in float64."""
    product: npt.NDArray[np.float64] = A.T.astype(np.float64) @ B.astype(np.float64)
    return product


@one_thread()
def times(W: Array, Z: Array) -> Array:
    """W Z, (n, b) from (n, a) and (a, b)."""
    out = np.empty((len(W), Z.shape[1]), np.result_type(W, Z))
    map_ranges(lambda first, last: np.matmul(W[first:last], Z, out=out[first:last]), _row_bounds(len(W)))
    return out


@one_thread()
def subtract(W: Array, K: Array, H: Array) -> None:
    """W -= K H in place, W (n, b), K (n, a), H (a, b)."""

    def work(first: int, last: int) -> None:
        for start in range(first, last, _BLOCK_ROWS):
            rows = slice(start, min(start + _BLOCK_ROWS, last))
            W[rows] -= K[rows] @ H

    map_ranges(work, _row_bounds(len(W)))


def _row_bounds(rows: int) -> list[int]:
    """Bounds of one range of rows per thread; of a single range if there are few rows."""
    return np.linspace(0, rows, (thread_count() if rows >= _BLOCK_ROWS else 1) + 1).astype(int).tolist()
