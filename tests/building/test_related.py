"""Rows that belong together: by edges, by foreign keys, and by the subject of a mail thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from semsearch.building.related import related_rows, threads
from semsearch.errors import InputError
from semsearch.records import Edges
from semsearch.storage import connect, datasets, keys
from semsearch.storage.driver import Connection
from semsearch.storage.textitem import TextItem


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    with connect.writing(str(tmp_path / "a.db"), create=True) as connection:
        yield connection


def pairs(db: Connection, table: str, kind: str, edges: Edges | None = None) -> list[tuple[str, str]]:
    dataset = replace(datasets.draft(keys.shape_of(db, table), text_columns=["text"]), edges=edges)
    items = list(datasets.read_items(db, dataset))
    return [(items[a].key, items[b].key) for a, b in related_rows(db, dataset, kind, items).tolist()]


def test_a_row_and_the_row_that_it_names(db: Connection) -> None:
    db.execute("create table posts (id integer primary key, text text, parent integer references posts(id))")
    rows = [(1, "a", None), (2, "b", 1), (3, "c", 2), (4, "d", 99), (5, "e", 5)]
    db.executemany("insert into posts values (?, ?, ?)", rows)
    assert pairs(db, "posts", "key") == [("1", "2"), ("2", "3")]


def test_rows_that_name_the_same_row_of_another_table(db: Connection) -> None:
    db.execute("create table people (id integer primary key, name text)")
    db.execute("create table notes (id integer primary key, text text, writer integer references people)")
    rows = [(1, "a", 7), (2, "b", 8), (3, "c", 7), (4, "d", 7), (5, "e", None)]
    db.executemany("insert into notes values (?, ?, ?)", rows)
    assert pairs(db, "notes", "key") == [("1", "3"), ("3", "4")]


def test_rows_without_foreign_key_or_edges_are_an_error(db: Connection) -> None:
    db.execute("create table plain (id integer primary key, text text)")
    db.execute("insert into plain values (1, 'a')")
    with pytest.raises(InputError, match="plain has no foreign key"):
        pairs(db, "plain", "key")
    with pytest.raises(InputError, match="plain has no edges"):
        pairs(db, "plain", "edges")


def test_rows_that_an_edge_joins(db: Connection) -> None:
    db.execute("create table pages (id integer primary key, text text)")
    db.executemany("insert into pages values (?, ?)", [(row, f"t{row}") for row in (1, 2, 3)])
    db.execute("create table links (source, target)")
    db.executemany("insert into links values (?, ?)", [(1, 2), (2, 1), (3, 3), (3, 9)])
    assert pairs(db, "pages", "edges", Edges("links", "source", "target")) == [("1", "2")]


def test_threads_are_told_by_their_subject() -> None:
    titles = ["Lunch", "Re: lunch", "AW: [team] Re[2]: Lunch", "Budget", "", "Re:", "FWD: budget"]
    items = [TextItem(str(row), None, title, "") for row, title in enumerate(titles)]
    assert threads(items) == {"lunch": [0, 1, 2], "budget": [3, 6]}
