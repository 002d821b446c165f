"""Encoding a text asks the file once for the words of a question."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.records import Dataset
from semsearch.search import models
from semsearch.storage import collections
from semsearch.storage.driver import Connection
from semsearch.storage.vectors import StoredRows


@pytest.fixture
def asked(monkeypatch) -> list[list[str]]:
    """The keys that are looked up in the file, one list for each time."""
    seen: list[list[str]] = []
    take = StoredRows.take

    def told(self, keys):
        seen.append(list(keys))
        return take(self, keys)

    monkeypatch.setattr(StoredRows, "take", told)
    return seen


def build(db: Connection, articles: Dataset, seed: int = 0):
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 4}, engine.BuildOptions(seed=seed))
    return collections.get_collection(db, "articles_lsa")


def test_a_word_is_looked_up_once_and_again_after_a_rebuild(db: Connection, articles: Dataset, asked) -> None:
    collection = build(db, articles)
    first = models.encode_text(db, collection, "rocket orbit")
    again = models.encode_text(db, collection, "orbit rocket")
    assert first is not None and again is not None and np.allclose(first, again)
    models.encode_text(db, collection, "orbit moon")
    assert [sorted(keys) for keys in asked] == [["orbit", "rocket"], ["moon"]]
    models.encode_text(db, build(db, articles, seed=1), "orbit moon")
    assert sorted(asked[-1]) == ["moon", "orbit"]


def test_rows_kept_are_those_of_the_file(db: Connection, articles: Dataset, monkeypatch) -> None:
    collection = build(db, articles)
    words = models.state_of(db, collection).embeddings["word"]
    part = next(part for part in collections.of_run(db, collection.run) if part.of == "word")
    monkeypatch.setattr(models, "ROWS_KEPT", 3)  # so that keeping begins again within the test
    for keys in (["orbit", "moon"], ["moon", "rocket"], ["rocket", "orbit", "fuel"], []):
        assert np.array_equal(words.take(keys), StoredRows(db, part).take(keys))
    with pytest.raises(KeyError):
        words.take(["orbit", "nonsense"])
