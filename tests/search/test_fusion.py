"""Fusion is exact: whatever order a full look gives, the quick one gives, to any depth, ties and gaps included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from semsearch.search.fusion import INITIAL_DEPTH, Weighted, in_order, rank, ranks


class Planted:
    """A side with known scores that counts how deep it was looked into."""

    def __init__(self, scores: Mapping[str, float]) -> None:
        self.scores = dict(sorted(scores.items(), key=lambda pair: -pair[1]))
        self.deepest = 0

    def top(self, n: int) -> Mapping[str, float]:
        self.deepest = n
        return dict(list(self.scores.items())[:n])

    def of(self, keys: Sequence[str]) -> Mapping[str, float]:
        return {key: self.scores[key] for key in keys if key in self.scores}


def by_hand(sides: Sequence[tuple[Planted, float]]) -> list[str]:
    keys = {key for side, _ in sides for key in side.scores}
    best = [max(side.scores.values()) for side, _ in sides]
    total = {
        key: sum(weight * (side.scores.get(key, 0) / top) ** 3 for (side, weight), top in zip(sides, best, strict=True))
        for key in keys
    }
    return sorted(total, key=lambda key: (-total[key], in_order(key)))


@pytest.mark.parametrize("weight", [0.0, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("levels", [3, 10_000], ids=["many ties", "few ties"])
def test_the_quick_look_gives_the_order_of_the_full_one(weight: float, levels: int) -> None:
    rng = np.random.default_rng(3)
    cosines = {str(key): (rng.integers(levels) + 1) / levels for key in range(3000)}
    words = {str(key): (rng.integers(levels) + 1) / levels * 20 for key in rng.permutation(3000)[:900]}
    meaning, bm25 = Planted(cosines), Planted(words)
    expected = by_hand([(meaning, weight), (bm25, 1 - weight)])
    for n in (1, 10, 50, 700):
        found = rank([Weighted(meaning, weight), Weighted(bm25, 1 - weight)], n)
        assert list(found.scores)[:n] == expected[:n]


def test_sides_that_agree_are_not_looked_through() -> None:
    cosines = {str(key): 1 / (1 + key) for key in range(50_000)}
    meaning, words = Planted(cosines), Planted({key: 9 * score for key, score in cosines.items()})
    assert next(iter(rank([Weighted(meaning, 0.5), Weighted(words, 0.5)], 10).scores)) == "0"
    assert meaning.deepest == words.deepest == INITIAL_DEPTH


def test_one_that_a_single_side_knows_gets_that_sides_part_alone() -> None:
    meaning, words = Planted({"a": 0.8, "b": 0.4}), Planted({"c": 6.0, "b": 3.0})
    found = rank([Weighted(meaning, 0.5), Weighted(words, 0.5)], 3)
    # Each is best by one of two equal weights, or halfway by both: ( ½ · 1³ )^⅓, ( ½ · ½³ + ½ · ½³ )^⅓ = ½.
    assert found.scores == pytest.approx({"a": 0.5 ** (1 / 3), "c": 0.5 ** (1 / 3), "b": 0.5})
    assert found.complete and found.parts[1] == {"c": 6.0, "b": 3.0}


def test_scores_below_zero_stay_where_they_belong() -> None:
    meaning = Planted({"a": 0.5, "b": -0.1, "c": -0.3})
    assert list(rank([Weighted(meaning, 1.0, relative=False)], 3).scores.items()) == list(meaning.scores.items())


def test_equal_scores_share_a_rank() -> None:
    assert ranks({"a": 1.0, "b": 2.0, "c": 1.0, "d": 0.5}) == {"b": 1, "a": 2, "c": 2, "d": 4}
