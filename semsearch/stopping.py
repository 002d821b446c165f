"""Cancelling long computations: the caller sets a flag, which the computation checks between its parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, local

_current = local()


class StoppedError(Exception):
    """Raised inside a computation that was cancelled, because no request waits for its result."""


@contextmanager
def stoppable(stop: Event) -> Iterator[None]:
    """A context in which `check_stopped` raises in this thread once the flag is set."""
    before = getattr(_current, "stop", None)
    _current.stop = stop
    try:
        yield
    finally:
        _current.stop = before


def check_stopped() -> None:
    """Raises StoppedError if the computation of this thread was cancelled. Costs well under a microsecond."""
    stop: Event | None = getattr(_current, "stop", None)
    if stop is not None and stop.is_set():
        raise StoppedError
