"""Files that are replaced, restored, cut or deleted while a process has them open: no wrong answer, no crash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import semsearch
from semsearch import registry
from semsearch.building import build as engine
from semsearch.building.update import update
from semsearch.errors import DatabaseError
from semsearch.search import resident
from semsearch.search.query import search
from semsearch.storage import connect, datasets, keys
from semsearch.storage.collections import open_collection
from tests.planted import BREAD, SPACE


@pytest.fixture(autouse=True)
def held() -> Iterator[None]:
    """The process holds collections in memory, as a server does."""
    resident.enable_cache()
    yield
    resident.enable_cache(0)


def make(path: Path, rows: list[tuple[str, str]]) -> str:
    """A file of one journal mode, size and time of building, whatever its rows."""
    with connect.writing(str(path), create=True) as db:
        db.execute("pragma journal_mode = delete")
        db.execute("create table articles (id integer primary key, title text, body text)")
        db.executemany("insert into articles (title, body) values (?, ?)", rows)
        with connect.transaction(db):
            dataset = datasets.register(db, keys.shape_of(db, "articles"), text_columns=["body"], title_column="title")
        engine.build(db, dataset, registry.load().builder("lsa"), {"dim": 2})
        db.execute("update _semsearch_collections set created = '2026-01-01 00:00:00'")  # within the same second
        db.execute("update _semsearch_runs set started = '2026-01-01 00:00:00'")
        db.execute("update _semsearch_datasets set created = '2026-01-01 00:00:00'")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    return make(tmp_path / "served.db", SPACE[:6]), make(tmp_path / "other.db", BREAD[:6])


def titles(db: connect.Connection, text: str) -> set[str]:
    return {str(hit.row["title"]) for hit in search(db, open_collection(db, "articles_lsa"), text, k=3).hits}


def test_an_old_and_a_new_connection_answer_from_their_own_files(files: tuple[str, str]) -> None:
    served, other = files
    with connect.reading(served) as before:
        of_space = titles(before, "rocket orbit moon")
        assert of_space and of_space <= {title for title, _ in SPACE}
        os.replace(other, served)
        with connect.reading(served) as after:
            assert titles(after, "dough flour yeast") <= {title for title, _ in BREAD}
            assert titles(before, "rocket orbit moon") == of_space
            assert titles(after, "rocket orbit moon") == set()
            assert titles(before, "dough flour yeast") == set()


def test_a_file_restored_in_place_is_answered_from(files: tuple[str, str]) -> None:
    served, other = files
    with connect.reading(served) as db:
        assert titles(db, "rocket orbit moon")
    shutil.copyfile(other, served)  # the same path and inode
    with connect.reading(served) as db:
        assert titles(db, "rocket orbit moon") == set() and titles(db, "dough flour yeast")


def test_copies_that_part_are_told_from_one_another(files: tuple[str, str], tmp_path: Path) -> None:
    copies = [str(shutil.copy(files[0], tmp_path / name)) for name in ("one.db", "two.db")]
    for copy, body in zip(copies, ("rocket orbit moon", "planet comet star"), strict=True):
        with connect.writing(copy) as db:
            db.execute("insert into articles (title, body) values (?, ?)", [body, body])
            update(db)
    for copy, body in zip(copies, ("rocket orbit moon", "planet comet star"), strict=True):
        with connect.reading(copy) as db:
            hits = search(db, open_collection(db, "articles_lsa"), "rocket orbit moon", k=9).hits
            assert (hits[0].row["title"] == "rocket orbit moon") is (body == "rocket orbit moon")


CHANGES: dict[str, tuple[Callable[[str], object], str]] = {
    "deleted": (os.unlink, "was moved or deleted"),
    "cut to nothing": (lambda path: os.truncate(path, 0), "is empty, it was cut"),
    "cut in half": (lambda path: os.truncate(path, os.path.getsize(path) // 2), "is damaged"),
    "another file": (lambda path: Path(path).write_bytes(b"no database at all" * 4000), "is damaged"),
}


@pytest.mark.parametrize(("change", "said"), CHANGES.values(), ids=CHANGES.keys())
def test_an_open_file_that_is_taken_away_is_one_clear_error(
    files: tuple[str, str], change: Callable[[str], object], said: str
) -> None:
    with semsearch.open(files[0], memory=0) as db:
        assert db.search("articles_lsa", "rocket")
        change(files[0])
        with pytest.raises(DatabaseError, match=said):
            db.search("articles_lsa", "rocket orbit")
            db.vectors("articles_lsa")
            db.sql("select sum(length(body)) from articles")


def test_an_open_file_that_is_replaced_is_read_anew(files: tuple[str, str]) -> None:
    with semsearch.open(files[0]) as db:
        assert db.search("articles_lsa", "rocket")
        os.replace(files[1], files[0])
        assert db.search("articles_lsa", "rocket") == [] and db.search("articles_lsa", "dough")
