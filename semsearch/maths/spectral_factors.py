"""From a matrix of similarities to vectors: its two sides, what each carries of the spectrum, and how they are joined.

    symmetric     M ≈ Q Λ Qᵀ      left Q|Λ|^p, right Q sgn(Λ)|Λ|^p      one eigendecomposition
    any other     M ≈ U S Vᵀ      left US^p, right VS^p                 a singular value decomposition

With p = 1/2 the scalar product of a left and a right vector is the entry of M. A symmetric M with negative eigenvalues
has no single set of vectors whose products give it back: its two sides differ in the sign of those directions. Their
sum leaves them out, their concatenation keeps all.

`shrink` takes a share of the weakest kept direction's strength off all of them before the power is applied: s becomes
s - shrink · s_k. Noise lengthens every singular value, and the weakest that are kept are little else; taking them for
its level is soft thresholding (Cai, Candès & Shen 2010; Gavish & Donoho, "Optimal Shrinkage of Singular Values", 2017),
and (λ - σ²)^½ is what probabilistic PCA finds most likely (Tipping & Bishop 1999). The directions then fade out rather
than end at the k-th, so that k itself matters less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError
from semsearch.maths.factor import as_operator, truncated_eigen, truncated_svd

SIDES = ("left", "right", "sum", "concat")


@dataclass(frozen=True)
class SpectralFactors:
    """`left` (n, k) and `right` (m, k) float32; `spectrum` (k,) float64, with its signs where the matrix is symmetric.

    `energy` is the part of ‖M‖² that the k directions hold, `negative` the part of theirs that is of negative
    eigenvalues, both 0..1; `residual` and `steps` are the factoring's.
    """

    left: FloatArray
    right: FloatArray
    spectrum: np.ndarray[tuple[int], np.dtype[np.float64]]
    energy: float
    negative: float
    residual: float
    steps: int

    def joined(self, side: str) -> FloatArray:
        """The vectors of one side, or of both as a `sum` or a `concat`; directions that cancel are left out."""
        if side not in SIDES:
            raise InputError(f"side is {side!r}: choose one of {', '.join(SIDES)}")
        if side == "concat":
            return np.hstack([self.left, self.right])
        if side == "sum":
            both = self.left + self.right
            return np.ascontiguousarray(both[:, self.spectrum > 0])
        return self.left if side == "left" else self.right

    def facts(self) -> dict[str, float]:
        """Numbers about the factoring, as a run keeps them."""
        return {
            "dim": float(len(self.spectrum)),
            "captured_energy": self.energy,
            "negative_mass": self.negative,
            "residual": self.residual,
            "krylov_steps": float(self.steps),
        }


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
    """Both sides of the k strongest directions of M, stretched by the spectrum, shrunk (0..1), to the given power.

    M is a matrix, dense or sparse, or an Operator of one with `energy`.
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
    """What each direction (k,), the weakest last, is multiplied by."""
    strength = np.abs(spectrum)
    stretched: FloatArray = ((strength - shrink * strength[-1:]) ** power).astype(np.float32)
    return stretched
