"""A run for people: its options by their present names, its metrics by plain ones. The stored keys and JSON stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from semsearch import registry
from semsearch.builders.options import current_names
from semsearch.errors import InputError
from semsearch.records import Run

METRIC_NAMES: Mapping[str, str] = {
    "captured_energy": "share of squared singular values kept",
    "captured_variance": "explained variance",
    "chance": "accuracy by chance",
    "copied": "copy rate",
    "dim": "dimensions",
    "discriminator": "discriminator loss",
    "discriminator_gradient": "discriminator gradient norm",
    "diversity": "diversity (1 = as real images)",
    "exact": "exact matrix",
    "expected_residual": "expected share outside the topics, new texts",
    "expected_unknown": "expected share of unknown words, new texts",
    "generator": "generator loss",
    "generator_gradient": "generator gradient norm",
    "gradient": "gradient norm",
    "held_out": "held-out loss",
    "held_out_accuracy": "held-out accuracy",
    "held_out_error": "held-out error (MSE)",
    "held_out_mean": "held-out error of the mean (MSE)",
    "hybrid_weight": "default weight of the similarity",
    "inputs": "input dimensions",
    "kl": "KL divergence",
    "known_words": "share of known words",
    "krylov_steps": "Krylov steps of the SVD",
    "mean": "error of the mean (MSE)",
    "met": "different pairs",
    "modes": "classes generated",
    "mse": "mean squared error",
    "negative_mass": "share of squared negative eigenvalues",
    "nonzeros": "nonzero entries",
    "pairs": "co-occurring pairs",
    "pictures": "training images",
    "rate": "learning rate",
    "residual": "relative residual of the SVD",
    "score_of_held_out": "discriminator score, held-out images",
    "score_of_made": "discriminator score, generated images",
    "score_of_real": "discriminator score, real images",
    "score_of_shown": "discriminator score, training images",
    "seconds_weighing": "estimating the hybrid weight (s)",
    "seconds_weighting": "weighting the counts (s)",
    "self_retrieval": "self-retrieval (mean reciprocal rank)",
    "steepness": "gradient penalty",
    "strangeness": "distance to real images (1 = between real ones)",
    "terms": "vocabulary",
    "walked": "nodes in all walks",
    "words_read": "tokens read",
}


def metric_name(key: str) -> str:
    """The plain name of a metric. The seconds of a stage are named after it, other keys by their own words."""
    if key in METRIC_NAMES:
        return METRIC_NAMES[key]
    if key.startswith("seconds_"):
        return f"{key.removeprefix('seconds_').replace('_', ' ')} (s)"
    return key.replace("_", " ")


def number_text(value: Any) -> str:
    """A value for people: whole numbers whole, others to four digits, yes or no, and "none" for None."""
    if value is None or isinstance(value, bool):
        return "none" if value is None else "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


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
    """The options of a run by their present names; one that the builder chose with its choice, if a metric holds it."""
    return {name: _option_text(name, value, run) for name, value in with_present_names(run).options.items()}


def _option_text(name: str, value: Any, run: Run) -> str:
    if value is not None:
        return number_text(value)
    chosen = run.metrics.get(name)
    return "automatic" if chosen is None else f"automatic: {number_text(chosen)}"


def metric_texts(run: Run) -> dict[str, str]:
    """The metrics of a run, by their plain names."""
    return {metric_name(key): number_text(value) for key, value in run.metrics.items()}
