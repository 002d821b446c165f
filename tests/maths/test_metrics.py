"""Ranking metrics against examples worked by hand, and against the definitions written out naively."""

import math

import numpy as np
import pytest

from semsearch.errors import InputError
from semsearch.maths.metrics import average_precision, interpolated_11pt, ndcg_at, recall_at


def ranking(places: str) -> np.ndarray:
    """ "+-+" is a relevant document, then another, then a relevant one."""
    return np.array([place == "+" for place in places], dtype=bool)


@pytest.mark.parametrize(
    ("places", "total", "expected"),
    [
        pytest.param("+", 1, 1.0, id="the only one first"),
        pytest.param("-+", 1, 1 / 2, id="the only one second"),
        pytest.param("+-+--", 2, (1 / 1 + 2 / 3) / 2, id="two found"),
        pytest.param("+-+--", 4, (1 / 1 + 2 / 3) / 4, id="two of four never found"),
        pytest.param("---", 3, 0.0, id="nothing found"),
        pytest.param("", 2, 0.0, id="nothing ranked"),
        # System 2 in exercise 8.8 of Manning, Raghavan & Schütze: + at 2, 5, 6, 7 of 10.
        pytest.param("-+--+++---", 4, (1 / 2 + 2 / 5 + 3 / 6 + 4 / 7) / 4, id="textbook"),
    ],
)
def test_average_precision_by_hand(places: str, total: int, expected: float) -> None:
    assert average_precision(ranking(places), total) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("places", "total", "expected"),
    [
        pytest.param("+", 1, 1.0, id="perfect"),
        # Precision 1 at recall 1/2, 2/3 at recall 1: levels 0 ... 0.5 give 1, levels 0.6 ... 1 give 2/3.
        pytest.param("+-+", 2, (6 * 1 + 5 * 2 / 3) / 11, id="two found"),
        # Recall never passes 1/2: the five levels above it give 0.
        pytest.param("+-", 2, 6 / 11, id="one never found"),
        # A later, better precision (2/3 at rank 3) stands for the poorer one before it (1/2 at rank 2).
        pytest.param("-++", 2, 2 / 3, id="interpolation looks ahead"),
        pytest.param("--", 2, 0.0, id="nothing found"),
    ],
)
def test_interpolated_precision_by_hand(places: str, total: int, expected: float) -> None:
    assert interpolated_11pt(ranking(places), total) == pytest.approx(expected, abs=1e-12)


def test_a_recall_level_that_is_exactly_reached_counts() -> None:
    """3 of 10 found is recall 0.3, although 0.3 * 10 in floats is not always 3."""
    for found in range(1, 11):
        assert interpolated_11pt(np.ones(found, dtype=bool), 10) == pytest.approx((found + 1) / 11)


def test_ndcg_by_hand() -> None:
    gain = 1 / math.log2(2) + 1 / math.log2(4)
    assert ndcg_at(ranking("+-+"), 2, 10) == pytest.approx(gain / (1 / math.log2(2) + 1 / math.log2(3)))
    assert ndcg_at(ranking("+-+"), 2, 2) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    # With more relevant documents than places, ten of them in the first ten places is as good as it gets.
    assert ndcg_at(np.ones(10, dtype=bool), 50, 10) == pytest.approx(1.0)
    assert ndcg_at(ranking("---"), 1, 10) == 0.0


def test_recall_by_hand() -> None:
    assert recall_at(ranking("+-+-+"), 4, 3) == 0.5
    assert recall_at(ranking("+-+-+"), 4, 100) == 0.75
    assert recall_at(ranking(""), 4, 100) == 0.0


def test_against_definitions_read_literally() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        length = int(rng.integers(1, 60))
        relevant = rng.random(length) < rng.random()
        total = int(relevant.sum()) + int(rng.integers(0, 4)) or 1
        k = int(rng.integers(1, 70))
        assert average_precision(relevant, total) == pytest.approx(naive_average_precision(list(relevant), total))
        assert interpolated_11pt(relevant, total) == pytest.approx(naive_11pt(list(relevant), total))
        assert ndcg_at(relevant, total, k) == pytest.approx(naive_ndcg(list(relevant), total, k))
        assert recall_at(relevant, total, k) == pytest.approx(sum(relevant[:k]) / total)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: average_precision(ranking("+"), 0), "at least 1", id="no relevant document"),
        pytest.param(lambda: recall_at(ranking("+"), 1, 0), "k must be at least 1, not 0", id="no place"),
        pytest.param(lambda: ndcg_at(ranking("++"), 1, 5), "only 1", id="more found than there are"),
    ],
)
def test_nonsense_is_refused(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def naive_average_precision(relevant: list[bool], total: int) -> float:
    found, points = 0, 0.0
    for rank, hit in enumerate(relevant, start=1):
        if hit:
            found += 1
            points += found / rank
    return points / total


def naive_11pt(relevant: list[bool], total: int) -> float:
    curve = [(sum(relevant[:rank]), sum(relevant[:rank]) / rank) for rank in range(1, len(relevant) + 1)]
    points = 0.0
    for level in range(11):
        points += max((precision for found, precision in curve if 10 * found >= level * total), default=0.0)
    return points / 11


def naive_ndcg(relevant: list[bool], total: int, k: int) -> float:
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(relevant[:k], start=1) if hit)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(total, k) + 1))
