"""Every metric that a builder, an update or an evaluation writes is declared: name, meaning, range and direction."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest

from semsearch import run_facts
from semsearch.builders.base import Builder, Drifts, make_options
from semsearch.builders.selfsupervised import PretextOptions
from semsearch.evaluate.collection_comparison import CollectionScores
from semsearch.evaluate.images import ImageScores
from semsearch.evaluate.labels import HeldOutScores, LabelScores
from semsearch.evaluate.links import LinkScores
from semsearch.evaluate.retrieval import RetrievalScores
from semsearch.evaluate.sample_scores import SampleScores
from semsearch.evaluate.words import AnalogyScores, SimilarityScores
from semsearch.glossary import TERMS
from semsearch.metrics import EVALUATION_GROUPS, RUN_GROUPS, UPDATE_METRICS, Metric, metric_of
from semsearch.records import Device, Fitted, Report, Run
from tests.builders.registered import BUILDERS, CORPORA, QUICK, every_builder

ALL = [metric for groups in (RUN_GROUPS, EVALUATION_GROUPS) for group in groups.values() for metric in group]
VARIANTS = {
    "autoencoder": [{"variational": True}],
    "gan": [{"schedule": "simultaneous"}],
    "deepwalk": [{"algorithm": "skipgram"}],
    "contrastive": [{"whiten": True}],
    "netmf": [{"exact": False}],
}  # options with which other metrics are written
NOT_MEASURED = {"collection", "builder", "split", "prior", "kind", "method", "section", "how", "by", "mode", "pairs"}
SIZES = {"dim", "seconds", "learned", "judged", "trained", "share", "k", "hidden", "known", "questions", "queries"}
SIZES |= {"queries_without_relevant", "documents", "vocabulary", "right", "compared", "sampled"}


def fits(builder: Builder) -> Iterable[tuple[Fitted, set[str]]]:
    """Fits of a builder on small data, each with the names of what it drew as curves."""
    pretext = issubclass(builder.Options, PretextOptions)
    short = {"width": 4, "epochs": 3} if pretext else QUICK.get(builder.name, {})
    for variant in ({}, *VARIANTS.get(builder.name, [])):
        drawn: set[str] = set()
        options = make_options(builder, short | variant)
        corpus, rng = CORPORA[builder.reads], np.random.default_rng(0)
        yield builder.fit(corpus, options, rng=rng, device=Device(), report=collecting(drawn)), drawn


def collecting(drawn: set[str]) -> Report:
    """A report that adds the names of metrics to a set."""

    def report(step: int, total: int, **metrics: float) -> None:
        drawn.update(metrics)

    return report


@every_builder
def test_what_a_builder_measures_is_declared(builder: Builder) -> None:
    known = {**run_facts.RUN_METRICS, **getattr(builder, "metrics", {})}
    for fitted, drawn in fits(builder):
        assert drawn | set(fitted.metrics) <= set(known)
        assert all(np.isfinite(value) and known[key].text(value) for key, value in fitted.metrics.items())


@every_builder
def test_the_run_shows_what_the_builder_chose(builder: Builder) -> None:
    name = "pca" if builder.name == "pca-columns" else builder.name
    fitted, _ = next(iter(fits(builder)))
    options = {field.name: None for field in dataclasses.fields(builder.Options) if field.default is None}
    run = Run(1, "data", name, options, 0, "cpu", "", 1.0, fitted.metrics, {})
    for option, text in run_facts.option_texts(run).items():
        is_chosen = text.startswith(("automatic: ", "default: half of the dimensions"))
        assert is_chosen or text == "none" or option in ("max_vocab", "words") or name == "pca", (option, text)


@pytest.mark.parametrize(
    "builder", [builder for builder in BUILDERS if isinstance(builder, Drifts)], ids=lambda builder: builder.name
)
def test_what_an_update_measures_is_declared(builder: Builder) -> None:
    corpus = CORPORA[builder.reads]
    fitted, _ = next(iter(fits(builder)))
    state = fitted.state()
    drift = builder.drift(state, corpus, builder.encode(state, corpus))
    assert drift.keys() | {"texts", "pictures"} <= UPDATE_METRICS.keys()
    assert run_facts.update_texts({"texts": 12.0, "residual": 0.25}) == {
        "new texts": "12",
        "share outside the components": "0.250",
    }


@pytest.mark.parametrize(
    "scores",
    [
        CollectionScores,
        ImageScores,
        HeldOutScores,
        LabelScores,
        LinkScores,
        RetrievalScores,
        SampleScores,
        AnalogyScores,
        SimilarityScores,
    ],
)
def test_what_an_evaluation_measures_is_declared(scores: type) -> None:
    declared = {metric.key for group in EVALUATION_GROUPS.values() for metric in group}
    measured = {field.name for field in dataclasses.fields(scores)} - NOT_MEASURED - SIZES - {"few"}
    assert measured <= declared


def test_a_declaration_says_all_a_reader_needs() -> None:
    for metric in ALL:
        assert metric.name and metric.what.endswith("."), metric.key
        assert not metric.term or metric.term in TERMS, metric.key
        assert (
            metric.range
            or metric.unit
            or metric.key.startswith(("score_of", "seconds"))
            or metric.is_flag
            or "loss" in metric.name
        ), metric.key


def test_bounds_of_a_collapse_are_those_of_the_monitor() -> None:
    from semsearch.nets.gan.monitor import MAX_DISTANCE, MIN_DIVERSITY

    assert f"Below {MIN_DIVERSITY} the GAN" in metric_of("diversity").what
    assert f"above {MAX_DISTANCE} the GAN" in metric_of("strangeness").what


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        (Metric("a", "a", "", decimals=3), 0.36482, "0.365"),
        (Metric("a", "a", "", decimals=3), 1.0, "1"),
        (Metric("a", "a", "", decimals=3), 0.9999, "1.000"),
        (Metric("a", "a", "", decimals=3), 0.0001, "under 0.001"),
        (Metric("a", "a", "", decimals=3), -0.0001, "-0.001 to 0"),
        (Metric("a", "a", "", decimals=3), 0.0, "0"),
        (Metric("a", "a", ""), 0.018421, "0.0184"),
        (Metric("a", "a", ""), 1234567.0, "1,234,567"),
        (Metric("a", "a", "", unit="s", decimals=2), 1.719, "1.72 s"),
        (Metric("a", "a", "", is_flag=True), 1.0, "yes"),
        (Metric("a", "a", "", decimals=1), float("nan"), "nan"),
    ],
)
def test_values_have_the_digits_that_mean_something(metric: Metric, value: float, text: str) -> None:
    assert metric.text(value) == text


def test_the_meaning_ends_with_range_and_direction() -> None:
    assert Metric("a", "a", "What.", "0 to 1", better="higher").meaning == "What. 0 to 1, higher is better."
    assert Metric("a", "a", "What.", "a count").meaning == "What."
    assert Metric("a", "a", "What.", "a count", better="lower").meaning == "What. Lower is better."
