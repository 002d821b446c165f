"""The SQL functions give what search gives, on any connection, and say why when they cannot."""

from __future__ import annotations

import json
from time import monotonic

import numpy as np
import pytest
import sqlite_utils

from semsearch import registry, sqlfunctions
from semsearch.building import build as engine
from semsearch.present import hit_dict
from semsearch.records import Dataset
from semsearch.search.query import search, similar
from semsearch.storage import connect
from semsearch.storage.codec import blob_to_vector
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection, sqlite3


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """Two topics, built in two dimensions, on a connection with the functions."""
    engine.build(db, articles, registry.load().builder("lsa"), {"dim": 2})
    sqlfunctions.register(db)
    return db


def test_a_query_embeds_and_joins_with_the_users_own_columns(built: Connection) -> None:
    rows = built.execute(
        "select a.title, v.distance from articles_lsa v join articles a using (id)"
        " where v.embedding match semsearch_embed('articles_lsa', 'yeast') and v.k = 6 order by v.distance"
    ).fetchall()
    expected = search(built, open_collection(built, "articles_lsa"), "yeast", mode="vector", k=6).hits
    assert {row[0] for row in rows} == {hit.row["title"] for hit in expected}


def test_search_and_similar_are_those_of_the_library(built: Connection) -> None:
    found = built.execute("select semsearch_search('articles_lsa', 'rocket fuel', 4)").fetchone()[0]
    assert json.loads(found) == [
        hit_dict(hit) for hit in search(built, open_collection(built, "articles_lsa"), "rocket fuel", k=4).hits
    ]
    found = built.execute("select semsearch_search('articles_lsa', 'rocket oven', 12, 'hybrid', 0.9)").fetchone()[0]
    weighed = search(built, open_collection(built, "articles_lsa"), "rocket oven", k=12, weight=0.9).hits
    assert json.loads(found) == [hit_dict(hit) for hit in weighed]
    assert [hit.score for hit in weighed] != [
        hit.score for hit in search(built, open_collection(built, "articles_lsa"), "rocket oven", k=12).hits
    ]
    found = built.execute("select semsearch_similar('articles_lsa', 1, 4)").fetchone()[0]
    assert json.loads(found) == [
        hit_dict(hit) for hit in similar(built, open_collection(built, "articles_lsa"), ["1"], k=4).hits
    ]


def test_results_can_be_joined_through_json(built: Connection) -> None:
    rows = built.execute(
        "select value ->> 'id', value ->> 'score' from json_each(semsearch_search('articles_lsa', 'rye', 2))"
    ).fetchall()
    assert rows[0][0] == 9 and rows[0][1] > rows[1][1]


def test_vectors_and_similarity(built: Connection) -> None:
    one, other = (
        blob_to_vector(built.execute("select semsearch_vector('articles_lsa', ?)", [key]).fetchone()[0])
        for key in (1, 2)
    )
    cosine = built.execute("select semsearch_similarity('articles_lsa', 1, 2)").fetchone()[0]
    assert cosine == pytest.approx(float(one @ other), abs=1e-6)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-5)


def test_nothing_known_embeds_to_null(built: Connection) -> None:
    assert built.execute("select semsearch_embed('articles_lsa', 'xyzzy')").fetchone()[0] is None


def test_keys_of_compound_and_keyless_tables(built: Connection) -> None:
    built.execute("create table pairs (a text, b integer, primary key (a, b))")
    built.execute("create table loose (a text, b integer)")
    built.execute("insert into pairs values ('x/y', 2)")
    built.execute("insert into loose values ('x/y', 2)")
    assert built.execute("select semsearch_key('pairs', a, b) from pairs").fetchone()[0] == "x~2Fy,2"
    assert built.execute("select semsearch_key('loose', rowid) from loose").fetchone()[0] == "1"
    built.execute("create table odd (rowid text, b integer)")
    built.execute("insert into odd values ('x/y', 2)")
    assert len(built.execute("select semsearch_key('odd', rowid, b) from odd").fetchone()[0]) == 16


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select semsearch_search('nothing', 'x')", "there are articles_lsa, articles_lsa_words"),
        ("select semsearch_vector('articles_lsa', 99)", "has no document '99'"),
        ("select semsearch_search('articles_lsa', '')", "The query is empty"),
        ("select semsearch_embed('articles_lsa')", "wrong arguments"),
        ("select semsearch_key('articles', 1, 2)", "the key of articles is id"),
    ],
    ids=["collection", "item", "empty", "arguments", "key"],
)
def test_an_error_is_an_sql_error_and_its_reason_can_be_asked_for(built: Connection, sql: str, said: str) -> None:
    with pytest.raises(sqlite3.OperationalError):
        built.execute(sql).fetchall()
    assert said in built.execute("select semsearch_error()").fetchone()[0]


def test_an_error_is_read_once_and_on_its_own_connection_only(path: str, built: Connection) -> None:
    with connect.reading(path) as other:
        sqlfunctions.register(other)
        with pytest.raises(sqlite3.OperationalError):
            built.execute("select semsearch_vector('articles_lsa', 'private')").fetchall()
        assert other.execute("select semsearch_error()").fetchone()[0] is None
    assert "'private'" in built.execute("select semsearch_error()").fetchone()[0]
    assert built.execute("select semsearch_error()").fetchone()[0] is None


def test_an_error_ends_with_the_next_call(built: Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        built.execute("select semsearch_vector('articles_lsa', 'private')").fetchall()
    built.execute("select semsearch_vector('articles_lsa', 1)").fetchall()
    assert built.execute("select semsearch_error()").fetchone()[0] is None


def test_sqlite_utils_has_them(path: str, built: Connection) -> None:
    database = sqlite_utils.Database(path)
    rows = list(database.query("select value from json_each(semsearch_search('articles_lsa', 'moon', 3))"))
    assert len(rows) == 3
    database.close()


WRITES = {
    "insert": "insert into notes values (semsearch_search('articles_lsa', 'yeast', 2))",
    "update": "update notes set body = semsearch_similar('articles_lsa', 1, 2)",
    "trigger": "insert into started values (1)",
    "check": "insert into checked values ('yeast')",
    "select": "select semsearch_analogy('articles_lsa_words', 'bread', 'oven', 'rocket', 2)",
    "error": "insert into notes values (semsearch_search('absent', 'yeast'))",
}


@pytest.mark.parametrize("statement", WRITES.values(), ids=WRITES.keys())
def test_a_function_begins_no_transaction_on_its_callers_connection(
    path: str, built: Connection, statement: str
) -> None:
    connect.checkpoint(built)
    db = sqlite3.connect(path, isolation_level=None)
    sqlfunctions.register(db)
    db.execute("create table notes (body text)")
    db.execute("create table started (n)")
    db.execute("create table checked (body check (semsearch_embed('articles_lsa', body) is not null))")
    db.execute("create trigger after_start after insert on started begin"
               " update notes set body = semsearch_search('articles_lsa', 'rye', 1); end")  # fmt: skip
    db.execute("insert into notes values ('first')")
    try:
        db.execute(statement).fetchall()
    except sqlite3.OperationalError as error:
        assert "absent" in statement or "prohibited" in str(error), error
    assert not db.in_transaction
    db.execute("insert into notes values ('kept')")
    db.close()
    again = sqlite3.connect(path)
    assert again.execute("select count(*) from notes where body = 'kept'").fetchone()[0] == 1
    again.close()


def test_a_statement_of_many_calls_is_stopped_in_time(built: Connection) -> None:
    text = "yeast dough rocket orbit " * 2_000
    end = monotonic() + 0.3
    built.set_progress_handler(lambda: monotonic() > end, 1000)
    counted = "with recursive c(x) as (values (1) union all select x + 1 from c where x < 100000)"
    with pytest.raises(sqlite3.OperationalError):
        built.execute(f"{counted} select count(semsearch_embed('articles_lsa', ? || x)) from c", [text]).fetchone()
    assert monotonic() < end + 2  # two seconds for a busy machine; all calls would take minutes
    built.set_progress_handler(None, 0)
    assert connect.take_function_error(built) in (None, "interrupted")
    assert built.execute("select semsearch_similarity('articles_lsa', 1, 1)").fetchone()[0] == pytest.approx(1)


def test_long_arguments_are_refused(built: Connection) -> None:
    for call in ("semsearch_embed('articles_lsa', ?)", "semsearch_search('articles_lsa', ?)"):
        with pytest.raises(sqlite3.OperationalError):
            built.execute(f"select {call}", ["yeast " * 200_000])
        assert "the limit is 1,000,000" in str(connect.take_function_error(built))
    built.execute("create table whole (body text)")
    assert built.execute("select semsearch_key('whole', ?)", ["y" * 2_000_000]).fetchone()[0]
