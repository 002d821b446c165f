"""The text side from memory gives what FTS5 gives, follows rebuilds, and stays within its bound."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.records import Dataset, Phrase
from semsearch.search import postings, resident
from semsearch.search.postings import Postings
from semsearch.search.scorers import TextScorer
from semsearch.storage import datasets, driver, fulltext
from semsearch.storage.driver import Connection
from tests.helpers import asked
from tests.planted import make_articles

WORDS = ("the", "moon", "rocket", "dough", "yeast", "orbit", "bread", "oven")


@pytest.fixture
def built(db: Connection) -> Connection:
    """Two hundred rows of eight words, the common ones in most of them, some rows alike."""
    rng = np.random.default_rng(4)
    rows = tuple(
        (str(rng.choice(WORDS)), " ".join(rng.choice(WORDS, rng.integers(1, 9), p=[0.3] + [0.1] * 7)))
        for _ in range(200)
    )
    engine.build(db, make_articles(db, rows), registry.load().builder("lsa"), {"dim": 3})
    return db


@pytest.fixture(autouse=True)
def holding() -> Iterator[None]:
    resident.enable_cache(1 << 20)
    yield
    resident.enable_cache(0)


@pytest.fixture
def dataset(built: Connection) -> Dataset:
    return datasets.get_dataset(built, "articles")


@pytest.mark.parametrize(
    "phrases", [["moon"], ["the", "moon"], list(WORDS), ["moon", "moon", "oven"], ["moon rocket"], ["xyzzy"], []]
)
@pytest.mark.parametrize("among", [None, ["5", "6", "7", "8", "9", "150", "999", "7"]], ids=["all", "some"])
def test_memory_and_fts5_agree(
    built: Connection, dataset: Dataset, phrases: list[str], among: list[str] | None
) -> None:
    side = TextScorer(built, dataset, asked(*phrases), among)
    for n in (3, 1000):
        stored = fulltext.best(built, dataset, asked(*phrases), n, among)
        held = list(side.top(n).items())
        # Sums of the same numbers in another order: equal scores may differ in the last place, and so change places.
        assert [score for _, score in held] == pytest.approx([score for _, score in stored], rel=1e-12)
        assert all(
            dict(fulltext.best(built, dataset, asked(*phrases), -1))[key] == pytest.approx(score) for key, score in held
        )
    keys = ["1", "2", "77", "nothing"]
    assert side.of(keys) == pytest.approx(dict(fulltext.best(built, dataset, asked(*phrases), -1, keys)))


def test_connections_that_make_rows_of_their_own(built: Connection, dataset: Dataset) -> None:
    expected = TextScorer(built, dataset, asked("moon", "oven")).top(9)
    resident.enable_cache(0)
    resident.enable_cache(1 << 20)
    built.row_factory = driver.sqlite3.Row  # as Datasette's do
    assert TextScorer(built, dataset, asked("moon", "oven")).top(9) == expected


def test_equal_scores_keep_the_order_of_the_table(built: Connection, dataset: Dataset) -> None:
    held = list(TextScorer(built, dataset, asked("moon")).top(200))
    assert held == [key for key, _ in fulltext.best(built, dataset, asked("moon"), 200)]


def test_a_word_is_read_once_and_again_after_a_rebuild(built: Connection, dataset: Dataset, monkeypatch) -> None:
    read: list[str] = []
    original = fulltext.holding

    def counted(db: Connection, of: Dataset, phrase: Phrase) -> object:
        read.append(phrase.said)
        return original(db, of, phrase)

    monkeypatch.setattr(fulltext, "holding", counted)
    for _ in range(3):
        TextScorer(built, dataset, asked("moon", "oven")).top(5)
    assert read == ["moon", "oven"]
    built.execute("update articles set body = 'moon moon moon' where id = 1")
    engine.build(built, dataset, registry.load().builder("lsa"), {"dim": 3})
    top = TextScorer(built, datasets.get_dataset(built, "articles"), asked("moon")).top(1000)
    assert read == ["moon", "oven", "moon"]
    assert top["1"] == max(top.values())


def test_a_command_keeps_nothing(built: Connection, dataset: Dataset) -> None:
    resident.enable_cache(0)
    assert not postings.is_held()


def test_items_in_memory_and_in_the_file_agree(built: Connection, dataset: Dataset, monkeypatch) -> None:
    held = postings.items(built, dataset)
    monkeypatch.setattr(postings, "_ITEM_BYTES", 1 << 40)
    resident.enable_cache(0)
    resident.enable_cache(1 << 20)
    stored = postings.items(built, dataset)
    assert isinstance(held, postings.Numbered) and isinstance(stored, postings.InFile)
    numbers = np.array([7, 3, 200, 201, -1, 10**12])
    assert held.keys(numbers) == stored.keys(numbers) == {7: "7", 3: "3", 200: "200"}
    keys = ["150", "2", "nothing", "77"]
    assert sorted(held.numbers(keys)) == sorted(stored.numbers(keys)) == [2, 77, 150]


def test_few_items_and_many_add_up_alike(monkeypatch) -> None:
    rng = np.random.default_rng(5)
    lists = [
        Postings(np.sort(rng.choice(5_000, size, replace=False)).astype(np.int64), rng.random(size))
        for size in (9, 40, 1, 25)
    ]
    few = postings._summed(lists)
    monkeypatch.setattr(postings, "_FEW", 5_000)
    many = postings._summed(lists)
    assert few.items.tolist() == many.items.tolist() and few.scores.tolist() == many.scores.tolist()
    assert few.scores.sum() == pytest.approx(sum(each.scores.sum() for each in lists))
