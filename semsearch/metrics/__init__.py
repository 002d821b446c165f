"""Each metric declared once: its name, its meaning, range, unit and direction, for pages, commands, JSON and docs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semsearch.metrics import of_evaluations, of_runs
from semsearch.metrics.metric import Metric, number_text

__all__ = [
    "EVALUATION_GROUPS",
    "GENERATED",
    "IMAGES",
    "RETRIEVAL",
    "RUN_GROUPS",
    "RUN_METRICS",
    "UPDATE_METRICS",
    "Metric",
    "as_json",
    "metric_of",
    "number_text",
]

RUN_GROUPS, EVALUATION_GROUPS = of_runs.GROUPS, of_evaluations.GROUPS
_UPDATED = {metric.key: metric for metric in of_runs.UPDATES}
RUN_METRICS: Mapping[str, Metric] = {
    metric.key: metric for title, group in of_runs.GROUPS.items() if title != "Updates" for metric in group
}
UPDATE_METRICS: Mapping[str, Metric] = {key: RUN_METRICS[key] for key in ("texts", "pictures")} | _UPDATED
GENERATED: Mapping[str, Metric] = {metric.key: metric for metric in of_evaluations.GENERATED}
IMAGES: Mapping[str, Metric] = {metric.key: metric for metric in of_evaluations.IMAGES + of_evaluations.GENERATED}
RETRIEVAL: Mapping[str, Metric] = {metric.key: metric for metric in of_evaluations.RETRIEVAL}


def metric_of(key: str, declared: Mapping[str, Metric] = RUN_METRICS) -> Metric:
    """The declaration of a metric. The name of an undeclared one is its key in words, as `words read`."""
    if key in declared:
        return declared[key]
    if key.startswith("seconds_"):
        return Metric(key, f"time: {key.removeprefix('seconds_').replace('_', ' ')}", "", unit="s", decimals=2)
    return Metric(key, key.replace("_", " "), "")


def as_json(metric: Metric) -> dict[str, Any]:
    """A declaration for JSON, without what is only about its presentation."""
    names = ("name", "what", "range", "unit", "better")
    return {name: getattr(metric, name) or None for name in names}
