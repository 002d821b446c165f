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
from semsearch.search.scorers import VectorScorer
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


@pytest.mark.parametrize(
    ("kind", "tier"), [(resident.Floats, "floats"), (resident.Coded, "bytes"), (resident.Bits, "bits")]
)
def test_bits_find_what_a_full_scan_finds(
    db: Connection, many: Collection, kind: type, tier: resident.Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "_SCANNED", 0)
    monkeypatch.setattr(resident, "tier_of", lambda collection, limit: tier)
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
        assert found is not None
        reached += [cosines[keys.index(key)] >= np.sort(cosines)[-10] - 1e-5 for key in found]
        assert list(found.values()) == sorted(found.values(), reverse=True)
        assert held.cosines(query, ["thing 7", "none"], exactly) == pytest.approx({"thing 7": cosines[7]}, abs=1e-5)
        every = held.nearest(query, 1500, None, exactly)  # too deep for bits: all are read
        some = [*keys[100:300], "no such thing"]
        of_some = held.nearest(query, 5, some, exactly)
        if tier == "bits":  # then sqlite-vec is asked
            assert every is None and of_some is None
            continue
        assert every is not None and of_some is not None
        assert list(every.values()) == pytest.approx(np.sort(cosines)[::-1][:1500], abs=1e-5)
        assert list(of_some.values()) == pytest.approx(np.sort(cosines[100:300])[::-1][:5], abs=1e-5)
    assert len(reached) == 1000
    assert np.mean(reached) >= 0.99


@pytest.mark.parametrize("k", [3, 1200])
@pytest.mark.parametrize("only", ["", "id < 'thing 2'"])
def test_every_tier_gives_the_same_hits(db: Connection, many: Collection, k: int, only: str) -> None:
    """Of all items and of some, few and many, whatever fits in memory; also while a smaller limit is set."""
    ready_limits = [1 << 24, _limit_for(many, "bytes"), _limit_for(many, "bits"), 1]
    keys, matrix = chunks.everything(db, many)
    among = [key for key in keys if key < "thing 2"] if only else None
    hits = []
    for limit in ready_limits:
        resident.enable_cache(0)
        resident.enable_cache(limit)
        ready()
        scorer = VectorScorer(db, many, matrix[17], among)
        hits.append(scorer.top(k))
        assert scorer.of(["thing 17", "none"]) == pytest.approx({"thing 17": 1.0}, abs=1e-5)
    resident.enable_cache(0)
    hits.append(VectorScorer(db, many, matrix[17], among).top(k))
    for found in hits[:-1]:
        assert list(found.values()) == pytest.approx(list(hits[-1].values()), abs=1e-5)


def _limit_for(collection: Collection, tier: resident.Tier) -> int:
    """A limit of memory with which a collection is in this tier."""
    limit = resident.bytes_of(collection, tier)
    assert resident.tier_of(collection, limit) == tier
    return limit


def test_tiers_follow_each_other_without_a_gap(many: Collection) -> None:
    limits = [2 * 4 * COUNT * DIM, *(resident.bytes_of(many, tier) for tier in ("bytes", "bits"))]
    for limit, tier, below in zip(limits, ("floats", "bytes", "bits"), ("bytes", "bits", "file"), strict=True):
        assert resident.tier_of(many, limit) == tier and resident.tier_of(many, limit - 1) == below
    assert resident.bytes_of(many, "file") == 0 and resident.tier_of(many) == "floats"
    assert "as floats in memory" in resident.tier_text(many, limits[0])
    assert "as sign bits" in resident.tier_text(many, limits[2])
    assert "in the file, because" in resident.tier_text(many, 1)


def test_vec0_answers_while_another_thread_reads(db: Connection, many: Collection, monkeypatch) -> None:
    resident.enable_cache(1 << 24)
    seen: list[object] = []
    original = resident._read_floats

    def slow(*arguments: object) -> object:
        seen.append(resident.resident(db, many))
        return original(*arguments)

    monkeypatch.setitem(resident._READERS, "floats", slow)
    assert resident.resident(db, many) is not None
    assert seen == [None]


def test_keys_longer_than_estimated_take_the_next_tier_and_are_read_once(
    db: Connection, many: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resident, "_ROW_BYTES", {"integer": 0, "text": 0})
    reads: list[str] = []
    for tier, reader in list(resident._READERS.items()):

        def counting(db: Connection, collection: Collection, tier: str = tier, reader=reader) -> resident.Resident:
            reads.append(tier)
            return reader(db, collection)

        monkeypatch.setitem(resident._READERS, tier, counting)
    resident.enable_cache(resident.bytes_of(many, "bytes") + 20 * COUNT)  # keys take about 30 bytes
    assert isinstance(resident.resident(db, many), resident.Bits) and reads == ["bytes", "bits"]
    assert resident.resident(db, many) is not None and len(reads) == 2
    resident.enable_cache(0)
    resident.enable_cache(resident.bytes_of(many, "bits"))
    assert resident.resident(db, many) is not None and reads[2:] == ["bits"]
    assert resident.resident(db, many) is None and len(reads) == 3  # sqlite-vec answers from now on


def test_what_cannot_fit_is_not_read(db: Connection, many: Collection) -> None:
    resident.enable_cache(COUNT * DIM // 2)
    assert resident.resident(db, many) is None
