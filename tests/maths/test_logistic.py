"""Logistic regression of many questions at once, beside scikit-learn's of one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from semsearch.maths.logistic import one_against_rest


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_each_question_is_answered_as_scikit_learn_does(C: float) -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 12))
    Y = X @ rng.standard_normal((12, 5)) + rng.standard_normal((400, 5)) > np.array([0, 1, 2, 3, -2])
    weights, intercepts = one_against_rest(X, Y, C=C)
    for column in range(5):
        theirs = LogisticRegression(C=C, tol=1e-8, max_iter=1000).fit(X, Y[:, column])
        ours = X @ weights[:, column] + intercepts[column]
        # both stop near the same minimum of a loss whose curvature is about 1: a hundredth of a margin is no answer
        assert np.abs(ours - theirs.decision_function(X)).max() < 0.05
        assert ((ours > 0) == theirs.predict(X)).mean() > 0.99


def test_a_question_that_all_answer_alike_is_no_trouble() -> None:
    X = np.random.default_rng(0).standard_normal((20, 3))
    weights, intercepts = one_against_rest(X, np.stack([np.zeros(20, bool), np.ones(20, bool)], axis=1))
    assert np.isfinite(weights).all() and intercepts[0] < -2 < 2 < intercepts[1]


def test_a_held_intercept_is_one_more_weight() -> None:
    rng = np.random.default_rng(3)
    X = rng.standard_normal((120, 4))
    Y = X[:, :1] + 1.5 + 0.5 * rng.standard_normal((120, 1)) > 0
    W, b = one_against_rest(X, Y, held=True)
    model = LogisticRegression(solver="liblinear", tol=1e-8).fit(X, Y[:, 0])
    np.testing.assert_allclose(W[:, 0], model.coef_[0], atol=2e-3)  # both stop a little before the bottom
    np.testing.assert_allclose(b, model.intercept_, atol=2e-3)
