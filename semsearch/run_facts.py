"""A run for people: its options by their present names, its metrics as declared. The stored keys and JSON stay."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from semsearch import registry
from semsearch.builders.base import DeclaresMetrics
from semsearch.builders.options import current_names, default_text
from semsearch.errors import InputError
from semsearch.metrics import RUN_METRICS, UPDATE_METRICS, Metric, as_json, metric_of, number_text
from semsearch.records import Run

CHOSEN_AS: Mapping[str, str] = {"dim": "components", "lr": "rate"}  # options whose value has another key as a metric


@dataclass(frozen=True)
class MetricFact:
    """A metric of a run: its declaration, and its value as text."""

    metric: Metric
    text: str


def declared(builder: str) -> Mapping[str, Metric]:
    """The metrics of runs by key: those of semsearch, and those that a plugin's builder declares itself."""
    found = registry.load().builders.get(builder)
    return {**RUN_METRICS, **found.metrics} if isinstance(found, DeclaresMetrics) else RUN_METRICS


def metric_name(key: str) -> str:
    """The plain name of a metric. The seconds of a stage are named after it, other keys by their own words."""
    return metric_of(key).name


def with_present_names(run: Run) -> Run:
    """The run with its options by their present names, where an older version stored former ones.

    The options of a builder that is not installed stay as they are.
    """
    builder = registry.load().builders.get(run.builder)
    if builder is None:
        return run
    try:
        return replace(run, options=current_names(builder.Options, run.options))
    except InputError:  # both names are stored: neither is lost
        return run


def option_texts(run: Run) -> dict[str, str]:
    """The options of a run by their present names; of one that the builder chose, also what it chose."""
    builder = registry.load().builders.get(run.builder)
    fields = {} if builder is None else {field.name: field for field in dataclasses.fields(builder.Options)}
    options = with_present_names(run).options
    return {name: _option_text(name, value, run, fields.get(name)) for name, value in options.items()}


def _option_text(name: str, value: Any, run: Run, field: dataclasses.Field[Any] | None) -> str:
    """`36`, `automatic: 36`, of older runs `default: an eighth of the documents`, or `none`."""
    if value is not None:
        return number_text(value)
    key = next((key for key in (name, CHOSEN_AS.get(name)) if key in run.metrics), None)
    if key is not None:
        return f"automatic: {metric_of(key, declared(run.builder)).text(run.metrics[key])}"
    if field is None:
        return "automatic"
    return f"default: {default_text(field)}" if field.metadata.get("default_text") else "none"


def metric_facts(run: Run) -> list[MetricFact]:
    """The metrics of a run, times last, without the values of options, which `option_texts` has."""
    known = declared(run.builder)
    keys = sorted(run.metrics, key=lambda key: key.startswith("seconds_"))
    facts = [(metric_of(key, known), run.metrics[key]) for key in keys]
    return [MetricFact(metric, metric.text(value)) for metric, value in facts if not _is_option(metric, run)]


def _is_option(metric: Metric, run: Run) -> bool:
    options = with_present_names(run).options
    return metric.is_choice and any(metric.key in (name, CHOSEN_AS.get(name)) for name in options)


def counting_text(run: Run) -> str:
    """How a builder of words counted co-occurrences; empty if its options do not say."""
    options = with_present_names(run).options
    weighting = "flat" if options.get("window") == 0 else options.get("distance_weighting")
    if weighting == "harmonic":
        return "A pair d words apart counts 1/d, so counts can be fractions."
    return "Each pair within the window counts 1." if weighting == "flat" else ""


def metric_texts(run: Run) -> dict[str, str]:
    """The metrics of a run, by their plain names."""
    return {fact.metric.name: fact.text for fact in metric_facts(run)}


def update_texts(metrics: Mapping[str, float]) -> dict[str, str]:
    """The metrics of an update, by their plain names."""
    found = [(metric_of(key, UPDATE_METRICS), value) for key, value in metrics.items()]
    return {metric.name: metric.text(value) for metric, value in found}


def meanings(builder: str, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """For JSON: the declarations of these metrics of a builder's runs, by key."""
    known = declared(builder)
    return {key: as_json(metric_of(key, known)) for key in keys}
