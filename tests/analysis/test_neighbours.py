"""The table of neighbours: written, joined in SQL, and after any update what a new computation would write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

import semsearch
from semsearch.analysis import neighbours
from semsearch.errors import InputError, NameTakenError
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import writing
from tests.planted import BREAD, SPACE


@pytest.fixture
def articles(tmp_path: Path) -> semsearch.Database:
    """48 articles on two subjects, each with a word of its own, and an LSA of them."""
    db = semsearch.open(tmp_path / "my.db", create=True)
    rows = [
        {"id": number, "body": f"{body} mark{number % 5} sign{number % 7}"}
        for number, (_, body) in enumerate((SPACE + BREAD) * 4, 1)
    ]
    db.ingest("articles", rows, text=["body"], id="id")
    db.build("articles", "lsa", dim=8)
    return db


def lists_in(db: semsearch.Database) -> dict[Any, list[Any]]:
    lists: dict[Any, list[Any]] = {}
    for row in db.sql("select id, rank, neighbour, score from articles_lsa_neighbours order by id, rank"):
        lists.setdefault(row["id"], []).append((row["rank"], row["neighbour"], row["score"]))
    return lists


def same(one: dict[Any, list[Any]], other: dict[Any, list[Any]]) -> bool:
    """Equal lists; where cosines tie within their decimals, the order may differ."""
    if one.keys() != other.keys():
        return False
    for key in one:
        ranks, scores = [row[0] for row in one[key]], [row[2] for row in one[key]]
        if ranks != [row[0] for row in other[key]] or scores != pytest.approx([row[2] for row in other[key]], abs=3e-5):
            return False
    return True


def test_the_nearest_are_those_of_similar(articles: semsearch.Database) -> None:
    found = articles.neighbours("articles_lsa", k=4)
    assert found.numbers.shape == (48, 4)
    lists = lists_in(articles)
    expected = [hit.vector_score for hit in articles.similar("articles_lsa", "7", k=4)]
    assert [row[2] for row in lists[7]] == pytest.approx(expected, abs=2e-5)
    assert [row[0] for row in lists[7]] == [1, 2, 3, 4] and 7 not in [row[1] for row in lists[7]]


def test_fewer_items_than_k_list_all_others(articles: semsearch.Database) -> None:
    assert articles.neighbours("articles_lsa", k=100).k == 47


@pytest.mark.parametrize("change", ["insert", "delete", "edit", "everything", "shrink"])
def test_an_update_leaves_what_a_new_computation_writes(articles: semsearch.Database, change: str) -> None:
    articles.neighbours("articles_lsa", k=6)
    with writing(articles.path) as db:
        if change in ("insert", "everything"):
            db.execute("insert into articles (id, body) values (100, 'a rocket in orbit around the moon')")
            db.execute("insert into articles (id, body) values (101, 'yeast and flour and salt for dough')")
        if change in ("delete", "everything"):
            db.execute("delete from articles where id in (1, 2, 20)")
        if change in ("edit", "everything"):
            db.execute("update articles set body = 'bakers knead dough with flour' where id in (3, 5)")
        if change == "shrink":
            db.execute("delete from articles where id > 4")
        db.commit()
    outcome = articles.update("articles_lsa")
    assert outcome.refreshed["articles_lsa_neighbours"] > 0
    followed = lists_in(articles)
    articles.neighbours("articles_lsa", k=6)
    assert same(followed, lists_in(articles))
    assert articles.update("articles_lsa").refreshed == {}


def test_one_new_row_changes_few_lists(articles: semsearch.Database) -> None:
    articles.neighbours("articles_lsa", k=3)
    with writing(articles.path) as db:
        db.execute("insert into articles (id, body) values (100, 'butter and yeast enrich a brioche')")
        db.commit()
    assert articles.update().refreshed["articles_lsa_neighbours"] < 30


def test_a_rebuild_makes_the_table_stale_and_an_update_mends_it(articles: semsearch.Database) -> None:
    articles.neighbours("articles_lsa", k=3)
    articles.build("articles", "lsa", dim=5)
    assert articles.update().refreshed["articles_lsa_neighbours"] == 48
    followed = lists_in(articles)
    articles.neighbours("articles_lsa", k=3)
    assert same(followed, lists_in(articles))


def test_stored_lists_are_read_in_the_order_of_the_keys(articles: semsearch.Database) -> None:
    found = articles.neighbours("articles_lsa", k=3)
    with writing(articles.path) as db:
        collection = open_collection(db, "articles_lsa").collection
        read = neighbours.stored(db, collection, found.keys)
        assert read is not None and (read.numbers == found.numbers).all()
        assert np.abs(read.cosines - found.cosines).max() < 1e-5


def test_the_table_goes_with_the_collection(articles: semsearch.Database) -> None:
    articles.neighbours("articles_lsa")
    articles.drop("articles_lsa")
    names = [row["name"] for row in articles.sql("select name from sqlite_master")]
    assert "articles_lsa_neighbours" not in names
    assert articles.sql("select * from _semsearch_results") == []


def test_bad_input(articles: semsearch.Database) -> None:
    for k in (0, 101, -3):
        with pytest.raises(InputError, match="-k must be between 1 and 100"):
            articles.neighbours("articles_lsa", k=k)
    with writing(articles.path) as db:
        db.execute("create table articles_lsa_neighbours (mine)")
        db.commit()
    with pytest.raises(NameTakenError, match="that semsearch did not write"):
        articles.neighbours("articles_lsa")


def test_the_command_says_what_it_wrote(articles: semsearch.Database, run: Callable[..., Result]) -> None:
    done = run("neighbours", articles.path, "articles_lsa", "-k", "5")
    assert "Wrote the table articles_lsa_neighbours: the 5 nearest of each of 48 documents" in done.output
    assert lists_in(articles)[1][0][0] == 1
