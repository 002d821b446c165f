"""A run for people: present names of options, plain names of metrics, numbers that can be read."""

from dataclasses import replace

import pytest

from semsearch import present, registry
from semsearch.metrics import number_text
from semsearch.records import Run
from semsearch.run_facts import metric_name, metric_texts, option_texts, with_present_names

RUN = Run(
    id=1,
    dataset="docs",
    builder="deepwalk",
    options={"weights": "flat", "dim": None, "exact": True},
    seed=0,
    device="cpu",
    started="2026-01-01T00:00:00",
    seconds=1.0,
    metrics={"nonzeros": 136_000.0, "dim": 36.0, "score_of_shown": 0.12345, "seconds_weighing": 0.5},
    versions={},
)


def test_options_stored_under_former_names_have_their_present_ones():
    now = next(new for old, new in _former("deepwalk") if old == "weights")
    assert dict(with_present_names(RUN).options)[now] == "flat" and "weights" not in with_present_names(RUN).options
    assert present.run_dict(RUN)["options"][now] == "flat"
    assert option_texts(RUN)[now] == "flat"


def _former(builder):
    from semsearch.builders.options import former_names

    return former_names(registry.load().builder(builder).Options).items()


def test_options_of_a_builder_that_is_gone_and_both_names_stay_as_stored():
    assert with_present_names(replace(RUN, builder="gone")).options == RUN.options
    now = dict(_former("deepwalk"))["weights"]
    both = replace(RUN, options={"weights": "flat", now: "harmonic"})
    assert with_present_names(both).options == both.options


def test_values_are_shown_as_words_and_numbers():
    assert option_texts(RUN)["dim"] == "automatic: 36" and option_texts(RUN)["exact"] == "yes"
    assert metric_texts(RUN) == {
        "nonzero entries": "136,000",
        "dimensions": "36",
        "discriminator score, training images": "0.12",
        "time: choosing the search weight": "0.50 s",
    }


@pytest.mark.parametrize(
    ("value", "text"), [(None, "none"), (False, "no"), (3, "3"), (1234567.0, "1,234,567"), (0.123456, "0.1235")]
)
def test_numbers(value, text):
    assert number_text(value) == text


def test_names_of_metrics():
    assert metric_name("strangeness") == "distance to real images"
    assert metric_name("seconds_new_stage") == "time: new stage" and metric_name("new_key") == "new key"
