"""Edits between words, and the index of words by their characters."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.maths.edits import edits, most_edits, spellings


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [
        ("moon", "moon", 0),
        ("moon", "mon", 1),
        ("moon", "moony", 1),
        ("moon", "noon", 1),
        ("moon", "mono", 1),  # two neighbours swapped
        ("", "moon", 4),
        ("ca", "abc", 3),  # no character is edited twice
        ("straße", "strase", 1),
        ("правительство", "правитлеьсвто", 2),
    ],
)
def test_edits_are_counted(one: str, other: str, number: int) -> None:
    assert edits(one, other) == edits(other, one) == number


def test_short_words_have_no_edits() -> None:
    assert [most_edits("x" * length) for length in (3, 4, 7, 8)] == [0, 1, 1, 2]


def test_the_index_finds_what_comparing_every_word_finds() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("abcdeéжш"), rng.integers(3, 9))) for _ in range(500)]
    index = spellings(words)
    for word in words[:40]:
        near = [(row, edits(word, other)) for row, other in enumerate(words) if 0 < edits(word, other) <= 2]
        assert index.near(word, 2) == near
    assert spellings([]).near("moon", 2) == []


def test_endless_words_take_no_room() -> None:
    index = spellings(["moon", "x" * 1_000_000, "y" * 61])
    assert index.near("mooon", 1) == [(0, 1)] and index.near("y" * 60, 1) == [(2, 1)]
    assert index.near("y" * 62, 1) == []
