"""Which collections a run read: noted by the run that made them, and files from before that."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.errors import SchemaError
from semsearch.records import Dataset
from semsearch.storage import collections, connect, dependencies
from semsearch.storage.driver import Connection


def test_a_file_from_before_inputs_is_brought_up_to_date(db: Connection, articles: Dataset, path: str) -> None:
    builders = registry.load().builders
    engine.build(db, articles, builders["pmi"], {"min_count": 1})
    db.execute("drop table _semsearch_inputs")
    db.execute("delete from _sqlite_migrations where name = 'm006_inputs'")
    with pytest.raises(SchemaError, match="semsearch migrate"), connect.reading(path):
        pass
    with connect.writing(path) as again:
        engine.build(again, articles, builders["wordmean"], {"words": "articles_pmi"})
        pmi, means = (collections.get_collection(again, f"articles_{name}") for name in ("pmi", "wordmean"))
        assert dependencies.of_run(again, means) == {"words": pmi} and dependencies.of_run(again, pmi) == {}
        assert dependencies.readers(again, "articles_pmi") == [means] and not dependencies.outdated(again, means)


def test_a_collection_comes_back_as_its_fit_gave_it(db: Connection, articles: Dataset) -> None:
    builder = registry.load().builder("pmi")
    engine.build(db, articles, builder, {"min_count": 1, "dim": 6})
    held = dependencies.everything(db, collections.get_collection(db, "articles_pmi"))
    assert held.of == "word" and held.vectors.shape == (len(held.keys), 6) and held.columns["count"][0] >= 8
    rows = held.take(["orbit", "dough"])
    assert np.array_equal(rows, held.vectors[[held.keys.index("orbit"), held.keys.index("dough")]])
    assert held.known(["orbit", "nobody"]) == {"orbit"}
