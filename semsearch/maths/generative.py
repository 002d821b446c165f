"""Compare generated items with real ones, from features of both: Frechet distance, precision, recall and the like.

Features are (n, d) floats from any network or linear map. Numbers from different features do not compare. Frechet
distance: Heusel et al. 2017; precision and recall: Kynkäänniemi et al. 2019; density and coverage: Naeem et al. 2020.
The Frechet distance of few items is biased upwards, more so in many dimensions: compare equal numbers of items.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError
from semsearch.maths.blas import one_thread

Numbers = npt.NDArray[np.floating[Any]]
NEIGHBOURS = 5  # k of the neighbourhoods
_ROWS = 512  # items in one block of distances


@one_thread()
def frechet_distance(real: Numbers, made: Numbers) -> float:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½) of the Gaussians fitted to (n, d) and (m, d), 0 if equal.

    The trace of the root is the sum of the singular values of Σ₁^½ Σ₂^½, so no asymmetric matrix needs a root.
    """
    _check(real, made, 2)
    (mean, root), (other_mean, other_root) = (_mean_and_root(features) for features in (real, made))
    nuclear = float(np.linalg.svd(root @ other_root, compute_uv=False).sum())
    total = float((root**2).sum() + (other_root**2).sum())
    return max(0.0, float(((mean - other_mean) ** 2).sum()) + total - 2 * nuclear)


def _mean_and_root(features: Numbers) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The mean (d,) and the symmetric square root (d, d) of the covariance."""
    X = np.asarray(features, np.float64)
    covariance = np.asarray(np.cov(X.T)).reshape(X.shape[1], X.shape[1])
    values, vectors = np.linalg.eigh(covariance)
    return X.mean(axis=0), (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


@dataclass(frozen=True)
class ManifoldScores:
    """How well generated items match the neighbourhoods of real ones."""

    precision: float  # share of generated items inside a neighbourhood of a real item, 0..1
    recall: float  # share of real items inside a neighbourhood of a generated item, 0..1
    density: float  # mean number of real neighbourhoods around a generated item, over k; 1 is expected
    coverage: float  # share of real items with a generated item in their neighbourhood, 0..1


@one_thread()
def manifold_scores(real: Numbers, made: Numbers, k: int = NEIGHBOURS) -> ManifoldScores:
    """Scores from balls around each item up to its k-th neighbour in its set; real (n, d), made (m, d), n, m > k."""
    _check(real, made, k + 1)
    real_reach, made_reach = (_squared_radii(features, k) for features in (real, made))
    in_real = np.zeros(len(made), np.int64)
    in_made = np.zeros(len(real), bool)
    covered = np.zeros(len(real), bool)
    for start in range(0, len(real), _ROWS):
        some = slice(start, start + _ROWS)
        squares = _squared_distances(real[some], made)
        inside = squares <= real_reach[some, None]
        in_real += inside.sum(axis=0)
        covered[some] = inside.any(axis=1)
        in_made[some] = (squares <= made_reach[None, :]).any(axis=1)
    return ManifoldScores(
        precision=float((in_real > 0).mean()),
        recall=float(in_made.mean()),
        density=float(in_real.sum() / (k * len(made))),
        coverage=float(covered.mean()),
    )


def _squared_radii(features: Numbers, k: int) -> npt.NDArray[np.float64]:
    """(n,) the squared distance of each item to its k-th neighbour, excluding itself."""
    result = np.empty(len(features))
    for start in range(0, len(features), _ROWS):
        squares = _squared_distances(features[start : start + _ROWS], features)
        squares[
            np.arange(len(squares)), start + np.arange(len(squares))
        ] = -1  # the item itself, which must be first despite rounding
        result[start : start + _ROWS] = np.partition(squares, k, axis=1)[:, k]
    return result


def _squared_distances(A: Numbers, B: Numbers) -> npt.NDArray[np.float64]:
    a, b = np.asarray(A, np.float64), np.asarray(B, np.float64)
    return np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T, 0)


def _check(real: Numbers, made: Numbers, least: int) -> None:
    if real.ndim != 2 or made.ndim != 2 or real.shape[1] != made.shape[1]:
        raise InputError(
            f"features have the shapes {real.shape} and {made.shape}: the same number of columns is needed"
        )
    if min(len(real), len(made)) < least:
        raise InputError(
            f"There are {len(real)} real and {len(made)} generated items: at least {least} of each are needed"
        )
