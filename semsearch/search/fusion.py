"""Hybrid search: one exact ranking from the vector score and the text score.

    score = ( v · x⁴ + (1 − v) · y⁴ )^¼,    x = cosine / (best cosine),    y = BM25 / (best BM25)
    v = w · p / ( w · p + (1 − w) · q ),    p, q = prominence of the best cosine, of the best BM25

Each score is divided by its best value, so 1 means best by both. The weighted power mean of order 4 lies between the
mean (order 1) and the maximum (order ∞): an item that one scorer ranks far above the rest stays near the top even if
the other scorer does not confirm it. w is the weight of the collection, v that of this query: see maths/ranking.py.
benchmarks/unseen.py compares orders and weights. Both scores of a candidate are exact: if only one list contains it,
its other score is looked up. Without any query word its text score is 0.

The depth of the lists is found by the threshold algorithm (Fagin, Lotem & Naor, "Optimal aggregation algorithms for
middleware", PODS 2001). An item in neither list scores at most the power mean of the lists' last scores. Once the n
best are above that threshold, no other item can enter, and a larger n never changes the order of the first ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from semsearch.maths.ranking import NEXT, power_mean, prominence, relative_powers

INITIAL_DEPTH = 40  # items of each list read at first: enough for most queries
_TIE = 1e-9  # far below the resolution of a float32 cosine


class Side(Protocol):
    """A scorer: the vector score or the text score."""

    def top(self, n: int) -> Mapping[str, float]:
        """The n best items with their scores, best first; fewer only if there are no more."""

    def of(self, keys: Sequence[str]) -> Mapping[str, float]:
        """The scores of these items, without those that have none."""


@dataclass(frozen=True)
class Weighted:
    """A scorer and its weight, 0..1."""

    side: Side
    weight: float
    relative: bool = True  # divide its scores by the best one


@dataclass(frozen=True)
class Ranking:
    """Items by score, best first; each scorer's own scores and ranks; whether these are all items with a score; and the
    weight of each scorer in this query."""

    scores: Mapping[str, float]
    parts: Sequence[Mapping[str, float]]
    ranks: Sequence[Mapping[str, int]]
    complete: bool
    weights: Sequence[float]


@dataclass
class _List:
    """The list of one scorer: its n best items, and the scores looked up for others."""

    top: Mapping[str, float]
    ended: bool
    scale: float
    known: dict[str, float] = field(default_factory=dict)

    def last(self) -> float:
        """The highest relative score that an item outside of this list can have; 0 if the list is complete."""
        return 0.0 if self.ended else max(0.0, min(self.top.values())) / self.scale

    def prominence(self) -> float:
        """How far the best item stands out, 0..1."""
        first = [*list(self.top.values())[: NEXT + 1], *[0.0] * (NEXT + 1)][: NEXT + 1]
        return float(prominence(relative_powers(np.array([first])))[0])


def rank(sides: Sequence[Weighted], n: int) -> Ranking:
    """At least the n best items by weighted score, exact; ties in the order of keys."""
    depth = max(2 * n, INITIAL_DEPTH)
    while True:
        lists = [_read(weighted, depth) for weighted in sides]
        _look_up(sides, lists)
        weights = _weights(sides, lists)
        scores = _fused(weights, lists)
        complete = all(each.ended for each in lists)
        threshold = power_mean(weights, [each.last() for each in lists])
        sure = {key: score for key, score in scores.items() if complete or score > threshold + _TIE}
        if complete or len(sure) >= n:
            return Ranking(sure, [each.known for each in lists], [ranks(each.top) for each in lists], complete, weights)
        depth *= 4


def _read(weighted: Weighted, depth: int) -> _List:
    top = weighted.side.top(depth)
    best = max(top.values(), default=0.0)
    scale = best if weighted.relative and best > _TIE else 1.0
    return _List(top, len(top) < depth, scale, dict(top))


def _look_up(sides: Sequence[Weighted], lists: Sequence[_List]) -> None:
    """Look up the scores of items that only another list contains."""
    candidates = {key for each in lists for key in each.top}
    for weighted, each in zip(sides, lists, strict=True):
        missing = [] if each.ended else sorted(candidates - each.top.keys())
        if missing:
            each.known.update(weighted.side.of(missing))


def _weights(sides: Sequence[Weighted], lists: Sequence[_List]) -> list[float]:
    """The weights of the scorers in this query: those given, times the prominence of the best item of each list."""
    given = [weighted.weight for weighted in sides]
    if len(sides) == 1:
        return given
    parts = [weight * each.prominence() for weight, each in zip(given, lists, strict=True)]
    return [part / sum(parts) for part in parts]


def _fused(weights: Sequence[float], lists: Sequence[_List]) -> dict[str, float]:
    keys = dict.fromkeys(key for each in lists for key in each.known)
    fused = {key: power_mean(weights, [each.known.get(key, 0.0) / each.scale for each in lists]) for key in keys}
    return dict(sorted(fused.items(), key=lambda pair: (-pair[1], in_order(pair[0]))))


def ranks(scores: Mapping[str, float]) -> dict[str, int]:
    """The rank of each item, 1 for the best score; equal scores share a rank."""
    out: dict[str, int] = {}
    last, rank = None, 0
    for position, (key, score) in enumerate(sorted(scores.items(), key=lambda pair: -pair[1]), 1):
        if score != last:
            last, rank = score, position
        out[key] = rank
    return out


def in_order(key: str) -> tuple[int, int, str]:
    """The sort key of an item's key: integers by value, then text."""
    return (0, int(key), "") if key.isdecimal() and len(key) < 20 else (1, 0, key)
