"""Filters: which rows a search ranks, determined before the ranking.

A filter is evaluated once, by a separate statement, into the keys of the rows that it keeps. The vector table and the
full-text table get them as one bound list. So a filter that keeps 3 rows of 100,000 returns those 3, whatever the key
of the table. A condition of a user never occurs in one statement with tables that it may not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Timer
from time import monotonic
from typing import Any

from semsearch.errors import InputError, not_a_choice
from semsearch.storage.driver import Connection, Error, sqlite3
from semsearch.storage.keys import Keys, TableShape, as_text, ordinary_tables, quoted, shape_of

SECONDS = 5.0  # how long a condition may run; a scan of a million rows takes about one
_STEPS = 20_000  # instructions of SQLite between two checks of the time, well under a millisecond
_OPEN_TABLES = frozenset({"json_each", "json_tree"})  # they read their argument only
_REFUSED_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "randomblob"})
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Condition:
    """One condition on a column, in a URL as in Datasette: `column__op=value`."""

    column: str
    op: str
    value: str = ""


@dataclass(frozen=True)
class Filter:
    """The rows that a search ranks: those for which `where`, any SQL condition, and all `conditions` hold.

    `where` may read every ordinary table of the file, so only users who may do that get it. Pages offer `conditions`
    only, which read the searched table.
    """

    where: str | None = None
    conditions: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.where) or bool(self.conditions)


EVERYTHING = Filter()


def _like(pattern: str, negated: str = "") -> Callable[[str, str], tuple[str, list[Any]]]:
    """A LIKE condition; the * in `pattern` is the value, whose % and _ are escaped."""

    def made(column: str, value: str) -> tuple[str, list[Any]]:
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"{column} {negated} like ? escape '\\'", [pattern.replace("*", escaped)]

    return made


def _compared(operator: str) -> Callable[[str, str], tuple[str, list[Any]]]:
    """A comparison by size, of numbers if the value is one, as in Datasette."""
    return lambda column, value: (f"{column} {operator} ?", [_number(value)])


def _listed(operator: str) -> Callable[[str, str], tuple[str, list[Any]]]:
    def made(column: str, value: str) -> tuple[str, list[Any]]:
        values = [part.strip() for part in value.split(",")]
        return f"{column} {operator} ({', '.join('?' * len(values))})", list(values)

    return made


def _plain(template: str, *, binds: bool = True) -> Callable[[str, str], tuple[str, list[Any]]]:
    return lambda column, value: (template.format(column), [value] if binds else [])


# Datasette's names and meanings (datasette/filters.py), so that a link from a table page to a search keeps its filter.
OPERATORS: dict[str, Callable[[str, str], tuple[str, list[Any]]]] = {
    "exact": _plain("{} = ?"),
    "not": _plain("{} != ?"),
    "contains": _like("%*%"),
    "notcontains": _like("%*%", "not"),
    "startswith": _like("*%"),
    "endswith": _like("%*"),
    "gt": _compared(">"),
    "gte": _compared(">="),
    "lt": _compared("<"),
    "lte": _compared("<="),
    "like": _plain("{} like ?"),
    "notlike": _plain("{} not like ?"),
    "glob": _plain("{} glob ?"),
    "in": _listed("in"),
    "notin": _listed("not in"),
    "date": _plain("date({}) = ?"),
    "isnull": _plain("{} is null", binds=False),
    "notnull": _plain("{} is not null", binds=False),
    "isblank": _plain("({0} is null or {0} = '')", binds=False),
    "notblank": _plain("({0} is not null and {0} != '')", binds=False),
}


def _number(value: str) -> Any:
    text = value.strip()
    if not _NUMBER.fullmatch(text):
        return value
    whole = text.lstrip("+-").isdecimal() and len(text) < 19
    return int(text) if whole else float(text)


def matching_keys(db: Connection, table: str, kind: str, key_columns: tuple[str, ...], only: Filter) -> list[str]:
    """The keys of a table's rows that a filter keeps, in the order of the keys.

    Raises InputError for a condition that is not valid SQL, that does or reads more than a condition may, or that runs
    too long; NotFoundError for a table that does not exist.
    """
    shape = shape_of(db, table)
    parts, values = [], []
    for condition in only.conditions:
        part, bound = _as_sql(shape, condition)
        parts.append(part)
        values += bound
    if only.where:
        parts.append(
            f"(\n{only.where}\n)"
        )  # on separate lines, so that a comment at its end hides nothing of the statement
    reading = Keys(kind, key_columns, shape.columns)
    statement = f"select {reading.select} from {quoted(shape.name)} where {' and '.join(parts) or '1'}"
    with _guarded(db, shape):
        rows = db.execute(f"{statement} order by {reading.order}", values).fetchall()
    if kind == "integer":
        return [as_text(row[0]) for row in rows if row[0] is not None]
    return [key for key in map(reading.of, rows) if key is not None]


def _as_sql(shape: TableShape, condition: Condition) -> tuple[str, list[Any]]:
    if condition.column not in shape.columns:
        raise InputError(f"{shape.name} has no column {condition.column!r}: it has {', '.join(shape.columns)}")
    if condition.op not in OPERATORS:
        raise not_a_choice("The operation of a filter", condition.op, OPERATORS)
    return OPERATORS[condition.op](quoted(condition.column), condition.value)


@contextmanager
def _guarded(db: Connection, shape: TableShape) -> Iterator[None]:
    """Inside, this connection can only select, from ordinary tables, for a few seconds."""
    allowed = {table.lower() for table in (*ordinary_tables(db), shape.name)} | _OPEN_TABLES
    end = monotonic() + SECONDS
    db.set_authorizer(lambda *action: _may(allowed, *action[:4]))
    db.set_progress_handler(lambda: monotonic() > end, _STEPS)
    try:
        with _interrupting(db):
            yield
    except (Error, sqlite3.Warning) as error:
        raise _explained(shape, error, monotonic() > end) from error
    finally:
        db.set_progress_handler(None, 0)
        # None would remove it too, but Python 3.10 calls None as a function.
        db.set_authorizer(_anything)


@contextmanager
def _interrupting(db: Connection) -> Iterator[None]:
    """Interrupts the statements inside after SECONDS, even between few steps that each take long."""
    over, lock = False, Lock()

    def interrupt() -> None:
        with lock:
            if not over:
                db.interrupt()

    timer = Timer(SECONDS, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over = True
        timer.cancel()


def _anything(*action: Any) -> int:
    return int(sqlite3.SQLITE_OK)


def _may(allowed: set[str], action: int, one: str | None, two: str | None, database: str | None) -> int:
    """SQLite's authorizer (sqlite.org/c3ref/set_authorizer.html), called while a statement is prepared."""
    name = (one or "").lower()
    if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
        return int(sqlite3.SQLITE_OK)
    if action == sqlite3.SQLITE_FUNCTION:
        return int(sqlite3.SQLITE_DENY if (two or "").lower() in _REFUSED_FUNCTIONS else sqlite3.SQLITE_OK)
    if action == sqlite3.SQLITE_READ:
        # Without a database it is a table that the condition defines (`with name as …`), or one that is only counted.
        own = database is None and not name.startswith(("sqlite_", "pragma_", "_semsearch_"))
        return int(sqlite3.SQLITE_OK if own or name in allowed else sqlite3.SQLITE_DENY)
    return int(sqlite3.SQLITE_DENY)


def _explained(shape: TableShape, error: BaseException, late: bool) -> InputError:
    text = str(error)
    if late and "interrupted" in text:
        return InputError(
            f"The filter was stopped after {SECONDS:.0f} seconds: give a condition that is quicker to check"
        )
    if "prohibited" in text or "not authorized" in text:
        return InputError(f"The filter may only read the tables of this file ({text})")
    if "no such column" in text:
        return InputError(f"The filter cannot be used: {text}; {shape.name} has {', '.join(shape.columns)}")
    return InputError(f"The filter is not an SQL condition on {shape.name}: {text}")
