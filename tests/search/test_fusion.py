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
    prominent = [
        max(0.001, 1 - sum((score / top) ** 4 for score in list(side.scores.values())[1:11]) / 10)
        for (side, _), top in zip(sides, best, strict=True)
    ]
    whole = sum(weight * stands_out for (_, weight), stands_out in zip(sides, prominent, strict=True))
    total = {
        key: sum(
            weight * stands_out / whole * (side.scores.get(key, 0) / top) ** 4
            for (side, weight), stands_out, top in zip(sides, prominent, best, strict=True)
        )
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
    # Each is best by one of two equal weights, or halfway by both: ( ½ · 1⁴ )^¼, ( ½ · ½⁴ + ½ · ½⁴ )^¼ = ½.
    assert found.scores == pytest.approx({"a": 0.5**0.25, "c": 0.5**0.25, "b": 0.5})
    assert found.weights == pytest.approx([0.5, 0.5])
    assert found.complete and found.parts[1] == {"c": 6.0, "b": 3.0}


def test_the_list_whose_best_item_stands_out_weighs_more() -> None:
    """Of twelve equal cosines the best tells nothing; one BM25 score is far above the others."""
    meaning = Planted({str(key): 0.9 for key in range(12)})
    words = Planted({"11": 8.0, **{str(key): 2.0 for key in range(11)}})
    found = rank([Weighted(meaning, 0.5), Weighted(words, 0.5)], 3)
    # Prominence: 1 - 1 for the cosines, at least 0.001, and 1 - (2 / 8)⁴ for the text score.
    assert found.weights[0] == pytest.approx(0.001 / (0.001 + 1 - 0.25**4))
    assert next(iter(found.scores)) == "11" and sum(found.weights) == pytest.approx(1)


@pytest.mark.parametrize(("weight", "first"), [(0.0, "c"), (1.0, "a")])
def test_a_weight_of_0_or_1_leaves_one_list(weight: float, first: str) -> None:
    meaning, words = Planted({"a": 0.8, "b": 0.7}), Planted({"c": 6.0})
    found = rank([Weighted(meaning, weight), Weighted(words, 1 - weight)], 3)
    assert found.weights == [weight, 1 - weight] and next(iter(found.scores)) == first


def test_scores_below_zero_stay_where_they_belong() -> None:
    meaning = Planted({"a": 0.5, "b": -0.1, "c": -0.3})
    assert list(rank([Weighted(meaning, 1.0, relative=False)], 3).scores.items()) == list(meaning.scores.items())


def test_equal_scores_share_a_rank() -> None:
    assert ranks({"a": 1.0, "b": 2.0, "c": 1.0, "d": 0.5}) == {"b": 1, "a": 2, "c": 2, "d": 4}
