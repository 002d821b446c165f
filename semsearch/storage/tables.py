"""The ordinary tables that ingest makes: created from the first rows, grown by later columns, upserted by key."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from semsearch.errors import InputError
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted, shape_of, table_kind

MAX_COLUMNS = 2_000  # SQLite's own limit
_INT64 = 1 << 63
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,14}")  # one that a float holds too
_NUMBER_TO_SQLITE = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


def storable(value: Any) -> Any:
    """A value SQLite can hold: nested ones as JSON text, integers beyond 64 bits as text, half surrogates replaced."""
    if isinstance(value, str):
        return value if value.isascii() else _whole(value)
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else str(value)
    if isinstance(value, float):
        return None if math.isnan(value) else value
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    return _whole(text)


def _whole(text: str) -> str:
    """The text with surrogate pairs joined and halves of pairs, which JSON allows and UTF-8 does not, as U+FFFD."""
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def column_type(values: Iterable[Any]) -> str:
    """INTEGER, REAL, BLOB or TEXT: what holds all of these; TEXT where there are none."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return "INTEGER"
    if kinds in ({float}, {int, float}):
        return "REAL"
    return "BLOB" if kinds == {bytes} else "TEXT"


def sample_rows(db: Connection, table: str, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` rows as they come. NotFoundError or InputError for what is no ordinary table."""
    columns = shape_of(db, table).columns
    wanted = ", ".join(map(quoted, columns))
    rows = db.execute(f"select {wanted} from {quoted(table)} limit ?", [limit]).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def count_above(db: Connection, table: str, column: str, number: int) -> int:
    """How many rows have a larger number in this column."""
    statement = f"select count(*) from {quoted(table)} where {quoted(column)} > ?"
    return int(db.execute(statement, [number]).fetchone()[0])


class SeenKeys:
    """The keys of one ingest, their places and digests of their contents, in a temporary table: memory stays flat."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        db.execute("drop table if exists temp._semsearch_seen")
        db.execute("create temp table _semsearch_seen (key primary key, place text, digest blob) without rowid")

    def claim(self, key: str | int, place: str, content: bytes) -> str | None:
        """None for a new key, which is stored; empty for a repeated key with equal content; else the place of the first
        occurrence."""
        digest = hashlib.blake2b(content, digest_size=16).digest()
        statement = "insert or ignore into temp._semsearch_seen values (?, ?, ?)"
        if self._db.execute(statement, [key, place, digest]).rowcount:
            return None
        earlier = self._db.execute("select place, digest from temp._semsearch_seen where key = ?", [key]).fetchone()
        return "" if earlier[1] == digest else str(earlier[0])

    def close(self) -> None:
        """Forget them all."""
        self._db.execute("drop table temp._semsearch_seen")


class Upserts:
    """Writes rows into one table by key: new ones added, changed ones updated, equal ones left alone.

    The table is made with the first rows if it does not exist. Columns that appear later are added. Columns the rows
    never name keep what they hold.
    """

    def __init__(self, db: Connection, table: str, key: str, *, integer_key: bool) -> None:
        self.table = table
        self.is_new = table_kind(db, table) is None
        self.remarks: list[str] = []
        self._db = db
        self._key = key
        self._key_type = "INTEGER" if integer_key else "TEXT"
        self._types: dict[str, str] = {}
        self._named: dict[str, None] = {}  # columns of this ingest, in order
        self._actual: dict[str, str] = {}  # any spelling -> the table's own
        self._written = self._changed = self._before = 0
        if not self.is_new:
            shape = shape_of(db, table)
            self._types = dict(zip(shape.columns, shape.types, strict=True))
            self._actual = {column.lower(): column for column in shape.columns}
            self._before = self._count()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was written."""
        return self._written == 0

    def has(self, column: str) -> bool:
        """Whether the table has this column already, in any spelling."""
        return column.lower() in self._actual

    def counts(self) -> tuple[int, int, int]:
        """Rows added, updated and left unchanged so far."""
        added = self._count() - self._before
        return added, self._changed - added, self._written - self._changed

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Upsert rows of storable values, each with the key column. InputError for column names that cannot be."""
        self._grow(rows)
        self._keep_digits(rows)
        names = list(self._named)
        cursor = self._db.executemany(self._statement(names), (self._values(row, names) for row in rows))
        self._written += len(rows)
        self._changed += cursor.rowcount

    def write_keys(self, keys: Sequence[str] | Sequence[int]) -> None:
        """Add rows that have a key alone, where the table has none of that key."""
        if not keys:
            return
        self._grow([{self._key: keys[0]}])
        cursor = self._db.executemany(self._statement([self._key]), ([key] for key in keys))
        self._written += len(keys)
        self._changed += cursor.rowcount

    def _count(self) -> int:
        return int(self._db.execute(f"select count(*) from {quoted(self.table)}").fetchone()[0])

    def _values(self, row: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
        if all(name in self._named for name in row):
            return [row.get(name) for name in names]
        actual = {self._spelled(name): value for name, value in row.items()}
        if len(actual) < len(row):
            raise InputError(
                f"A row of {self.table} has two columns whose names differ only in case: {', '.join(row)}."
                " Rename one in the source"
            )
        return [actual.get(name) for name in names]

    def _spelled(self, name: str) -> str:
        return self._actual[name.lower()]

    def _grow(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make the table, or add the columns that these rows bring."""
        fresh: dict[str, str] = {}
        for row in rows:
            for name in row:
                if name not in self._named:
                    fresh.setdefault(name.lower(), name)
        missing = [name for lowered, name in fresh.items() if lowered not in self._actual]
        for name in missing:
            self._check_name(name)
        if len(self._types) + len(missing) > MAX_COLUMNS:
            raise InputError(
                f"{self.table} would have {len(self._types) + len(missing):,} columns, SQLite allows {MAX_COLUMNS:,}: "
                "does the source use values as field names?"
            )
        types = {name: column_type(row.get(name) for row in rows) for name in missing}
        self._add_columns(types)
        for lowered in fresh:
            self._named[self._actual[lowered]] = None

    def _check_name(self, name: str) -> None:
        if not name.strip() or any(ord(letter) < 32 for letter in name):
            raise InputError(f"{name!r} cannot be a column name of {self.table}: rename that field in the source")

    def _add_columns(self, types: Mapping[str, str]) -> None:
        if not self._types:
            self._types = {
                self._key: self._key_type,
                **{name: kind for name, kind in types.items() if name != self._key},
            }
            self._create(self.table)
        else:
            for name, kind in types.items():
                self._db.execute(f"alter table {quoted(self.table)} add column {quoted(name)} {kind}")
            self._types.update(types)
        self._actual = {name.lower(): name for name in self._types}

    def _create(self, table: str) -> None:
        columns = [
            f"{quoted(name)} {kind}{' primary key' if name == self._key else ''}" for name, kind in self._types.items()
        ]
        self._db.execute(f"create table {quoted(table)} ({', '.join(columns)})")

    def _keep_digits(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Turn a column of numbers into text before SQLite turns text such as 007 into the number 7.

        A table that was there before is left as it is, and a remark tells of the first such value.
        """
        numeric = [name for name in self._named if self._types[name] in ("INTEGER", "REAL") and name != self._key]
        for name in numeric:
            text = next((row[name] for row in rows if _loses_digits(row.get(name))), None)
            if text is not None and self.is_new:
                self._widen(name)
            elif text is not None:
                remark = f"{self.table}.{name} holds numbers: text such as {text!r} was stored as a number"
                if not any(said.startswith(f"{self.table}.{name} ") for said in self.remarks):
                    self.remarks.append(remark)

    def _widen(self, column: str) -> None:
        """Make a column of numbers one of text. SQLite itself would write a float with 15 digits only."""
        self._types[column] = "TEXT"
        made = "_semsearch_widened"
        self._create(made)
        self._db.create_function("_semsearch_digits", 1, repr, deterministic=True)
        exact = f"case typeof({quoted(column)}) when 'real' then _semsearch_digits({quoted(column)})"
        values = ", ".join(
            f"{exact} else {quoted(column)} end" if name == column else quoted(name) for name in self._types
        )
        self._db.execute(f"insert into {quoted(made)} select {values} from {quoted(self.table)}")
        self._db.execute(f"drop table {quoted(self.table)}")
        self._db.execute(f"alter table {quoted(made)} rename to {quoted(self.table)}")

    def _statement(self, names: Sequence[str]) -> str:
        columns = ", ".join(map(quoted, names))
        others = [quoted(name) for name in names if name != self._key]
        statement = f"insert into {quoted(self.table)} ({columns}) values ({', '.join('?' * len(names))})"
        if not others:
            return f"{statement} on conflict ({quoted(self._key)}) do nothing"
        sets = ", ".join(f"{name} = excluded.{name}" for name in others)
        # Compared as rows: a chain of `or` is deeper than SQLite allows from a thousand columns on.
        old = ", ".join(f"{quoted(self.table)}.{name}" for name in others)
        new = ", ".join(f"excluded.{name}" for name in others)
        return f"{statement} on conflict ({quoted(self._key)}) do update set {sets} where ({old}) is not ({new})"


def _loses_digits(value: Any) -> bool:
    """Whether SQLite would read this text as a number that is written differently."""
    if not isinstance(value, str) or not _NUMBER_TO_SQLITE.fullmatch(value):
        return False
    return not _INTEGER.fullmatch(value) and not (math.isfinite(float(value)) and repr(float(value)) == value)
