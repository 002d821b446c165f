"""Results that take seconds to compute, kept for the run they were computed on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from semsearch_datasette.connection import read

Result = TypeVar("Result")
MOST = 8  # results of each kind kept for each database

_kept: WeakKeyDictionary[Any, dict[Any, asyncio.Future[Any]]] = WeakKeyDictionary()
_turns: WeakKeyDictionary[Any, asyncio.Lock] = WeakKeyDictionary()


async def computed(database: Any, key: tuple[Any, ...], function: Callable[[Any], Result]) -> Result:
    """What `function` returns for a connection, computed once for each key, one at a time in each database. A key is a
    tuple that begins with what kind of result it is.

    Who may see it is not asked here: a page asks before it comes here, on every request. A visitor who leaves does not
    stop what others wait for; what failed is not kept.
    """
    kept = _kept.setdefault(database, {})
    if key not in kept:
        alike = [other for other in kept if other[0] == key[0]]
        for other in alike[: max(0, len(alike) - MOST + 1)]:
            del kept[other]
        kept[key] = asyncio.ensure_future(_in_turn(database, function))
    task = kept[key]
    try:
        result: Result = await asyncio.shield(task)
        return result
    finally:
        if task.done() and (task.cancelled() or task.exception() is not None) and kept.get(key) is task:
            del kept[key]


async def _in_turn(database: Any, function: Callable[[Any], Result]) -> Result:
    """So that many arguments tried at once do not take all of Datasette's threads."""
    async with _turns.setdefault(database, asyncio.Lock()):
        return await read(database, function)
