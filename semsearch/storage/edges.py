"""Edges between the rows of a dataset: their table, read as arrays and written by ingest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError, NotFoundError
from semsearch.records import Dataset, Edges
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of, quoted, shape_of

Arrays = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]
_STAGE = "temp._semsearch_edges"


def table_name(graph: str) -> str:
    """The name of the table of a graph's edges."""
    return f"{graph}_edges"


def read(db: Connection, dataset: Dataset, index: Mapping[str, int]) -> Arrays:
    """Source and target (m,) as indices of keys, and weight (m,). Edges with an unknown end are left out.

    An edge whose weight is NULL has the weight 1. An edge `through` a value that s rows share has the weight 1/(s - 1),
    so that the edges of a row for one value sum to 1 (Newman, "Scientific collaboration networks II", 2001). Raises
    InputError, which names the edge, for a weight that is negative or not a finite number.
    """
    assert dataset.edges is not None
    result = dataset.edges
    check_columns(db, result)
    weight = quoted(result.weight) if result.weight else "null"
    statement = f"select {quoted(result.source)}, {quoted(result.target)}, {weight} from {quoted(result.table)}"
    if result.through:
        return _through(db, result, index)
    sources: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for one, other, value in db.execute(statement):
        a, b = index.get(as_text(one)), index.get(as_text(other))
        if a is not None and b is not None:
            sources.append(a)
            targets.append(b)
            weights.append(1.0 if value is None else checked_weight(value, result, one, other))
    return np.array(sources, np.int64), np.array(targets, np.int64), np.array(weights, np.float64)


def checked_weight(value: Any, found: Edges, one: Any, other: Any) -> float:
    """A weight of a table as a float. Raises InputError, which names the edge, unless it is finite and at least 0."""
    weight = float(value) if isinstance(value, int | float) else math.nan
    if not (math.isfinite(weight) and weight >= 0):
        raise InputError(
            f"The edge {as_text(one)}, {as_text(other)} of {found.table} has the {found.weight} {value!r}: correct it"
            " to a number of at least 0"
        )
    return weight


def _through(db: Connection, found: Edges, index: Mapping[str, int]) -> Arrays:
    groups: dict[Any, set[int]] = {}
    for one, value in db.execute(f"select {quoted(found.source)}, {quoted(found.target)} from {quoted(found.table)}"):
        row = index.get(as_text(one))
        if row is not None and value is not None:
            groups.setdefault(value, set()).add(row)
    parts: list[npt.NDArray[np.int64]] = [np.zeros((2, 0), np.int64)]
    weights = [np.zeros(0)]
    for rows in groups.values():
        i, j = np.triu_indices(len(rows), 1)
        members = np.array(sorted(rows), np.int64)
        parts.append(np.stack([members[i], members[j]]))
        weights.append(np.full(len(i), 1 / max(1, len(rows) - 1)))
    source, target = np.concatenate(parts, axis=1)
    return source, target, np.concatenate(weights)


def count(db: Connection, found: Edges) -> int:
    """How many rows the table of edges has."""
    return int(db.execute(f"select count(*) from {quoted(found.table)}").fetchone()[0])


def check_columns(db: Connection, found: Edges) -> None:
    """Raises NotFoundError if the table of edges or one of its columns does not exist."""
    columns = columns_of(db, found.table)
    if not columns:
        raise NotFoundError(f"The table of edges {found.table} is gone: `semsearch ingest edges` makes or names it")
    for column in filter(None, (found.source, found.target, found.weight)):
        if column not in columns:
            raise NotFoundError(f"{found.table} has no column {column!r}: it has {', '.join(columns)}")


class Staged:
    """Edges that are being imported: collected in a temporary table, and written to their table at once."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        db.execute(f"drop table if exists {_STAGE}")
        db.execute(f"create temp table {_STAGE[5:]} (source, target, weight real)")

    def add(self, rows: Iterable[tuple[str, str | None, float]]) -> None:
        """Collect rows: two keys and a weight; without the second key, a node without edges."""
        self._db.executemany(f"insert into {_STAGE} values (?, ?, ?)", rows)

    def nodes(self) -> Iterator[str]:
        """Every key of an edge, once, in order."""
        for row in self._db.execute(f"select source from {_STAGE} union select target from {_STAGE} order by 1"):
            if row[0] is not None:
                yield row[0]

    def differing_in_case(self) -> tuple[str, str] | None:
        """Two keys that differ in case only, if there are any."""
        result = self._db.execute(
            f"select min(key), max(key) from (select source as key from {_STAGE} union select target from {_STAGE})"
            " group by lower(key) having count(*) > 1 limit 1"
        ).fetchone()
        return None if result is None else (result[0], result[1])

    def write(self, table: str, *, integer: bool) -> tuple[int, int, int]:
        """Write the table, with the weights of repeated edges added. Returns counts: edges, repeats, self-loops."""
        kind = "integer" if integer else "text"
        self._db.execute(f"drop table if exists {quoted(table)}")
        self._db.execute(
            f"create table {quoted(table)} (source {kind} not null, target {kind} not null, weight real not null,"
            " primary key (source, target)) without rowid"
        )
        staged = int(self._db.execute(f"select count(target) from {_STAGE}").fetchone()[0])
        self._db.execute(
            f"insert into {quoted(table)} select cast(source as {kind}), cast(target as {kind}), sum(weight) from"
            f" {_STAGE} where target is not null group by source, target"
        )
        self._db.execute(f"create index {quoted(f'{table}_target')} on {quoted(table)} (target)")
        self._db.execute(f"drop table {_STAGE}")
        kept, loops = self._db.execute(
            f"select count(*), coalesce(sum(source = target), 0) from {quoted(table)}"
        ).fetchone()
        return int(kept), staged - int(kept), int(loops)


def fold_mirrored(db: Connection, table: str) -> int:
    """Keep one of each two rows (a, b) and (b, a) if every edge has both with the same weight; returns how many went.

    Adjacency lists and symmetric matrices contain each edge once from each end. If only some edges have both rows,
    nothing is changed: those edges were given twice.
    """
    name = quoted(table)
    alone = db.execute(  # found immediately in most graphs
        f"select 1 from {name} as one where source != target and not exists (select 1 from {name} as other"
        " where other.source = one.target and other.target = one.source and other.weight = one.weight) limit 1"
    ).fetchone()
    return db.execute(f"delete from {name} where source > target").rowcount if alone is None else 0


def distinct_keys(db: Connection, found: Edges) -> list[Any]:
    """The keys in a table of edges, in order; of edges `through` a value those of the source column only."""
    columns = [found.source] if found.through else [found.source, found.target]
    union = " union ".join(
        f"select {quoted(column)} as key from {quoted(found.table)} where {quoted(column)} is not null"
        for column in columns
    )
    return [row[0] for row in db.execute(f"select key from ({union}) order by key")]


def is_edge_table(db: Connection, table: str) -> bool:
    """Whether a table has the columns that `Staged.write` makes, so that it may be replaced."""
    return columns_of(db, table) == ("source", "target", "weight") and shape_of(db, table).key_columns == (
        "source",
        "target",
    )
