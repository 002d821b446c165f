"""Inner products of selected rows, and the largest of many scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.jit import summing_kernel


@summing_kernel
def dots_of_rows(vectors: FloatArray, vector: FloatArray, rows: IntArray, out: FloatArray) -> None:
    """Write the inner products (len(rows),) of rows of `vectors` (n, dim) with a vector (dim,); rows are not copied."""
    for at in range(len(rows)):
        row = rows[at]
        total = np.float32(0)
        for column in range(vectors.shape[1]):
            total += vectors[row, column] * vector[column]
        out[at] = total


def largest(values: npt.NDArray[Any], n: int) -> npt.NDArray[np.intp]:
    """Positions of the n largest of (m,) values, largest first, ties by position."""
    if n < len(values):
        # All values that reach the nth largest: of equal ones the position decides.
        least = values[np.argpartition(values, -n)[-n:]].min() if n else np.inf
        candidates = np.flatnonzero(values >= least)
    else:
        candidates = np.arange(len(values))
    return candidates[np.argsort(-values[candidates], kind="stable")][:n]
