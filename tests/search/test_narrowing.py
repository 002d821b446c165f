"""Filters, phrases and -words are applied before anything is ranked: they never underfill, whatever the key."""

from __future__ import annotations

from typing import Any

import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.errors import InputError
from semsearch.records import Hit
from semsearch.search.query import Condition, Filter, search, similar
from semsearch.storage import connect, datasets, keys
from semsearch.storage import filters as stored
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import BREAD, TOPICS, make_articles

MODES = ("hybrid", "vector", "text")
TABLES = {
    "integer": "create table articles (id integer primary key, place text, year int, title text, body text)",
    "text": "create table articles (slug text primary key, place text, year int, title text, body text)",
    "compound": (
        "create table articles (slug text, place text, year int, title text, body text, primary key (place, year))"
    ),
    "none": "create table articles (slug text, place text, year int, title text, body text)",
}
COPIES = 100  # of each document: far more than any list looks through at first


@pytest.fixture(params=TABLES)
def many(request: pytest.FixtureRequest, db: Connection) -> Connection:
    """1,200 rows: each of the twelve documents a hundred times, in different places and years."""
    db.execute(TABLES[request.param])
    names = [row[1] for row in db.execute("pragma table_info(articles)")]
    for year in range(COPIES):
        for number, (title, body) in enumerate(TOPICS):
            row = {
                "id": None,
                "slug": f"{title}/{year}",
                "place": f"p{number}",
                "year": year,
                "title": title,
                "body": body,
            }
            db.execute(f"insert into articles values ({', '.join('?' * len(names))})", [row[name] for name in names])
    with connect.transaction(db):
        draft = datasets.draft(keys.shape_of(db, "articles"), text_columns=["body"], title_column="title")
        dataset = datasets.save(db, draft)
    engine.build(db, dataset, registry.load().builder("lsa"), {"dim": 4})
    return db


def years(hits: tuple[Hit, ...]) -> set[tuple[str, int]]:
    return {(hit.row["title"], hit.row["year"]) for hit in hits}


@pytest.mark.parametrize("mode", MODES)
def test_a_filter_that_keeps_three_rows_returns_those_three(many: Connection, mode: str) -> None:
    # The copies of Rye are last for this query in every mode: nothing but filtering first can find them.
    only = Filter(where="title = 'Rye' and year in (7, 42, 99)")
    found = search(
        many, open_collection(many, "articles_lsa"), "flour astronauts rocket orbit launch", mode=mode, k=10, only=only
    ).hits
    assert years(found) == {("Rye", 7), ("Rye", 42), ("Rye", 99)}


def test_similar_items_are_filtered_first_too(many: Connection) -> None:
    first = search(many, open_collection(many, "articles_lsa"), "rocket", k=1).hits[0]
    only = Filter(conditions=(Condition("title", "exact", "Rye"), Condition("year", "lt", "3")))
    assert years(similar(many, open_collection(many, "articles_lsa"), [str(first.id)], only=only).hits) == {
        ("Rye", 0),
        ("Rye", 1),
        ("Rye", 2),
    }


@pytest.mark.parametrize("mode", MODES)
def test_asking_for_more_never_reorders_what_was_there(many: Connection, mode: str) -> None:
    for only in (Filter(), Filter(where="year % 2 = 0")):
        deep = search(
            many, open_collection(many, "articles_lsa"), "rocket fuel and flour", mode=mode, k=700, only=only
        ).hits
        assert len({hit.id for hit in deep}) == len(deep)
        for k in (1, 5, 40, 150, 333):
            found = search(
                many, open_collection(many, "articles_lsa"), "rocket fuel and flour", mode=mode, k=k, only=only
            ).hits
            assert [(hit.id, hit.score) for hit in found] == [(hit.id, hit.score) for hit in deep[:k]]


def test_a_filter_goes_with_phrases_and_minus(many: Connection) -> None:
    only = Filter(where="year < 2")
    found = search(many, open_collection(many, "articles_lsa"), '"rye flour" dough -steam', only=only, k=50)
    assert years(found.hits) == {("Rye", 0), ("Rye", 1)}
    found = search(many, open_collection(many, "articles_lsa"), "dough -rye -starter", only=only, k=50)
    titles = {hit.row["title"] for hit in found.hits}
    assert not titles & {"Rye", "Sourdough"} and {"Baguette", "Brioche"} <= titles


@pytest.fixture
def built(db: Connection) -> Connection:
    """The twelve articles, built."""
    engine.build(db, make_articles(db), registry.load().builder("lsa"), {"dim": 2})
    return db


@pytest.mark.parametrize("mode", MODES)
def test_phrases_must_stand_and_minus_must_not_in_every_mode(built: Connection, mode: str) -> None:
    def titles(query: str) -> list[str]:
        return [
            hit.row["title"]
            for hit in search(built, open_collection(built, "articles_lsa"), query, mode=mode, k=12).hits
        ]

    assert titles('"heavy dough"') == ["Rye"]
    assert titles('"dough heavy"') == []
    assert "Lander" not in titles("moon rocket -lander") and "Apollo" in titles("moon rocket -lander")
    assert titles('"the dough" "left in its"') == []


@pytest.mark.parametrize(
    ("column", "op", "value", "kept"),
    [
        ("title", "exact", "Rye", 1),
        ("title", "not", "Rye", 11),
        ("title", "contains", "ea", 1),
        ("title", "contains", "%", 0),
        ("title", "notcontains", "ea", 11),
        ("title", "startswith", "B", 3),
        ("title", "endswith", "e", 5),
        ("title", "like", "%r_e", 1),
        ("title", "notlike", "B%", 9),
        ("title", "glob", "S*", 3),
        ("title", "in", "Rye, Crust", 2),
        ("title", "notin", "Rye,Crust", 10),
        ("title", "isnull", "1", 0),
        ("title", "notnull", "1", 12),
        ("title", "isblank", "1", 0),
        ("title", "notblank", "1", 12),
        ("id", "gt", "9", 3),
        ("id", "gte", "9", 4),
        ("id", "lt", "3.5", 3),
        ("id", "lte", "10", 10),
    ],
)
def test_conditions_mean_what_they_mean_in_datasette(
    built: Connection, column: str, op: str, value: str, kept: int
) -> None:
    only = Filter(conditions=(Condition(column, op, value),))
    assert (
        len(search(built, open_collection(built, "articles_lsa"), "rocket dough", mode="vector", k=50, only=only).hits)
        == kept
    )


def test_words_are_filtered_by_their_vocabulary(built: Connection) -> None:
    found = similar(
        built, open_collection(built, "articles_lsa_words"), ["astronauts"], only=Filter(where="documents >= 4"), k=50
    ).hits
    assert found and all(hit.row["documents"] >= 4 for hit in found)


def test_a_filter_that_keeps_nothing_says_so(built: Connection) -> None:
    found = search(built, open_collection(built, "articles_lsa"), "rocket", only=Filter(where="id > 99"))
    assert found.hits == () and found.remark == "The filter matches no row of articles"
    assert (
        search(built, open_collection(built, "articles_lsa"), '"no such"').remark
        == "The phrases and -words of the query match no row of articles"
    )


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("yaer > 3", "no such column: yaer; articles has id, title, body"),
        ("id >", "not an SQL condition on articles"),
        ("delete from articles", "not an SQL condition on articles"),
        ("1); drop table articles; --", "not an SQL condition|one statement"),
        ("1) union select name from (select name from sqlite_master", "may only read the tables of this file"),
        ("id in (select name from sqlite_master)", "may only read the tables of this file"),
        ("id in (select id from _semsearch_runs)", "may only read the tables of this file"),
        ("id in (select id from articles_lsa)", "may only read the tables of this file"),
        ("id in (select name from pragma_table_list)", "may only read the tables of this file"),
        ("load_extension('x')", "may only read the tables of this file"),
        ("id = ?", "not an SQL condition on articles"),
    ],
)
def test_a_filter_that_cannot_be_is_one_clear_error(built: Connection, where: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        search(built, open_collection(built, "articles_lsa"), "rocket", only=Filter(where=where))
    assert "\n" not in str(caught.value)
    assert built.execute("select count(*) from articles").fetchone()[0] == 12  # the guard is lifted again


def test_a_filter_may_ask_other_tables_and_end_in_a_comment(built: Connection) -> None:
    built.execute("create table tags (article int, tag text)")
    built.execute("insert into tags values (9, 'bread'), (10, 'bread')")
    where = "id in (select article from tags where tag = 'bread') -- only those"
    hits = search(built, open_collection(built, "articles_lsa"), "rocket", only=Filter(where=where)).hits
    assert {hit.id for hit in hits} == {9, 10} and len(BREAD) == 6


def test_an_endless_filter_is_stopped(built: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SECONDS", 0.2)
    endless = "(with recursive c(x) as (select 1 union all select x + 1 from c) select max(x) from c) > 0"
    with pytest.raises(InputError, match="stopped after"):
        search(built, open_collection(built, "articles_lsa"), "rocket", only=Filter(where=endless))
    assert search(built, open_collection(built, "articles_lsa"), "rocket").hits


def test_a_filter_of_few_long_steps_is_stopped(built: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SECONDS", 0.2)
    with pytest.raises(InputError, match="stopped after"):
        slow = Filter(where="length(printf('%100000000d', id)) + length(printf('%100000001d', id)) > 0")
        search(built, open_collection(built, "articles_lsa"), "rocket", only=slow)
    with pytest.raises(InputError, match="may only read"):
        search(built, open_collection(built, "articles_lsa"), "rocket", only=Filter(where="randomblob(9) is null"))
    assert search(built, open_collection(built, "articles_lsa"), "rocket").hits


@pytest.mark.parametrize("condition", [Condition("nope", "exact", "1"), Condition("title", "sounds", "1")])
def test_a_condition_that_cannot_be_is_one_clear_error(built: Connection, condition: Condition) -> None:
    with pytest.raises(InputError, match="has no column 'nope'|The operation of a filter must be .*, not 'sounds'"):
        search(built, open_collection(built, "articles_lsa"), "rocket", only=Filter(conditions=(condition,)))


@pytest.mark.parametrize("weight", [-0.1, 1.5, float("nan"), float("inf")])
def test_a_weight_outside_its_range_is_one_clear_error(built: Connection, weight: float) -> None:
    with pytest.raises(InputError, match="--weight must be between 0 and 1, not"):
        search(built, open_collection(built, "articles_lsa"), "rocket", weight=weight)


def test_the_ends_of_the_weight_are_the_sides_alone(built: Connection) -> None:
    def order(**how: Any) -> list[object]:
        return [
            hit.id for hit in search(built, open_collection(built, "articles_lsa"), "rocket fuel", k=12, **how).hits
        ]

    assert order(weight=1.0) == order(mode="vector")
    by_words = order(mode="text")
    assert order(weight=0.0)[: len(by_words)] == by_words
    with pytest.raises(InputError, match="no effect in mode"):
        order(mode="text", weight=0.5)
