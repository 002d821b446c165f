"""Update: what changed is found again where it is now, what went is gone, and nothing else moves."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from semsearch import registry
from semsearch.builders.base import Builder, option
from semsearch.building import build as engine
from semsearch.building import update as updating
from semsearch.building.staleness import stale_rows
from semsearch.building.update import update
from semsearch.errors import BuildError, InputError, NotFoundError, PluginError
from semsearch.records import Dataset, Documents, Embeddings, Fitted
from semsearch.search.query import search, similar
from semsearch.storage import change_log, chunks, collections, connect, datasets, vectors
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of
from tests.planted import BREAD, SPACE, TOPICS

LSA = registry.load().builder("lsa")
DUMPLING = "flour and water make a dough that rests, then it is baked or boiled with salt"


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """Two topics, built in four dimensions."""
    engine.build(db, articles, LSA, {"dim": 4})
    return db


def counts(db: Connection, name: str = "articles_lsa") -> tuple[int, int, int]:
    found = next(one for one in update(db).updated if one.collection.name == name).update
    return found.added, found.changed, found.deleted


def everything(db: Connection) -> dict[str, np.ndarray[Any, Any]]:
    keys, matrix = chunks.everything(db, collections.get_collection(db, "articles_lsa"))
    return dict(zip(keys, matrix, strict=True))


def test_new_changed_and_deleted_rows_are_followed(built: Connection) -> None:
    before = everything(built)
    built.execute("insert into articles (title, body) values ('Dumpling', ?)", [DUMPLING])
    built.execute("update articles set title = 'Moon', body = 'astronauts on the moon' where title = 'Rye'")
    built.execute("delete from articles where title = 'Apollo'")
    assert stale_rows(built, ["articles_lsa", "articles_lsa_words"]) == {"articles_lsa": 3, "articles_lsa_words": None}
    assert counts(built) == (1, 1, 1)
    after = everything(built)
    assert set(after) == set(before) - {"1"} | {"13"}
    assert all((after[key] == before[key]).all() for key in after if key not in ("9", "13"))
    for mode in ("vector", "text", "hybrid"):
        found = [
            hit.row["title"]
            for hit in search(built, open_collection(built, "articles_lsa"), "astronauts moon", mode=mode, k=3).hits
        ]
        assert "Moon" in found and "Apollo" not in found
    assert search(built, open_collection(built, "articles_lsa"), "dumpling boiled", mode="text").hits[0].id == 13
    assert similar(built, open_collection(built, "articles_lsa"), ["13"], k=1).hits[0].row["title"] in dict(BREAD)
    assert collections.get_collection(built, "articles_lsa").count == 12
    assert stale_rows(built, ["articles_lsa"]) == {"articles_lsa": 0}


def test_a_row_folded_in_stands_where_the_model_puts_its_text(built: Connection) -> None:
    """The same text twice: once fitted, once folded in. Both are encoded by the same sums in float32."""
    built.execute("insert into articles (title, body) select title, body from articles where title = 'Crust'")
    update(built)
    found = everything(built)
    assert found["13"] == pytest.approx(found["10"], abs=1e-5)


def test_words_are_found_as_after_a_rebuild(built: Connection) -> None:
    """BM25 from an index that was changed row by row, against one made anew: the same scores of the same rows."""
    built.execute("insert into articles (title, body) values ('Dumpling', ?)", [DUMPLING])
    built.execute("update articles set body = 'flour for the oven' where title = 'Apollo'")
    update(built)
    built.execute("delete from articles where title in ('Rye', 'Crust', 'Brioche')")
    update(built)
    asked = ("flour", "dough oven", "rocket launch", "rye crust")
    updated = [
        [(hit.id, hit.text_score) for hit in search(built, open_collection(built, "articles_lsa"), q, mode="text").hits]
        for q in asked
    ]
    engine.build(built, datasets.get_dataset(built, "articles"), LSA, {"dim": 4})
    rebuilt = [
        [(hit.id, hit.text_score) for hit in search(built, open_collection(built, "articles_lsa"), q, mode="text").hits]
        for q in asked
    ]
    assert updated == rebuilt and any(updated)


def test_nothing_to_do_writes_nothing(built: Connection) -> None:
    before = built.execute("pragma data_version").fetchone(), built.total_changes
    assert counts(built) == (0, 0, 0)
    assert (built.execute("pragma data_version").fetchone(), built.total_changes) == before
    assert collections.updates_of(built, 1) == []


def test_a_text_put_back_is_changed_again(built: Connection) -> None:
    before = everything(built)
    body = built.execute("select body from articles where id = 1").fetchone()[0]
    for text in ("bread and nothing else", body):
        built.execute("update articles set body = ? where id = 1", [text])
        assert counts(built) == (0, 1, 0)
    assert everything(built)["1"] == pytest.approx(before["1"], abs=1e-5)


def test_each_collection_knows_what_it_has_not_seen(built: Connection, articles: Dataset) -> None:
    built.execute("insert into articles (title, body) values ('Dumpling', ?)", [DUMPLING])
    built.execute("delete from articles where title = 'Apollo'")
    engine.build(built, articles, LSA, {"dim": 2}, engine.BuildOptions(name="second"))
    both = ["articles_lsa", "second"]
    assert stale_rows(built, both) == {"articles_lsa": 2, "second": 0}
    built.execute("update articles set body = 'a steamed bun of dough' where title = 'Rye'")
    assert stale_rows(built, both) == {"articles_lsa": 3, "second": 1}
    assert [one.collection.name for one in update(built, "second").updated] == ["second"]
    assert stale_rows(built, both) == {"articles_lsa": 3, "second": 0}
    assert built.execute("select key from _semsearch_deleted").fetchall() == [("1",)]
    assert counts(built) == (1, 1, 1)
    assert stale_rows(built, both) == {"articles_lsa": 0, "second": 0}
    assert built.execute("select count(*) from _semsearch_deleted").fetchone()[0] == 0
    assert set(everything(built)) == {str(row[0]) for row in built.execute("select id from articles")}


def test_a_row_that_came_and_went_unseen_is_not_stale(built: Connection, articles: Dataset) -> None:
    """A second collection has noted the row, so the dataset knows of it; the first has no vector of it."""
    built.execute("insert into articles (id, title, body) values (900, 'Yeast', 'yeast in the dough')")
    engine.build(built, articles, LSA, {"dim": 3}, engine.BuildOptions(name="other"))
    built.execute("delete from articles where id = 900")
    assert stale_rows(built, ["articles_lsa", "other"]) == {"articles_lsa": 0, "other": 1}


def test_a_rebuild_of_the_only_collection_forgets_what_went(built: Connection, articles: Dataset) -> None:
    built.execute("delete from articles where id = 1")
    engine.build(built, articles, LSA, {"dim": 2})
    assert built.execute("select count(*) from _semsearch_deleted").fetchone()[0] == 0
    assert stale_rows(built, ["articles_lsa"]) == {"articles_lsa": 0}


def test_a_build_that_read_before_an_update_wrote_is_mended_by_the_next(
    built: Connection, articles: Dataset, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest race: a build takes minutes, and rows change and are folded in meanwhile."""
    real = type(LSA).fit

    def slow(*arguments: Any, **options: Any) -> Fitted:
        with connect.writing(path) as other:
            other.execute("delete from articles where id = 1")
            other.execute("insert into articles (title, body) values ('Dumpling', ?)", [DUMPLING])
            update(other, "articles_lsa")
        return real(*arguments, **options)

    monkeypatch.setattr(type(LSA), "fit", slow)
    engine.build(built, articles, LSA, {"dim": 2}, engine.BuildOptions(name="second"))
    update(built)
    wanted = {str(row[0]) for row in built.execute("select id from articles")}
    for name in ("articles_lsa", "second"):
        assert set(vectors.all_keys(built, collections.get_collection(built, name))) == wanted
    assert search(built, open_collection(built, "second"), "dumpling", mode="text").hits[0].id == 13


def test_a_row_that_went_and_came_back_is_there(built: Connection, articles: Dataset) -> None:
    engine.build(built, articles, LSA, {"dim": 2}, engine.BuildOptions(name="second"))
    built.execute("delete from articles where id = 1")
    update(built, "second")
    built.execute("insert into articles values (1, 'Apollo', 'bread')")
    update(built, "second")
    assert built.execute("select count(*) from second where id = 1").fetchone()[0] == 1
    assert counts(built) == (0, 1, 0)
    assert built.execute("select count(*) from articles_lsa where id = 1").fetchone()[0] == 1


def test_rows_without_a_known_word_lose_their_vector_and_keep_their_words(built: Connection) -> None:
    built.execute("update articles set title = '', body = 'zyx wvu' where id = 2")
    built.execute("insert into articles (title, body) values ('', 'qqq')")
    found = update(built).updated[0]
    assert (found.update.added, found.update.changed, found.without_vector) == (1, 1, 2)
    assert found.collection.count == 11 == len(everything(built))
    assert [hit.id for hit in search(built, open_collection(built, "articles_lsa"), "zyx", mode="hybrid").hits] == [2]
    assert counts(built) == (0, 0, 0)


def test_all_rows_deleted_leaves_an_empty_collection(built: Connection) -> None:
    built.execute("delete from articles")
    assert counts(built) == (0, 0, 12)
    assert search(built, open_collection(built, "articles_lsa"), "moon").hits == ()
    built.execute("insert into articles (title, body) values (?, ?)", SPACE[0])
    assert counts(built) == (1, 0, 0)
    assert [hit.id for hit in search(built, open_collection(built, "articles_lsa"), "moon").hits] == [1]


@pytest.mark.parametrize(
    "columns",
    [
        "code text primary key, part text, body text)",
        "code text, part text, body text, primary key (code, part))",
        "code text, part text, body text, primary key (code, part)) without rowid",
        "code text, part text, body text)",
    ],
    ids=["text", "compound", "without rowid", "none"],
)
def test_other_keys_are_followed_too(db: Connection, columns: str) -> None:
    db.execute(f"create table articles ({columns}")
    rows = [(f"n{number}", f"{number}/x", body) for number, (_, body) in enumerate(TOPICS)]
    db.executemany("insert into articles values (?, ?, ?)", rows)
    with connect.transaction(db):
        dataset = datasets.register(db, shape_of(db, "articles"), text_columns=["body"])
    engine.build(db, dataset, LSA, {"dim": 4})
    db.execute("insert into articles values ('new', 'y', ?)", [DUMPLING])
    db.execute("update articles set body = 'a moon of bread' where code = 'n3'")
    db.execute("delete from articles where code = 'n0'")
    db.execute("vacuum")
    # Without a primary key VACUUM gives every row another rowid: each is a changed row, and the last rowid is the first
    # free one again.
    expected = (1, 1, 1) if "primary" in columns else (0, len(TOPICS), 0)
    assert counts(db) == expected and counts(db) == (0, 0, 0)
    best = search(db, open_collection(db, "articles_lsa"), "moon bread", mode="text").hits[0]
    assert best.row["code"] == "n3"
    assert "n0" not in {
        hit.row["code"] for hit in search(db, open_collection(db, "articles_lsa"), "rocket moon", k=12).hits
    }


def test_vacuum_of_a_table_without_a_key_hides_no_row(db: Connection) -> None:
    db.execute("create table articles (body text)")
    db.executemany("insert into articles values (?)", [(body,) for _, body in TOPICS])
    with connect.transaction(db):
        dataset = datasets.register(db, shape_of(db, "articles"), text_columns=["body"])
    engine.build(db, dataset, LSA, {"dim": 4})
    db.execute("delete from articles where rowid = 1")
    db.execute("update articles set body = 'a moon of bread' where rowid = 5")
    db.execute("vacuum")
    bodies = [body for _, body in TOPICS]
    rows = datasets.rows_by_key(db, dataset, [str(number) for number in range(1, len(TOPICS) + 1)])
    assert {int(key): row["body"] for key, row in rows.items()} == {
        number: body for number, body in enumerate(bodies, 1) if number not in (1, 5)
    }
    assert datasets.rows_by_key(db, dataset, [str(len(TOPICS))])[str(len(TOPICS))]["body"] == bodies[-1]
    update(db)
    assert datasets.rows_by_key(db, dataset, ["1", "4"])["4"]["body"] == "a moon of bread"


def test_row_numbers_of_a_table_keyed_by_hash_are_noted_again(db: Connection) -> None:
    db.execute("create table articles (body text, rowid text)")  # its own column hides the rowid
    db.executemany("insert into articles (body) values (?)", [(body,) for _, body in TOPICS])
    with connect.transaction(db):
        dataset = datasets.register(db, shape_of(db, "articles"), text_columns=["body"])
    engine.build(db, dataset, LSA, {})
    db.execute("delete from articles where _rowid_ = 1")
    db.execute("vacuum")
    update(db)
    noted = db.execute("select row_hint from _semsearch_items order by item").fetchall()
    assert noted == [(number,) for number in range(1, 12)]


class Wordy:
    """A builder that can only fit: one random vector per document."""

    name = "wordy"
    reads = "documents"

    @dataclass(frozen=True)
    class Options:
        """What it can be told."""

        dim: int = option(3, "dimensions")

    def fit(self, corpus: Documents, options: Any, *, rng: np.random.Generator, **_: Any) -> Fitted:
        return Fitted([Embeddings("document", corpus.keys, rng.random((len(corpus), options.dim), np.float32))])


@pytest.fixture
def wordy(monkeypatch: pytest.MonkeyPatch) -> Builder:
    """That builder, registered for the time of a test."""
    monkeypatch.setitem(registry.load().builders, "wordy", Wordy())
    return registry.load().builder("wordy")


def test_a_builder_that_cannot_encode_is_left_with_the_command_that_rebuilds(
    built: Connection, articles: Dataset, wordy: Builder
) -> None:
    engine.build(built, articles, wordy, {})
    with pytest.raises(
        InputError,
        match="^articles_wordy was not updated, because wordy cannot embed new rows. Rebuild it: `semsearch build",
    ):
        update(built, "articles_wordy")
    assert update(built).left == {}  # nothing has changed: nothing to say
    built.execute("delete from articles where id = 1")
    outcome = update(built)
    assert [one.collection.name for one in outcome.updated] == ["articles_lsa"]
    assert set(outcome.left) == {"articles_wordy"} and "cannot embed" in outcome.left["articles_wordy"]
    assert outcome.rebuilds == {"articles_wordy"}
    assert stale_rows(built, ["articles_wordy"]) == {"articles_wordy": 1}
    assert built.execute("select count(*) from _semsearch_deleted").fetchone()[0] == 1  # still unseen by one
    engine.build(built, articles, wordy, {})
    assert stale_rows(built, ["articles_wordy"]) == {"articles_wordy": 0}


def test_a_builder_that_is_gone_is_said_to_be(
    built: Connection, articles: Dataset, wordy: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.build(built, articles, wordy, {})
    monkeypatch.delitem(registry.load().builders, "wordy")
    with pytest.raises(PluginError, match="built by wordy, which is not installed:"):
        update(built, "articles_wordy")


def test_a_part_is_not_updated_alone(built: Connection) -> None:
    with pytest.raises(InputError, match="update articles_lsa"):
        update(built, "articles_lsa_words")


@pytest.mark.parametrize(
    "spoilt, error, told",
    [
        ("drop table articles", NotFoundError, "The table articles no longer exists"),
        ("alter table articles rename to essays", NotFoundError, "semsearch drop DB articles"),
        (
            "alter table articles rename column body to story",
            NotFoundError,
            "no column 'body'.*index DB articles --text",
        ),
        ("alter table articles drop column title", NotFoundError, "no column 'title'"),
    ],
    ids=["dropped", "renamed", "column renamed", "column gone"],
)
def test_a_table_that_is_not_as_it_was(built: Connection, spoilt: str, error: type[Exception], told: str) -> None:
    built.execute(spoilt)
    before = everything(built)
    with pytest.raises(error, match=told):
        update(built, "articles_lsa")
    assert re.search(told, update(built).left["articles_lsa"])
    assert stale_rows(built, ["articles_lsa"]) == {"articles_lsa": None}
    assert everything(built).keys() == before.keys()


def test_keys_of_another_type_need_a_rebuild(built: Connection) -> None:
    built.execute("drop table articles")
    built.execute("create table articles (id text primary key, title text, body text)")
    built.execute("insert into articles values ('one', 'Apollo', 'moon')")
    with pytest.raises(InputError, match=r"key of articles is now id \(text\).*semsearch index DB articles"):
        update(built, "articles_lsa")
    with connect.transaction(built):  # even where the dataset was described again
        datasets.register(built, shape_of(built, "articles"), text_columns=["body"], title_column="title")
    with pytest.raises(InputError, match="semsearch index DB articles"):
        update(built, "articles_lsa")


def test_text_columns_chosen_anew_are_a_change_of_every_row(built: Connection) -> None:
    with connect.transaction(built):
        datasets.register(built, shape_of(built, "articles"), text_columns=["body"])
    assert stale_rows(built, ["articles_lsa"]) == {"articles_lsa": 12}
    assert counts(built) == (0, 12, 0)
    assert not search(built, open_collection(built, "articles_lsa"), "sourdough", mode="text").hits


def test_a_program_that_writes_meanwhile_makes_it_begin_again(
    built: Connection, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built.execute("insert into articles (title, body) values ('Dumpling', ?)", [DUMPLING])
    real, turns = change_log.compare, []

    def raced(db: Connection, dataset: Dataset, since: int) -> change_log.Changes:
        found = real(db, dataset, since)
        turns.append(len(found.added))
        if len(turns) == 1:
            monkeypatch.setattr(change_log, "compare", real)
            with connect.writing(path) as other:
                update(other)
            monkeypatch.setattr(change_log, "compare", raced)
        return found

    monkeypatch.setattr(change_log, "compare", raced)
    assert counts(built) == (0, 0, 0) and turns == [1, 0]
    assert len(everything(built)) == 13 and len(collections.updates_of(built, 1)) == 1


def test_a_program_that_never_rests_is_given_up_on(built: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    built.execute("delete from articles where id = 1")
    monkeypatch.setattr(updating, "_is_unchanged", lambda db, plan: False)
    with pytest.raises(BuildError, match="Other programs keep changing"):
        update(built, "articles_lsa")
    assert len(everything(built)) == 12


@pytest.mark.parametrize("broken", [np.ones((1, 3), np.float32), np.full((1, 4), np.nan, np.float32)])
def test_a_builder_that_returns_what_cannot_be_stored(
    built: Connection, monkeypatch: pytest.MonkeyPatch, broken: np.ndarray[Any, Any]
) -> None:
    built.execute("update articles set body = 'moon' where id = 1")
    monkeypatch.setattr(type(LSA), "encode", lambda *_: broken)
    with pytest.raises(BuildError, match="a bug in that builder: nothing was written"):
        update(built, "articles_lsa")


@pytest.mark.parametrize(
    "stage", ["change_log.note", "fulltext.replace", "vectors.replace", "collections.write_update"]
)
def test_an_interruption_while_writing_leaves_the_state_before(
    built: Connection, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built.execute("delete from articles where id = 1")
    built.execute("update articles set body = 'steam' where id = 12")
    before = _dump(built)
    module, name = stage.split(".")
    real = getattr(getattr(updating, module), name)

    def interrupted(*arguments: object) -> None:
        real(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(getattr(updating, module), name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        update(built)
    assert _dump(built) == before


def _dump(db: Connection) -> list[Sequence[Any]]:
    tables = ("_semsearch_items", "_semsearch_collections", "_semsearch_datasets", "_semsearch_updates", "articles_lsa")
    found = [row for table in tables for row in db.execute(f"select * from {table}").fetchall()]
    return [*found, *db.execute("select rowid from _semsearch_fts_1 where _semsearch_fts_1 match 'steam'")]


def test_a_copy_of_the_file_from_before_is_still_readable(built: Connection, path: str, tmp_path: Any) -> None:
    connect.checkpoint(built)
    copy = shutil.copy(path, tmp_path / "copy.db")
    built.execute("delete from articles where id = 1")
    update(built)
    with connect.reading(str(copy)) as other:
        assert len(everything(other)) == 12


def test_another_revision_is_no_other_run(built: Connection) -> None:
    before = collections.get_collection(built, "articles_lsa")
    built.execute("delete from articles where id = 1")
    update(built)
    after = collections.get_collection(built, "articles_lsa")
    assert (after.run, after.vector_table, after.revision) == (before.run, before.vector_table, 2)
    assert before.revision == 1
    assert collections.get_collection(built, "articles_lsa_words").revision == 1
