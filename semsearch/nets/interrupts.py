"""Ctrl-C during a training: a step that is half made is nothing to go on from, so that its end is waited for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Pressed:
    """Whether Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.once = False

    def __bool__(self) -> bool:
        return self.once


@contextmanager
def remembered() -> Iterator[Pressed]:
    """Inside, the first Ctrl-C is only remembered; a second one interrupts as ever. Outside all is as it was."""
    pressed = Pressed()
    if threading.current_thread() is not threading.main_thread():  # others get no signals
        yield pressed
        return

    def remember(number: int, frame: Any) -> None:
        pressed.once = True
        signal.signal(signal.SIGINT, before)

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, remember)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
