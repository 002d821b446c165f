"""Polygons drawn on a map: read from a URL, and which points are inside."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.errors import InputError

GRID = 65_536  # steps of a place in the unit square, as it is sent to a page
MAX_CORNERS = 200
MAX_CHARACTERS = 4_096
_BLOCK = 65_536  # points compared with all corners at a time


def polygon_of(text: str) -> IntArray:
    """(m, 2) corners from "x,y,x,y,…", whole numbers from 0 to 65,535. Raises InputError, which names the limit."""
    parts = text.split(",")
    if len(parts) > 2 * MAX_CORNERS:
        raise InputError(f"polygon has {len(parts) // 2:,} corners: the limit is {MAX_CORNERS}")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"polygon has {len(text):,} characters: the limit is {MAX_CHARACTERS:,}")
    if not all(part.isascii() and part.isdecimal() and len(part) < 6 and int(part) < GRID for part in parts):
        raise InputError("polygon must be x,y,x,y,… in whole numbers from 0 to 65535")
    if len(parts) % 2 or len(parts) < 6:
        raise InputError(f"polygon must have at least three corners, x and y of each, not {len(parts)} numbers")
    return np.array([int(part) for part in parts], np.int64).reshape(-1, 2)


def inside(points: npt.NDArray[np.float64], corners: IntArray) -> npt.NDArray[np.bool_]:
    """(n,) whether points (n, 2) are inside a polygon (m, 2), by the even-odd rule.

    A line that crosses itself encloses what it winds around once. Points on the border are on either side.
    """
    result = np.zeros(len(points), np.bool_)
    low, high = corners.min(axis=0), corners.max(axis=0)
    rows = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        x, y = points[part, 0], points[part, 1]
        odd = np.zeros(len(part), np.bool_)
        for (x1, y1), (x2, y2) in zip(corners.tolist(), np.roll(corners, -1, axis=0).tolist(), strict=True):
            if y1 != y2:
                odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
        result[part] = odd
    return result
