"""Caches that belong to a Datasette database, and results that take seconds to compute, kept for their run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Lock
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from semsearch.errors import CapabilityError
from semsearch.lru_cache import LruCache
from semsearch.stopping import StoppedError, stoppable
from semsearch_datasette.connection import read
from semsearch_datasette.request_cache import has_left

Result = TypeVar("Result")
RESULTS_KEPT = 8  # of each kind, for each database
KINDS_KEPT = 32
MAX_WAITING = 8  # computations that wait for their turn in one database
STEPS = 10_000  # SQLite's own instructions between two looks at whether a computation is to stop


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


class _Work:
    """A computation that runs or is queued, and the number of requests that wait for its result."""

    def __init__(self, database: Any, function: Callable[[Any], Any]) -> None:
        self.waiters = 0
        self.stop = Event()
        self.task = asyncio.ensure_future(_in_turn(database, function, self.stop))

    def leave(self) -> None:
        """Count one waiting request less. At zero the computation is cancelled, and the next in the queue runs."""
        self.waiters -= 1
        if not self.waiters and not self.task.done():
            self.stop.set()
            self.task.cancel()


_results: DatabaseCaches[LruCache[Any]] = DatabaseCaches(KINDS_KEPT)
_works: WeakKeyDictionary[Any, dict[tuple[Any, ...], _Work]] = WeakKeyDictionary()
_turns: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()


async def computed(database: Any, key: tuple[Any, ...], function: Callable[[Any], Result]) -> Result:
    """What `function` returns for a connection, computed once for each key, one at a time in each database. A key is a
    tuple that begins with what kind of result it is.

    Who may see it is not asked here: a page asks before it comes here, on every request. When the last visitor who
    waits for a result has left, its computation stops. What failed is not kept. Raises CapabilityError (503) if too
    many computations wait already.
    """
    results = _results.of(database).get_or_compute(key[0], lambda: LruCache(RESULTS_KEPT))
    kept = results.get(key)
    if kept is not None:
        value: Result = kept[0]
        return value
    works = _works.setdefault(database, {})
    work = works.get(key)
    if work is None or work.stop.is_set():
        if len(works) > MAX_WAITING:
            raise CapabilityError(
                "Too many computations are waiting on this server, so this one was not begun: try again in a minute"
            )
        work = works[key] = _Work(database, function)
    return await _awaited(works, key, work, results)


async def _awaited(works: dict[tuple[Any, ...], _Work], key: tuple[Any, ...], work: _Work, results: Any) -> Any:
    """The result of a computation, or CapabilityError as soon as this visitor has left."""
    work.waiters += 1
    leaving = asyncio.ensure_future(has_left())
    try:
        await asyncio.wait({work.task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not work.task.done():
            raise CapabilityError("The visitor has left, so the computation was given up")
        result = work.task.result()
        results.put(key, (result,))
        return result
    finally:
        leaving.cancel()
        work.leave()
        if works.get(key) is work and (work.stop.is_set() or work.task.done()):
            del works[key]
        if work.stop.is_set():
            with suppress(asyncio.CancelledError, StoppedError):
                await work.task


async def _in_turn(database: Any, function: Callable[[Any], Result], stop: Event) -> Result:
    """So that many arguments tried at once do not take all of Datasette's threads."""

    def call(conn: Any) -> Result:
        conn.set_progress_handler(stop.is_set, STEPS)
        try:
            with stoppable(stop):
                return function(conn)
        finally:
            conn.set_progress_handler(None, 0)

    async with _turns.setdefault(database, asyncio.Lock()):
        return await read(database, call)
