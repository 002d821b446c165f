"""Curves of a training as small pictures (SVG): one panel a measure, steps to the right."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 260, 90
MOST_POINTS = 260  # one a pixel
_LOG_FROM = 100  # largest over smallest from which a scale of powers of ten says more


@dataclass(frozen=True)
class Panel:
    """A measure: its name, the points of its line as SVG writes them, and its first, last, least and greatest value."""

    name: str
    points: str
    first: str
    last: str
    least: str
    greatest: str
    steps: str
    by_powers: bool


def panels(curve: Sequence[tuple[int, Mapping[str, float]]]) -> list[Panel]:
    """A panel for each measure that was told at least twice, in the order in which they first were."""
    found: dict[str, list[tuple[int, float]]] = {}
    for step, metrics in curve:
        for name, value in metrics.items():
            if math.isfinite(value):
                found.setdefault(name, []).append((step, value))
    return [_panel(name, line) for name, line in found.items() if len(line) > 1]


def _panel(name: str, line: list[tuple[int, float]]) -> Panel:
    values = [value for _, value in line]
    least, greatest = min(values), max(values)
    by_powers = least > 0 and greatest / least >= _LOG_FROM
    height = math.log if by_powers else float
    low, high = height(least), height(greatest)
    start, span = line[0][0], max(1, line[-1][0] - line[0][0])
    every = max(1, len(line) // MOST_POINTS)
    shown = [*line[:-1:every], line[-1]]
    points = " ".join(
        f"{(step - start) / span * WIDTH:.1f},{HEIGHT - (height(value) - low) / max(high - low, 1e-12) * HEIGHT:.1f}"
        for step, value in shown
    )
    told = {"first": values[0], "last": values[-1], "least": least, "greatest": greatest}
    said = {which: f"{value:,.4g}" for which, value in told.items()}
    return Panel(name.replace("_", " "), points, steps=f"{line[-1][0]:,}", by_powers=by_powers, **said)
