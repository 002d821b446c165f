"""From a matrix of similarities to vectors: left and right factors, the spectrum in each, and their combinations.

    symmetric     M ≈ Q Λ Qᵀ      left Q|Λ|^p, right Q sgn(Λ)|Λ|^p      one eigendecomposition
    any other     M ≈ U S Vᵀ      left US^p, right VS^p                 a singular value decomposition

With p = 1/2 the dot product of a left and a right vector is the entry of M. A symmetric M that is not positive
semidefinite is no Gram matrix of one set of vectors: left and right differ in the sign of the directions with negative
eigenvalues. Their sum omits these directions, their concatenation keeps all.

`shrink` subtracts a share of the weakest singular value from all of them before the power is applied: s becomes
s - shrink · s_k. Noise enlarges every singular value, and the weakest ones are mostly noise. Using them as its level is
soft thresholding (Cai, Candès & Shen 2010; Gavish & Donoho, "Optimal Shrinkage of Singular Values", 2017), and
(λ - σ²)^½ is the maximum-likelihood estimate of probabilistic PCA (Tipping & Bishop 1999). The directions then fade out
instead of ending at the k-th, so that k itself matters less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import not_a_choice
from semsearch.maths.factor import as_operator, truncated_eigen, truncated_svd

SIDES = ("left", "right", "sum", "concat")


@dataclass(frozen=True)
class SpectralFactors:
    """`left` (n, k) and `right` (m, k) float32; `spectrum` (k,) float64, signed if the matrix is symmetric.

    `energy` is the share of ‖M‖² in the k directions, `negative` the share of that in directions with negative
    eigenvalues, both 0..1; `residual` and `steps` are those of the factorisation.
    """

    left: FloatArray
    right: FloatArray
    spectrum: np.ndarray[tuple[int], np.dtype[np.float64]]
    energy: float
    negative: float
    residual: float
    steps: int

    def joined(self, side: str) -> FloatArray:
        """The left or right vectors, or both as a `sum`, without directions that cancel, or a `concat`."""
        if side not in SIDES:
            raise not_a_choice("--side", side, SIDES)
        if side == "concat":
            return np.hstack([self.left, self.right])
        if side == "sum":
            both = self.left + self.right
            return np.ascontiguousarray(both[:, self.spectrum > 0])
        return self.left if side == "left" else self.right

    def facts(self) -> dict[str, float]:
        """The metrics of the factorisation, as a run stores them."""
        return {
            "dim": float(len(self.spectrum)),
            "captured_energy": self.energy,
            "negative_mass": self.negative,
            "residual": self.residual,
            "krylov_steps": float(self.steps),
        }


def side_by_side(parts: Sequence[SpectralFactors]) -> SpectralFactors:
    """The factors of several matrices on the same ids, joined column by column; `energy` is that of all together."""
    held = np.array([float((part.spectrum**2).sum()) for part in parts])
    total = held / np.maximum([part.energy for part in parts], 1e-300)
    return SpectralFactors(
        left=np.hstack([part.left for part in parts]),
        right=np.hstack([part.right for part in parts]),
        spectrum=np.concatenate([part.spectrum for part in parts]),
        energy=float(held.sum() / max(total.sum(), 1e-300)),
        negative=float(held @ [part.negative for part in parts] / max(held.sum(), 1e-300)),
        residual=max(part.residual for part in parts),
        steps=sum(part.steps for part in parts),
    )


def factor_sides(
    M: Any,
    k: int,
    *,
    power: float,
    shrink: float = 0.0,
    symmetric: bool,
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> SpectralFactors:
    """The left and right factors of the k strongest directions of M, scaled by the shrunk spectrum to the given power.

    M is a dense or sparse matrix, or an Operator with `energy`. `shrink` is 0..1.
    """
    M = as_operator(M)
    if symmetric:
        eigen = truncated_eigen(M, k, rng=rng, progress=progress)
        spectrum, residual, steps = eigen.values, eigen.residual, eigen.steps
        left = eigen.vectors * spectrum_scale(spectrum, power, shrink)
        right = left * np.sign(spectrum).astype(np.float32)
    else:
        svd = truncated_svd(M, k, rng=rng, progress=progress)
        spectrum, residual, steps = svd.s, svd.residual, svd.steps
        scale = spectrum_scale(spectrum, power, shrink)
        left, right = svd.U * scale, svd.Vt.T * scale
    squares = spectrum**2
    held = float(squares.sum())
    return SpectralFactors(
        left=np.ascontiguousarray(left),
        right=np.ascontiguousarray(right),
        spectrum=spectrum,
        energy=held / max(M.energy(), 1e-300),
        negative=float(squares[spectrum < 0].sum()) / max(held, 1e-300),
        residual=residual,
        steps=steps,
    )


def spectrum_scale(spectrum: np.ndarray[tuple[int], np.dtype[np.float64]], power: float, shrink: float) -> FloatArray:
    """(k,) the factor of each direction, the weakest last."""
    strength = np.abs(spectrum)
    scale: FloatArray = ((strength - shrink * strength[-1:]) ** power).astype(np.float32)
    return scale
