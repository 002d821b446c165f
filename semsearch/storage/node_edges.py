"""The edges of a few nodes, by key, without reading the whole graph: for a page about one node.

Tables that `ingest edges` writes have an index for each end. A table in place is never changed and may have none: then
SQLite reads every row once for each query.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.records import Dataset, Edges
from semsearch.storage import datasets
from semsearch.storage.driver import Connection
from semsearch.storage.edges import check_columns, checked_weight
from semsearch.storage.keys import as_integer, as_text, quoted


@dataclass(frozen=True)
class Tie:
    """The edges between a node and the node with this key: their weights from the node, and back to it."""

    key: str
    there: float
    back: float

    @property
    def weight(self) -> float:
        """The weight of both directions together, as in an undirected graph."""
        return self.there + self.back


def ties_of(db: Connection, dataset: Dataset, key: str) -> list[Tie]:
    """The neighbours of a node among the rows of the dataset, the heaviest first.

    Weights are those of `storage.edges.read`. Edges of weight 0 and self-loops are left out. Raises NotFoundError for a
    table of edges that does not exist any more, InputError for an invalid weight.
    """
    assert dataset.edges is not None
    result = dataset.edges
    check_columns(db, result)
    there: dict[str, float] = defaultdict(float)
    back: dict[str, float] = defaultdict(float)
    if result.through:
        there |= _shared(db, dataset, key)
    else:
        weight = quoted(result.weight) if result.weight else "null"
        source, target = quoted(result.source), quoted(result.target)
        statement = (
            f"select {source}, {target}, {weight} from {quoted(result.table)}"
            f" where {source} in (select value from json_each(:key)) or {target} in (select value from json_each(:key))"
        )
        for one, other, value in db.execute(statement, {"key": _bound([key])}):
            a, b = as_text(one), as_text(other)
            if key in (a, b) and a != b:
                side = there if a == key else back
                side[b if a == key else a] += 1.0 if value is None else checked_weight(value, result, one, other)
    keys = {*there, *back} - {key}
    keys &= datasets.which_exist(db, dataset, sorted(keys))
    ties = [Tie(other, there.get(other, 0.0), back.get(other, 0.0)) for other in keys]
    return sorted((tie for tie in ties if tie.weight > 0), key=lambda tie: (-tie.weight, tie.key))


def joined_between(db: Connection, found: Edges, some: Iterable[str], others: Iterable[str]) -> set[tuple[str, str]]:
    """The directed edges between some nodes and others; between nodes that share a value, in both directions.

    All edges of `some` are read, so `some` should be the smaller set.
    """
    some, others = set(some), set(others)
    source, target, table = quoted(found.source), quoted(found.target), quoted(found.table)
    lists = "with some as materialized (select value from json_each(:some)), others as materialized (select value from"
    if found.through:
        statement = (
            f"{lists} json_each(:others)) select distinct a.{source}, b.{source} from {table} a join {table} b"
            f" on b.{target} = a.{target} where a.{source} in some and b.{source} in others"
        )
    else:  # a plus keeps SQLite from a search for each of the others: there may be thousands
        heavy = f" and ({quoted(found.weight)} is null or {quoted(found.weight)} > 0)" if found.weight else ""
        statement = (
            f"{lists} json_each(:others)) select {source}, {target} from {table} where (({source} in some and"
            f" +{target} in others) or ({target} in some and +{source} in others)){heavy}"
        )
    pairs = set()
    for row in db.execute(statement, {"some": _bound(sorted(some)), "others": _bound(sorted(others))}):
        a, b = as_text(row[0]), as_text(row[1])
        if a != b and ((a in some and b in others) or (b in some and a in others)):
            pairs |= {(a, b), (b, a)} if found.through else {(a, b)}
    return pairs


def _shared(db: Connection, dataset: Dataset, key: str) -> dict[str, float]:
    """Rows that share a value with this one, and the sum of 1/(s - 1) over these values, each shared by s rows."""
    result = dataset.edges
    assert result is not None
    source, target, table = quoted(result.source), quoted(result.target), quoted(result.table)
    groups: dict[Any, set[str]] = defaultdict(set)
    statement = (
        f"select distinct {source}, {target} from {table} where {target} in (select {target} from {table} where"
        f" {source} in (select value from json_each(?)))"
    )
    for one, value in db.execute(statement, [_bound([key])]):
        groups[value].add(as_text(one))
    rows = datasets.which_exist(db, dataset, sorted(set().union(*groups.values())))
    weights: dict[str, float] = defaultdict(float)
    for members in groups.values():
        here = members & rows
        for other in here - {key} if key in here else ():
            weights[other] += 1 / (len(here) - 1)
    return weights


def _bound(keys: Sequence[str]) -> str:
    """Keys as one bound value: each as text and, if it is an integer, as that too: a column may hold either."""
    numbers = [number for number in map(as_integer, keys) if number is not None]
    return json.dumps([*keys, *numbers])
