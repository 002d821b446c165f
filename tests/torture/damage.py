"""Single damages of a database: a changed value of the catalogue, a missing table, overwritten bytes of the file.

Every page and every reading command then answers, or fails with one clear line: no 500, no traceback, no crash.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from datasette.app import Datasette

from semsearch.cli.main import assemble
from semsearch.storage import connect
from semsearch.storage.driver import Connection, Error
from semsearch.storage.keys import quoted
from tests.torture.crashes import Outcome

VALUES: tuple[Any, ...] = (
    None, "", "abc", "[", "{}", "[1]", "null", -1, 0, 10**18, 1.5, b"", b"\xff\xfe\x00", "x" * 5_000, '"\\ud800"',
)  # fmt: skip
PAGES = ("", "?q=moon", "?q=moon&explain=1", "/item/1", "/similar/1", "/components", "/clusters", "/labels", "/runs",
         "/duplicates")  # fmt: skip
COMMANDS = (
    ("collections",), ("datasets",), ("runs",), ("doctor",), ("search", "articles_lsa", "moon"),
    ("similar", "articles_lsa", "1"), ("update",), ("evaluate", "labels", "articles_lsa", "--label", "theme"),
)  # fmt: skip


def break_one(folder: Path, database: Path, *, seed: int, count: int) -> Outcome:
    """`count` single damages, each on a fresh copy, and what pages and commands say of them."""
    rng = random.Random(seed)
    outcome, faults = Outcome(), []
    for number in range(count):
        copy = folder / f"damaged-{number % 2}.db"
        for old in folder.glob(f"{copy.name}*"):
            old.unlink()
        shutil.copy(database, copy)
        what = _damage(copy, rng)
        outcome.states += 1
        faults += [f"seed {seed}, damage {number} ({what}): {fault}" for fault in _faults(copy, rng)]
    outcome.faults = tuple(faults)
    return outcome


def _damage(copy: Path, rng: random.Random) -> str:
    """Do one damage; what it was."""
    kinds: tuple[Callable[[Path, random.Random], str], ...] = (_value, _value, _value, _table, _bytes)
    return rng.choice(kinds)(copy, rng)


def _value(copy: Path, rng: random.Random) -> str:
    with connect.writing(str(copy)) as db:
        tables = [name for name in _own_tables(db) if db.execute(f"select 1 from {quoted(name)}").fetchone()]
        table = rng.choice(tables)
        columns = [row[1] for row in db.execute(f"pragma table_xinfo({quoted(table)})") if row[6] != 1]
        column, value = rng.choice(columns), rng.choice(VALUES)
        try:
            db.execute(f"update or replace {quoted(table)} set {quoted(column)} = ?", [value])
        except Error as error:
            return f"{table}.{column} refused {value!r}: {error}"
        return f"{table}.{column} = {value!r:.40}"


def _table(copy: Path, rng: random.Random) -> str:
    with connect.writing(str(copy)) as db:
        names = [row[0] for row in db.execute("select name from sqlite_master where type = 'table'")]
        name = rng.choice([each for each in names if not each.startswith("sqlite_")])
        try:
            db.execute(f"drop table {quoted(name)}")
        except Error as error:
            return f"drop of {name} refused: {error}"
        return f"without {name}"


def _bytes(copy: Path, rng: random.Random) -> str:
    content = bytearray(copy.read_bytes())
    at, length = rng.randrange(len(content)), rng.choice((1, 16, 512, 4096))
    content[at : at + length] = rng.randbytes(min(length, len(content) - at))
    if rng.random() < 0.2:
        del content[rng.randrange(len(content)) :]
    copy.write_bytes(bytes(content))
    return f"{length} bytes at {at}"


def _own_tables(db: Connection) -> list[str]:
    rows = db.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    names = [row[0] for row in rows]
    return [name for name in names if name.startswith("_semsearch") or name.startswith("articles")]


def _faults(copy: Path, rng: random.Random) -> Iterator[str]:
    pages = rng.sample(PAGES, 3)
    for path, status, text in asyncio.run(_ask(copy, ["/-/semsearch", *pages])):
        if status >= 500 and (status != 503 or "Traceback" in text):
            yield f"{path}: {status} {text[:200]!r}"
    for command in rng.sample(COMMANDS, 2):
        verb = 2 if command[0] == "evaluate" else 1
        result = CliRunner().invoke(assemble(), [*command[:verb], str(copy), *command[verb:]])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            yield f"{' '.join(command)}: {type(result.exception).__name__}: {result.exception}"


async def _ask(copy: Path, pages: list[str]) -> list[tuple[str, int, str]]:
    datasette = Datasette([str(copy)], settings={"num_sql_threads": 1})
    await datasette.invoke_startup()
    found = []
    base = f"/{copy.stem}/-/semsearch/articles_lsa"
    for page in pages:
        path = page if page.startswith("/-/") else base + page
        answer = await datasette.client.get(path)
        found.append((path, answer.status_code, answer.text))
    for each in datasette.databases.values():
        each.close()
    return found
