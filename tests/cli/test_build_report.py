"""What a build says of items without a vector, and of a training that was short: only what its builder declares."""

from dataclasses import replace

import pytest

from semsearch.building.build import Built
from semsearch.cli.build_report import _training, _vocabulary, _without_vector
from semsearch.records import Collection, Run

RUN = Run(1, "modules", "netmf", {}, 0, "cpu", "2026-01-01T00:00:00", 1.0, {}, {})
COLLECTION = Collection(1, "c", "modules", "netmf", 1, "node", 1, 2, 3, "now")


@pytest.mark.parametrize(
    ("builder", "of", "kind", "count", "text"),
    [
        (
            "factorize",
            "document",
            "graph",
            20,
            "20 nodes have no vector, because they are similar to no other node",
        ),
        (
            "factorize",
            "document",
            "documents",
            1,
            "1 document has no vector, because it is similar to no other document",
        ),
        ("netmf", "node", "graph", 2, "2 nodes have no vector, because they have no edge to another node"),
        ("pca", "image", "images", 1, "1 image has no vector, because it cannot be read, or equals the mean image"),
        (
            "lsa",
            "document",
            "documents",
            3,
            "3 documents have no vector, because no word of them is in the vocabulary. Text search still finds them",
        ),
    ],
)
def test_items_without_a_vector_are_named_by_their_kind(builder, of, kind, count, text):
    built = Built(replace(RUN, builder=builder), (replace(COLLECTION, of=of),), count, kind=kind)
    assert _without_vector(built) == text


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"epochs": 3, "seconds": None, "batch_size": 8}, ". Use more --epochs, or a smaller --batch-size"),
        ({"steps": 9, "seconds": 2.0}, ". Use more --seconds"),
        ({"steps": 9}, ". Use more --steps"),
        ({"dim": 3}, ""),
    ],
)
def test_only_options_that_the_builder_has_are_advised(options, advice):
    built = Built(replace(RUN, options=options, metrics={"steps": 7.0}), (COLLECTION,), 0)
    assert list(_training(built, False)) == [f"Only 7 steps: the model is undertrained{advice}"]


def test_a_frequency_limit_without_an_option_is_said_without_advice():
    for options, advice in (({"min_df": 2}, " (--min-df 1 includes them)"), ({}, "")):
        built = Built(replace(RUN, options=options, metrics={"min_df": 2.0}), (COLLECTION,), 0)
        assert list(_vocabulary(built)) == [f"Words in fewer than 2 documents are not in the vocabulary{advice}"]
