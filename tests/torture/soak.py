"""Thousands of updates with added, changed and deleted rows: the file, memory and open files stay bounded."""

from __future__ import annotations

import os
import random
import resource
from pathlib import Path

from semsearch.building.update import update
from semsearch.storage import connect
from tests.torture.crashes import Outcome
from tests.torture.state import digest_of


def soak(database: Path, *, seed: int, count: int) -> Outcome:
    """`count` updates, after each of which the table has as many rows as before."""
    rng = random.Random(seed)
    faults = []
    early: tuple[int, int, int] | None = None
    with connect.writing(str(database)) as db:
        for turn in range(count):
            db.execute("insert into articles (title, body) select title, body || ' ' || ? from articles"
                       " order by random() limit 2", [f"turn{turn % 50}"])  # fmt: skip
            db.execute("delete from articles where id in (select id from articles order by random() limit 2)")
            db.execute("update articles set body = body || ? where id = (select min(id) from articles)",
                       [f" more{rng.randrange(9)}"])  # fmt: skip
            update(db, "articles_lsa")
            if turn == count // 4:
                connect.checkpoint(db)
                early = _use(database)
        connect.checkpoint(db)
    late = _use(database)
    for name, before, after, factor in zip(("file", "memory", "open files"), early or late, late, (2.0, 1.5, 1.0),
                                           strict=True):  # fmt: skip
        if after > factor * before + (2 << 20 if name != "open files" else 2):
            faults.append(f"{name}: {before:,} after a quarter of {count} updates, {after:,} after all")
    digest_of(database)
    return Outcome(count, 0, count, tuple(faults))


def _use(database: Path) -> tuple[int, int, int]:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return database.stat().st_size, memory, len(os.listdir("/proc/self/fd"))
