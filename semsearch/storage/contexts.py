"""Co-occurrence counts: one table per vector table, for collections whose builder stored the counts.

A row holds the counts of one word, packed by maths.contexts. Its number is the word's position in the run's word list.
"""

from __future__ import annotations

from collections.abc import Sequence

from semsearch.records import Collection
from semsearch.storage.driver import Connection
from semsearch.storage.keys import table_exists

PREFIX = "_semsearch_contexts_"
_ROWS_PER_QUERY = 500


def _table(number: int) -> str:
    return f"{PREFIX}{number}"


def write(db: Connection, number: int, rows: Sequence[bytes]) -> None:
    """Create and fill the table that belongs to vector table `number`."""
    db.execute(f"create table {_table(number)} (word integer primary key, pairs blob not null)")
    db.executemany(f"insert into {_table(number)} (word, pairs) values (?, ?)", enumerate(rows))


def read(db: Connection, collection: Collection, numbers: Sequence[int]) -> dict[int, bytes]:
    """The packed rows of these words, by number; empty if the collection has no counts."""
    table = _table(collection.vector_table)
    if not has(db, collection):
        return {}
    rows: dict[int, bytes] = {}
    for start in range(0, len(numbers), _ROWS_PER_QUERY):
        batch = list(numbers[start : start + _ROWS_PER_QUERY])
        marks = ", ".join("?" * len(batch))
        rows |= dict(db.execute(f"select word, pairs from {table} where word in ({marks})", batch).fetchall())
    return rows


def has(db: Connection, collection: Collection) -> bool:
    """Whether the collection's builder stored its counts."""
    return table_exists(db, _table(collection.vector_table))


def drop(db: Connection, number: int) -> None:
    """Remove the table that belongs to a vector table, if it exists."""
    db.execute(f"drop table if exists {_table(number)}")
