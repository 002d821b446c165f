"""How much of a text a model of directions can see: what it has no term for, and what lies outside its directions.

A text's energy is the sum of squares of its log-tf·idf row over all its terms, known or not. `unknown` is the share of
the terms that the model does not have, each as heavy as the rarest it has. Of the known rest, `residual`
is what the directions V leave over: 1 - |xV|²/|x|².
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import FloatArray
from semsearch.maths.weighting import log_tfidf

Doubles: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


def unknown_share(counts: sp.csr_matrix, weights: FloatArray, rarest: float) -> float:
    """Mean share of the texts' energy in terms from column len(weights) on; 0 without terms.

    `counts` (n, n_terms + m) holds the known terms first, whose idf is `weights` (n_terms,); the others weigh
    `rarest` each, the idf of the rarest term there can be.
    """
    every = np.concatenate([weights, np.full(counts.shape[1] - len(weights), rarest, np.float32)])
    energy = ((1 + np.log(counts.data)) * every[counts.indices]).astype(np.float64) ** 2
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    total = np.bincount(rows, energy, counts.shape[0])
    strange = np.bincount(rows, energy * (counts.indices >= len(weights)), counts.shape[0])
    some = total > 0
    return float((strange[some] / total[some]).mean()) if some.any() else 0.0


def residual_share(projected: FloatArray) -> float:
    """Mean of 1 - |xV|² over the rows of XV (n, k) that are not zero, X having unit rows and V orthonormal columns."""
    captured = (projected.astype(np.float64) ** 2).sum(axis=1)
    some = captured > 0
    return float(np.clip(1 - captured[some], 0, 1).mean()) if some.any() else 1.0


def expected_shares(
    counts: sp.csr_matrix, weights: FloatArray, rare: BoolArray, V: FloatArray, s: Doubles
) -> tuple[float, float]:
    """What new texts of the same kind would show, from fitted ones, each as if it had been left out.

    `counts` (n, n_terms + m) is as above, `rare` (n_terms,) bool marks the terms that would not be known without one of
    the texts that hold them, V (n_terms, k) and s (k,) are from X ≈ U diag(s) Vᵀ. For the unknown share this is Good's
    estimate (1953): unseen terms are as frequent as those seen once. The residual grows by 2h, h = |xV/s|² being the
    text's leverage: to first order a direction v_j turns by (x·v_j) r/(s_j² - s_m²) towards what is left over of x, r,
    and so captures 2 (x·v_j)²|r|²/s_j² more of x than without it (s_m, of the directions left out, being small).
    """
    known = np.flatnonzero(~rare)
    order = np.concatenate([known, np.flatnonzero(rare), np.arange(len(weights), counts.shape[1])])
    left_out = counts[:, order]
    X = log_tfidf(left_out[:, : len(known)], weights[known])
    projected = (X @ V[known]).astype(np.float64)
    captured = (projected**2).sum(axis=1)
    some = captured > 0
    leverage = ((projected[some] / s) ** 2).sum(axis=1)
    residual = np.clip((1 - captured[some]) * (1 + 2 * leverage), 0, 1)
    return unknown_share(left_out, weights[known], float(weights.max())), float(residual.mean()) if some.any() else 1.0
