"""Labels in pictures that the server draws: how wide they are, and where they keep clear of each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias
from unicodedata import east_asian_width

LETTER = 8.2  # about the width of a letter of 15 px
WIDE = 15.0  # of a Chinese, Japanese or Korean one
SIZE = 15
ABOVE = -9  # from a point to its label's foot

Anchor: TypeAlias = Literal["start", "middle", "end"]
Place = tuple[float, float]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """A label's text, and where it stands: at `x` it begins, has its middle or ends, as `anchor` says; `y` its foot."""

    text: str
    x: float
    y: float
    anchor: Anchor = "middle"

    @property
    def box(self) -> Box:
        width = width_of(self.text)
        left = self.x - {"start": 0, "middle": width / 2, "end": width}[self.anchor]
        return (left, self.y - SIZE + 3, left + width, self.y + 4)


def width_of(text: str) -> float:
    """About how wide a text is, in pixels."""
    return sum(WIDE if east_asian_width(letter) in "WF" else LETTER for letter in text)


def labels(points: Mapping[str, Place], texts: Mapping[str, str], size: tuple[float, float]) -> dict[str, Label]:
    """A label for each point that has room for one which no other label or point stands in, within a picture of `size`.

    Above its point if that is free, else below, beside, or a little further off; the first points choose first.
    """
    taken = {key: (x - 6, y - 6, x + 6, y + 6) for key, (x, y) in points.items()}
    found: dict[str, Label] = {}
    for key, (x, y) in points.items():
        others = [box for other, box in taken.items() if other != key] + [label.box for label in found.values()]
        for label in _candidates(texts[key], x, y):
            box = label.box
            inside = box[0] >= 0 and box[1] >= 0 and box[2] <= size[0] and box[3] <= size[1]
            if inside and not any(_overlap(box, other) for other in others):
                found[key] = label
                break
    return found


def _candidates(text: str, x: float, y: float) -> list[Label]:
    sides: tuple[tuple[int, Anchor], ...] = ((-6, "start"), (6, "end"))
    middle = [Label(text, x, round(y + down, 1)) for down in (ABOVE, 21)]
    beside = [Label(text, x + 10, y + 5, "start"), Label(text, x - 10, y + 5, "end")]
    aslant = [Label(text, x + across, round(y + down, 1), anchor) for down in (ABOVE, 21) for across, anchor in sides]
    further = [Label(text, x, round(y + down, 1)) for down in (-24, 36)]
    return [*middle, *beside, *aslant, *further]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
