"""Edges in memory while they are read: ends numbered, weights of repeated edges added, mirrored edges folded.

An edge takes 16 bytes, a node about 150, where a temporary table took several times that and a sort by text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.ingest.base import INTEGER

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MergedEdges:
    """Each edge once, in the order of its ends.

    `keys` (n,) sorted, integers if all are; `source` and `target` (m,) are their indices, `weight` (m,) is 0 or more.
    `repeated` counts edges that were given before, `loops` edges from a node to itself, `folded` those that were given
    from their other end too.
    """

    keys: Sequence[str] | Sequence[int]
    source: IntArray
    target: IntArray
    weight: Doubles
    repeated: int = 0
    loops: int = 0
    folded: int = 0


class EdgeList:
    """Collects edges, whose ends are text."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._count = 0
        nothing = np.zeros(0, np.int32)
        self._parts: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], Doubles]] = [
            (nothing, nothing, np.zeros(0))
        ]

    def __len__(self) -> int:
        """The number of edges so far, repeated ones included."""
        return self._count

    def add(self, sources: Sequence[str], targets: Sequence[str], weights: Sequence[float] | Doubles) -> None:
        """Collect edges; a part holds many, because each costs an array."""
        ends = self._numbered(sources), self._numbered(targets)
        self._parts.append((*ends, np.asarray(weights, np.float64)))
        self._count += len(weights)

    def add_node(self, key: str) -> None:
        """Collect a node, which may have no edge."""
        self._numbers[key]

    def _numbered(self, keys: Sequence[str]) -> npt.NDArray[np.int32]:
        return np.fromiter(map(self._numbers.__getitem__, keys), np.int32, len(keys))

    def merged(self, *, directed: bool) -> MergedEdges:
        """Each edge once. If undirected edges are all given from both ends, with equal weights, they are one."""
        keys, ranks = self._ordered()
        source, target, weight = (np.concatenate(side) for side in zip(*self._parts, strict=True))
        source, target = ranks[source], ranks[target]
        pairs = source * len(keys) + target
        order = np.argsort(pairs, kind="stable")
        pairs = pairs[order]
        starts = np.flatnonzero(np.diff(pairs, prepend=-1))
        weight = np.add.reduceat(weight[order], starts) if len(starts) else weight
        source, target = np.divmod(pairs[starts], max(1, len(keys)))
        merged = MergedEdges(
            keys, source, target, weight, len(pairs) - len(starts), int(np.count_nonzero(source == target))
        )
        return merged if directed else _folded(merged)

    def _ordered(self) -> tuple[list[str] | list[int], IntArray]:
        """The keys in order, and the rank (n,) of each number: integers by value if all are, else text."""
        keys: list[Any] = list(self._numbers)
        if all(map(INTEGER.fullmatch, keys)):
            keys = list(map(int, keys))
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ranks = np.empty(len(keys), np.int64)
        ranks[order] = np.arange(len(keys))
        return [keys[number] for number in order], ranks


def _folded(edges: MergedEdges) -> MergedEdges:
    """One of each two edges (a, b) and (b, a) if every edge has both, with the same weight; else the same edges.

    Adjacency lists and symmetric matrices contain each edge once from each end. If only some edges have both, those
    were given twice.
    """
    joins = edges.source != edges.target
    source, target, weight = edges.source[joins], edges.target[joins], edges.weight[joins]
    order = np.lexsort((source, target))
    mirrored = np.array_equal(target[order], source) and np.array_equal(source[order], target)
    if not len(source) or not mirrored or not np.array_equal(weight[order], weight):
        return edges
    keep = edges.source <= edges.target
    folded = int(len(keep) - np.count_nonzero(keep))
    return replace(
        edges, source=edges.source[keep], target=edges.target[keep], weight=edges.weight[keep], folded=folded
    )


def differing_in_case(keys: Iterable[str | int]) -> tuple[str, str] | None:
    """The first and the last of the first keys that differ in case only, if there are any."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        if isinstance(key, str):
            groups.setdefault(key.lower(), []).append(key)
    lowered = min((key for key, group in groups.items() if len(group) > 1), default=None)
    return None if lowered is None else (min(groups[lowered]), max(groups[lowered]))
