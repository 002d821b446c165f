"""`make torture`: everything at length, with seeds printed, in about MINUTES minutes; exit code 1 for any fault.

Each part repeats rounds with a new seed until its share of the time is used. `--seed` repeats a run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.torture import corpus, crashes, damage, full, fuzz, kills, machine, soak, writers
from tests.torture.crashes import Outcome

Part = Callable[[Path, int], Outcome]


def parts(database: Path) -> dict[str, tuple[float, Part]]:
    """The parts by name, each with its share of the time and one round of it: a folder and a seed to an outcome."""
    verbs = corpus.verbs(database)
    pages = corpus.with_every_kind(Path(tempfile.mkdtemp(dir=database.parent)))

    def crash(folder: Path, seed: int) -> Outcome:
        copy = Path(shutil.copy(database, folder / "crash.db"))
        verb = verbs[seed % len(verbs)]
        arguments = [str(copy) if each == str(database) else each for each in verb]
        return crashes.crash(folder, copy, arguments, seed=seed, count=300)

    def random_verbs(_: Path, seed: int) -> Outcome:
        try:
            machine.play(5, 20, seed=seed)
        except Exception as error:  # Hypothesis has printed the shortest program
            return Outcome(5, faults=(f"seed {seed}: {type(error).__name__}: {error}",))
        return Outcome(5)

    return {
        "crash states": (0.25, crash),
        "kill -9": (
            0.15,
            lambda folder, seed: kills.kill(folder, database, verbs[seed % len(verbs)], seed=seed, count=20),
        ),
        "full disk": (
            0.1,
            lambda folder, seed: full.fill(folder, database, verbs[seed % len(verbs)], seed=seed, count=20),
        ),
        "second writers": (
            0.1,
            lambda folder, seed: writers.interfere(folder, database, verbs[seed % len(verbs)], seed=seed, count=40),
        ),
        "damaged databases": (0.15, lambda folder, seed: damage.break_one(folder, database, seed=seed, count=25)),
        "requests": (0.1, lambda _, seed: fuzz.ask(pages, seed=seed, count=500)),
        "random verbs": (0.1, random_verbs),
        "updates in a row": (
            0.05,
            lambda folder, seed: soak.soak(Path(shutil.copy(database, folder / "soak.db")), seed=seed, count=100),
        ),
    }


def main() -> int:
    """Run all parts; print a table, and write it to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--only", help="the name of one part")
    parser.add_argument("--json", type=Path, help="write the counts here")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    counts: dict[str, dict[str, int]] = {}
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        database = corpus.make(Path(place), copies=10)
        for name, (share, part) in parts(database).items():
            if chosen.only in (None, name):
                share = 1.0 if chosen.only else share
                done, found = _rounds(part, Path(place), chosen.seed, 60 * chosen.minutes * share)
                counts[name] = {"tried": done, "faults": len(found)}
                faults += [f"{name}: {fault}" for fault in found]
                print(f"{name}: {done:,} tried, {len(found)} faults", flush=True)
    for fault in faults:
        print(fault)
    if chosen.json:
        chosen.json.write_text(json.dumps({"seed": chosen.seed, "minutes": chosen.minutes, "parts": counts}, indent=1))
    return 1 if faults else 0


def _rounds(part: Part, place: Path, seed: int, seconds: float) -> tuple[int, list[str]]:
    end = time.monotonic() + seconds
    done, faults = 0, []
    while done == 0 or time.monotonic() < end:
        folder = Path(tempfile.mkdtemp(dir=place))
        outcome = part(folder, seed)
        done, seed = done + outcome.states, seed + 1
        faults += list(outcome.faults)
        shutil.rmtree(folder)
    return done, faults


if __name__ == "__main__":
    sys.exit(main())
