"""kill -9 at random instants of every writing verb: afterwards the file holds the old or the new state."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.torture import corpus
from tests.torture.crashes import Outcome
from tests.torture.state import digest_of


def kill(folder: Path, database: Path, arguments: Sequence[str], *, seed: int, count: int) -> Outcome:
    """Kill one verb `count` times, each time on a copy of the database.

    The instants are spread over the time that the verb takes when it is left alone.
    """
    rng = random.Random(seed)
    copy = folder / database.name
    old = corpus.fresh_copy(database, copy)
    begun = time.monotonic()
    subprocess.run(corpus.on_copy(arguments, database, copy), check=True, capture_output=True)
    took = time.monotonic() - begun
    new = digest_of(copy)
    outcome, faults = Outcome(), []
    for number in range(count):
        corpus.fresh_copy(database, copy)
        with subprocess.Popen(
            corpus.on_copy(arguments, database, copy), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(rng.uniform(0.2, 1.1) * took)
            process.send_signal(signal.SIGKILL)
        _, fault = outcome.judged(copy, old, new)
        if fault:
            faults.append(f"{arguments[0]}, seed {seed}, kill {number}: {fault}")
    outcome.faults = tuple(faults)
    return outcome
