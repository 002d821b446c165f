"""Ctrl-C during a training: delayed until the current step is complete, so that the state can be resumed from."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interrupt:
    """True after Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.pressed = False

    def __bool__(self) -> bool:
        return self.pressed


@contextmanager
def delayed_interrupt() -> Iterator[Interrupt]:
    """Inside, the first Ctrl-C only sets the Interrupt; a second one interrupts as usual. Restores the handler."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():  # other threads get no signals
        yield interrupt
        return

    def handle(number: int, frame: Any) -> None:
        interrupt.pressed = True
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
