"""Principal components of rows without a centred copy in memory: the optimal linear autoencoder.

Of all linear encoders and decoders with k numbers, projecting onto the first k right singular vectors of the centred
rows has the least squared error (Eckart & Young 1936; Baldi & Hornik 1989). The rows stay as they are, bytes for
images; in every product a few thousand at a time are converted to centred float32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.maths.blas import one_thread
from semsearch.maths.factor import truncated_svd
from semsearch.maths.operator import Operator
from semsearch.threads import map_ranges, thread_count

Array = npt.NDArray[Any]
_CENTRED_BLOCK_BYTES = 6 << 20  # bytes in a block of centred rows, so that those of two threads fit the cache


class CentredRows(Operator, Protocol):
    """An Operator of rows minus their mean, in memory or on a GPU."""

    mean: FloatArray

    def energy(self) -> float: ...


class Centred:
    """(X − mean) · unit as an Operator, X (n, d) of bytes or floats; `mean` (d,) float32 in the units of X."""

    def __init__(self, X: Array, unit: float = 1.0) -> None:
        self.X, self.unit, self.shape = X, np.float32(unit), (X.shape[0], X.shape[1])
        self._rows = max(64, _CENTRED_BLOCK_BYTES // (4 * max(1, X.shape[1])))
        self.mean = (np.sum(self._each(self._sum), axis=0) / max(1, len(X))).astype(np.float32)

    def _sum(self, first: int, last: int) -> Array:
        exact = np.int64 if self.X.dtype.kind in "bui" else np.float64
        return np.add.reduce(self.X[first:last], axis=0, dtype=exact)

    def _each(self, work: Callable[[int, int], Any]) -> list[Any]:
        """`work` on one range of rows per thread."""
        return map_ranges(
            work, np.linspace(0, len(self.X), min(thread_count(), max(1, len(self.X))) + 1).astype(int).tolist()
        )

    def _blocks(self, first: int, last: int) -> Any:
        """Bounds and centred float32 rows, block by block, in a buffer that is reused."""
        room = np.empty((min(self._rows, last - first), self.shape[1]), np.float32)
        for start in range(first, last, self._rows):
            end = min(start + self._rows, last)
            block = room[: end - start]
            np.subtract(self.X[start:end], self.mean, out=block, casting="unsafe")
            if self.unit != 1:
                block *= self.unit
            yield start, end, block

    @one_thread()
    def matmat(self, V: Array) -> Array:
        """A V, (n, b) from (d, b)."""
        out = np.empty((len(self.X), V.shape[1]), np.float32)

        def work(first: int, last: int) -> None:
            for start, end, block in self._blocks(first, last):
                np.matmul(block, V, out=out[start:end])

        self._each(work)
        return out

    @one_thread()
    def rmatmat(self, Y: Array) -> Array:
        """Aᵀ Y, (d, b) from (n, b)."""

        def work(first: int, last: int) -> Array:
            total = np.zeros((self.shape[1], Y.shape[1]), np.float32)
            for start, end, block in self._blocks(first, last):
                total += block.T @ Y[start:end]
            return total

        return np.asarray(np.sum(self._each(work), axis=0))

    @one_thread()
    def normal(self, V: Array) -> Array:
        """Aᵀ A V, (d, b): each block of rows is centred once for both products."""

        def work(first: int, last: int) -> Array:
            total = np.zeros(V.shape, np.float32)
            for _, _, block in self._blocks(first, last):
                total += block.T @ (block @ V)
            return total

        return np.asarray(np.sum(self._each(work), axis=0))

    def energy(self) -> float:
        """The sum of squares of all centred numbers, n times the total variance."""

        def work(first: int, last: int) -> float:
            return sum(float(np.vdot(block, block)) for _, _, block in self._blocks(first, last))

        return float(sum(self._each(work)))


@dataclass(frozen=True)
class Components:
    """The k strongest directions of centred rows.

    `mean` (d,) float32 in the rows' own units; `components` (k, d) float32, orthonormal; `singular_values` (k,) float64
    descending; `loadings` (n, k) float32, the centred rows times each component; `energy` the sum of squares of all.
    """

    mean: FloatArray
    components: FloatArray
    singular_values: npt.NDArray[np.float64]
    loadings: FloatArray
    energy: float

    def captured(self) -> npt.NDArray[np.float64]:
        """(k,) the share of the variance, 0..1, in the first 1, 2 … k components."""
        if self.energy <= 0:
            return np.zeros(len(self.singular_values))
        return np.minimum(np.cumsum(self.singular_values**2) / self.energy, 1.0)

    def first(self, k: int) -> Components:
        """The first k components."""
        s, V = self.singular_values[:k], self.components[:k]
        return Components(self.mean, V, s, np.ascontiguousarray(self.loadings[:, :k]), self.energy)


def principal_components(
    X: Array,
    k: int,
    *,
    rng: np.random.Generator,
    unit: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
    centred: Callable[[Array, float], CentredRows] = Centred,
) -> Components:
    """The k strongest components of X (n, d), or as many as its rank; `unit` scales X first (1/255 for bytes).

    `centred` makes the Operator, in memory or on a GPU. The captured variance is within 1e-4 of the exact one on the
    images of benchmarks/images.py.
    """
    operator = centred(X, unit)
    svd = truncated_svd(operator, k, rng=rng, progress=progress)
    loadings = (svd.U * svd.s).astype(np.float32)
    return Components(operator.mean, np.asarray(svd.Vt, np.float32), svd.s, loadings, operator.energy())


def components_for_share(captured: npt.NDArray[np.float64], share: float) -> int:
    """The number of components that hold this share of the variance, at least 1; all if they hold less."""
    return min(int(np.searchsorted(captured, share - 1e-9)) + 1, len(captured))
