"""One ranking from two kinds of score, exact to the last place that is asked for.

    score = w · cosine / (best cosine)  +  (1 − w) · BM25 / (best BM25)

Each side is measured against its own best hit, so a score of 1 is the best by meaning and by words at once. (Dividing
by the standard deviation over all documents measured the same, and needs to know them all.) Both scores of a candidate
are exact: one that only one side brought up is looked up on the other, and one without any of the words has 0 there.

How deep to look is found as it goes: an item that neither list has shown yet can at most reach the threshold that the
last scores of both lists make together. Once the hits asked for are above it nothing unseen can enter, so that asking
for more never reorders what was there: the threshold algorithm of Fagin, Lotem & Naor, "Optimal aggregation algorithms
for middleware" (PODS 2001).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

FIRST = 40  # how far down both lists to look at first; most questions need no more
_TIE = 1e-9  # far below what a float32 cosine can tell apart


class Side(Protocol):
    """One way of scoring the items that are searched."""

    def top(self, n: int) -> Mapping[str, float]:
        """The n best items with their scores, best first; fewer only if there are no more."""

    def of(self, keys: Sequence[str]) -> Mapping[str, float]:
        """The scores of these items; one that this side knows nothing of is absent."""


@dataclass(frozen=True)
class Weighted:
    """A side and its share of the score, 0..1."""

    side: Side
    weight: float
    relative: bool = True  # whether its scores are divided by the best one


@dataclass(frozen=True)
class Ranking:
    """Items by score, best first, each side's own scores, and whether these are all there are."""

    scores: Mapping[str, float]
    parts: Sequence[Mapping[str, float]]
    ranks: Sequence[Mapping[str, int]]
    complete: bool


@dataclass
class _List:
    """What one side has shown so far: its n best, and the scores looked up besides."""

    top: Mapping[str, float]
    ended: bool
    scale: float
    known: dict[str, float] = field(default_factory=dict)

    def last(self) -> float:
        """The most that an item not shown yet can score here. One that this side knows nothing of scores 0."""
        return 0.0 if self.ended else max(0.0, min(self.top.values())) / self.scale


def rank(sides: Sequence[Weighted], n: int) -> Ranking:
    """The n best items of all sides together, at least: exact, ties in the order of their keys."""
    depth = max(2 * n, FIRST)
    while True:
        lists = [_look(one, depth) for one in sides]
        _look_up(sides, lists)
        scores = _fused(sides, lists)
        complete = all(shown.ended for shown in lists)
        threshold = sum(one.weight * shown.last() for one, shown in zip(sides, lists, strict=True))
        sure = {key: score for key, score in scores.items() if complete or score > threshold + _TIE}
        if complete or len(sure) >= n:
            return Ranking(sure, [shown.known for shown in lists], [ranks(shown.top) for shown in lists], complete)
        depth *= 4


def _look(one: Weighted, depth: int) -> _List:
    top = one.side.top(depth)
    best = max(top.values(), default=0.0)
    scale = best if one.relative and best > _TIE else 1.0
    return _List(top, len(top) < depth, scale, dict(top))


def _look_up(sides: Sequence[Weighted], lists: Sequence[_List]) -> None:
    """Ask each side for the items that only others have shown."""
    seen = {key for shown in lists for key in shown.top}
    for one, shown in zip(sides, lists, strict=True):
        missing = [] if shown.ended else sorted(seen - shown.top.keys())
        if missing:
            shown.known.update(one.side.of(missing))


def _fused(sides: Sequence[Weighted], lists: Sequence[_List]) -> dict[str, float]:
    total: dict[str, float] = {}
    for one, shown in zip(sides, lists, strict=True):
        for key, score in shown.known.items():
            total[key] = total.get(key, 0.0) + one.weight * score / shown.scale
    return dict(sorted(total.items(), key=lambda pair: (-pair[1], in_order(pair[0]))))


def ranks(scores: Mapping[str, float]) -> dict[str, int]:
    """1 for the best score; equal scores share a rank, so that equal items stay equal."""
    out: dict[str, int] = {}
    last, place = None, 0
    for position, (key, score) in enumerate(sorted(scores.items(), key=lambda pair: -pair[1]), 1):
        if score != last:
            last, place = score, position
        out[key] = place
    return out


def in_order(key: str) -> tuple[int, int, str]:
    """Numbers by size, then text."""
    return (0, int(key), "") if key.isdecimal() and len(key) < 20 else (1, 0, key)
