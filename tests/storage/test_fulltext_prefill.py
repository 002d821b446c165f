"""Full-text tables made while a builder computes: the same as those made afterwards, and none if it fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import semsearch
from semsearch import registry
from semsearch.building import build as engine
from semsearch.building.update import update
from semsearch.errors import BuildError
from semsearch.records import Dataset
from semsearch.storage import datasets, fulltext, fulltext_prefill
from semsearch.storage.driver import Connection, sqlite3
from tests.helpers import asked


def build(db: Connection, dataset: Dataset, builder: Any = None) -> None:
    engine.build(db, dataset, builder or registry.load().builder("lsa"), {"dim": 2})


def words_of(db: Connection, dataset: Dataset) -> list[Any]:
    """All that the full-text table tells: which words stand where, and how the rows are scored."""
    table = fulltext.table_name(dataset)
    db.execute("drop table if exists temp.seen")
    db.execute(f"create virtual table temp.seen using fts5vocab('main', '{table}', 'instance')")
    found = [tuple(row) for row in db.execute("select term, doc, col, offset from temp.seen order by 1, 2, 3, 4")]
    return [found, *(fulltext.best(db, dataset, asked(word), -1) for word in ("bread", "moon", "the"))]


def test_what_is_made_ahead_is_what_would_be_made_afterwards(
    db: Connection, articles: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = []
    place = fulltext_prefill.Ahead.place
    monkeypatch.setattr(fulltext_prefill.Ahead, "place", lambda *given: placed.append(place(*given)) or placed[-1])
    build(db, articles)
    assert placed == [True]
    early = words_of(db, articles)
    assert len(early[0]) > 50 and early[1]
    fulltext.drop(db, articles)
    monkeypatch.setattr(fulltext_prefill.Ahead, "place", lambda *given: False)
    build(db, articles)
    late = words_of(db, articles)
    first, other = ([*{doc for _, doc, _, _ in found[0]}] for found in (early, late))
    moved = min(other) - min(first)
    assert late[0] == [(term, doc + moved, column, at) for term, doc, column, at in early[0]]
    assert late[1:] == early[1:]


def test_rows_are_changed_and_taken_away_as_in_any_table(db: Connection, articles: Dataset) -> None:
    build(db, articles)
    db.execute("update articles set body = body || ' quokka' where id = 9")
    db.execute("delete from articles where id = 1")
    update(db, "articles_lsa")
    assert [key for key, _ in fulltext.best(db, articles, asked("quokka"), -1)] == ["9"]
    assert "1" not in [key for key, _ in fulltext.best(db, articles, asked("the"), -1)]
    table = fulltext.table_name(articles)
    db.execute(f"insert into {table} ({table}) values ('integrity-check')")


def test_a_build_that_fails_leaves_none(db: Connection, articles: Dataset) -> None:
    lsa = registry.load().builder("lsa")

    class Failing:
        name, reads, Options = lsa.name, lsa.reads, lsa.Options

        def fit(self, *given: Any, **named: Any) -> None:
            raise BuildError("no")

    with pytest.raises(BuildError, match="no"):
        build(db, articles, Failing())
    assert not fulltext.exists(db, articles)


def test_the_first_build_of_a_file_is_helped_and_a_second_need_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "own.db")
    own = sqlite3.connect(path)
    own.execute("create table notes (id integer primary key, body)")
    texts = ("the moon and its craters", "bread and rye", "a crust of bread", "the craters of mars", "rye bread")
    own.executemany("insert into notes (body) values (?)", ((text,) for text in texts))
    own.commit()
    own.close()
    begun, placed = [], []
    words_ahead, place = fulltext_prefill.words_ahead, fulltext_prefill.Ahead.place
    monkeypatch.setattr(
        fulltext_prefill,
        "words_ahead",
        lambda items, first, terms: begun.append(first) or words_ahead(items, first, terms),
    )
    monkeypatch.setattr(fulltext_prefill.Ahead, "place", lambda *given: placed.append(place(*given)) or placed[-1])
    with semsearch.open(path) as data:
        data.index("notes")
        data.index("notes")
        assert [hit.id for hit in data.search("notes_lsa", "mars", mode="text")] == [4]
    assert begun == [1, None] and placed == [True]


def test_other_numbers_than_foreseen_or_no_room_mean_afterwards(
    db: Connection, articles: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = list(datasets.read_items(db, articles))
    with fulltext_prefill.words_ahead(items, 5, list) as words:
        assert not words.place(db, articles, 6)

    def full(*_: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(fulltext_prefill.fulltext, "fill", full)
    with fulltext_prefill.words_ahead(items, 5, list) as words:
        assert not words.place(db, articles, 5)
    assert not fulltext.exists(db, articles)
