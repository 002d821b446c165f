"""A disk that is full from the nth write on: one line of error, and the old state; or the new one and no error."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from semsearch.errors import SemsearchError
from tests.torture import crashes
from tests.torture.crashes import Outcome
from tests.torture.state import Torn, digest_of


def fill(folder: Path, database: Path, arguments: Sequence[str], *, seed: int, count: int) -> Outcome:
    """Run one verb `count` times on copies of a database, with less and less space."""
    library = crashes.compiled(folder)
    if library is None:
        raise SemsearchError("A C compiler is needed to fill the disk")
    rng = random.Random(seed)
    copy = folder / database.name
    old = _prepare(database, copy)
    writes = crashes.record(library, copy, _at(arguments, database, copy))
    new = digest_of(copy)
    total = sum(write.op == "w" for write in writes)
    outcome, faults = Outcome(), []
    for limit in sorted(rng.sample(range(1, total + 1), min(count, total))):
        _prepare(database, copy)
        told = {"LD_PRELOAD": str(library), "TORTURE_PREFIX": str(copy), "TORTURE_FULL": str(limit)}
        command = [sys.executable, "-m", "semsearch", *_at(arguments, database, copy)]
        done = subprocess.run(command, env=os.environ | told, capture_output=True, text=True)
        outcome.states += 1
        fault = _judge(done, copy, old, new, outcome)
        if fault:
            faults.append(f"{arguments[0]}, write {limit} of {total}: {fault}")
    outcome.faults = tuple(faults)
    return outcome


def _judge(done: subprocess.CompletedProcess[str], copy: Path, old: str, new: str, outcome: Outcome) -> str | None:
    said = done.stderr.strip().splitlines()[-1:] or [""]
    if "Traceback" in done.stderr:
        return f"a traceback: {said[0]}"
    try:
        seen = digest_of(copy)
    except (Torn, SemsearchError) as error:
        return str(error)
    outcome.old += seen == old
    outcome.new += seen == new
    if done.returncode == 0:
        return None if seen == new else "exit code 0, but not the new state"
    if seen not in (old, new):
        return "neither the old nor the new state"
    if seen == new != old and "nothing was written" in said[0].lower():
        return f"it was written, but: {said[0]}"
    return None


def _prepare(database: Path, copy: Path) -> str:
    for old in copy.parent.glob(f"{copy.name}*"):
        old.unlink()
    shutil.copy(database, copy)
    return digest_of(copy)


def _at(arguments: Sequence[str], database: Path, copy: Path) -> list[str]:
    return [str(copy) if each == str(database) else each for each in arguments]
