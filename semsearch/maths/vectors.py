"""Small arithmetic on vectors of scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def largest(values: npt.NDArray[Any], n: int) -> npt.NDArray[np.intp]:
    """Positions of the n largest of (m,) values, largest first, ties by position."""
    if n < len(values):
        # All that reach the nth largest value: position, not chance, decides which of several equal ones come.
        least = values[np.argpartition(values, -n)[-n:]].min() if n else np.inf
        some = np.flatnonzero(values >= least)
    else:
        some = np.arange(len(values))
    return some[np.argsort(-values[some], kind="stable")][:n]
