"""How like real things made-up ones are, and how much of the real variety they have, from the features of both.

frechet             ‖μ − μ'‖² + tr(Σ + Σ' − 2 (Σ Σ')^½), 0 for the same Gaussian (Heusel et al. 2017, with Inception's)
precision, recall   the share of made things within reach of a real one, and of real ones within reach of a made one,
                    reach being the distance to the k-th neighbour of its own kind (Kynkäänniemi et al. 2019)
density, coverage   the same by real reaches alone, which one outlier moves less: how many real things reach a made one,
                    over k, and the share of real things that reach any made one (Naeem et al. 2020)

A Frechet distance of few things is too large, the more so in many dimensions: compare equal numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError
from semsearch.maths.blas import one_thread

Features = npt.NDArray[np.floating]
Doubles = npt.NDArray[np.float64]
NEIGHBOURS = 5
_ROWS = 512  # distances from so many things at once


@one_thread()
def frechet(real: Features, made: Features) -> float:
    """The Frechet distance of two Gaussians with the means and covariances of (n, d) and (m, d), 0 or more."""
    A, B = (np.asarray(one, np.float64) for one in (real, made))
    _check(A, B, 2)
    first, second = (np.atleast_2d(np.cov(one.T)) for one in (A, B))
    root = _root(first)
    both = np.linalg.eigvalsh(root @ second @ root)
    apart = float(((A.mean(axis=0) - B.mean(axis=0)) ** 2).sum())
    spread = float(np.trace(first) + np.trace(second) - 2 * np.sqrt(np.maximum(both, 0)).sum())
    return max(0.0, apart + spread)


def _root(covariance: Doubles) -> Doubles:
    values, vectors = np.linalg.eigh(covariance)
    root: Doubles = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return root


@one_thread()
def likeness(real: Features, made: Features, k: int = NEIGHBOURS) -> dict[str, float]:
    """`precision`, `recall`, `density` and `coverage` of made (m, d) beside real (n, d); InputError for k or fewer."""
    A, B = (np.asarray(one, np.float64) for one in (real, made))
    _check(A, B, k + 1)
    reach, theirs = _reach(A, k), _reach(B, k)
    reached, reaching, covered = np.zeros(len(B)), np.zeros(len(A), bool), np.zeros(len(A), bool)
    for start in range(0, len(A), _ROWS):
        rows = slice(start, start + _ROWS)
        far = _squares(A[rows], B)
        within = far <= reach[rows, None]
        reached += within.sum(axis=0)
        covered[rows] = within.any(axis=1)
        reaching[rows] = (far <= theirs).any(axis=1)
    return {
        "precision": float((reached > 0).mean()),
        "recall": float(reaching.mean()),
        "density": float(reached.mean() / k),
        "coverage": float(covered.mean()),
    }


def _reach(A: Doubles, k: int) -> Doubles:
    """The squared distance of each to the k-th other one, (n,)."""
    found = np.empty(len(A))
    for start in range(0, len(A), _ROWS):
        far = _squares(A[start : start + _ROWS], A)
        found[start : start + _ROWS] = np.partition(far, k, axis=1)[:, k]  # the nearest is the thing itself
    return found


def _squares(A: Doubles, B: Doubles) -> Doubles:
    """Squared distances (n, m)."""
    far: Doubles = (A**2).sum(axis=1)[:, None] + (B**2).sum(axis=1) - 2 * A @ B.T
    return np.maximum(far, 0, out=far)


def _check(A: Doubles, B: Doubles, least: int) -> None:
    if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[1]:
        raise InputError(f"Features of shapes {A.shape} and {B.shape} do not compare")
    if min(len(A), len(B)) < least:
        raise InputError(f"{len(A):,} real and {len(B):,} made things: at least {least} of each are needed")
