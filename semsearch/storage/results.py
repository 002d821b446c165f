"""Ordinary tables that verbs write for people: COLLECTION_clusters and its like. They are ours to replace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from semsearch.errors import NameTakenError
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted

SUFFIXES = ("clusters", "predictions", "links", "samples")


def table_name(collection: str, what: str) -> str:
    """What the table of these results is called."""
    return f"{collection}_{what}"


def check_free(db: Connection, name: str, columns: Sequence[str]) -> None:
    """NameTakenError if something stands under this name that is not an earlier version of the same results."""
    found = db.execute("select type from sqlite_master where lower(name) = lower(?)", [name]).fetchone()
    if found is None:
        return
    held = [row[0] for row in db.execute("select name from pragma_table_info(?)", [name])]
    if found[0] != "table" or held != list(columns):
        raise NameTakenError(f"{name} is already a {found[0]} of yours: rename it, or give the collection another name")


def replace(
    db: Connection, name: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]], *, key: str = "id"
) -> None:
    """Write the table anew inside the caller's transaction; `columns` maps names to SQL types."""
    check_free(db, name, list(columns))
    db.execute(f"drop table if exists {quoted(name)}")
    declared = ", ".join(
        f"{quoted(column)} {kind}{' primary key' if column == key else ''}" for column, kind in columns.items()
    )
    db.execute(f"create table {quoted(name)} ({declared})")
    db.executemany(f"insert into {quoted(name)} values ({', '.join('?' * len(columns))})", rows)


def drop_all(db: Connection, collection: str) -> None:
    """Remove every table of results of a collection."""
    for suffix in SUFFIXES:
        db.execute(f"drop table if exists {quoted(table_name(collection, suffix))}")
