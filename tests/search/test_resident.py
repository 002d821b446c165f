"""What is held in memory answers as the file does, stays within its bound, and follows rebuilds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from semsearch import build as engine
from semsearch import registry
from semsearch.records import Collection, Dataset
from semsearch.search import resident
from semsearch.search.query import Filter, search
from semsearch.storage import collections, vectors
from semsearch.storage.driver import Connection


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """Two topics, built in four dimensions."""
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 4})
    return db


@pytest.fixture
def holding() -> Iterator[None]:
    """A process that holds collections, which forgets them at the end."""
    resident.hold(1 << 20)
    yield
    resident.hold(0)


def documents(db: Connection) -> Collection:
    return collections.get_collection(db, "articles_lsa")


@pytest.mark.usefixtures("holding")
def test_memory_and_file_agree(built: Connection) -> None:
    held = resident.resident(built, documents(built))
    assert held is not None
    for key in ("1", "7", "12"):
        vector = vectors.unit_vector(built, documents(built), key)
        stored = vectors.nearest(built, documents(built), vector, 12)
        found = held.nearest(vector, 12)
        assert next(iter(found)) == key
        assert found == pytest.approx({near.key: 1 - near.distance for near in stored}, abs=1e-5)
        assert list(held.nearest(vector, 3)) == list(found)[:3]
        assert held.cosines(vector, ["2", "99", "3"]) == pytest.approx({"2": found["2"], "3": found["3"]})
        some = held.nearest(vector, 2, among=["4", "5", "99", "6"])
        assert list(some) == [item for item in found if item in ("4", "5", "6")][:2]


def test_a_command_holds_nothing(built: Connection) -> None:
    assert resident.resident(built, documents(built)) is None


@pytest.mark.usefixtures("holding")
def test_a_rebuild_is_another_entry(built: Connection, articles: Dataset) -> None:
    before = resident.resident(built, documents(built))
    assert resident.resident(built, documents(built)) is before
    engine.build(built, articles, registry.load().builder("lsa"), {"dim": 2})
    after = resident.resident(built, documents(built))
    assert after is not None and after.vectors.shape == (12, 2)


def test_the_bound_is_kept_oldest_use_first(built: Connection) -> None:
    words = collections.get_collection(built, "articles_lsa_words")
    resident.hold(words.count * words.dim * 4)
    first = resident.resident(built, documents(built))
    assert resident.resident(built, words) is not None
    assert resident.resident(built, documents(built)) is not first
    resident.hold(0)
    assert resident.resident(built, documents(built)) is None


def test_ties_come_in_the_order_they_were_written() -> None:
    held = resident.Resident(["a", "b", "c", "d"], np.ones((4, 1), np.float32), {"a": 0, "b": 1, "c": 2, "d": 3})
    assert list(held.nearest(np.ones(1, np.float32), 2)) == ["a", "b"]


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_a_search_from_memory_gives_the_hits_of_one_from_the_file(built: Connection, mode: str) -> None:
    def asked() -> list[tuple[object, float]]:
        found = search(built, "articles_lsa", "rocket fuel", mode=mode, k=12, only=Filter("id <> 3"))
        return [(hit.id, hit.score) for hit in found.hits]

    in_memory = asked()
    resident.hold(0)
    from_file = asked()
    assert [key for key, _ in in_memory] == [key for key, _ in from_file] and len(in_memory) > 0
    assert [score for _, score in in_memory] == pytest.approx([score for _, score in from_file], abs=1e-5)
