"""What vectors tell of labels: a linear probe, their neighbours' votes, and the probe where few labels are known.

The vectors stay as they are; a logistic regression is all that learns, on numbers each at variance 1, its C chosen
inside of what it learns from. Few labels are drawn at random, so many of each label, again and again: a mean and a
standard deviation over the draws.
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

MAX_TRAINING_ROWS = 20_000  # vectors that a probe learns from
NEIGHBOURS = 5
FEW_LABELS = {1: 10, 10: 5, 100: 3}  # labels of each kind, and how often they are drawn
FEW_C = C_GRID[2]  # too few to choose it by


@dataclass(frozen=True)
class LabelAccuracies:
    """Accuracies 0..1: of the probe, of the neighbours, and of the probe with so many labels of each kind, a mean and a
    standard deviation (only where there are as many)."""

    linear: float
    knn: float
    few: Mapping[int, tuple[float, float]]


def label_accuracies(
    codes: FloatArray,
    y: IntArray,
    train: IntArray,
    judged: IntArray,
    rng: np.random.Generator,
    *,
    few: Sequence[int] = tuple(FEW_LABELS),
) -> LabelAccuracies:
    """What codes (n, dim) tell of labels y (n,), numbered from 0: learned from the rows `train`, asked of `judged`."""
    X = at_one_scale(codes, train)
    scarce = {count: _few(X, y, train, judged, count, rng) for count in few if _there_are(y[train], count)}
    return LabelAccuracies(linear_probe(X, y, train, judged, rng), nearest_neighbours(codes, y, train, judged), scarce)


def at_one_scale(codes: FloatArray, train: IntArray) -> FloatArray:
    """Each number less its mean and at variance 1 over the rows `train`; one that never changes is 0."""
    mean, deviation = codes[train].mean(axis=0), codes[train].std(axis=0)
    return standardise((codes - mean) / np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, np.inf))


def linear_probe(
    X: FloatArray, y: IntArray, train: IntArray, judged: IntArray, rng: np.random.Generator, C: float | None = None
) -> float:
    """The accuracy of a logistic regression on rows at one scale."""
    told, _ = predict_from(X, y, subsample(train, rng, MAX_TRAINING_ROWS), judged, int(y.max()) + 1, rng, C)
    return float((told.argmax(axis=1) == y[judged]).mean())


def nearest_neighbours(
    codes: FloatArray, y: IntArray, train: IntArray, judged: IntArray, votes: int = NEIGHBOURS
) -> float:
    """The accuracy of the votes of the nearest by cosine, as search ranks them; of equal votes the nearer's counts."""
    unit = codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-12)
    known, k, right = unit[train], min(votes, len(train)), 0
    for start in range(0, len(judged), 500):
        some = judged[start : start + 500]
        cosines = unit[some] @ known.T
        near = np.argpartition(-cosines, k - 1, axis=1)[:, :k]
        for row, found in enumerate(near.tolist()):
            found.sort(key=lambda one: (-cosines[row, one], one))
            told = Counter(y[train[found]].tolist())
            right += told.most_common(1)[0][0] == y[some[row]]
    return float(right / len(judged))


def _there_are(y: npt.NDArray[Any], count: int) -> bool:
    """Whether every label that occurs has more than so many rows: else nothing would be left to chance."""
    found = np.bincount(y)
    return bool((found[found > 0] > count).all())


def _few(
    X: FloatArray, y: IntArray, train: IntArray, judged: IntArray, count: int, rng: np.random.Generator
) -> tuple[float, float]:
    found = []
    for _ in range(FEW_LABELS.get(count, 3)):
        order = rng.permutation(train)
        known = np.concatenate([order[y[order] == label][:count] for label in np.unique(y[train])])
        found.append(linear_probe(X, y, known, judged, rng, FEW_C))
    return float(np.mean(found)), float(np.std(found))
