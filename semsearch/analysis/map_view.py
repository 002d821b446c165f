"""What a page shows of a stored map: packed points, a picture, groups with their places, and selected items."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray, IntArray
from semsearch.errors import InputError, NotFoundError
from semsearch.images import png
from semsearch.maths.polygons import GRID, inside, polygon_of
from semsearch.storage.maps import Group, Points

Mask = npt.NDArray[np.bool_]

MAGIC = b"SMAP"
LIGHT, DARK = (248, 250, 251), (18, 23, 31)  # the ground of a picture, as in semsearch.css
PALETTES = {  # ten colours of the coarse groups, told apart by hue and by lightness, for each ground
    False: ("2f6f9f", "c8642b", "3f8f5b", "8a5aa8", "b03a4e", "7a6a2e", "2a8f95", "c25a92", "5b6fd0", "6b7280"),
    True: ("6cb4e8", "f0975c", "6fcf8f", "c39be0", "f07f8e", "d9c46a", "5fd0d2", "f09ac8", "9aa9f5", "a8b3c4"),
}
_PAD = 0.04  # of the picture, free on each side


@dataclass(frozen=True)
class Place:
    """A group on the map: its centre in the unit square, and the number of its items that are shown."""

    group: Group
    x: float
    y: float
    items: int


@dataclass(frozen=True)
class MapView:
    """A stored map with what its pages need: which groups each point is in, and where they are."""

    points: Points
    coarse: IntArray  # (clusters + 1,) the group of the first level of each cluster, from 1; 0 for a cluster unknown
    middle: IntArray  # (clusters + 1,) that of the second level

    @property
    def version(self) -> str:
        """Changes whenever the stored map does."""
        state = self.points.state
        return f"{state.run}.{state.revision}.{len(self.points.keys)}"

    def of_level(self, level: int) -> IntArray:
        """(n,) the number of each point's group at a level, from 1; 0 where it is not known."""
        clusters = np.where(self.points.clusters < len(self.coarse), self.points.clusters, 0)
        if level == 3:
            return clusters
        numbers: IntArray = (self.coarse if level == 1 else self.middle)[clusters]
        return numbers

    def places(self, shown: Mask) -> list[Place]:
        """The groups that have a point shown, level by level, the largest of each first."""
        result = []
        for level in (1, 2, 3):
            numbers = np.where(shown, self.of_level(level), 0)
            order = np.argsort(numbers, kind="stable")
            starts = np.searchsorted(numbers[order], np.arange(1, numbers.max(initial=0) + 2))
            for group in (group for group in self.points.groups if group.level == level):
                if not 0 < group.number < len(starts):
                    continue
                rows = order[starts[group.number - 1] : starts[group.number]]
                if len(rows):
                    x, y = np.median(self.points.places[rows], axis=0).tolist()
                    result.append(Place(group, x, y, len(rows)))
        return sorted(result, key=lambda place: (place.group.level, -place.items, place.group.number))


def view_of(points: Points) -> MapView:
    """The view of a stored map."""
    last = {group.number: group.within for group in points.groups if group.level == 3}
    above = {group.number: group.within for group in points.groups if group.level == 2}
    size = max(last, default=0) + 1
    middle = np.array([last.get(number) or 0 for number in range(size)], np.int64)
    coarse = np.array([above.get(int(number)) or 0 for number in middle], np.int64)
    return MapView(points, coarse, middle)


def shown_among(view: MapView, keys: Sequence[str] | None) -> Mask:
    """(n,) which points a filter keeps; all for None."""
    if keys is None:
        return np.ones(len(view.points.keys), np.bool_)
    kept = set(keys)
    return np.fromiter((key in kept for key in view.points.keys), np.bool_, len(view.points.keys))


def packed(view: MapView, shown: Mask) -> bytes:
    """The points that are shown, little-endian: SMAP, the number n of points as uint32, whether row numbers follow.

    Then x and y (n uint16 each, y upwards), the coarse group (n uint8), and the row numbers (n uint32) if some points
    are left out. Points are in the random order in which they are stored.
    """
    rows = np.flatnonzero(shown)
    places = np.rint(view.points.places[rows] * (GRID - 1)).astype("<u2")
    some = len(rows) < len(shown)
    head = MAGIC + struct.pack("<II", len(rows), int(some))
    groups = view.of_level(1)[rows].astype(np.uint8)
    columns = [np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])]
    body = b"".join(column.tobytes() for column in columns) + groups.tobytes()
    padding = b"\0" * (-len(body) % 4)
    return head + body + padding + (rows.astype("<u4").tobytes() if some else b"")


def chosen_by(view: MapView, shown: Mask, polygon: str, group: str) -> IntArray:
    """The rows of the points that are shown, inside a polygon ("x,y,x,y,…") and in a group ("level-number"), if given.

    Raises InputError for what is no polygon or group, NotFoundError for a group that the map does not have.
    """
    rows = np.flatnonzero(shown)
    if group:
        rows = rows[np.isin(view.points.clusters[rows], clusters_of(view, group))]
    if polygon:
        rows = rows[inside(np.rint(view.points.places[rows] * (GRID - 1)), polygon_of(polygon))]
    return rows


def clusters_of(view: MapView, text: str) -> list[int]:
    """The clusters in a group, "level-number". InputError for another text, NotFoundError for an unknown group."""
    level, _, number = text.partition("-")
    if level not in ("1", "2", "3") or not (number.isascii() and number.isdecimal() and len(number) < 5):
        raise InputError("group must be a level from 1 to 3 and a number, such as 1-4")
    above = {"1": view.coarse, "2": view.middle, "3": np.arange(len(view.coarse))}[level]
    found: list[int] = np.flatnonzero(above[1:] == int(number)).tolist()
    if not found:
        raise NotFoundError(f"The map has no group {int(number)} at level {level}")
    return [cluster + 1 for cluster in found]


def box_of(polygon: str) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a polygon, in the unit square."""
    corners = polygon_of(polygon) / (GRID - 1)
    (left, bottom), (right, top) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return left, right, bottom, top


def from_the_middle(view: MapView, rows: IntArray) -> list[int]:
    """The rows, those nearest to the middle of them first."""
    places = view.points.places[rows]
    if not len(rows):
        return []
    away = np.linalg.norm(places - np.median(places, axis=0), axis=1)
    ordered: list[int] = rows[np.argsort(away, kind="stable")].tolist()
    return ordered


def rows_by_key(view: MapView, keys: Iterable[str]) -> list[int]:
    """The rows of these items, in their order; items that are not on the map are left out."""
    wanted = list(keys)
    place = dict.fromkeys(wanted, -1)
    for row, key in enumerate(view.points.keys):
        if key in place:
            place[key] = row
    return [place[key] for key in wanted if place[key] >= 0]


def label_pixels(
    view: MapView, shown: Mask, places: Sequence[Place], size: tuple[int, int]
) -> list[tuple[float, float]]:
    """The pixels of the centres of groups on a picture of this size."""
    centres = np.array([(place.x, place.y) for place in places]).reshape(-1, 2)
    return [(round(x, 1), round(y, 1)) for x, y in in_pixels(centres, frame_of(view, shown), size).tolist()]


def frame_of(view: MapView, shown: Mask) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of the points that are shown; the unit square if there are none."""
    places = view.points.places[shown]
    if not len(places):
        return 0.0, 0.0, 1.0, 1.0
    (left, bottom), (right, top) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    return left, bottom, right, top


def in_pixels(
    places: npt.NDArray[np.float64], frame: tuple[float, float, float, float], size: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """(n, 2) pixels from the upper left corner of places (n, 2): the frame fills a picture of this size."""
    left, bottom, right, top = frame
    width, height = size
    scale = min(width * (1 - 2 * _PAD) / max(right - left, 1e-6), height * (1 - 2 * _PAD) / max(top - bottom, 1e-6))
    middle = np.array([(left + right) / 2, (bottom + top) / 2])
    return (places - middle) * np.array([scale, -scale]) + np.array([width / 2, height / 2])


def picture(view: MapView, shown: Mask, size: tuple[int, int], *, dark: bool = False) -> bytes:
    """A PNG of this width and height with the points that are shown, in the colours of their coarse groups.

    A pixel that many points fall on is stronger, by the logarithm of their number.
    """
    width, height = size
    ground = np.array(DARK if dark else LIGHT, np.float64)
    palette = np.array([tuple(bytes.fromhex(colour)) for colour in PALETTES[dark]], np.float64)
    pixels = np.rint(in_pixels(view.points.places[shown], frame_of(view, shown), size)).astype(np.int64)
    colours = palette[(view.of_level(1)[shown] - 1) % len(palette)]
    weight, total = np.zeros(width * height), np.zeros((width * height, 3))
    for dx, dy, strength in _dot(int(shown.sum()), size):
        x, y = pixels[:, 0] + dx, pixels[:, 1] + dy
        kept = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        at = y[kept] * width + x[kept]
        np.add.at(weight, at, strength)
        np.add.at(total, at, strength * colours[kept])
    cover = 1 - np.exp(-0.9 * weight)[:, None]
    mean = total / np.maximum(weight, 1e-9)[:, None]
    drawn: ByteArray = np.rint(ground * (1 - cover) + mean * cover).astype(np.uint8)
    return png.encode(drawn.reshape(height, width, 3))


def _dot(points: int, size: tuple[int, int]) -> list[tuple[int, int, float]]:
    """The pixels of a point around its middle, with their strengths: larger for few points on a large picture."""
    radius = min(4.5, max(0.6, 0.16 * np.sqrt(size[0] * size[1] / max(points, 1)))) * size[0] / 1200
    reach = int(np.ceil(radius))
    dots = []
    for dx in range(-reach, reach + 1):
        for dy in range(-reach, reach + 1):
            strength = min(1.0, max(0.0, radius + 0.5 - float(np.hypot(dx, dy))))
            if strength > 0:
                dots.append((dx, dy, strength if points < 5_000 else 0.55 * strength))
    return dots


@dataclass(frozen=True)
class Colouring:
    """Values of a column as a few codes: `codes` (n,) uint8, 255 for none; a name and a count for each code.

    `ordered` tells ranges of numbers or dates from categories.
    """

    codes: npt.NDArray[np.uint8]
    names: Sequence[str]
    counts: Sequence[int]
    ordered: bool

    @property
    def in_base64(self) -> str:
        """The codes for JSON."""
        return b64encode(self.codes.tobytes()).decode()


NO_VALUE = 255
MAX_CATEGORIES = 12  # with colours of their own; the others are one more
_BINS = 8


def colouring(view: MapView, shown: Mask, values: Mapping[str, object]) -> Colouring:
    """The points that are shown, coloured by the values of a column, by key.

    Numbers of more than a dozen values, and ISO dates, are divided into up to eight ranges with about as many points.
    Of other values the twelve most frequent have a code each.
    """
    found = [values.get(view.points.keys[row]) for row in np.flatnonzero(shown).tolist()]
    given = [value for value in found if value is not None and value != "" and not isinstance(value, bytes)]
    if given and all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        if len(set(given)) > MAX_CATEGORIES:
            return _ranges(found, lambda value: value if isinstance(value, int | float) else None)
    elif len(set(given)) > MAX_CATEGORIES and all(_is_date(value) for value in given):
        return _ranges(found, lambda value: value if _is_date(value) else None)
    return _categories(found)


def _is_date(value: object) -> bool:
    return isinstance(value, str) and len(value) >= 8 and value[:4].isdecimal() and value[4] == "-"


def _ranges(found: Sequence[object], read: Callable[[object], Any]) -> Colouring:
    """Codes by the quantiles of sortable values."""
    kept = [read(value) for value in found]
    present = sorted(value for value in kept if value is not None and value == value)
    bounds = sorted({present[len(present) * step // _BINS] for step in range(1, _BINS)} - {present[0]})
    edges = np.array(bounds)
    known = np.array([value is not None and value == value for value in kept])
    codes = np.full(len(found), NO_VALUE, np.uint8)
    codes[known] = np.searchsorted(edges, np.array([kept[row] for row in np.flatnonzero(known)]), side="right")
    starts = [present[0], *bounds]
    ends = [*bounds, present[-1]]
    names = [f"{_short(start)} – {_short(end)}" for start, end in zip(starts, ends, strict=True)]
    return _with_counts(codes, names, ordered=True)


def _short(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)[:10]


def _categories(found: Sequence[object]) -> Colouring:
    texts = ["" if value is None or isinstance(value, bytes) else str(value) for value in found]
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    counts.pop("", None)
    names = sorted(counts, key=lambda text: (-counts[text], text))
    kept = names[:MAX_CATEGORIES]
    place = {text: code for code, text in enumerate(kept)}
    rest = len(kept) if len(names) > len(kept) else NO_VALUE
    codes = np.fromiter((place.get(text, rest if text else NO_VALUE) for text in texts), np.uint8, len(texts))
    labels = [text[:40] for text in kept] + ([f"{len(names) - len(kept):,} other values"] if rest != NO_VALUE else [])
    return _with_counts(codes, labels, ordered=False)


def _with_counts(codes: npt.NDArray[np.uint8], names: Sequence[str], *, ordered: bool) -> Colouring:
    counts = np.bincount(codes, minlength=NO_VALUE + 1)
    if counts[NO_VALUE]:
        codes = np.where(codes == NO_VALUE, len(names), codes).astype(np.uint8)
        names = [*names, "no value"]
        counts = np.bincount(codes, minlength=NO_VALUE + 1)
    return Colouring(codes, names, counts[: len(names)].tolist(), ordered)


def rows_of(text: str, view: MapView, most: int) -> list[int]:
    """Row numbers in a URL, separated by commas. Raises InputError for others than the map has, or for too many."""
    parts = [part for part in text.split(",") if part]
    if len(parts) > most:
        raise InputError(f"rows has {len(parts):,} numbers: the limit is {most}")
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise InputError("rows must be whole numbers, separated by commas")
    if any(int(part) >= len(view.points.keys) for part in parts):
        raise InputError(f"rows must be below {len(view.points.keys):,}")
    return [int(part) for part in parts]
