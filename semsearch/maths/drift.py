"""How much of a text an LSA model represents: the share of unknown terms, and the residual of the known ones.

The energy of a text is the sum of squares of its log-tf·idf row over all its terms. `unknown` is the share of energy in
terms that the model does not have, each with the weight of the rarest known term. `residual` is the share of the known
terms' energy outside the directions V: 1 - |xV|²/|x|².
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.maths.sparse import sp
from semsearch.maths.weighting import log_tfidf

Doubles: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


def unknown_share(counts: sp.csr_matrix, weights: FloatArray, rarest: float) -> float:
    """The mean share, 0..1, of the texts' energy in unknown terms, from column len(weights) on; 0 without terms.

    `counts` (n, n_terms + m) holds first the known terms, whose idf is `weights` (n_terms,). Unknown terms have the
    weight `rarest`, the idf of the rarest possible term.
    """
    every = np.concatenate([weights, np.full(counts.shape[1] - len(weights), rarest, np.float32)])
    energy = ((1 + np.log(counts.data)) * every[counts.indices]).astype(np.float64) ** 2
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    total = np.bincount(rows, energy, counts.shape[0])
    unknown = np.bincount(rows, energy * (counts.indices >= len(weights)), counts.shape[0])
    has_terms = total > 0
    return float((unknown[has_terms] / total[has_terms]).mean()) if has_terms.any() else 0.0


def residual_share(projected: FloatArray) -> float:
    """The mean of 1 - |xV|² over the non-zero rows of XV (n, k), for unit rows x and orthonormal columns of V."""
    captured = (projected.astype(np.float64) ** 2).sum(axis=1)
    is_known = captured > 0
    return float(np.clip(1 - captured[is_known], 0, 1).mean()) if is_known.any() else 1.0


def expected_shares(
    counts: sp.csr_matrix, weights: FloatArray, rare: BoolArray, V: FloatArray, s: Doubles
) -> tuple[float, float]:
    """The expected unknown and residual shares of new texts of the same kind, by leaving out each fitted text.

    `counts` (n, n_terms + m) is as in `unknown_share`. `rare` (n_terms,) bool marks the terms that would be unknown
    without one of their texts. V (n_terms, k) and s (k,) are from X ≈ U diag(s) Vᵀ. The unknown share is Good's
    estimate (1953): unseen terms are as frequent as those seen once. The residual grows by 2h, where h = |xV/s|² is the
    leverage of the text. To first order a direction v_j turns by (x·v_j) r/(s_j² - s_m²) towards the remainder r of x,
    and so captures 2 (x·v_j)²|r|²/s_j² more of x than without x (s_m, of the omitted directions, is small).
    """
    known = np.flatnonzero(~rare)
    order = np.concatenate([known, np.flatnonzero(rare), np.arange(len(weights), counts.shape[1])])
    left_out = counts[:, order]
    X = log_tfidf(left_out[:, : len(known)], weights[known])
    projected = (X @ V[known]).astype(np.float64)
    captured = (projected**2).sum(axis=1)
    is_known = captured > 0
    leverage = ((projected[is_known] / s) ** 2).sum(axis=1)
    residuals = np.clip((1 - captured[is_known]) * (1 + 2 * leverage), 0, 1)
    unknown = unknown_share(left_out, weights[known], float(weights.max()))
    return unknown, float(residuals.mean()) if is_known.any() else 1.0
