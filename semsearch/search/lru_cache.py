"""What a process keeps in memory between questions: so many bytes, oldest use goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Something that knows how much memory it takes."""

    @property
    def nbytes(self) -> int: ...


One = TypeVar("One", bound=Sized)


class Kept(Generic[One]):
    """Things by key, for many threads; `limit` bytes in all, 0 keeps nothing. Nothing is computed under its lock."""

    def __init__(self) -> None:
        self.limit = 0
        self._lock = Lock()
        self._things: OrderedDict[Hashable, One] = OrderedDict()
        self._bytes = 0
        self._coming: set[Hashable] = set()

    def set_limit(self, limit: int) -> None:
        """From now on at most so many bytes."""
        with self._lock:
            self.limit = limit
            self._shrink()

    def get(self, key: Hashable) -> One | None:
        """The thing of this key, if it is kept."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
            return self._things.get(key)

    def put(self, key: Hashable, thing: One) -> None:
        """Keep a thing, in the place of the one that had its key."""
        with self._lock:
            if key in self._things:
                self._bytes -= self._things.pop(key).nbytes
            self._things[key] = thing
            self._bytes += thing.nbytes
            self._shrink()

    def begin(self, key: Hashable) -> bool:
        """Whether nobody is making the thing of this key yet; if so the caller is, until `end`."""
        with self._lock:
            is_first = key not in self._coming
            self._coming.add(key)
            return is_first

    def end(self, key: Hashable) -> None:
        """The caller that began is done, or has failed."""
        with self._lock:
            self._coming.discard(key)

    def _shrink(self) -> None:
        while self._things and self._bytes > self.limit:
            self._bytes -= self._things.popitem(last=False)[1].nbytes
