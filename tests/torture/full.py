"""A disk that is full from the nth write on: one line of error, and the old state; or the new one and no error."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from semsearch.errors import SemsearchError
from tests.torture import corpus, crashes
from tests.torture.crashes import Outcome
from tests.torture.runner import Finished, running
from tests.torture.state import digest_of


def fill(folder: Path, database: Path, arguments: Sequence[str], *, seed: int, count: int) -> Outcome:
    """Run one verb `count` times on copies of a database, with less and less space."""
    library = crashes.compiled(folder)
    if library is None:
        raise SemsearchError("A C compiler is needed to fill the disk")
    rng = random.Random(seed)
    copy = folder / database.name
    old = corpus.fresh_copy(database, copy)
    command = corpus.on_copy(arguments, database, copy)
    writes = crashes.record(library, copy, command)
    new = digest_of(copy)
    total = sum(write.op == "w" for write in writes)
    outcome, faults = Outcome(), []
    with running(library) as runner:
        for limit in sorted(rng.sample(range(1, total + 1), min(count, total))):
            corpus.fresh_copy(database, copy)
            done = runner.run(command, TORTURE_PREFIX=str(copy), TORTURE_FULL=str(limit))
            fault = _judge(done, copy, old, new, outcome)
            if fault:
                faults.append(f"{arguments[0]}, write {limit} of {total}: {fault}")
    outcome.faults = tuple(faults)
    return outcome


def _judge(done: Finished, copy: Path, old: str, new: str, outcome: Outcome) -> str | None:
    said = done.stderr.strip().splitlines()[-1:] or [""]
    seen, fault = outcome.judged(copy, old, new)
    if "Traceback" in done.stderr:
        return f"a traceback: {said[0]}"
    if fault:
        return fault
    if done.returncode == 0:
        return None if seen == new else "exit code 0, but not the new state"
    if seen == new != old and "nothing was written" in said[0].lower():
        return f"it was written, but: {said[0]}"
    return None
