"""Binary logistic regression for many labels of the same items at once: one against the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


def one_against_rest(
    X: npt.NDArray[Any], Y: npt.NDArray[np.bool_], *, C: float = 1.0, held: bool = False
) -> tuple[Doubles, Doubles]:
    """Weights (k, c) and intercepts (c,) that minimise ½‖w‖² + C Σ ln(1 + exp(-y (w·x + b))) for each column of Y.

    X (n, k), Y (n, c). The c problems are independent but minimised together by L-BFGS, so that two matrix products per
    step serve all of them. The intercept is not regularised, as in scikit-learn's LogisticRegression. If it is `held`,
    it is regularised like a weight, as in liblinear (Fan et al. 2008), so that rare labels are still predicted.
    """
    n, k = X.shape
    c = Y.shape[1]
    data = np.asarray(X, np.float64)
    signs = np.where(Y, 1.0, -1.0)
    share = np.clip(Y.mean(axis=0), 1 / (n + 1), n / (n + 1))
    begin = np.zeros((k + 1, c))
    begin[k] = np.log(share / (1 - share))

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        W = flat.reshape(k + 1, c)
        margins = signs * (data @ W[:k] + W[k])
        pull = -C * signs * expit(-margins)
        gradient = np.empty_like(W)
        gradient[:k] = W[:k] + data.T @ pull
        gradient[k] = pull.sum(axis=0) + held * W[k]
        value = 0.5 * float((W[: k + held] ** 2).sum()) + C * float(np.logaddexp(0, -margins).sum())
        return value, gradient.reshape(-1)

    from scipy.optimize import minimize  # both take 0.17 s, which other commands need not wait
    from scipy.special import expit

    result = minimize(loss, begin.reshape(-1), jac=True, method="L-BFGS-B", options={"maxiter": 300, "ftol": 1e-7})
    W = result.x.reshape(k + 1, c)
    return W[:k], W[k]
