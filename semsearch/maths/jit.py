"""How numba is used here: kernels release the interpreter's lock, and are compiled at most once per machine.

A kernel is compiled on its first call (1-2 s), or read from numba's cache where a folder for it can be written. Whoever
cannot wait asks `ready` and takes a numpy path meanwhile: a server calls `prepare`, which compiles in the background; a
command on small data never calls the kernel at all. Never `parallel=True`: called from two threads of a server it
aborts the process. `spread` splits rows over threads instead, which is safe since kernels hold no lock.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, update_wrapper
from threading import Lock, Thread
from types import FunctionType
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Kernel:
    """A function of arrays and numbers, compiled by numba when first called."""

    def __init__(self, function: Callable[..., Any], fastmath: bool) -> None:
        self._function, self._fastmath = function, fastmath
        self._compiled: Callable[..., Any] | None = None
        self._lock = Lock()
        self.ready = False  # whether a call answers at once
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        result = self.compiled(*arguments)
        self.ready = True
        return result

    @property
    def inlined(self) -> Callable[..., Any]:
        """numba's own function, to become part of whoever calls it: a call hands over seven words for each array."""
        import numba

        inlined: Callable[..., Any] = numba.njit(nogil=True, fastmath=self._fastmath, inline="always")(
            _with_compiled_callees(self._function)
        )
        return inlined

    @property
    def compiled(self) -> Callable[..., Any]:
        """numba's own function."""
        with self._lock:
            if self._compiled is None:
                self._compiled = _jit(self._function, self._fastmath)
            return self._compiled

    def prepare(self, *sample: Any) -> None:
        """Compile in the background by one call with small arguments of the types to come; `ready` tells when."""
        if not self.ready:
            Thread(target=self, args=sample, daemon=True).start()


def kernel(function: Callable[..., Any]) -> Kernel:
    """Decorate a function that numba compiles: arrays and numbers in, arrays and numbers out.

    A kernel may call another of its module by name. Keep it in the same file: numba's cache asks only whether that
    has changed.
    """
    return Kernel(function, fastmath=False)


def summing_kernel(function: Callable[..., Any]) -> Kernel:
    """A kernel whose sums of floats may be added in another order, several at once: no NaN may come in."""
    return Kernel(function, fastmath=True)


def _jit(function: Callable[..., Any], fastmath: bool) -> Callable[..., Any]:
    import numba  # 0.5 s: only when something is really computed

    function = _with_compiled_callees(function)
    try:
        compiled: Callable[..., Any] = numba.njit(nogil=True, cache=True, fastmath=fastmath)(function)
    except RuntimeError:  # no folder to cache in: an installation that can only be read
        compiled = numba.njit(nogil=True, fastmath=fastmath)(function)
    return compiled


def _with_compiled_callees(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose names for other kernels mean numba's functions: those numba can inline."""
    if not isinstance(function, FunctionType):
        return function
    called = {name: value for name in function.__code__.co_names if isinstance(value := _named(function, name), Kernel)}
    if not called:
        return function
    names = function.__globals__ | {name: callee.inlined for name, callee in called.items()}
    twin = FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    return update_wrapper(twin, function)


def _named(function: FunctionType, name: str) -> Any:
    return function.__globals__.get(name)


@cache
def threads() -> int:
    """How many cores this process may use, as it first was: the pool has so many threads."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads(), thread_name_prefix="semsearch")


def spread(work: Callable[[int, int], Result], bounds: Sequence[int]) -> list[Result]:
    """`work(start, end)` for each stretch between neighbouring bounds, on all cores; the results in order."""
    stretches = list(zip(bounds[:-1], bounds[1:], strict=True))
    if len(stretches) < 2:
        return [work(start, end) for start, end in stretches]
    return list(_pool().map(lambda stretch: work(*stretch), stretches))


def each(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work(item)` for each item on all cores, the results in order; items are taken by this thread, a few ahead."""
    begun: deque[Future[Result]] = deque()
    for item in items:
        begun.append(_pool().submit(work, item))
        if len(begun) > 2 * threads():
            yield begun.popleft().result()
    for one in begun:
        yield one.result()
