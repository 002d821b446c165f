"""The one cache of the project: values by key up to a limit, for many threads, each computed by one of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Condition
from typing import Generic, TypeVar

Value = TypeVar("Value")


def one(value: object) -> int:
    """The size of a value in a cache that counts its values."""
    return 1


class LruCache(Generic[Value]):
    """Values by key. Above the `limit`, those that were used longest ago are removed; a limit of 0 keeps nothing.

    `size` gives what a value counts: 1 by default, so that the limit is a number of values. Nothing is computed under
    the lock. A None and an exception are not kept.
    """

    def __init__(self, limit: int, size: Callable[[Value], int] = one) -> None:
        self.limit = limit
        self._size = size
        self._total = 0
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._computing: set[Hashable] = set()
        self._changed = Condition()

    def set_limit(self, limit: int) -> None:
        """Keep at most this much from now on."""
        with self._changed:
            self.limit = limit
            self._shrink()

    def get(self, key: Hashable) -> Value | None:
        """The value of this key, None if it is not kept."""
        with self._changed:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value, in the place of the one that had its key."""
        with self._changed:
            self._remove(key)
            self._values[key] = value
            self._total += self._size(value)
            self._shrink()

    def discard(self, key: Hashable, value: Value) -> None:
        """Remove this very value of a key, if it is kept."""
        with self._changed:
            if self._values.get(key) is value:
                self._remove(key)

    def latest(self) -> Value | None:
        """The value that was used last, None in an empty cache."""
        with self._changed:
            return next(reversed(self._values.values()), None)

    def get_or_compute(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """The value of this key, computed if it is not kept. Other threads that want it wait for the first.

        If that one fails, the next of them computes.
        """
        with self._changed:
            while key not in self._values and key in self._computing:
                self._changed.wait()
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            self._computing.add(key)
        return self._compute(key, compute)

    def compute_unless_busy(self, key: Hashable, compute: Callable[[], Value]) -> Value | None:
        """As `get_or_compute`, but None at once while another thread computes the value."""
        with self._changed:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            if key in self._computing:
                return None
            self._computing.add(key)
        return self._compute(key, compute)

    def _compute(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """Compute a value that this thread has claimed, and release the claim."""
        try:
            value = compute()
            if value is not None:
                self.put(key, value)
            return value
        finally:
            with self._changed:
                self._computing.discard(key)
                self._changed.notify_all()

    def _remove(self, key: Hashable) -> None:
        if key in self._values:
            self._total -= self._size(self._values.pop(key))

    def _shrink(self) -> None:
        while self._values and self._total > self.limit:
            self._total -= self._size(self._values.popitem(last=False)[1])
