"""Predict labels from rows of numbers: multinomial logistic regression, cross-validation and confidence intervals.

    min_W,b  ½‖W‖² + C Σ_i -w(y_i) ln p(y_i | x_i),    p(y | x) = softmax(W x + b)_y,    w(y) = n / (labels · n_y)

The weights w make all labels count equally, however many items each has. Without them a rare label is hardly ever
predicted. The probabilities are then those of a collection in which all labels are equally frequent.

C is the prior variance of the weights. So it does not depend on the number of items and, once the rows are at one scale
(`standardise`), hardly on the collection. Inner cross-validation chooses it by the log-likelihood of the held-out
labels at the same weights, which separates models of equal accuracy. The search begins at the values that were best on
average: on means of word vectors (MR, SST-2, TREC; 100, 1,000 and all labels) C is 1 to 3, on tf-idf 3 to 30.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.errors import InputError
from semsearch.maths.blas import one_thread
from semsearch.stopping import check_stopped
from semsearch.threads import map_ranges

Doubles = npt.NDArray[np.float64]

C_GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # the values of C to choose from
_FIRST_C, _FIRST_C_SPARSE = 2, 4  # positions in C_GRID where the search begins: for arrays, and for CSR (tf-idf)
TUNING_ITEMS = 1_000  # items on which C is chosen
TUNING_FOLDS = 3  # folds for choosing C
FOLDS = 5  # folds of the cross-validation
MAX_CROSS_VALIDATED = 20_000  # labelled items; of more, one fold is held out instead of each fold in turn
MAX_TRAINING_ITEMS = 50_000  # items in one fit: more make no difference to some hundred weights per label
Z_95 = 1.96  # standard deviations that hold 95 % of a normal distribution


def standardise(X: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, k) centred, and scaled so that rows have a mean squared length of 1.

    Intercepts are not regularised, so centring changes no prediction but saves steps. The scale gives C its meaning.
    """
    return standardised_as(X, *scaling(X))


def scaling(X: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], float]:
    """The mean (k,) of rows (n, k), and the root of the mean squared length of the centred rows, 1 if that is 0."""
    mean = X.mean(axis=0)
    centred = X - mean
    return mean, sqrt(float(np.einsum("ij,ij->", centred, centred)) / max(1, len(X))) or 1.0


def standardised_as(
    X: npt.NDArray[np.float32], mean: npt.NDArray[np.float32], length: float
) -> npt.NDArray[np.float32]:
    """Rows (n, k) centred and scaled as those that `scaling` measured."""
    return np.asarray((X - mean) / length, np.float32)


@one_thread()
def fit_and_predict(X: Any, y: IntArray, test: Any, labels: int, C: float) -> Doubles:
    """(m, labels) probabilities for the rows `test` (m, k), fitted on X (n, k) and y (n,) 0..labels-1.

    Arrays or CSR. A label that y lacks has probability 0; if y has a single label, its probability is 1. Raises
    InputError if the fit does not give finite numbers.
    """
    from sklearn.linear_model import LogisticRegression

    probabilities = np.zeros((test.shape[0], labels))
    present = np.unique(y)
    if len(present) == 1 or not len(probabilities):
        probabilities[:, present] = 1
        return probabilities
    if not isinstance(X, np.ndarray):
        # An empty column has weights of exactly 0. On a thousand texts most columns of tf-idf are empty, and L-BFGS
        # stores twenty vectors of the length of all weights.
        columns = np.unique(X.indices)
        X, test = X[:, columns], test[:, columns]
    # numpy once raised its flag for invalid numbers in a product of a few rows. The input is finite, and the output is
    # checked.
    with np.errstate(invalid="ignore"):
        model = LogisticRegression(C=C, max_iter=1000, tol=1e-3, class_weight="balanced").fit(X, y)
        probabilities[:, present] = model.predict_proba(test)
    if not np.isfinite(probabilities).all():
        raise InputError("The regression gave numbers that are not finite: check that the vectors are finite")
    return probabilities


def assign_folds(y: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """(n,) the fold, 0..folds-1, in which each item is held out; the items of each label are spread evenly."""
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), np.int64)
    fold[order] = np.arange(len(y)) % folds
    return fold


@one_thread()
def choose_C(X: Any, y: IntArray, labels: int, rng: np.random.Generator) -> float:
    """The C of C_GRID with the lowest cross-validated log-loss, found by descending from near the middle."""
    if len(y) > TUNING_ITEMS:
        sample = np.sort(rng.permutation(len(y))[:TUNING_ITEMS])
        X, y = X[sample], y[sample]
    fold = assign_folds(y, min(TUNING_FOLDS, len(y)), rng)
    losses: dict[int, float] = {}

    def loss(place: int) -> float:
        if place not in losses:
            check_stopped()
            probabilities = _cross_validated(X, y, fold, labels, C_GRID[place])
            likelihoods = np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-6))
            losses[place] = -float((likelihoods / np.bincount(y, minlength=labels)[y]).sum())
        return losses[place]

    at = _FIRST_C if isinstance(X, np.ndarray) else _FIRST_C_SPARSE
    step = 1 if loss(at + 1) < loss(at) else -1
    while 0 <= at + step < len(C_GRID) and loss(at + step) < loss(at):
        at += step
    return C_GRID[at]


def _cross_validated(X: Any, y: IntArray, fold: IntArray, labels: int, C: float) -> Doubles:
    """(n, labels) probabilities of each item by a model of the other folds; folds run in parallel."""
    folds = int(fold.max()) + 1

    def work(number: int, _: int) -> Doubles:
        is_held_out = fold == number
        return fit_and_predict(X[~is_held_out], y[~is_held_out], X[is_held_out], labels, C)

    probabilities = np.empty((len(y), labels))
    for number, part in enumerate(map_ranges(work, range(folds + 1))):
        probabilities[fold == number] = part
    return probabilities


@dataclass(frozen=True)
class HeldOut:
    """Predictions for held-out items."""

    rows: IntArray  # (m,) their positions
    probabilities: Doubles  # (m, labels)
    C: tuple[float, ...]  # of each model


@one_thread()
def held_out(
    X: Any,
    y: IntArray,
    labels: int,
    rng: np.random.Generator,
    *,
    folds: int = FOLDS,
    C: float | None = None,
    once: bool = False,
) -> HeldOut:
    """Predictions for every item by a model that has not seen it, by cross-validation in `folds` folds.

    With more than MAX_CROSS_VALIDATED items, or if `once`, only the first fold is held out. C is chosen within the
    training items, so that no held-out label influences its own prediction.
    """
    folds = min(folds, len(y))
    fold = assign_folds(y, folds, rng)
    rows, probabilities, used = [], [], []
    for turn in range(1 if once or len(y) > MAX_CROSS_VALIDATED else folds):
        check_stopped()
        rows.append(np.flatnonzero(fold == turn))
        predicted, chosen = predict_from(X, y, np.flatnonzero(fold != turn), rows[-1], labels, rng, C)
        probabilities.append(predicted)
        used.append(chosen)
    return HeldOut(np.concatenate(rows), np.concatenate(probabilities), tuple(used))


@one_thread()
def predict_from(
    X: Any,
    y: IntArray,
    train: IntArray,
    test: IntArray,
    labels: int,
    rng: np.random.Generator,
    C: float | None = None,
) -> tuple[Doubles, float]:
    """(m, labels) probabilities of the rows `test` (m,) by a model of the rows `train`, and its C, chosen if None."""
    rows = subsample(train, rng)
    features, known = X[rows], y[rows]
    chosen = choose_C(features, known, labels, rng) if C is None else C
    return fit_and_predict(features, known, X[test], labels, chosen), chosen


def subsample(rows: IntArray, rng: np.random.Generator, most: int | None = None) -> IntArray:
    """At most `most` of these rows, by default MAX_TRAINING_ITEMS, drawn at random, in their order."""
    most = MAX_TRAINING_ITEMS if most is None else most
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def wilson(right: int, judged: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, from `right` successes of `judged` (E. B. Wilson 1927).

    Unlike the mean ± 1.96 standard errors it stays within 0..1 and is valid for few items and for shares near 1.
    """
    if not judged:
        return 0.0, 1.0
    share, extra = right / judged, Z_95 * Z_95 / judged
    centre = share + extra / 2
    margin = Z_95 * sqrt(share * (1 - share) / judged + extra / (4 * judged))
    return max(0.0, (centre - margin) / (1 + extra)), min(1.0, (centre + margin) / (1 + extra))


def confusion(y: IntArray, predicted: IntArray, labels: int) -> IntArray:
    """(labels, labels) the confusion matrix: counts by true label (row) and predicted label (column)."""
    return np.bincount(y * labels + predicted, minlength=labels * labels).reshape(labels, labels)
