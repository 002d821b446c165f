"""Whether generated items are memorised: their distance to the training set, compared with that of unseen real items.

A model that memorised generates items nearer to its training set than unseen real items are; a good one generates items
as near as those (Meehan, Chaudhuri & Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.maths.blas import one_thread

Numbers = npt.NDArray[Any]
COPY_QUANTILE = 0.01  # quantile of the distances of unseen real items below which a generated item is a copy
_ROWS = 256  # items in one block of distances


@dataclass(frozen=True)
class CopyScores:
    """How near generated items are to the training set."""

    nearness: (
        float  # median distance to the nearest training item, over that of unseen real items: 1 is ideal, 0 copied
    )
    copied: float  # share that is nearer to a training item than 99 of 100 unseen real items are: 0.01 is ideal


@one_thread()
def nearest(items: Numbers, known: Numbers) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """The distance (n,) of each item (n, …) to the nearest known one (m, …), and the position of that one (n,)."""
    B = known.reshape(len(known), -1).astype(np.float32)
    squares = np.einsum("ij,ij->i", B, B)
    positions = np.empty(len(items), np.intp)
    distances = np.empty(len(items))
    for start in range(0, len(items), _ROWS):
        A = items[start : start + _ROWS].reshape(-1, B.shape[1]).astype(np.float32)
        near = (squares - 2 * (A @ B.T)).argmin(axis=1)
        positions[start : start + _ROWS] = near
        # Computed again from the differences, so that the distance of equal items is exactly 0.
        distances[start : start + _ROWS] = np.linalg.norm(A.astype(np.float64) - B[near], axis=1)
    return distances, positions


def copy_scores(made: Numbers, fresh: Numbers, known: Numbers) -> CopyScores:
    """Compare generated items (n, …) with unseen real ones (m, …), by their distances to training items (k, …)."""
    of_made, of_fresh = nearest(made, known)[0], nearest(fresh, known)[0]
    usual = float(np.median(of_fresh))
    nearness = float(np.median(of_made)) / usual if usual > 0 else 1.0
    return CopyScores(nearness, float((of_made < np.quantile(of_fresh, COPY_QUANTILE)).mean()))
