"""How numba is used here: kernels release the interpreter's lock and are compiled at most once per machine.

A kernel is compiled on its first call (1 to 2 s), or read from numba's cache where a cache folder can be written. Code
that cannot wait checks `ready` and takes a numpy path until then. A server calls `prepare`, which compiles in the
background. A command on little data never calls the kernel. `parallel=True` is never used: it aborts a process when two
threads of a server call it. `semsearch.threads` splits the rows instead, which is safe because kernels hold no lock.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from threading import Lock, Thread
from types import FunctionType
from typing import Any


class Kernel:
    """A function of arrays and numbers, compiled by numba when first called."""

    def __init__(self, function: Callable[..., Any], fastmath: bool) -> None:
        self._function, self._fastmath = function, fastmath
        self._compiled: Callable[..., Any] | None = None
        self._lock = Lock()
        self.ready = False  # whether a call needs no compilation
        update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        result = self.compiled(*arguments)
        self.ready = True
        return result

    @property
    def inlined(self) -> Callable[..., Any]:
        """The numba function to inline into its callers: a real call passes seven words for each array."""
        import numba

        inlined: Callable[..., Any] = numba.njit(nogil=True, fastmath=self._fastmath, inline="always")(
            _with_compiled_callees(self._function)
        )
        return inlined

    @property
    def compiled(self) -> Callable[..., Any]:
        """The compiled numba function."""
        with self._lock:
            if self._compiled is None:
                self._compiled = _jit(self._function, self._fastmath)
            return self._compiled

    def prepare(self, *sample: Any) -> None:
        """Compile in the background by one call with small arguments of the final types; sets `ready` when done."""
        if not self.ready:
            Thread(target=self, args=sample, daemon=True).start()


def kernel(function: Callable[..., Any]) -> Kernel:
    """Decorate a function that numba compiles: arrays and numbers in, arrays and numbers out.

    A kernel may call another kernel of its module by name. Keep both in one file: numba's cache checks only whether
    that file has changed.
    """
    return Kernel(function, fastmath=False)


def summing_kernel(function: Callable[..., Any]) -> Kernel:
    """A kernel that may add floats in any order, several at once (fastmath). Its input must hold no NaN."""
    return Kernel(function, fastmath=True)


def _jit(function: Callable[..., Any], fastmath: bool) -> Callable[..., Any]:
    import numba  # takes 0.5 s, so only when a kernel is called

    function = _with_compiled_callees(function)
    try:
        compiled: Callable[..., Any] = numba.njit(nogil=True, cache=True, fastmath=fastmath)(function)
    except RuntimeError:  # a read-only installation has no folder for the cache
        compiled = numba.njit(nogil=True, fastmath=fastmath)(function)
    return compiled


def _with_compiled_callees(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function with its names for other kernels bound to their numba functions, which numba can inline."""
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
