"""Labels in SVG drawings: their width, and places where they do not overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from unicodedata import east_asian_width

LETTER_WIDTH = 8.2  # pixels, about, at 15 px
WIDE_LETTER_WIDTH = 15.0  # pixels of a Chinese, Japanese or Korean letter
FONT_SIZE = 15  # pixels
ABOVE = -9  # pixels from a point to the baseline of a label above it

Anchor: TypeAlias = Literal["start", "middle", "end"]
Place = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """A text and its place in pixels: `x` is its start, middle or end, as `anchor` says; `y` is its baseline."""

    text: str
    x: float
    y: float
    anchor: Anchor = "middle"

    @property
    def box(self) -> Box:
        width = width_of(self.text)
        left = self.x - {"start": 0, "middle": width / 2, "end": width}[self.anchor]
        return (left, self.y - FONT_SIZE + 3, left + width, self.y + 4)


def width_of(text: str) -> float:
    """The approximate width of a text in pixels."""
    return sum(WIDE_LETTER_WIDTH if east_asian_width(letter) in "WF" else LETTER_WIDTH for letter in text)


def labels(
    points: Mapping[str, Place],
    texts: Mapping[str, str],
    size: tuple[float, float],
    lines: Sequence[tuple[Place, Place]] = (),
) -> dict[str, Label]:
    """A label for each point that has room for one, free of other labels and points, in a drawing of `size`.

    Labels are placed above their point, or else below, at a side, or a little further away, where no line crosses them
    if there is such a place. First points come first.
    """
    taken = {key: (x - 6, y - 6, x + 6, y + 6) for key, (x, y) in points.items()}
    placed: dict[str, Label] = {}
    for key, (x, y) in points.items():
        others = [box for other, box in taken.items() if other != key] + [label.box for label in placed.values()]
        free = [label for label in _candidates(texts[key], x, y) if _is_free(label.box, others, size)]
        if free:
            placed[key] = min(free, key=lambda label: sum(_crosses(line, label.box) for line in lines))
    return placed


def _is_free(box: Box, others: Sequence[Box], size: tuple[float, float]) -> bool:
    inside = box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
    return inside and not any(_overlap(box, other) for other in others)


def _crosses(line: tuple[Place, Place], box: Box) -> bool:
    """Whether a line crosses a box: the part of it within the box's width and height is not empty (Liang-Barsky)."""
    (x1, y1), (x2, y2) = line
    begin, end = 0.0, 1.0
    for start, change, low, high in ((x1, x2 - x1, box[0], box[2]), (y1, y2 - y1, box[1], box[3])):
        if change == 0:
            if not low <= start <= high:
                return False
            continue
        first, last = sorted(((low - start) / change, (high - start) / change))
        begin, end = max(begin, first), min(end, last)
    return begin <= end


def _candidates(text: str, x: float, y: float) -> list[Label]:
    sides: tuple[tuple[int, Anchor], ...] = ((-6, "start"), (6, "end"))
    middle = [Label(text, x, round(y + down, 1)) for down in (ABOVE, 21)]
    at_sides = [Label(text, x + 10, y + 5, "start"), Label(text, x - 10, y + 5, "end")]
    diagonal = [Label(text, x + across, round(y + down, 1), anchor) for down in (ABOVE, 21) for across, anchor in sides]
    further = [Label(text, x, round(y + down, 1)) for down in (-24, 36)]
    return [*middle, *at_sides, *diagonal, *further]


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
