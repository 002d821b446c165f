"""Pairs of items with a similarity, from any query or table: read only, whatever the query says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from semsearch.errors import InputError
from semsearch.storage.driver import Connection, Error
from semsearch.storage.keys import quoted, table_kind


def of_query(db: Connection, query: str) -> Iterator[tuple[Any, Any, Any]]:
    """The rows of a query of three columns. InputError if SQLite refuses it or it returns something else.

    The connection takes no writing meanwhile, so that a slip of the pen changes nothing.
    """
    before = db.execute("pragma query_only").fetchone()[0]
    db.execute("pragma query_only = on")
    try:
        cursor = db.execute(query)
        width = len(cursor.description or ())
        if width != 3:
            raise InputError(
                f"The query returns {width} column{'' if width == 1 else 's'}: item, item and similarity are needed"
            )
        yield from cursor
    except Error as error:
        raise InputError(f"The query of similarities failed: {error}") from error
    finally:
        db.execute(f"pragma query_only = {int(before)}")


def of_table(db: Connection, table: str) -> Iterator[tuple[Any, Any, Any]]:
    """The first three columns of a table or view. InputError if it is not there or has fewer."""
    if table_kind(db, table) is None:
        raise InputError(f"There is no table or view {table!r} to read similarities from")
    columns = [row[0] for row in db.execute("select name from pragma_table_info(?) order by cid", [table])]
    if len(columns) < 3:
        raise InputError(f"{table} has the columns {', '.join(columns)}: item, item and similarity are needed")
    return of_query(db, f"select {', '.join(map(quoted, columns[:3]))} from {quoted(table)}")
