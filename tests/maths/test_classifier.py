"""Learning labels: planted ones are found, nothing leaks from what is held back, intervals keep their promise."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.maths import classifier
from semsearch.maths.suggest import FEW_LABELS, most_informative


def planted(n: int, labels: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around a centre for each label."""
    rng = np.random.default_rng(seed)
    y = rng.integers(labels, size=n)
    centres = 3 * rng.standard_normal((labels, 8))
    return (centres[y] + noise * rng.standard_normal((n, 8))).astype(np.float32), y


def test_scaled_rows_are_centred_with_mean_square_one() -> None:
    X = classifier.standardise(np.random.default_rng(0).random((50, 7)).astype(np.float32) * 9 + 4)
    assert X.mean(axis=0) == pytest.approx(np.zeros(7), abs=1e-5)  # float32 sums of fifty
    assert (X**2).sum(axis=1).mean() == pytest.approx(1, abs=1e-5)
    assert not classifier.standardise(np.ones((3, 2), np.float32)).any()


def test_held_out_labels_are_found_where_they_were_planted() -> None:
    X, y = planted(300, 4, noise=0.3)
    told = classifier.held_out(classifier.standardise(X), y, 4, np.random.default_rng(0))
    assert sorted(told.rows.tolist()) == list(range(300)) and len(told.C) == classifier.FOLDS
    assert (told.probabilities.argmax(axis=1) == y[told.rows]).mean() > 0.98
    assert told.probabilities.sum(axis=1) == pytest.approx(np.ones(300))


def test_nothing_leaks_from_what_is_held_back() -> None:
    """Labels drawn at random are told no better than by chance, though each item has numbers of its own."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((400, 60)).astype(np.float32), rng.integers(2, size=400)
    told = classifier.held_out(classifier.standardise(X), y, 2, np.random.default_rng(1))
    # Three standard errors above chance; below, a held-out label is the rarer one among those that are fitted.
    assert (told.probabilities.argmax(axis=1) == y[told.rows]).mean() < 0.5 + 0.075


def test_a_rare_label_counts_as_much_as_a_common_one() -> None:
    """Normal distributions two standard deviations apart: midway, Φ(1) = .84 of either label are right."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], [1900, 100])
    X = rng.standard_normal((2000, 1)).astype(np.float32)
    X[y == 1] += 2
    found = classifier.held_out(X, y, 2, np.random.default_rng(1))
    is_right = found.probabilities.argmax(axis=1) == y[found.rows]
    for label in (0, 1):
        assert is_right[y[found.rows] == label].mean() == pytest.approx(0.84, abs=0.11)  # three errors of 100 items


def test_arrays_and_sparse_matrices_agree() -> None:
    X, y = planted(120, 3, noise=1.0)
    one = classifier.fit_and_predict(X, y, X[:9], 3, 1.0)
    other = classifier.fit_and_predict(sp.csr_matrix(X), y, sp.csr_matrix(X[:9]), 3, 1.0)
    assert np.abs(one - other).max() < 0.02  # both stop near the same minimum


def test_a_label_that_was_not_learnt_gets_nothing() -> None:
    X, y = planted(40, 2, noise=0.5)
    told = classifier.fit_and_predict(X, y + 1, X, 4, 1.0)
    assert not told[:, [0, 3]].any() and told.sum(axis=1) == pytest.approx(np.ones(40))
    assert classifier.fit_and_predict(X[:5], np.full(5, 2), X, 3, 1.0)[:, 2].tolist() == [1.0] * 40


def test_each_label_is_spread_over_the_folds() -> None:
    y = np.repeat([0, 1, 2], [50, 7, 2])
    fold = classifier.assign_folds(y, 5, np.random.default_rng(3))
    for label in range(3):
        inside = np.bincount(fold[y == label], minlength=5)
        assert inside.max() - inside.min() <= 1


def test_C_is_small_for_noise_and_large_for_what_is_certain() -> None:
    rng = np.random.default_rng(0)
    noise, coins = rng.standard_normal((200, 50)).astype(np.float32), rng.integers(2, size=200)
    X, y = planted(200, 2, noise=0.1)
    loose = classifier.choose_C(classifier.standardise(X), y, 2, np.random.default_rng(0))
    tight = classifier.choose_C(classifier.standardise(noise), coins, 2, np.random.default_rng(0))
    assert tight <= 0.3 and loose >= 30


def test_two_labels_of_two_items_are_enough() -> None:
    X = np.array([[1, 0], [0, 1], [2, 0.1], [0.1, 2]], np.float32)
    told = classifier.held_out(classifier.standardise(X), np.array([0, 1, 0, 1]), 2, np.random.default_rng(0))
    assert sorted(told.rows.tolist()) == [0, 1, 2, 3] and len(told.C) == 4
    assert (told.probabilities.argmax(axis=1) == told.rows % 2).all()


def test_large_sets_hold_back_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "MAX_CROSS_VALIDATED", 100)
    monkeypatch.setattr(classifier, "MAX_TRAINING_ITEMS", 60)
    X, y = planted(200, 2, noise=0.3)
    told = classifier.held_out(classifier.standardise(X), y, 2, np.random.default_rng(0))
    assert len(told.rows) == 40 and (told.probabilities.argmax(axis=1) == y[told.rows]).mean() > 0.95


@pytest.mark.parametrize(
    ("right", "judged", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 20, 0.0, 0.1611), (20, 20, 0.8389, 1.0), (500, 1000, 0.4691, 0.5309)],
)
def test_wilson_intervals_are_those_of_the_tables(right: int, judged: int, low: float, high: float) -> None:
    assert classifier.wilson(right, judged) == pytest.approx((low, high), abs=1e-4)  # the published four digits


def test_wilson_covers_the_truth_as_often_as_it_says() -> None:
    seen = np.random.default_rng(0).binomial(60, 0.9, size=2000)
    inside = [low <= 0.9 <= high for low, high in (classifier.wilson(int(right), 60) for right in seen)]
    assert 0.93 < np.mean(inside) < 0.98


def test_confusion_is_counted_by_hand() -> None:
    both = classifier.confusion(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 2, 0]), 3)
    assert both.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 1]]


def test_first_suggestions_see_every_group_once() -> None:
    X, y = planted(400, 6, noise=0.2)
    chosen = most_informative(X, X[:0], None, 6, np.random.default_rng(0))
    assert sorted(y[chosen]) == list(range(6))


def test_suggestions_go_where_nothing_is_labelled_yet() -> None:
    X, y = planted(400, 6, noise=0.2)
    known = np.flatnonzero(y < 4)[:40]
    rest = np.setdiff1d(np.arange(400), known)
    told = classifier.fit_and_predict(X[known], y[known], X[rest], 6, 1.0)
    chosen = most_informative(X[rest], X[known], told, 6, np.random.default_rng(0))
    assert len(set(chosen.tolist())) == 6 and {4, 5} <= set(y[rest[chosen]].tolist())


def test_with_many_labels_the_doubtful_are_suggested() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (FEW_LABELS + 601, 2)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.int64)
    pool, known = X[FEW_LABELS + 1 :], X[: FEW_LABELS + 1]
    told = classifier.fit_and_predict(known, y[: FEW_LABELS + 1], pool, 2, 10.0)
    chosen = most_informative(pool, known, told, 10, np.random.default_rng(0))
    assert len(set(chosen.tolist())) == 10
    assert np.abs(pool[chosen, 0]).max() < 0.25 < np.abs(pool[:, 0]).mean()  # of 600, the 100 nearest the border
    again = most_informative(pool, known, told, 10, np.random.default_rng(0))
    assert chosen.tolist() == again.tolist()


def test_copies_are_no_trouble() -> None:
    X, _ = planted(6, 2, noise=0.2)
    chosen = most_informative(np.repeat(X, 20, axis=0), X[:2], None, 30, np.random.default_rng(0))
    assert len(set(chosen.tolist())) == 30 and set((chosen // 20).tolist()) == set(range(6))


def test_more_suggestions_than_items_are_all_of_them() -> None:
    X, _ = planted(5, 2, noise=0.2)
    assert sorted(most_informative(X, X[:0], None, 20, np.random.default_rng(0)).tolist()) == list(range(5))
