"""A second writer at every step of a verb: one more connection writes just before a statement of the verb is executed.

A step is a statement of the verb, seen by SQLite's trace. Of statements that differ only in their values the first, the
middle and the last are tried. Afterwards the verb has succeeded or ended in one line, what the second writer committed
is there, nothing is torn or an orphan, and one `update` makes every collection current.
"""

from __future__ import annotations

import random
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner, Result

import semsearch
from semsearch.cli.main import assemble
from semsearch.errors import SemsearchError
from semsearch.storage import connect, damage
from semsearch.storage.driver import Connection, Error, sqlite3
from tests.torture import corpus
from tests.torture.crashes import Outcome
from tests.torture.state import Torn, digest_of

_VALUES = re.compile(r"'(?:[^']|'')*'|x'[^']*'|\b\d[\d.e+-]*|\s+", re.IGNORECASE)
MARK = "interloper"  # a word that only the second writer writes
Second = Callable[[Connection, Path], None]


def _rows(db: Connection, _: Path) -> None:
    """Add a row to the dataset, change one, delete one."""
    db.execute("insert into articles (title, body) values (?, ?)", [MARK, f"{MARK} in orbit around the moon"])
    db.execute(f"update articles set body = body || ' {MARK}' where id = 7")
    db.execute("delete from articles where id = 8")


def _table(db: Connection, _: Path) -> None:
    db.execute(f"create table {MARK} (id integer primary key, text)")
    db.execute(f"insert into {MARK} (text) values ('x')")


def _rename(db: Connection, _: Path) -> None:
    db.execute("drop view if exists articles_lsa")  # as `semsearch views --off`: SQLite could not rename otherwise
    db.execute("drop view if exists articles_lsa_words")
    db.execute("alter table articles rename to moved")


def _drop(db: Connection, _: Path) -> None:
    db.execute("drop table articles")


def _verb(change: Callable[[semsearch.Database], object]) -> Second:
    def second(db: Connection, path: Path) -> None:
        if db.in_transaction:
            db.execute("rollback")
        with semsearch.open(path) as opened:
            change(opened)

    return second


SECONDS: dict[str, Second] = {
    "rows": _rows,
    "a table": _table,
    "the dataset renamed": _rename,
    "the dataset dropped": _drop,
    "update": _verb(lambda db: db.update()),
    "the same build": _verb(lambda db: db.build("articles", "lsa", dim=5)),
    "drop of the collection": _verb(lambda db: db.drop("articles_lsa")),
    "drop of the dataset": _verb(lambda db: db.drop("articles")),
}
_LASTING = {"rows", "a table"}  # after these, everything that the verb needs is still there


def steps_of(database: Path, arguments: Sequence[str]) -> list[int]:
    """The numbers of the statements to try, of one undisturbed run of a verb."""
    places: dict[str, list[int]] = defaultdict(list)
    seen: list[str] = []
    with _traced(database, lambda _, statement: seen.append(statement)):
        _run(arguments)
    for number, statement in enumerate(seen):
        places[_VALUES.sub("?", statement)].append(number)
    return sorted({each[at] for each in places.values() for at in (0, len(each) // 2, -1)})


def interfere(
    folder: Path, database: Path, arguments: Sequence[str], *, seed: int, count: int | None = None
) -> Outcome:
    """Run a verb once for each of `count` steps (all by default), each time with a second writer chosen at random."""
    rng = random.Random(seed)
    copy = folder / database.name
    own = [str(copy) if each == str(database) else each for each in arguments]
    corpus.fresh_copy(database, copy)
    steps = steps_of(copy, own)
    if count is not None:
        steps = sorted(rng.sample(steps, min(count, len(steps))))
    outcome, faults = Outcome(), []
    for step in steps:
        name = rng.choice(list(SECONDS))
        for old in copy.parent.glob(f"{copy.name}*"):
            old.unlink()
        shutil.copy(database, copy)
        outcome.states += 1
        result, written = _disturbed(copy, own, step, SECONDS[name])
        outcome.new += written is True  # the second writer has committed
        where = f"{arguments[0]} {arguments[1]}, seed {seed}, step {step}, {name}"
        faults += [f"{where}: {each}" for each in _faults(copy, name, result, written)]
    outcome.faults = tuple(faults)
    return outcome


def _faults(copy: Path, name: str, result: Result, written: bool | Exception | None) -> Iterator[str]:
    if isinstance(written, Exception):
        yield f"the second writer: {type(written).__name__}: {written}"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        yield f"{type(result.exception).__name__}: {result.exception}"
    said = result.stderr.strip().splitlines()[-1:] if result.exit_code else []
    if said and not said[0].startswith("Error: "):
        yield f"exit code {result.exit_code} without an error: {said}"
    try:
        digest_of(copy)
        with connect.reading(str(copy)) as db:
            yield from damage.find(db)
    except (Torn, SemsearchError) as error:
        yield str(error)
        return
    if written is True and name in _LASTING:
        yield from _lost(copy, name)


def _lost(copy: Path, name: str) -> Iterator[str]:
    """What the second writer wrote and is not there, or is not in the collections after an update."""
    with semsearch.open(copy) as db:
        table = "articles" if name == "rows" else MARK
        if not db.sql(f"select 1 from {table} where title = '{MARK}'" if name == "rows" else f"select 1 from {table}"):
            yield "the rows of the second writer are lost"
        made = {each.name for each in db.collections()}
        if not made:
            return
        try:
            left = db.update().left  # collections that cannot embed new rows
        except SemsearchError as error:
            yield f"update afterwards: {error}"
            return
        stale = {key: value for key, value in db.stale().items() if value and key not in left}
        if stale:
            yield f"stale after an update: {stale}"
        if name == "rows" and "articles_lsa" in made:
            found = {hit.row["title"] for hit in db.search("articles_lsa", MARK, mode="text") if hit.row}
            if MARK not in found or len(found) != 2:
                yield f"a search for the second writer's word finds {sorted(found)}"


def _disturbed(
    copy: Path, arguments: Sequence[str], step: int, second: Second
) -> tuple[Result, bool | Exception | None]:
    """Run the verb. Besides its result, whether the second writer has committed; None if its step never came."""
    written: list[bool | Exception] = []

    def disturb(number: int, _: str) -> None:
        if number == step:
            written.append(_write(copy, second))

    with _traced(copy, disturb):
        result = _run(arguments)
    return result, written[0] if written else None


def _write(copy: Path, second: Second) -> bool | Exception:
    """Whether the second writer could commit: it does not wait for the command, because the command waits for it."""
    db = sqlite3.connect(str(copy), isolation_level=None, timeout=0)
    try:
        connect.prepare(db)
        db.execute("begin immediate")
        second(db, copy)
        if db.in_transaction:
            db.execute("commit")
    except (Error, SemsearchError) as error:
        refused = ("locked", "busy", "no such table", "There is no", "No collection", "No dataset", "has no column")
        return False if any(each in str(error) for each in refused) else error
    finally:
        db.close()
    return True


@contextmanager
def _traced(database: Path, see: Callable[[int, str], None]) -> Iterator[None]:
    """Inside, `see` is called with the number and the text of each statement on connections to write to a database.

    What runs inside `see` is not traced.
    """
    original, number, busy = connect._connect, [0], [False]

    def traced(path: str, mode: str) -> Connection:
        db = original(path, mode)

        def trace(statement: str) -> None:
            if busy[0]:
                return
            busy[0] = True
            try:
                see(number[0], statement)
            finally:
                busy[0], number[0] = False, number[0] + 1

        if not busy[0] and Path(path) == database:
            db.set_trace_callback(trace)
        return db

    connect._connect, waits = traced, connect.BUSY_MS
    connect.BUSY_MS = 50  # one thread: nobody who waits is ever let in
    try:
        yield
    finally:
        connect._connect, connect.BUSY_MS = original, waits


def _run(arguments: Sequence[str]) -> Result:
    return CliRunner().invoke(assemble(), list(arguments))
