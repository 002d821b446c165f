"""Existing tables: what their columns are guessed to be, and registering them without touching them."""

from __future__ import annotations

from typing import Any

import pytest

from semsearch.errors import InputError, NotFoundError
from semsearch.ingest.load import Columns, describe_table, guess_columns, load_documents, register_table
from semsearch.records import Item
from semsearch.storage.datasets import all_datasets
from semsearch.storage.driver import Connection


@pytest.fixture
def news(db: Connection) -> str:
    """A table of a person's own, with a long column that is not called by any usual name."""
    db.execute("create table news (code text primary key, headline text, story_html text, picture blob, n integer)")
    db.execute(
        "insert into news values ('a very long code indeed, longer than the rest', 'Moon', 'it is far', x'00', 7)"
    )
    return "news"


def test_text_is_the_longest_column_outside_the_key_and_a_title_is_found(db: Connection, news: str) -> None:
    columns, remarks = guess_columns(db, news)
    assert columns == Columns(("story_html",), "headline")
    assert [remark.split(" (")[0] for remark in remarks] == [
        "The column 'story_html' was chosen as the text",
        "The column 'headline' was chosen as the title",
    ]


def test_what_is_given_is_kept_without_a_remark(db: Connection, news: str) -> None:
    given = Columns(("HEADLINE",), "code", None, "n")
    assert guess_columns(db, news, given) == (Columns(("headline",), "code", None, "n"), [])


def test_registering_changes_nothing_but_the_catalogue(db: Connection, news: str) -> None:
    def table() -> Any:
        schema = "select type, name, sql from sqlite_master where tbl_name = 'news' order by name"
        return db.execute(schema).fetchall(), db.execute("select * from news").fetchall()

    before, journal = table(), db.execute("pragma journal_mode").fetchone()
    dataset, _ = register_table(db, news)
    assert table() == before
    assert db.execute("pragma journal_mode").fetchone() == journal
    assert all_datasets(db) == [dataset]
    assert (dataset.made_by, dataset.source, dataset.text_columns) == ("table", None, ("story_html",))


def test_describing_writes_nothing(db: Connection, news: str) -> None:
    dataset, remarks = describe_table(db, news)
    assert (dataset.id, dataset.title_column, len(remarks)) == (0, "headline", 2)
    assert all_datasets(db) == []


def test_a_choice_made_before_is_kept(db: Connection, news: str) -> None:
    register_table(db, news, Columns(("headline",), label="n"))
    dataset, remarks = register_table(db, news)
    assert (dataset.text_columns, dataset.label_column) == (("headline",), "n")
    assert not any("text" in remark for remark in remarks)


def test_a_dataset_that_ingest_made_stays_one(db: Connection) -> None:
    load_documents(db, "docs", [Item("a", {"title": "t", "body": "b"})], source="s")
    dataset, _ = register_table(db, "docs", Columns(("title",)))
    assert (dataset.made_by, dataset.source, dataset.text_columns) == ("ingest", "s", ("title",))


def test_a_table_without_rows_goes_by_its_declared_types(db: Connection) -> None:
    db.execute("create table empty (id integer primary key, n integer, title varchar(80), content text)")
    dataset, _ = register_table(db, "empty")
    assert (dataset.text_columns, dataset.title_column) == (("content",), "title")


@pytest.mark.parametrize(
    ("made", "table", "columns", "error", "message"),
    [
        pytest.param("table t (a integer)", "t", {}, InputError, "no text column", id="no text"),
        pytest.param("table t (a text)", "u", {}, NotFoundError, "it has t", id="no such table"),
        pytest.param(
            "table t (a text)", "t", {"text": ("b",)}, NotFoundError, "'t' has no column 'b': it has a", id="no column"
        ),
        pytest.param("view t as select 1 as a", "t", {}, InputError, "is a view", id="a view"),
        pytest.param("table _semsearch_x (a text)", "_semsearch_x", {}, InputError, "internal", id="an internal table"),
    ],
)
def test_tables_that_cannot_be_used(
    db: Connection, made: str, table: str, columns: Any, error: Any, message: str
) -> None:
    db.execute(f"create {made}")
    with pytest.raises(error) as caught:
        register_table(db, table, Columns(**columns))
    assert message in str(caught.value)
