"""The protocols of factor.py: a matrix that can be factorised, and the operations on the arrays of its products."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.maths import blas

Array = npt.NDArray[Any]
Tall: TypeAlias = Any  # float32 (d, b), an array of the operator's xp


class Namespace(Protocol):
    """Operations on tall matrices where they are stored: maths.blas for memory. Small matrices are numpy arrays."""

    def room(self, rows: int, columns: int) -> Tall: ...

    def put(self, small: Array) -> Tall: ...

    def take(self, tall: Tall) -> Array: ...

    def inner(self, A: Tall, B: Tall) -> Array: ...

    def exact_inner(self, A: Tall, B: Tall) -> npt.NDArray[np.float64]: ...

    def gram(self, W: Tall) -> npt.NDArray[np.float64]: ...

    def times(self, W: Tall, Z: Array) -> Tall: ...

    def subtract(self, W: Tall, K: Tall, H: Array) -> None: ...


class Operator(Protocol):
    """A matrix that is only multiplied: in memory, streamed, or on a GPU.

    It may have `normal`, AᵀA X (n, b) from (n, b), which is used for a tall matrix: one pass over its rows instead of
    two. If its arrays are not numpy's, it has `xp`, the Namespace for them.
    """

    shape: tuple[int, int]

    def matmat(self, X: Tall) -> Tall:
        """A X, (m, b) from (n, b)."""

    def rmatmat(self, Y: Tall) -> Tall:
        """Aᵀ Y, (n, b) from (m, b)."""


def namespace_of(operator: Operator) -> Namespace:
    """The operator's own namespace, or that of numpy arrays."""
    namespace: Namespace = getattr(operator, "xp", blas)
    return namespace
