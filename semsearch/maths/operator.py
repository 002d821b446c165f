"""What a matrix must be able to do to be factored by factor.py, and what is done there with the arrays it gives."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.maths import blas

Array = npt.NDArray[Any]
Tall: TypeAlias = Any  # float32 (d, b), an array of the operator's xp


class Namespace(Protocol):
    """What is done with tall matrices where they are: maths/blas.py in memory. Small ones are numpy's everywhere."""

    def room(self, rows: int, columns: int) -> Tall: ...

    def put(self, small: Array) -> Tall: ...

    def take(self, tall: Tall) -> Array: ...

    def inner(self, A: Tall, B: Tall) -> Array: ...

    def exact_inner(self, A: Tall, B: Tall) -> npt.NDArray[np.float64]: ...

    def gram(self, W: Tall) -> npt.NDArray[np.float64]: ...

    def times(self, W: Tall, Z: Array) -> Tall: ...

    def subtract(self, W: Tall, K: Tall, H: Array) -> None: ...


class Operator(Protocol):
    """A matrix that is only ever multiplied: in memory, streamed, or elsewhere.

    One that has `normal`, AᵀA X (n, b) from (n, b), is asked that where it is tall: one pass over its rows, not two.
    One whose arrays are not numpy's has `xp`, a Namespace of theirs.
    """

    shape: tuple[int, int]

    def matmat(self, X: Tall) -> Tall:
        """A X, (m, b) from (n, b)."""

    def rmatmat(self, Y: Tall) -> Tall:
        """Aᵀ Y, (n, b) from (m, b)."""


def namespace_of(operator: Operator) -> Namespace:
    """The operator's own, or that of numpy's arrays."""
    found: Namespace = getattr(operator, "xp", blas)
    return found
