"""What a reader sees while collections are rebuilt, and what a copy of the file holds afterwards."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from semsearch import registry
from semsearch.building import build as engine
from semsearch.records import Dataset
from semsearch.search.query import search
from semsearch.storage import chunks, collections, connect, datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection, sqlite3
from semsearch.storage.keys import shape_of
from tests.planted import SPACE, make_articles


def rebuild(db: Connection, dataset: Dataset, **given: object) -> None:
    engine.build(db, dataset, registry.load().builder("lsa"), given)


def test_the_view_takes_match_and_k_and_the_source_filters_first(db: Connection, articles: Dataset) -> None:
    rebuild(db, articles)
    nearest = (
        "select id from articles_lsa where embedding match (select embedding from articles_lsa where id = 1) and k = ?"
    )
    assert [row[0] for row in db.execute(nearest, [3])][0] == 1
    filtered = nearest + " and id in (select id from articles where title in ('Rye', 'Crust'))"
    assert {row[0] for row in db.execute(filtered, [2])} == {9, 10}
    joined = (
        "select a.title, v.distance from articles_lsa v join articles a using (id) where v.embedding match"
        " (select embedding from articles_lsa where id = 1) and v.k = 3 order by v.distance"
    )
    assert db.execute(joined).fetchone()[0] == "Apollo"


def test_stored_vectors_have_unit_length_and_their_norm_beside(db: Connection, articles: Dataset) -> None:
    rebuild(db, articles)
    keys, matrix = chunks.everything(db, collections.get_collection(db, "articles_lsa"))
    assert keys == [str(number) for number in range(1, 13)]
    assert (matrix**2).sum(axis=1) == pytest.approx([1.0] * 12, abs=1e-5)
    assert all(0 < row[0] <= 1.0001 for row in db.execute("select norm from articles_lsa"))


def test_texts_are_noted_anew_only_if_one_of_them_changed(db: Connection, articles: Dataset) -> None:
    rebuild(db, articles)
    numbers = "select group_concat(item) from _semsearch_items"
    noted = db.execute(numbers).fetchone()[0]
    rebuild(db, articles, dim=3)
    assert db.execute(numbers).fetchone()[0] == noted
    db.execute("update articles set body = body || ' quokka' where title = 'Rye'")
    assert [
        hit.row["title"] for hit in search(db, open_collection(db, "articles_lsa"), "quokka", mode="text").hits
    ] == []
    rebuild(db, articles, dim=3)
    assert db.execute(numbers).fetchone()[0] != noted
    assert [
        hit.row["title"] for hit in search(db, open_collection(db, "articles_lsa"), "quokka", mode="text").hits
    ] == ["Rye"]


def test_six_readers_see_the_old_vectors_or_the_new_but_always_some(path: str, db: Connection) -> None:
    dataset = make_articles(db)
    rebuild(db, dataset, dim=2)
    stop, faults, seen = threading.Event(), [], set()

    def read() -> None:
        with connect.reading(path) as mine:
            while not stop.is_set():
                try:
                    mine.execute("begin")
                    dim = mine.execute("select vec_length(embedding) from articles_lsa limit 1").fetchone()[0]
                    hits = search(mine, open_collection(mine, "articles_lsa"), "astronauts in orbit", k=3).hits
                    mine.execute("commit")
                    seen.add(dim)
                    if len(hits) != 3 or hits[0].row["title"] not in dict(SPACE):
                        faults.append(hits)
                except sqlite3.Error as error:
                    faults.append(error)
                    return

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    for turn in range(12):
        rebuild(db, dataset, dim=2 + turn % 3)
    stop.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert seen <= {2, 3, 4} and len(seen) > 1


def test_a_copy_made_while_a_reader_is_attached_shows_the_new_data(path: str, db: Connection, tmp_path: Path) -> None:
    dataset = make_articles(db)
    with connect.reading(path) as reader:
        assert reader.execute("select count(*) from articles").fetchone()[0] == 12
        rebuild(db, dataset)
        assert connect.checkpoint(db) is None
        copy = str(tmp_path / "copy.db")
        shutil.copy(path, copy)
    frozen = sqlite3.connect(f"file:{copy}?immutable=1", uri=True)
    connect.prepare(frozen)
    assert search(frozen, open_collection(frozen, "articles_lsa"), "bread dough", k=3).hits
    frozen.close()


def test_a_reader_inside_a_transaction_is_remarked_on(path: str, db: Connection) -> None:
    dataset = make_articles(db)
    with connect.reading(path) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from articles").fetchone()
        rebuild(db, dataset)
        assert "-wal file" in str(connect.checkpoint(db))
        reader.execute("commit")
    assert connect.checkpoint(db) is None


def test_everything_survives_vacuum(db: Connection, articles: Dataset) -> None:
    rebuild(db, articles)
    before = search(db, open_collection(db, "articles_lsa"), "rocket fuel")
    db.execute("vacuum")
    assert search(db, open_collection(db, "articles_lsa"), "rocket fuel") == before
    rebuild(db, articles)
    assert search(db, open_collection(db, "articles_lsa"), "rocket fuel") == before


def test_a_rebuild_leaves_one_vector_table_per_collection_and_one_model(db: Connection, articles: Dataset) -> None:
    rebuild(db, articles)
    rebuild(db, articles, split="even")
    tables = db.execute("select count(*) from sqlite_master where sql like '%using vec0%'").fetchone()[0]
    assert tables == 2
    assert db.execute("select count(distinct run) from _semsearch_models").fetchone()[0] == 1
    assert [run.options["split"] for run in collections.all_runs(db)] == ["even", "documents"]


@pytest.mark.parametrize(
    "columns",
    [
        "code text primary key, part text, body text",
        "code text, part text, body text, primary key (code, part)",
        "code text, part text, body text, primary key (code, part)) without rowid --",
        "code text, part text, body text",
    ],
    ids=["text", "compound", "without rowid", "none"],
)
def test_other_keys_build_and_answer_with_their_rows(db: Connection, columns: str) -> None:
    db.execute(f"create table articles ({columns}\n)" if "--" not in columns else f"create table articles ({columns}")
    rows = [(f"n{number}", f"{number}/x", body) for number, (_, body) in enumerate(SPACE)]
    db.executemany("insert into articles values (?, ?, ?)", rows)
    with connect.transaction(db):
        dataset = datasets.register(db, shape_of(db, "articles"), text_columns=["body"])
    rebuild(db, dataset)
    best = search(db, open_collection(db, "articles_lsa"), "a booster burns fuel").hits[0]
    assert (best.row["code"], best.row["part"]) == ("n3", "3/x")
    assert db.execute("select count(*) from articles_lsa where id = ?", [best.id]).fetchone()[0] == 1
