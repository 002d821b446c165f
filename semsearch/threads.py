"""One pool of threads for the whole process: work on ranges of rows, or on items of a stream, on all cores.

Threads help where the work releases the interpreter's lock: numpy, zlib, Pillow and the kernels of `maths.jit`.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@cache
def thread_count() -> int:
    """Cores that this process may use, counted once; the pool has as many threads."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_count(), thread_name_prefix="semsearch")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has none of the pool's threads


def map_ranges(work: Callable[[int, int], Result], bounds: Sequence[int]) -> list[Result]:
    """`work(start, end)` for each pair of adjacent bounds, in parallel; the results in order."""
    ranges = list(zip(bounds[:-1], bounds[1:], strict=True))
    if len(ranges) < 2:
        return [work(start, end) for start, end in ranges]
    return list(_pool().map(lambda ends: work(*ends), ranges))


def map_items(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work(item)` for each item, in parallel; the results in order.

    The calling thread takes the items, at most twice the thread count ahead of the results.
    """
    pending: deque[Future[Result]] = deque()
    for item in items:
        pending.append(_pool().submit(work, item))
        if len(pending) > 2 * thread_count():
            yield pending.popleft().result()
    for future in pending:
        yield future.result()
