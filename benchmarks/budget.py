"""Time budgets measured by the wall clock, or by processor time where the machine has other work."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

now: Callable[[], float] = time.monotonic


def add_option(parser: argparse.ArgumentParser) -> None:
    """Adds --processor-time."""
    parser.add_argument(
        "--processor-time", action="store_true", help="budgets of the processor, which what else runs does not shorten"
    )


def by_processor() -> None:
    """From now on trainings of the library, and those that ask `now`, count processor seconds, of all threads."""
    global now
    from semsearch.nets import loop

    now = loop.monotonic = time.process_time
