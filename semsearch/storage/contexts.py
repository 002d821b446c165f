"""Who stands near whom, row by row: a table beside a vector table, for the collections whose builder kept the counts.

A row is bytes that maths.contexts packs and unpacks; it is numbered as the words are in the run's own list of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from semsearch.records import Collection
from semsearch.storage.driver import Connection
from semsearch.storage.keys import table_exists

PREFIX = "_semsearch_contexts_"
_AT_ONCE = 500


def _table(number: int) -> str:
    return f"{PREFIX}{number}"


def write(db: Connection, number: int, rows: Sequence[bytes]) -> None:
    """Make the table that belongs to vector table `number`, and fill it."""
    db.execute(f"create table {_table(number)} (word integer primary key, pairs blob not null)")
    db.executemany(f"insert into {_table(number)} (word, pairs) values (?, ?)", enumerate(rows))


def read(db: Connection, collection: Collection, numbers: Sequence[int]) -> dict[int, bytes]:
    """The packed rows of these words, by number; empty where the collection keeps none."""
    table = _table(collection.vector_table)
    if not has(db, collection):
        return {}
    found: dict[int, bytes] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        some = list(numbers[start : start + _AT_ONCE])
        marks = ", ".join("?" * len(some))
        found |= dict(db.execute(f"select word, pairs from {table} where word in ({marks})", some).fetchall())
    return found


def has(db: Connection, collection: Collection) -> bool:
    """Whether the collection's builder kept its counts."""
    return table_exists(db, _table(collection.vector_table))


def drop(db: Connection, number: int) -> None:
    """Remove the table that belongs to a vector table, if there is one."""
    db.execute(f"drop table if exists {_table(number)}")
