"""COLLECTION_neighbours: the nearest items of each item, as an ordinary table for SQL and for other analyses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from semsearch.records import Collection
from semsearch.storage import result_states, results
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection
from semsearch.storage.keys import columns_of, quoted

COLUMNS = {"id": "", "rank": "integer", "neighbour": "", "score": "real"}
Lists = Iterable[tuple[str, Sequence[str], Sequence[float]]]  # key of an item, keys of its nearest, cosines


def table_of(collection: Collection) -> str:
    """The name of the table."""
    return results.table_name(collection.name, "neighbours")


def check_free(db: Connection, collection: Collection) -> None:
    """Raises NameTakenError if another table has its name."""
    results.check_free(db, table_of(collection), tuple(COLUMNS))


def is_written(db: Connection, collection: Collection) -> bool:
    """Whether `neighbours` has written the table."""
    return columns_of(db, table_of(collection)) == tuple(COLUMNS)


def count_of(db: Connection, collection: Collection) -> int | None:
    """How many neighbours of each item the table was written with; None where that is not kept."""
    state = result_states.state_of(db, table_of(collection))
    with fitting(f"The entry of {table_of(collection)} in _semsearch_results"):
        return None if state is None else int(state.facts["k"])


def is_current(db: Connection, collection: Collection) -> bool:
    """Whether the table is written and represents the collection as it is now."""
    state = result_states.state_of(db, table_of(collection))
    return state is not None and state.is_of(collection) and is_written(db, collection)


def write(db: Connection, collection: Collection, lists: Lists, k: int) -> None:
    """Replace the table, inside the caller's transaction."""
    name, type_ = table_of(collection), collection.key_type
    columns = COLUMNS | {"id": type_, "neighbour": type_}
    results.replace(db, name, columns, _rows(collection, lists), collection, key=("id", "rank"))
    result_states.keep(db, name, collection, {"k": k})


def change(db: Connection, collection: Collection, out: Iterable[str], lists: Lists, k: int) -> None:
    """Remove the lists of some items and write others, inside the caller's transaction."""
    name = quoted(table_of(collection))
    db.executemany(f"delete from {name} where id = ?", ([collection.typed(key)] for key in out))
    db.executemany(f"insert into {name} values (?, ?, ?, ?)", _rows(collection, lists))
    result_states.keep(db, table_of(collection), collection, {"k": k})


def stored(db: Connection, collection: Collection) -> Iterator[tuple[str, list[str], list[float]]]:
    """The lists, by item: its key, the keys of its nearest items, nearest first, and their cosines."""
    rows = db.execute(f"select id, neighbour, score from {quoted(table_of(collection))} order by id, rank")
    with fitting(f"The table {table_of(collection)}"):
        for key, group in groupby(rows, itemgetter(0)):
            listed = list(group)
            yield str(key), [str(row[1]) for row in listed], [float(row[2]) for row in listed]


def neighbours_of(db: Connection, collection: Collection, key: str, k: int) -> Mapping[str, float]:
    """The k nearest items of one item by their cosines, nearest first; empty for an item that the table lacks."""
    rows = db.execute(
        f"select neighbour, score from {quoted(table_of(collection))} where id = ? order by rank limit ?",
        [collection.typed(key), k],
    )
    return {str(neighbour): float(score) for neighbour, score in rows}


def _rows(collection: Collection, lists: Lists) -> Iterator[Sequence[Any]]:
    typed = collection.typed
    for key, others, scores in lists:
        own = typed(key)
        for rank, (other, score) in enumerate(zip(others, scores, strict=True), 1):
            yield own, rank, typed(other), score
