"""Varimax finds the rotation that was planted."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.maths.varimax import topic_energy, topic_rotation, varimax


def criterion(B: np.ndarray) -> float:
    return float(((B**2) ** 2).sum() - ((B**2).sum(axis=0) ** 2).sum() / len(B))


@pytest.mark.parametrize("k", [2, 5, 12])
def test_a_planted_rotation_is_undone(k: int) -> None:
    """Each row loads on one column only, which is the simplest structure there is."""
    rng = np.random.default_rng(k)
    simple = np.zeros((40 * k, k))
    simple[np.arange(40 * k), np.arange(40 * k) % k] = rng.uniform(0.5, 2, 40 * k)
    Q, _ = np.linalg.qr(rng.standard_normal((k, k)))
    found = np.abs(simple @ Q @ varimax(simple @ Q))
    # Columns come back in some order and with some sign.
    order = [int((found.T @ column).argmax()) for column in simple.T]
    assert sorted(order) == list(range(k))
    assert found[:, order] == pytest.approx(simple, abs=1e-3)


def test_two_columns_agree_with_the_best_of_all_angles() -> None:
    A = np.random.default_rng(0).standard_normal((50, 2)) ** 3
    angles = np.linspace(0, np.pi, 20_001)
    best = max(criterion(A @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])) for a in angles)
    assert criterion(A @ varimax(A)) == pytest.approx(best, rel=1e-6)  # a step of the angles changes less


def test_the_rotation_keeps_lengths_and_never_lowers_the_criterion() -> None:
    A = np.random.default_rng(1).standard_normal((200, 8)) * np.arange(8, 0, -1)
    R = varimax(A)
    assert pytest.approx(np.eye(8), abs=1e-10) == R.T @ R
    assert criterion(A @ R) >= criterion(A)


def test_one_column_and_no_row_stay_as_they_are() -> None:
    assert np.array_equal(varimax(np.ones((3, 1))), np.eye(1))
    assert np.array_equal(varimax(np.ones((0, 3))), np.eye(3))


def test_topics_are_signed_and_ordered_by_energy() -> None:
    rng = np.random.default_rng(2)
    Q, _ = np.linalg.qr(np.abs(rng.standard_normal((300, 6))) ** 4)
    s = np.array([6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
    R = topic_rotation(Q, s)
    energy = topic_energy(R, s)
    assert (np.diff(energy) <= 1e-6).all() and energy.sum() == pytest.approx((s**2).sum(), rel=1e-6)
    assert (((Q @ R) ** 3).sum(axis=0) > 0).all()
    assert topic_rotation(np.eye(80, dtype=np.float32), np.ones(80)).shape == (50, 50)
