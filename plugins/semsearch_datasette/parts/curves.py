"""Training curves as small SVG drawings: one panel per metric, over the training steps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from semsearch.metrics import RUN_METRICS, Metric, metric_of
from semsearch_datasette.parts.numbers import with_minus

WIDTH, HEIGHT = 260, 90  # pixels of the line
LEFT, BOTTOM, MARGIN = 46, 16, 6  # pixels for the values of the axes, and around
MAX_POINTS = 260  # one per pixel
LOG_SCALE_FROM = 100  # ratio of largest to smallest value from which the scale is logarithmic

FRAME = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "bottom": BOTTOM, "margin": MARGIN}  # for _curves.html


@dataclass(frozen=True)
class Panel:
    """A metric: its key, its name and which direction is better, the points of its line for SVG, its first and last
    value, and the values at the ends of both axes, each as text. `begin` and `end` are steps."""

    key: str
    name: str
    direction: str
    is_declared: bool
    points: str
    first: str
    last: str
    least: str
    greatest: str
    begin: str
    end: str
    is_log: bool


def panels(
    curve: Sequence[tuple[int, Mapping[str, float]]], declared: Mapping[str, Metric] = RUN_METRICS
) -> list[Panel]:
    """A panel for each metric with at least two values, in the order of their first values."""
    lines: dict[str, list[tuple[int, float]]] = {}
    for step, metrics in curve:
        for name, value in metrics.items():
            if math.isfinite(value):
                lines.setdefault(name, []).append((step, value))
    return [_panel(metric_of(name, declared), line) for name, line in lines.items() if len(line) > 1]


def _panel(metric: Metric, line: list[tuple[int, float]]) -> Panel:
    values = [value for _, value in line]
    least, greatest = min(values), max(values)
    is_log = least > 0 and greatest / least >= LOG_SCALE_FROM
    height = math.log if is_log else float
    low, high = height(least), height(greatest)
    start, span = line[0][0], max(1, line[-1][0] - line[0][0])
    every = max(1, len(line) // MAX_POINTS)
    shown = [*line[:-1:every], line[-1]]
    points = " ".join(
        f"{(step - start) / span * WIDTH:.1f},{HEIGHT - (height(value) - low) / max(high - low, 1e-12) * HEIGHT:.1f}"
        for step, value in shown
    )
    extremes = {"first": values[0], "last": values[-1], "least": least, "greatest": greatest}
    texts = {which: with_minus(f"{value:,.3g}") for which, value in extremes.items()}
    return Panel(
        metric.key,
        metric.name,
        metric.direction,
        metric.key in RUN_METRICS,
        points,
        begin=f"{line[0][0]:,}",
        end=f"{line[-1][0]:,}",
        is_log=is_log,
        **texts,
    )
