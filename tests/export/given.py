"""Vectors with a known answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Given(NamedTuple):
    """Words and their vectors (n, 8), with lengths from a hundredth to a hundred."""

    words: list[str]
    vectors: np.ndarray
