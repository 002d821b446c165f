"""kill -9 at random instants of every writing verb: afterwards the file holds the old or the new state."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from semsearch.errors import SemsearchError
from tests.torture.crashes import Outcome
from tests.torture.state import Torn, digest_of


def kill(folder: Path, database: Path, arguments: Sequence[str], *, seed: int, count: int) -> Outcome:
    """Kill one verb `count` times, each time on a copy of the database.

    The instants are spread over the time that the verb takes when it is left alone.
    """
    rng = random.Random(seed)
    copy = folder / database.name
    old = _prepare(database, copy)
    begun = time.monotonic()
    subprocess.run(_command(arguments, database, copy), check=True, capture_output=True)
    took = time.monotonic() - begun
    new = digest_of(copy)
    outcome, faults = Outcome(), []
    for number in range(count):
        _prepare(database, copy)
        with subprocess.Popen(
            _command(arguments, database, copy), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(rng.uniform(0.2, 1.1) * took)
            process.send_signal(signal.SIGKILL)
        outcome.states += 1
        try:
            seen = digest_of(copy)
        except (Torn, SemsearchError) as error:
            faults.append(f"{arguments[0]}, seed {seed}, kill {number}: {error}")
            continue
        outcome.old += seen == old
        outcome.new += seen == new
        if seen not in (old, new):
            faults.append(f"{arguments[0]}, seed {seed}, kill {number}: neither the old nor the new state")
    outcome.faults = tuple(faults)
    return outcome


def _prepare(database: Path, copy: Path) -> str:
    for old in copy.parent.glob(f"{copy.name}*"):
        old.unlink()
    shutil.copy(database, copy)
    return digest_of(copy)


def _command(arguments: Sequence[str], database: Path, copy: Path) -> list[str]:
    return [sys.executable, "-m", "semsearch", *(str(copy) if each == str(database) else each for each in arguments)]
