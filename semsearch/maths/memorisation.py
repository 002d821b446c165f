"""Whether made items are new: how near each lies to what was learned from, beside how near new real ones lie to it.

A model that learned by heart makes items nearer to its training set than real items that it never saw are; a good one
makes them as near (Meehan, Chaudhuri & Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.maths.blas import one_thread

Numbers = npt.NDArray[Any]
COPY_QUANTILE = 0.01  # of new real items lie as near as this to a known one
_ROWS = 256


@dataclass(frozen=True)
class CopyScores:
    """`nearness`: the median distance of made items to the nearest known one, over that of new real ones: 1 is as it
    should be, 0 by heart. `copied`: the share of made items nearer to a known one than 99 of 100 new real ones; 0.01
    is as it should be."""

    nearness: float
    copied: float


@one_thread()
def nearest(some: Numbers, known: Numbers) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """The distance (n,) of each of some items (n, …) to the nearest known one (m, …), and which that is."""
    B = known.reshape(len(known), -1).astype(np.float32)
    squares = np.einsum("ij,ij->i", B, B)
    found = np.empty(len(some), np.intp)
    apart = np.empty(len(some))
    for start in range(0, len(some), _ROWS):
        A = some[start : start + _ROWS].reshape(-1, B.shape[1]).astype(np.float32)
        near = (squares - 2 * (A @ B.T)).argmin(axis=1)
        found[start : start + _ROWS] = near
        apart[start : start + _ROWS] = np.linalg.norm(A.astype(np.float64) - B[near], axis=1)  # equal ones exactly 0
    return apart, found


def copy_scores(made: Numbers, fresh: Numbers, known: Numbers) -> CopyScores:
    """Of made items (n, …) beside fresh real ones (m, …), to the known ones (k, …)."""
    of_made, of_fresh = nearest(made, known)[0], nearest(fresh, known)[0]
    usual = float(np.median(of_fresh))
    nearness = float(np.median(of_made)) / usual if usual > 0 else 1.0
    return CopyScores(nearness, float((of_made < np.quantile(of_fresh, COPY_QUANTILE)).mean()))
