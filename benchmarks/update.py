"""The time of `semsearch update` on Simple English Wikipedia, compared with a rebuild.

    python benchmarks/update.py --data FOLDER [--documents 100000] [--rows 1000] [--rounds 5] [--json]

It builds the first N articles with the commands. Then `semsearch update` adds the next ROWS, changes as many and
deletes as many, each in a new process on its own copy of the file, in turn, so that whatever slows the machine slows
all. Last comes a rebuild of the file with the new rows. The quality is the share of the ten nearest neighbours of a new
article by folded-in vectors that are also those by rebuilt vectors, and the same for as many older articles. The exit
code is 1 if adding the new rows takes more than 2 seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import results
import sets
from tabulate import tabulate

from semsearch.storage import chunks, collections, connect, vectors

COMMAND = (sys.executable, "-m", "semsearch")
SECONDS_LIMIT = 2.0
NEAREST = 10
ALTERED = "update wiki set text = text || ' ' || title where id % (select count(*) / ? from wiki) = 0"
DELETED = "delete from wiki where id % (select count(*) / ? from wiki) = 0"


Cost = tuple[float, float]  # seconds on the clock, seconds of processors


def command(*arguments: str) -> Cost:
    """A semsearch command in a new process, start and end included."""
    start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"semsearch {' '.join(arguments)}: {done.stderr}")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - start, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def build(articles: Iterable[dict[str, str]], file: Path) -> Cost:
    """A file with the table wiki, whose ids count from 1, and its collection; what the build took."""
    with connect.writing(str(file), create=True) as db:
        db.execute("create table wiki (id integer primary key, title text, text text)")
        insert(db, articles)
    return command("index", str(file), "wiki")


def insert(db: Any, articles: Iterable[dict[str, str]]) -> None:
    """More articles, in one transaction."""
    with connect.transaction(db):
        rows = ((article["title"], article["text"]) for article in articles)
        db.executemany("insert into wiki (title, text) values (?, ?)", rows)


def changes(more: Sequence[dict[str, str]]) -> dict[str, Callable[[Any], object]]:
    """What is done to the table before an update, by name."""
    rows = len(more)
    return {
        "nothing changed": lambda db: None,
        f"{rows:,} rows added": lambda db: insert(db, more),
        f"{rows:,} rows changed": lambda db: db.execute(ALTERED, [rows]),
        f"{rows:,} rows deleted": lambda db: db.execute(DELETED, [rows]),
    }


def updates(built: Path, more: Sequence[dict[str, str]], rounds: int) -> dict[str, list[Cost]]:
    """What each command took in each round. The file that took in rows stays as added.db."""
    took: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for name, change in changes(more).items():
            file = built.with_name("added.db" if "added" in name else "copy.db")
            shutil.copy(built, file)
            with connect.writing(str(file)) as db:
                change(db)
                connect.checkpoint(db)
            listed = command("collections", str(file))
            took.setdefault(name, []).append(command("update", str(file)))
        took.setdefault("collections (counts stale rows)", []).append(listed)
    return took


def agreement(one: Path, other: Path, keys: Sequence[str]) -> float:
    """The mean share of the nearest neighbours of these articles in one file that are so in the other, too."""
    found = [neighbours(file, keys) for file in (one, other)]
    return float(np.mean([len(a & b) / NEAREST for a, b in zip(*found, strict=True)]))


def neighbours(file: Path, keys: Sequence[str]) -> list[set[str]]:
    """The nearest articles of each of these, by exact cosine, without itself."""
    with connect.reading(str(file)) as db:
        every, matrix = chunks.everything(db, collections.get_collection(db, "wiki_lsa"))
    where = {key: row for row, key in enumerate(every)}
    rows = np.array([where[key] for key in keys])
    found = []
    for some in np.array_split(rows, max(1, len(rows) // 64)):
        cosines = matrix[some] @ matrix.T
        cosines[np.arange(len(some)), some] = -2
        nearest = np.argpartition(-cosines, NEAREST, axis=1)[:, :NEAREST]
        found += [{every[row] for row in one} for one in nearest.tolist()]
    return found


def with_vector(file: Path, keys: Iterable[str]) -> list[str]:
    """Those of the keys that have a vector."""
    with connect.reading(str(file)) as db:
        held = set(vectors.all_keys(db, collections.get_collection(db, "wiki_lsa")))
    return [key for key in keys if key in held]


def measure(data: Path, documents: int, rows: int, rounds: int, folder: Path) -> dict[str, Any]:
    """Everything, as plain values."""
    articles = list(sets.simplewiki(data, documents + rows))
    first, more = articles[:documents], articles[documents:]
    built = folder / "built.db"
    took = {"build": [build(first, built)]}
    print(f"{len(first):,} articles, {os.path.getsize(built) / 1e6:,.0f} MB; {rounds} rounds", flush=True)
    took |= updates(built, more, rounds)
    added, rebuilt = folder / "added.db", folder / "rebuilt.db"
    shutil.copy(added, rebuilt)
    took["rebuild"] = [command("build", str(rebuilt), "wiki")]
    new = with_vector(added, map(str, range(documents + 1, documents + rows + 1)))
    old = with_vector(added, map(str, range(1, documents, max(1, documents // rows))))
    same = {"new articles": agreement(added, rebuilt, new), "old articles": agreement(added, rebuilt, old)}
    return {"documents": documents, "rows": rows, "took": took, "neighbours": same}


def report(found: dict[str, Any]) -> str:
    """A line for each command, and the verdict."""
    rebuild = median(cpu for _, cpu in found["took"]["rebuild"])
    lines = []
    for name, one in found["took"].items():
        clock, cpu = [taken[0] for taken in one], median(taken[1] for taken in one)
        line = {"what": name, "seconds": f"{median(clock):.2f}", "from, to": f"{min(clock):.2f}, {max(clock):.2f}"}
        ratio = f"{rebuild / cpu:.1f}" if cpu else "-"  # a command of few rows can be below the clock's resolution
        lines.append(line | {"CPU s": f"{cpu:.2f}", "runs": len(one), "rebuild / this, CPU": ratio})
    shown = tabulate(lines, headers="keys", tablefmt="github", disable_numparse=True)
    same = ", ".join(f"{name} {share:.3f}" for name, share in found["neighbours"].items())
    verdict = "pass" if seconds_of_adding(found) <= SECONDS_LIMIT else "fail"
    return (
        f"{shown}\n\nlimit {SECONDS_LIMIT:.0f} s for rows added: {verdict}\n"
        f"share of the {NEAREST} nearest by folded-in vectors that are so after a rebuild: {same}"
    )


def seconds_of_adding(found: dict[str, Any]) -> float:
    """The median of `semsearch update` after rows were added, start of the process included."""
    return median(clock for clock, _ in next(one for name, one in found["took"].items() if "added" in name))


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds simplewiki/")
    parser.add_argument("--documents", type=int, default=100_000, help="articles to build (100,000)")
    parser.add_argument("--rows", type=int, default=1_000, help="articles added, changed and deleted (1,000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each update is measured (5)")
    results.add_option(parser, __file__)
    wanted = parser.parse_args(given)
    with tempfile.TemporaryDirectory() as name:
        try:
            found = measure(wanted.data, wanted.documents, wanted.rows, wanted.rounds, Path(name))
        except sets.SetError as error:
            raise SystemExit(str(error)) from error
    print(report(found))
    if wanted.json:
        results.write(wanted.json, {"update": found}, wanted)
    if seconds_of_adding(found) > SECONDS_LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
