"""Caches that belong to a Datasette database, and results that take seconds to compute, kept for their run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from semsearch.lru_cache import LruCache
from semsearch_datasette.connection import read

Result = TypeVar("Result")
RESULTS_KEPT = 8  # of each kind, for each database
KINDS_KEPT = 32


class DatabaseCaches(Generic[Result]):
    """A cache for each Datasette database, of `limit` values each. It is gone when the database is."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._caches: WeakKeyDictionary[Any, LruCache[Result]] = WeakKeyDictionary()
        self._lock = Lock()

    def of(self, database: Any) -> LruCache[Result]:
        """The cache of this database."""
        with self._lock:
            return self._caches.setdefault(database, LruCache(self._limit))


_results: DatabaseCaches[LruCache[asyncio.Future[Any]]] = DatabaseCaches(KINDS_KEPT)
_turns: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()


async def computed(database: Any, key: tuple[Any, ...], function: Callable[[Any], Result]) -> Result:
    """What `function` returns for a connection, computed once for each key, one at a time in each database. A key is a
    tuple that begins with what kind of result it is.

    Who may see it is not asked here: a page asks before it comes here, on every request. A visitor who leaves does not
    stop what others wait for; what failed is not kept.
    """
    results = _results.of(database).get_or_compute(key[0], lambda: LruCache(RESULTS_KEPT))
    task = results.get_or_compute(key, lambda: asyncio.ensure_future(_in_turn(database, function)))
    try:
        result: Result = await asyncio.shield(task)
        return result
    finally:
        if task.done() and (task.cancelled() or task.exception() is not None):
            results.discard(key, task)


async def _in_turn(database: Any, function: Callable[[Any], Result]) -> Result:
    """So that many arguments tried at once do not take all of Datasette's threads."""
    async with _turns.setdefault(database, asyncio.Lock()):
        return await read(database, function)
