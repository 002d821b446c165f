"""Every kind of key: how rows are named, found again, and left untouched."""

from __future__ import annotations

import pytest

from semsearch.errors import InputError, NotFoundError
from semsearch.storage import change_log as items_noted
from semsearch.storage import connect, datasets, keys
from semsearch.storage.driver import Connection

TABLES = {
    "integer": ("create table t (id integer primary key, body text)", [(7, "seven"), (-3, "minus"), (2**53, "far")]),
    "text": ("create table t (code text primary key, body text)", [("a/b", "slash"), ("é,%", "odd"), ("", "empty")]),
    "compound": (
        "create table t (year integer, place text, body text, primary key (place, year))",
        [(2020, "Ur, Iraq", "one"), (2021, "Ur, Iraq", "two")],
    ),
    "without rowid": ("create table t (code text primary key, body text) without rowid", [("x", "one"), ("y", "two")]),
    "none": ("create table t (day text, body text)", [("mon", "same"), ("tue", "other"), ("mon", "same")]),
    "untyped": ("create table t (id primary key, body text)", [(1, "number"), ("two", "word")]),
}


def make(db: Connection, kind: str) -> datasets.Dataset:
    statement, rows = TABLES[kind]
    db.execute(statement)
    db.executemany(f"insert into t values ({', '.join('?' * len(rows[0]))})", rows)
    with connect.transaction(db):
        return datasets.register(db, keys.shape_of(db, "t"), text_columns=["body"])


@pytest.mark.parametrize("kind", TABLES)
def test_every_row_has_a_key_and_is_found_by_it(db: Connection, kind: str) -> None:
    dataset = make(db, kind)
    items = list(datasets.read_items(db, dataset))
    with connect.transaction(db):
        items_noted.note_all(db, dataset, items)
    assert len({item.key for item in items}) == len(items) == len(TABLES[kind][1])
    found = datasets.rows_by_key(db, dataset, [item.key for item in items])
    assert {key: row["body"] for key, row in found.items()} == {item.key: item.body for item in items}


def test_rows_without_a_key_are_found_after_vacuum_has_renumbered_them(db: Connection) -> None:
    dataset = make(db, "none")
    items = list(datasets.read_items(db, dataset))
    with connect.transaction(db):
        items_noted.note_all(db, dataset, items)
    db.execute("delete from t where rowid = 1")
    db.execute("vacuum")
    found = datasets.rows_by_key(db, dataset, [item.key for item in items])
    assert sorted(row["body"] for row in found.values()) == ["other", "same"]


def test_a_key_that_is_gone_is_absent(db: Connection) -> None:
    dataset = make(db, "integer")
    assert datasets.rows_by_key(db, dataset, ["99", "seven", "7"]).keys() == {"7"}


def test_a_null_key_is_left_out(db: Connection) -> None:
    db.execute("create table t (code text primary key, body text)")
    db.execute("insert into t values (null, 'nobody'), ('x', 'somebody')")
    with connect.transaction(db):
        dataset = datasets.register(db, keys.shape_of(db, "t"), text_columns=["body"])
    assert [item.key for item in datasets.read_items(db, dataset)] == ["x"]


@pytest.mark.parametrize("text", ["a/b, c.json%", "žluť 🦄", "", "~7E+x", "plain-_1"])
def test_tilde_encoding_is_datasettes_and_comes_back(text: str) -> None:
    from datasette.utils import tilde_encode

    assert keys.tilde_encode(text) == tilde_encode(text)
    assert keys.tilde_decode(keys.tilde_encode(text)) == text


def test_what_is_not_a_table_is_refused(db: Connection) -> None:
    db.execute("create table real (a)")
    db.execute("create view seen as select * from real")
    db.execute("create virtual table found using fts5(a)")
    with pytest.raises(NotFoundError, match="it has real"):
        keys.shape_of(db, "nothing")
    with pytest.raises(InputError, match="is a view"):
        keys.shape_of(db, "seen")
    with pytest.raises(InputError, match="virtual table"):
        keys.shape_of(db, "found")


@pytest.mark.parametrize(
    ("key", "number"),
    [("7", 7), ("-3", -3), ("007", 7), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None), ("٣", None)]
    + [(text, None) for text in ("", "-", "1.5", "x", "9" * 40, "1_000")],
)
def test_keys_that_spell_integers(key: str, number: int | None) -> None:
    assert keys.as_integer(key) == number
