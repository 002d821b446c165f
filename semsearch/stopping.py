"""Long computations that end early: whoever waits for one sets a flag, and it looks at the flag between its parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, local

_current = local()


class StoppedError(Exception):
    """Nobody waits for the result of this computation any more."""


@contextmanager
def stoppable(stop: Event) -> Iterator[None]:
    """Inside, `check_stopped` of this thread looks at this flag."""
    before = getattr(_current, "stop", None)
    _current.stop = stop
    try:
        yield
    finally:
        _current.stop = before


def check_stopped() -> None:
    """Raises StoppedError if the computation of this thread is to end. Costs well under a microsecond."""
    stop: Event | None = getattr(_current, "stop", None)
    if stop is not None and stop.is_set():
        raise StoppedError
