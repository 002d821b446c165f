"""Which label an item has, learnt from rows of numbers: multinomial logistic regression, and how far to trust it.

    min_W,b  ½‖W‖² + C Σ_i -ln p(y_i | x_i),    p(y | x) = softmax(W x + b)_y

C is the variance that is believed of the weights, so it does not change with the number of items, and once the rows
are at one scale (`scaled`) hardly with the collection. It is chosen by inner cross-validation on the logarithm of the
probability of what was held back, which tells apart what equal accuracies hide. Measured on means of word vectors (MR,
SST-2, TREC; 100, 1,000 and all labels) the best C is 1 to 3, on tf-idf 3 to 30: hence where the search begins.
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
from semsearch.threads import map_ranges

Doubles = npt.NDArray[np.float64]

C_GRID = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)  # of C
_FIRST_C, _FIRST_C_SPARSE = 2, 4  # where among them the search begins for arrays, and for CSR, which is tf-idf
TUNING_ITEMS = 1_000  # items that C is chosen on
TUNING_FOLDS = 3  # folds for that
FOLDS = 5
MAX_CROSS_VALIDATED = 20_000  # with more labelled items a fifth is held back once, instead of each fifth in turn
MAX_TRAINING_ITEMS = 50_000  # items that one fit learns from: more make no difference to some hundred weights a label
Z_95 = 1.96  # of a normal distribution 95 % lies within so many standard deviations


def standardise(X: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(n, k) moved so that the mean is zero and scaled so that rows have a mean squared length of 1.

    The intercepts are free, so moving changes no answer; it makes fewer steps of many. The scale gives C its meaning.
    """
    moved = X - X.mean(axis=0)
    length = sqrt(float(np.einsum("ij,ij->", moved, moved)) / max(1, len(X)))
    return np.asarray(moved / (length or 1.0), np.float32)


@one_thread()
def fit_and_predict(X: Any, y: IntArray, asked: Any, labels: int, C: float) -> Doubles:
    """(m, labels) of each row of `asked` (m, k), learnt from X (n, k) and y (n,) 0..labels-1; rows add up to 1.

    Arrays or CSR. A label that y does not hold gets 0; where y holds but one, that is certain.
    """
    from sklearn.linear_model import LogisticRegression

    found = np.zeros((asked.shape[0], labels))
    met = np.unique(y)
    if len(met) == 1 or not len(found):
        found[:, met] = 1
        return found
    if not isinstance(X, np.ndarray):
        # A column that is empty here has weights of exactly 0. Of tf-idf most are where C is chosen on a thousand
        # texts, and L-BFGS keeps twenty vectors as long as all weights.
        met_by = np.unique(X.indices)
        X, asked = X[:, met_by], asked[:, met_by]
    # Seen once in a product of a few rows, never again in thousands: numpy's flag for invalid numbers. What comes in is
    # finite, and what comes out is looked at.
    with np.errstate(invalid="ignore"):
        model = LogisticRegression(C=C, max_iter=1000, tol=1e-3).fit(X, y)
        found[:, met] = model.predict_proba(asked)
    if not np.isfinite(found).all():
        raise InputError("The regression did not end in finite numbers: are the vectors finite?")
    return found


def assign_folds(y: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """(n,) the fold, 0..folds-1, that each item is held back in; each label's items are spread as evenly as can be."""
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    fold = np.empty(len(y), np.int64)
    fold[order] = np.arange(len(y)) % folds
    return fold


@one_thread()
def choose_C(X: Any, y: IntArray, labels: int, rng: np.random.Generator) -> float:
    """The C of CHOICES under which held-back labels are likeliest, found by going downhill from near the middle."""
    if len(y) > TUNING_ITEMS:
        some = np.sort(rng.permutation(len(y))[:TUNING_ITEMS])
        X, y = X[some], y[some]
    fold = assign_folds(y, min(TUNING_FOLDS, len(y)), rng)
    losses: dict[int, float] = {}

    def loss(place: int) -> float:
        if place not in losses:
            told = _cross_validated(X, y, fold, labels, C_GRID[place])
            losses[place] = -float(np.log(np.maximum(told[np.arange(len(y)), y], 1e-6)).mean())
        return losses[place]

    at = _FIRST_C if isinstance(X, np.ndarray) else _FIRST_C_SPARSE
    step = 1 if loss(at + 1) < loss(at) else -1
    while 0 <= at + step < len(C_GRID) and loss(at + step) < loss(at):
        at += step
    return C_GRID[at]


def _cross_validated(X: Any, y: IntArray, fold: IntArray, labels: int, C: float) -> Doubles:
    """(n, labels) of each item by what was learnt from the other folds; folds are worked on side by side."""
    folds = int(fold.max()) + 1

    def work(number: int, _: int) -> Doubles:
        back = fold == number
        return fit_and_predict(X[~back], y[~back], X[back], labels, C)

    found = np.empty((len(y), labels))
    for number, told in enumerate(map_ranges(work, range(folds + 1))):
        found[fold == number] = told
    return found


@dataclass(frozen=True)
class HeldOut:
    """What was told of items that were not learnt from: their places (m,), probabilities (m, labels), and C's used."""

    rows: IntArray
    told: Doubles
    C: tuple[float, ...]


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
    """Every item told by a model that has not seen it, in `folds` turns; of more than MOST_FOLDED, or if `once`, one
    part of `folds`.

    C is chosen inside of what is learnt from, so that nothing of an item's label reaches its answer.
    """
    folds = min(folds, len(y))
    fold = assign_folds(y, folds, rng)
    rows, told, used = [], [], []
    for turn in range(1 if once or len(y) > MAX_CROSS_VALIDATED else folds):
        rows.append(np.flatnonzero(fold == turn))
        answers, chosen = predict_from(X, y, np.flatnonzero(fold != turn), rows[-1], labels, rng, C)
        told.append(answers)
        used.append(chosen)
    return HeldOut(np.concatenate(rows), np.concatenate(told), tuple(used))


@one_thread()
def predict_from(
    X: Any,
    y: IntArray,
    learnt: IntArray,
    asked: IntArray,
    labels: int,
    rng: np.random.Generator,
    C: float | None = None,
) -> tuple[Doubles, float]:
    """(m, labels) probabilities of the rows `asked` (m,), learnt from the rows `learnt`, and C, chosen if not given."""
    rows = subsample(learnt, rng)
    some, known = X[rows], y[rows]
    chosen = choose_C(some, known, labels, rng) if C is None else C
    return fit_and_predict(some, known, X[asked], labels, chosen), chosen


def subsample(rows: IntArray, rng: np.random.Generator, most: int | None = None) -> IntArray:
    """At most so many of these rows, by default MOST_LEARNT, drawn at random, in their order."""
    most = MAX_TRAINING_ITEMS if most is None else most
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def wilson(right: int, judged: int) -> tuple[float, float]:
    """The 95 % interval of a share, of which `right` of `judged` were seen (E. B. Wilson 1927).

    Unlike the mean ± 1.96 standard errors it stays within 0..1 and keeps its promise for few items or shares near 1.
    """
    if not judged:
        return 0.0, 1.0
    share, extra = right / judged, Z_95 * Z_95 / judged
    middle = share + extra / 2
    spread_ = Z_95 * sqrt(share * (1 - share) / judged + extra / (4 * judged))
    return max(0.0, (middle - spread_) / (1 + extra)), min(1.0, (middle + spread_) / (1 + extra))


def confusion(y: IntArray, told: IntArray, labels: int) -> IntArray:
    """(labels, labels) how many items of each label, by row, were told each, by column."""
    return np.bincount(y * labels + told, minlength=labels * labels).reshape(labels, labels)
