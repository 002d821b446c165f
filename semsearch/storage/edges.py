"""Edges between the rows of a dataset: their table, read as arrays and written by ingest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.errors import InputError, NotFoundError
from semsearch.records import Dataset, Edges
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of, quoted, shape_of

Arrays = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]
Doubles = npt.NDArray[np.float64]
_BATCH_EDGES = 1 << 17  # edges that are Python objects at a time


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


def write(
    db: Connection,
    table: str,
    keys: Sequence[str] | Sequence[int],
    ends: tuple[IntArray, IntArray],
    weights: Doubles,
    *,
    integer: bool,
) -> int:
    """Write the table of edges in place of an earlier one; returns the number of its rows.

    `ends` are indices (m,) of `keys`, in order and each pair once; `weights` (m,). The columns of the ends are integers
    or text. Texts that SQLite reads as the same integer are one end: their weights are added up.
    """
    kind = "integer" if integer else "text"
    db.execute(f"drop table if exists {quoted(table)}")
    db.execute(
        f"create table {quoted(table)} (source {kind} not null, target {kind} not null, weight real not null,"
        " primary key (source, target)) without rowid"
    )
    statement = f"insert into {quoted(table)} values (?, ?, ?)"
    if integer and any(isinstance(key, str) for key in keys):
        statement += " on conflict do update set weight = weight + excluded.weight"
    for start in range(0, len(weights), _BATCH_EDGES):
        batch = slice(start, start + _BATCH_EDGES)
        sources, targets = (map(keys.__getitem__, end[batch].tolist()) for end in ends)
        db.executemany(statement, zip(sources, targets, weights[batch].tolist(), strict=True))
    db.execute(f"create index {quoted(f'{table}_target')} on {quoted(table)} (target)")
    return int(db.execute(f"select count(*) from {quoted(table)}").fetchone()[0])


def distinct_keys(db: Connection, found: Edges) -> list[Any]:
    """The keys in a table of edges, in order; of edges `through` a value those of the source column only."""
    columns = [found.source] if found.through else [found.source, found.target]
    union = " union ".join(
        f"select {quoted(column)} as key from {quoted(found.table)} where {quoted(column)} is not null"
        for column in columns
    )
    return [row[0] for row in db.execute(f"select key from ({union}) order by key")]


def is_edge_table(db: Connection, table: str) -> bool:
    """Whether a table has the columns that `write` makes, so that it may be replaced."""
    return columns_of(db, table) == ("source", "target", "weight") and shape_of(db, table).key_columns == (
        "source",
        "target",
    )
