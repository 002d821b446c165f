"""COLLECTION_map and COLLECTION_map_groups: the place of each item in two dimensions, and the names on the map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.records import Collection
from semsearch.storage import result_states, results
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection
from semsearch.storage.keys import columns_of, quoted
from semsearch.storage.result_states import ResultState

COLUMNS = {"id": "", "x": "real", "y": "real", "cluster": "integer"}
GROUP_COLUMNS = {"level": "integer", "number": "integer", "within": "integer", "label": "text"}
DECIMALS = 6  # of a place in the unit square; a page shows 1 / 65,536 of it
Row = tuple[str, float, float, int]  # key, place and cluster of an item


@dataclass(frozen=True)
class Group:
    """A group of a map: its level from 1, its number in it, that of the group of the level above, and its name.

    The groups of the last level are the clusters of the items.
    """

    level: int
    number: int
    within: int | None
    label: str


@dataclass(frozen=True)
class Points:
    """A stored map: `places` (n, 2) in the unit square, `clusters` (n,) from 1, in a random order.

    The order is that of the table's rows, so that the first part of them is a random sample.
    """

    keys: Sequence[str]
    places: npt.NDArray[np.float64]
    clusters: IntArray
    groups: tuple[Group, ...]
    state: ResultState

    @property
    def nbytes(self) -> int:
        """About the bytes in memory."""
        return 100 * len(self.keys) + self.places.nbytes + self.clusters.nbytes


def table_of(collection: Collection) -> str:
    """The name of the table of places."""
    return results.table_name(collection.name, "map")


def groups_table_of(collection: Collection) -> str:
    """The name of the table of groups."""
    return results.table_name(collection.name, "map_groups")


def is_written(db: Connection, collection: str) -> bool:
    """Whether `map` has written both tables."""
    tables = {"map": COLUMNS, "map_groups": GROUP_COLUMNS}
    return all(columns_of(db, results.table_name(collection, what)) == tuple(own) for what, own in tables.items())


def check_free(db: Connection, collection: Collection) -> None:
    """Raises NameTakenError if another table has the name of one of the tables."""
    results.check_free(db, table_of(collection), tuple(COLUMNS))
    results.check_free(db, groups_table_of(collection), tuple(GROUP_COLUMNS))


def write(
    db: Connection, collection: Collection, rows: Iterable[Row], groups: Iterable[Group], facts: Mapping[str, Any]
) -> None:
    """Replace both tables, inside the caller's transaction. The rows keep their order."""
    name, type_ = table_of(collection), collection.key_type
    # Without a primary key: an integer one would sort the rows.
    results.replace(db, name, COLUMNS | {"id": type_}, _typed(collection, rows), collection, key="")
    db.execute(f"create unique index {quoted(f'{name}_by_id')} on {quoted(name)} (id)")
    found = ((each.level, each.number, each.within, each.label) for each in groups)
    key = ("level", "number")
    results.replace(db, groups_table_of(collection), GROUP_COLUMNS, found, collection, key=key)
    result_states.keep(db, name, collection, facts)


def change(
    db: Connection, collection: Collection, out: Iterable[str], rows: Iterable[Row], facts: Mapping[str, Any]
) -> None:
    """Remove some items and add others, inside the caller's transaction."""
    name = quoted(table_of(collection))
    db.executemany(f"delete from {name} where id = ?", ([collection.typed(key)] for key in out))
    db.executemany(f"insert into {name} values (?, ?, ?, ?)", _typed(collection, rows))
    result_states.keep(db, table_of(collection), collection, facts)


def read(db: Connection, collection: Collection) -> Points | None:
    """The stored map; None if there is none. Raises DatabaseError for one that is damaged."""
    state = result_states.state_of(db, table_of(collection))
    if state is None or not is_written(db, collection.name):
        return None
    rows = db.execute(f"select id, x, y, cluster from {quoted(table_of(collection))} order by rowid").fetchall()
    with fitting(f"The table {table_of(collection)}"):
        keys = [str(row[0]) for row in rows]
        places = np.array([row[1:3] for row in rows], np.float64).reshape(-1, 2)
        clusters = np.array([row[3] for row in rows], np.int64)
        if not np.isfinite(places).all():
            raise ValueError("a place is not finite")
    return Points(keys, np.clip(places, 0, 1), clusters, groups_of(db, collection), state)


def groups_of(db: Connection, collection: Collection) -> tuple[Group, ...]:
    """The groups of a map, by level and number."""
    name = groups_table_of(collection)
    rows = db.execute(f"select level, number, within, label from {quoted(name)} order by level, number")
    with fitting(f"The table {name}"):
        return tuple(Group(int(row[0]), int(row[1]), row[2], str(row[3] or "")) for row in rows)


def selection_sql(
    collection: Collection,
    polygon: str,
    box: tuple[float, float, float, float] | None,
    clusters: Sequence[int] | None,
) -> str:
    """A query for the items inside a polygon, whose `box` is its left, right, bottom and top, and in some clusters.

    The box leaves few items for the function, which is called for each.
    """
    conditions = []
    if box is not None:
        left, right, bottom, top = box
        conditions.append(f"x between {left:.6f} and {right:.6f} and y between {bottom:.6f} and {top:.6f}")
        conditions.append(f"semsearch_inside(x, y, '{polygon}')")
    if clusters is not None:
        conditions.append(f"cluster in ({', '.join(map(str, clusters))})")
    return f"select id, x, y from {quoted(table_of(collection))}\n where " + "\n   and ".join(conditions)


def _typed(collection: Collection, rows: Iterable[Row]) -> Iterator[Sequence[Any]]:
    for key, x, y, cluster in rows:
        yield collection.typed(key), round(x, DECIMALS), round(y, DECIMALS), cluster
