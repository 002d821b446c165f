"""Time budgets measured by the wall clock, or by processor time where the machine has other work."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

now: Callable[[], float] = time.monotonic


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the option --processor-time."""
    parser.add_argument(
        "--processor-time", action="store_true", help="count budgets in processor seconds, independent of other work"
    )


def by_processor() -> None:
    """Count budgets in processor seconds of all threads, in trainings of the library and in `now`."""
    global now
    from semsearch.nets import loop

    now = loop.monotonic = time.process_time
