"""Results kept for the duration of one request, so that a page of fifty tables does not compute them fifty times.

Nothing is kept from one request to the next: the next one may come from another actor, or after a build. A dict of one
request needs no limit and no lock, so this is no `semsearch.lru_cache`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, ContextVar
from functools import wraps
from typing import Any, TypeVar

from datasette import hookimpl

Result = TypeVar("Result")

_RECEIVE = ("receive",)
_memory: ContextVar[dict[Any, Any] | None] = ContextVar("semsearch_memory", default=None)


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    """Gives each request its own memory."""

    def wrapped(app: Any) -> Any:
        @wraps(app)
        async def remembering(scope: Any, receive: Any, send: Any) -> None:
            token = _memory.set({_RECEIVE: receive})
            try:
                await app(scope, receive, send)
            finally:
                _memory.reset(token)

        return remembering

    return wrapped


async def has_left() -> None:
    """Returns when the client of this request has disconnected. Outside of a request it never returns.

    For requests without a body only, because it consumes the messages that it receives.
    """
    receive = known().get(_RECEIVE)
    while receive is not None:
        if (await receive())["type"] == "http.disconnect":
            return
    await asyncio.Event().wait()


def known() -> dict[Any, Any]:
    """The memory of this request; outside of requests a new, empty one each time."""
    memory = _memory.get()
    return {} if memory is None else memory


def share(memory: dict[Any, Any]) -> None:
    """Use this memory from now on: in a context of its own that belongs to the same request."""
    _memory.set(memory)


async def in_own_memory(asked: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine, run as if it were a request of its own: for a task that outlives the first request."""
    context = Context()
    context.run(_memory.set, {})
    return await context.run(asyncio.ensure_future, asked)


def key_of(actor: Any) -> str:
    """A text that identifies an actor, for keys of results that depend on the actor."""
    return json.dumps(actor, sort_keys=True, default=repr)


async def once(key: Any, make: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `make`, which is called once per request for each key."""
    memory = known()
    if key not in memory:
        memory[key] = await make()
    result: Result = memory[key]
    return result
