"""kill -9 at random instants of every writing verb: afterwards the file holds the old or the new state."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.torture import corpus
from tests.torture.crashes import Outcome
from tests.torture.runner import running
from tests.torture.state import digest_of


def kill(folder: Path, database: Path, arguments: Sequence[str], *, seed: int, count: int) -> Outcome:
    """Kill one verb `count` times, each time on a copy of the database.

    The instants are spread over the time that the verb takes when it is left alone.
    """
    rng = random.Random(seed)
    copy = folder / database.name
    own = corpus.on_copy(arguments, database, copy)
    outcome, faults = Outcome(), []
    with running() as runner:
        old = corpus.fresh_copy(database, copy)
        begun = time.monotonic()
        assert runner.run(own).returncode == 0
        took = time.monotonic() - begun
        new = digest_of(copy)
        for number in range(count):
            corpus.fresh_copy(database, copy)
            begun = time.monotonic()
            process = runner.start(own)
            time.sleep(rng.uniform(0, 1.1) * took)
            with suppress(ProcessLookupError):  # it has ended
                os.kill(process, signal.SIGKILL)
            ended = runner.wait()
            if ended.returncode == 0:
                took = 0.9 * took + 0.1 * (time.monotonic() - begun)
            _, fault = outcome.judged(copy, old, new)
            if fault:
                faults.append(f"{' '.join(arguments[:2])}, seed {seed}, kill {number}: {fault}")
    outcome.faults = tuple(faults)
    return outcome
