"""Accuracy of predicting labels from frozen vectors: a linear probe, nearest neighbours, and a probe on few labels.

The probe is a logistic regression on dimensions scaled to variance 1; its C is chosen by cross-validation on the
training rows. For few labels, a fixed number per class is drawn at random several times: a mean and a standard
deviation over the draws.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.classifier import C_GRID, predict_from, standardise, subsample

MAX_TRAINING_ROWS = 20_000  # vectors that a probe is trained on
NEIGHBOURS = 5
FEW_LABELS = {1: 10, 10: 5, 100: 3}  # labels per class, and how often they are drawn
FEW_C = C_GRID[2]  # for few labels, which are too few for cross-validation
BATCH_ROWS = 500  # test rows compared at once


@dataclass(frozen=True)
class LabelAccuracies:
    """Accuracies on test rows, 0..1."""

    linear: float  # of the linear probe
    knn: float  # of the nearest neighbours
    few: Mapping[int, tuple[float, float]]  # of the probe, by labels per class: mean, standard deviation


def label_accuracies(
    codes: FloatArray,
    y: IntArray,
    train: IntArray,
    test: IntArray,
    rng: np.random.Generator,
    *,
    few: Sequence[int] = tuple(FEW_LABELS),
) -> LabelAccuracies:
    """The accuracies on the rows `test` of predicting labels y (n,), 0.., from codes (n, dim), by the rows `train`."""
    X = at_one_scale(codes, train)
    scarce = {count: _few_labels(X, y, train, test, count, rng) for count in few if _has_enough(y[train], count)}
    return LabelAccuracies(linear_probe(X, y, train, test, rng), nearest_neighbours(codes, y, train, test), scarce)


def at_one_scale(codes: FloatArray, train: IntArray) -> FloatArray:
    """The codes (n, dim), each dimension with mean 0 and variance 1 over the rows `train`; a constant one is 0."""
    mean, deviation = codes[train].mean(axis=0), codes[train].std(axis=0)
    return standardise((codes - mean) / np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, np.inf))


def linear_probe(
    X: FloatArray, y: IntArray, train: IntArray, test: IntArray, rng: np.random.Generator, C: float | None = None
) -> float:
    """The accuracy of a logistic regression on codes at one scale; C is chosen by cross-validation if not given."""
    probabilities, _ = predict_from(X, y, subsample(train, rng, MAX_TRAINING_ROWS), test, int(y.max()) + 1, rng, C)
    return float((probabilities.argmax(axis=1) == y[test]).mean())


def nearest_neighbours(
    codes: FloatArray, y: IntArray, train: IntArray, test: IntArray, votes: int = NEIGHBOURS
) -> float:
    """The accuracy of a vote of the nearest training rows by cosine; of equal votes the nearest row's label wins."""
    unit = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    known, k, correct = unit[train], min(votes, len(train)), 0
    for start in range(0, len(test), BATCH_ROWS):
        batch = test[start : start + BATCH_ROWS]
        cosines = unit[batch] @ known.T
        nearest = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        for row, neighbours in enumerate(nearest.tolist()):
            neighbours.sort(key=lambda other: (-cosines[row, other], other))
            labels = Counter(y[train[neighbours]].tolist())
            correct += labels.most_common(1)[0][0] == y[batch[row]]
    return float(correct / len(test))


def _has_enough(y: npt.NDArray[Any], count: int) -> bool:
    """Whether every label has more than `count` rows, so that random draws differ."""
    counts = np.bincount(y)
    return bool((counts[counts > 0] > count).all())


def _few_labels(
    X: FloatArray, y: IntArray, train: IntArray, test: IntArray, count: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Mean and standard deviation of the probe's accuracy with `count` random rows per label."""
    accuracies = []
    for _ in range(FEW_LABELS.get(count, 3)):
        order = rng.permutation(train)
        known = np.concatenate([order[y[order] == label][:count] for label in np.unique(y[train])])
        accuracies.append(linear_probe(X, y, known, test, rng, FEW_C))
    return float(np.mean(accuracies)), float(np.std(accuracies))
