"""Varimax: the rotation that gives every topic few strong words.

    maximise  Σ_j ( Σ_i b_ij⁴ − (Σ_i b_ij²)² / n ),    B = A R,  RᵀR = I

Kaiser, "The varimax criterion for analytic rotation in factor analysis" (1958). The directions of a truncated SVD are
the best in order of strength, but each is a mixture of subjects. Their rotation spans the same space. The sum of the
variances of the squared loadings grows when each loading is either large or near 0. The iteration is that of the
polar decomposition (as in R's `varimax`): R ← U Wᵀ, where U S Wᵀ is the SVD of Aᵀ (B³ − B diag(Σ_i b_ij²) / n).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

MAX_STEPS = 200
TOLERANCE = 1e-6  # relative growth of the sum of singular values at which the iteration ends


def varimax(loadings: npt.NDArray[np.floating]) -> Doubles:
    """The rotation R (k, k), orthonormal, for loadings A (n, k): A R are the rotated loadings."""
    A = np.asarray(loadings, np.float64)
    n, k = A.shape
    rotation: Doubles = np.eye(k)
    if not n or k < 2:
        return rotation
    before = 0.0
    for _ in range(MAX_STEPS):
        B = A @ rotation
        U, s, Wt = np.linalg.svd(A.T @ (B**3 - B * ((B**2).sum(axis=0) / n)))
        rotation = U @ Wt
        if s.sum() <= before * (1 + TOLERANCE):
            break
        before = float(s.sum())
    return rotation
