"""Fill holes in images without a model: the baseline for reconstruction."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray


def fill_holes(pixels: ByteArray, hole: npt.NDArray[np.bool_], rounds: int = 200) -> ByteArray:
    """Images (n, height, width, c) whose pixels in `hole` (n, height, width, 1) are the mean of their neighbours.

    This harmonic filling is found by Jacobi iterations that begin with the mean of the known pixels.
    """
    known = ~hole
    values = pixels.astype(np.float32)
    count = np.maximum(known.sum(axis=(1, 2), keepdims=True), 1)
    values = np.where(hole, (values * known).sum(axis=(1, 2), keepdims=True) / count, values)
    for _ in range(rounds):
        values = np.where(hole, _neighbour_mean(values), values)
    return np.asarray(np.rint(np.clip(values, 0, 255)), np.uint8)


def _neighbour_mean(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The mean of the pixels above, below, left and right; at an edge the pixel itself replaces the missing one."""
    around = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    above, below = around[:, :-2, 1:-1], around[:, 2:, 1:-1]
    return (above + below + around[:, 1:-1, :-2] + around[:, 1:-1, 2:]) / 4
