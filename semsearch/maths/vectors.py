"""Small arithmetic on vectors of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.jit import summing_kernel


@summing_kernel
def dots_of_rows(vectors: FloatArray, vector: FloatArray, rows: IntArray, out: FloatArray) -> None:
    """Inner products (len(rows),) of some rows of `vectors` (n, dim) with a vector (dim,), read where they stand."""
    for at in range(len(rows)):
        row = rows[at]
        total = np.float32(0)
        for column in range(vectors.shape[1]):
            total += vectors[row, column] * vector[column]
        out[at] = total


def largest(values: npt.NDArray[Any], n: int) -> npt.NDArray[np.intp]:
    """Positions of the n largest of (m,) values, largest first, ties by position."""
    if n < len(values):
        # All that reach the nth largest value: position, not chance, decides which of several equal ones come.
        least = values[np.argpartition(values, -n)[-n:]].min() if n else np.inf
        some = np.flatnonzero(values >= least)
    else:
        some = np.arange(len(values))
    return some[np.argsort(-values[some], kind="stable")][:n]
