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


COSINE_DECIMALS = 6  # float32 has 24 bits, about seven digits


def largest(values: npt.NDArray[Any], n: int) -> npt.NDArray[np.intp]:
    """Positions of the n largest of (m,) values, largest first, ties by position."""
    if n < len(values):
        # All values that reach the nth largest: of equal ones the position decides.
        least = values[np.argpartition(values, -n)[-n:]].min() if n else np.inf
        candidates = np.flatnonzero(values >= least)
    else:
        candidates = np.arange(len(values))
    return candidates[np.argsort(-values[candidates], kind="stable")][:n]


def apart_from(vector: FloatArray, others: FloatArray) -> FloatArray:
    """The part of a vector (dim,) that is orthogonal to all rows of `others` (m, dim): v less its projection.

    "v, but not these": Widdows, "Orthogonal negation in vector spaces for modelling word-meanings and document
    retrieval" (ACL 2003).
    """
    rows = others.astype(np.float64)
    shares = np.linalg.lstsq(rows.T, vector.astype(np.float64), rcond=1e-6)[0]
    rest: FloatArray = (vector - shares @ rows).astype(np.float32)
    return rest


def as_cosine(value: float) -> float:
    """A cosine computed in float32, within -1..1 and with the six decimals that are exact."""
    return round(min(1.0, max(-1.0, float(value))), COSINE_DECIMALS) + 0.0
