"""What is held in memory answers as the file does, stays within its bound, and follows rebuilds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.records import Collection, Dataset
from semsearch.search import resident
from semsearch.search.keytable import key_table
from semsearch.search.query import Filter, search
from semsearch.storage import chunks, collections, connect, datasets, vectors
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """Two topics, built in four dimensions."""
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 4})
    return db


@pytest.fixture
def holding() -> Iterator[None]:
    """A process that holds collections, which forgets them at the end."""
    resident.enable_cache(1 << 20)
    yield
    resident.enable_cache(0)


def documents(db: Connection) -> Collection:
    return collections.get_collection(db, "articles_lsa")


def unasked(keys: Sequence[str]) -> Mapping[str, float]:
    """For what needs no file."""
    raise AssertionError(f"asked the file for {keys}")


@pytest.mark.usefixtures("holding")
def test_memory_and_file_agree(built: Connection) -> None:
    held = resident.resident(built, documents(built))
    assert held is not None
    for key in ("1", "7", "12"):
        vector = vectors.unit_vector(built, documents(built), key)
        stored = vectors.nearest(built, documents(built), vector, 12)
        found = held.nearest(vector, 12, None, unasked)
        assert next(iter(found)) == key
        assert found == pytest.approx({near.key: 1 - near.distance for near in stored}, abs=1e-5)
        assert list(held.nearest(vector, 3, None, unasked)) == list(found)[:3]
        assert held.cosines(vector, ["2", "99", "3"], unasked) == pytest.approx({"2": found["2"], "3": found["3"]})
        some = held.nearest(vector, 2, ["4", "5", "99", "6"], unasked)
        assert list(some) == [item for item in found if item in ("4", "5", "6")][:2]


def test_a_command_holds_nothing(built: Connection) -> None:
    assert resident.resident(built, documents(built)) is None


@pytest.mark.usefixtures("holding")
def test_a_rebuild_is_another_entry(built: Connection, articles: Dataset) -> None:
    before = resident.resident(built, documents(built))
    assert resident.resident(built, documents(built)) is before
    engine.build(built, articles, registry.load().builder("lsa"), {"dim": 2})
    after = resident.resident(built, documents(built))
    assert isinstance(after, resident.Floats) and after.vectors.shape == (12, 2)


def test_the_bound_is_kept_oldest_use_first(built: Connection) -> None:
    words = collections.get_collection(built, "articles_lsa_words")
    resident.enable_cache(2 * words.count * words.dim * 4)  # floats may take half; both together are more than there is
    first = resident.resident(built, documents(built))
    assert resident.resident(built, words) is not None
    assert resident.resident(built, documents(built)) is not first
    resident.enable_cache(0)
    assert resident.resident(built, documents(built)) is None


def test_ties_come_in_the_order_they_were_written() -> None:
    held = resident.Floats(key_table([["a", "b"], ["c", "d"]]), np.ones((4, 1), np.float32))
    assert list(held.nearest(np.ones(1, np.float32), 2, None, unasked)) == ["a", "b"]


@pytest.mark.usefixtures("holding")
@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_a_search_from_memory_gives_the_hits_of_one_from_the_file(built: Connection, mode: str) -> None:
    def asked() -> list[tuple[object, float]]:
        found = search(
            built, open_collection(built, "articles_lsa"), "rocket fuel", mode=mode, k=12, only=Filter("id <> 3")
        )
        return [(hit.id, hit.score) for hit in found.hits]

    in_memory = asked()
    resident.enable_cache(0)
    from_file = asked()
    # Cosines that differ by less than float32 sums do may come in either order.
    assert dict(in_memory) == pytest.approx(dict(from_file), abs=1e-5) and len(in_memory) > 0
    assert [score for _, score in in_memory] == pytest.approx([score for _, score in from_file], abs=1e-5)


COUNT, DIM = 5000, 24


@pytest.fixture
def many(db: Connection) -> Iterator[Collection]:
    """Five thousand vectors around fifty directions, of which the last thousand repeat the first, under text keys."""
    rng = np.random.default_rng(5)
    centres = rng.standard_normal((50, DIM))
    made = centres[rng.integers(0, 50, COUNT)] + 0.4 * rng.standard_normal((COUNT, DIM))
    made[-1000:] = made[:1000]
    db.execute("create table things (id text primary key, body text)")
    keys = [f"thing {number}" for number in range(COUNT)]
    db.executemany("insert into things values (?, 'x')", [[key] for key in keys])
    with connect.transaction(db):
        datasets.save(db, datasets.draft(shape_of(db, "things"), text_columns=["body"]))
        number = vectors.create(db, DIM, "text")
        vectors.write(db, number, keys, made.astype(np.float32), "text")
    yield Collection(1, "things_x", "things", "x", 1, "document", number, DIM, COUNT, "now")
    resident.enable_cache(0)


def ready() -> None:
    """Wait for the kernels, which are compiled in the background."""
    until = time.monotonic() + 60
    while not resident.compiled() and time.monotonic() < until:
        time.sleep(0.01)
    assert resident.compiled()


@pytest.mark.parametrize("kind", [resident.Floats, resident.Coded])
def test_bits_find_what_a_full_scan_finds(db: Connection, many: Collection, kind: type, monkeypatch) -> None:
    monkeypatch.setattr(resident, "_SCANNED", 0)
    if kind is resident.Coded:
        monkeypatch.setattr(resident, "_with_floats", lambda collection, limit: False)
    resident.enable_cache(1 << 24)
    ready()
    held = resident.resident(db, many)
    assert isinstance(held, kind) and held.finder is not None
    assert held.nbytes < 1 << 24
    keys, matrix = chunks.everything(db, many)

    def exactly(wanted: Sequence[str]) -> dict[str, float]:
        return {one.key: 1 - one.distance for one in vectors.distances(db, many, query, wanted)}

    reached = []
    for row in range(0, COUNT, 50):
        query = matrix[row]
        cosines = matrix @ query
        found = held.nearest(query, 10, None, exactly)
        # Tie-aware: what repeats an item is as good as the item. 1e-5 is what float32 sums differ by.
        reached += [cosines[keys.index(key)] >= np.sort(cosines)[-10] - 1e-5 for key in found]
        assert list(found.values()) == sorted(found.values(), reverse=True)
        every = held.nearest(query, 1500, None, exactly)  # too deep for bits: all are read
        assert list(every.values()) == pytest.approx(np.sort(cosines)[::-1][:1500], abs=1e-5)
        some = [*keys[100:300], "no such thing"]
        of_some = held.nearest(query, 5, some, exactly)
        assert list(of_some.values()) == pytest.approx(np.sort(cosines[100:300])[::-1][:5], abs=1e-5)
        assert held.cosines(query, ["thing 7", "none"], exactly) == pytest.approx({"thing 7": cosines[7]}, abs=1e-5)
    assert len(reached) == 1000
    assert np.mean(reached) >= 0.99


def test_vec0_answers_while_another_thread_reads(db: Connection, many: Collection, monkeypatch) -> None:
    resident.enable_cache(1 << 24)
    seen: list[object] = []
    original = resident._read

    def slow(*arguments: object) -> object:
        seen.append(resident.resident(db, many))
        return original(*arguments)

    monkeypatch.setattr(resident, "_read", slow)
    assert resident.resident(db, many) is not None
    assert seen == [None]


def test_what_cannot_fit_is_not_read(db: Connection, many: Collection) -> None:
    resident.enable_cache(COUNT * DIM // 2)
    assert resident.resident(db, many) is None
