"""Copies planted among made items are found, and new ones are not taken for copies."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.maths.memorisation import copy_scores, nearest


def test_the_nearest_is_that_of_a_double_loop() -> None:
    rng = np.random.default_rng(0)
    some, known = (rng.integers(0, 256, (n, 3, 4, 1), np.uint8) for n in (300, 70))
    apart, found = nearest(some, known)
    flat = [known.reshape(70, -1).astype(float)[row] for row in range(70)]
    for row in range(0, 300, 37):
        naive = [np.linalg.norm(some[row].reshape(-1) - one) for one in flat]
        assert apart[row] == pytest.approx(min(naive)) and found[row] == int(np.argmin(naive))
    assert (nearest(known, known)[0] == 0).all()


@pytest.mark.parametrize(("copies", "least", "most"), [(0, 0.0, 0.03), (100, 0.24, 0.28), (400, 1.0, 1.0)])
def test_planted_copies_are_counted(copies: int, least: float, most: float) -> None:
    rng = np.random.default_rng(1)
    known, fresh, made = (rng.normal(size=(n, 12)) for n in (1000, 500, 400))
    made[:copies] = known[:copies] + 1e-3
    found = copy_scores(made, fresh, known)
    assert least <= found.copied <= most
    assert found.nearness == pytest.approx(1, abs=0.1) if not copies else found.nearness < 1
