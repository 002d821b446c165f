"""What one request has found out already, so that a page of fifty tables does not ask fifty times.

Nothing is kept from one request to the next: the next one may come from another actor, or after a build. A dict of one
request needs no limit and no lock, so this is no `semsearch.lru_cache`.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from datasette import hookimpl

Result = TypeVar("Result")

_found: ContextVar[dict[Any, Any] | None] = ContextVar("semsearch_found", default=None)


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    """Gives each request a memory of its own."""

    def wrapped(app: Any) -> Any:
        @wraps(app)
        async def remembering(scope: Any, receive: Any, send: Any) -> None:
            token = _found.set({})
            try:
                await app(scope, receive, send)
            finally:
                _found.reset(token)

        return remembering

    return wrapped


def known() -> dict[Any, Any]:
    """What this request has found out; outside of requests a new, empty one each time."""
    found = _found.get()
    return {} if found is None else found


def key_of(actor: Any) -> str:
    """What tells an actor from others, in the key of something that differs for each."""
    return json.dumps(actor, sort_keys=True, default=repr)


async def once(key: Any, make: Callable[[], Awaitable[Result]]) -> Result:
    """What `make` returns, made once in a request."""
    found = known()
    if key not in found:
        found[key] = await make()
    result: Result = found[key]
    return result
