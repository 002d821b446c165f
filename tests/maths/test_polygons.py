"""Polygons on a map: the even-odd rule by hand, and what a URL may hold."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.errors import InputError
from semsearch.maths.polygons import inside, polygon_of


def test_a_square_and_its_border() -> None:
    square = polygon_of("10,10,20,10,20,20,10,20")
    points = np.array([[15, 15], [9, 15], [21, 15], [15, 9], [15, 21]], float)
    assert inside(points, square).tolist() == [True, False, False, False, False]


def test_a_line_that_crosses_itself_encloses_both_wings() -> None:
    bow = polygon_of("0,0,100,100,100,0,0,100")
    points = np.array([[90, 50], [10, 50], [50, 90], [50, 10]], float)
    assert inside(points, bow).tolist() == [True, True, False, False]


def test_many_points_are_those_of_a_slow_count() -> None:
    rng = np.random.default_rng(0)
    corners, points = rng.integers(0, 1000, (9, 2)), rng.uniform(0, 1000, (400, 2))

    def crossings(x: float, y: float) -> int:
        count = 0
        for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            count += (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
        return count

    assert inside(points, corners).tolist() == [crossings(x, y) % 2 == 1 for x, y in points]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (",".join(["1,1"] * 10_000), "10,000 corners: the limit is 200"),
        ("1,2,3,4", "at least three corners"),
        ("1,2,3,4,5,6,7", "at least three corners"),
        ("1,2,3,4,5,70000", "whole numbers from 0 to 65535"),
        ("1,2,3,4,5,-6", "whole numbers"),
        ("nan,2,3,4,5,6", "whole numbers"),
        ("1,2,3,4,5,²", "whole numbers"),
        ("", "whole numbers"),
        ("0" * 5_000, "5,000 characters: the limit is 4,096"),
    ],
)
def test_what_is_no_polygon_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        polygon_of(text)
