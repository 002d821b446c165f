"""Labels that were planted are told; the report, the table of predictions and suggestions; every kind of bad column."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

import semsearch
from semsearch import registry
from semsearch.building import build as engine
from semsearch.errors import InputError, NameTakenError, NotFoundError
from semsearch.labels import classify, labelled_items
from semsearch.records import Collection, Dataset
from semsearch.storage import connect, labels
from semsearch.storage.collections import get_collection, open_collection
from semsearch.storage.datasets import get_dataset
from semsearch.storage.driver import Connection
from semsearch.storage.lineage import derived_tables
from tests.planted import BREAD, SPACE, TOPICS, make_articles

Run = Callable[..., Result]


def make(db: Connection, *, labelled: int = 4, dim: int = 3) -> Dataset:
    """Both topics; the first `labelled` of each have a theme, the others none; `number` says the theme as 1 or 2."""
    dataset = make_articles(db)
    db.execute("alter table articles add column theme text")
    db.execute("alter table articles add column number integer")
    for first, theme, number in ((1, "space", 2), (1 + len(SPACE), "bread", 10)):
        last = first + labelled - 1
        db.execute("update articles set theme = ?, number = ? where id between ? and ?", [theme, number, first, last])
    engine.build(db, dataset, registry.load(entry_points=False).builder("lsa"), {"dim": dim})
    return dataset


def test_the_rest_is_told_as_planted(db: Connection) -> None:
    make(db)
    found = classify.classify(db, [open_collection(db, "articles_lsa")], "theme")
    assert [(facts.label, facts.count, facts.predicted) for facts in found.labels] == [("bread", 4, 2), ("space", 4, 2)]
    assert {(row[0], row[1]) for row in found.predictions} == {
        (5, "space"), (6, "space"), (11, "bread"), (12, "bread")
    }  # fmt: skip
    assert all(row[1] != row[3] and row[2] + row[4] == pytest.approx(1) for row in found.predictions)
    vectors, words = found.judged
    assert (vectors.features, words.features, vectors.judged, words.judged) == ("vectors", "bag of words", 8, 8)
    assert vectors.low <= vectors.accuracy <= vectors.high and vectors.accuracy >= 0.75
    assert sum(map(sum, found.confusion)) == 8
    right = sum(found.confusion[place][place] for place in range(2))
    assert right / 8 == vectors.accuracy
    assert found == classify.classify(db, [open_collection(db, "articles_lsa")], "theme")


def test_predictions_stand_in_a_table_of_the_labels_own_type(db: Connection) -> None:
    make(db)
    for column, kind in (("theme", "text"), ("number", "integer")):
        found = classify.classify(db, [open_collection(db, "articles_lsa")], column)
        assert [row[2] for row in found.predictions] == sorted((row[2] for row in found.predictions), reverse=True)
        classify.write(db, found)
        rows = db.execute("select * from articles_lsa_predictions").fetchall()
        assert sorted(rows) == sorted(found.predictions)
        told = db.execute("select typeof(id), typeof(label), typeof(second) from articles_lsa_predictions")
        assert told.fetchall() == [("integer", kind, kind)] * 4
        both = db.execute(f"select count(*) from articles_lsa_predictions p join articles a on a.{column} = p.label")
        assert both.fetchone()[0] == 4 * 4  # labels of predictions are equal to labels of rows


def test_joined_collections_know_what_either_knows(db: Connection) -> None:
    make(db)
    lsa = registry.load(entry_points=False).builder("lsa")
    engine.build(db, get_dataset(db, "articles"), lsa, {"dim": 2}, engine.BuildOptions(name="small"))
    alone, joined = (
        classify.classify(db, [open_collection(db, name) for name in names], "theme")
        for names in (["articles_lsa"], ["articles_lsa", "small"])
    )
    assert joined.collections == ("articles_lsa", "small") and joined.table == "articles_lsa_predictions"
    assert alone.predictions != joined.predictions and len(joined.predictions) == 4
    with pytest.raises(InputError, match="give collections of the same items"):
        classify.classify(db, [open_collection(db, "articles_lsa"), open_collection(db, "articles_lsa_words")], "theme")


def test_words_are_told_by_another_table(db: Connection) -> None:
    make(db, dim=2)
    db.execute("create table themes (word text, theme text)")
    known = [("orbit", "space"), ("moon", "space"), ("rocket", "space"), ("dough", "bread"), ("flour", "bread")]
    db.executemany("insert into themes values (?, ?)", [*known, ("oven", "bread"), ("zebra", "bread")])
    found = classify.classify(db, [open_collection(db, "articles_lsa_words")], "theme", table="themes")
    told = {row[0]: row[1] for row in found.predictions}
    assert (told["astronauts"], told["yeast"]) == ("space", "bread") and len(found.judged) == 1
    assert (found.labelled, found.without) == (6, 1)
    classify.write(db, found, table="themes")
    assert {"themes", "articles"} == derived_tables(db)["articles_lsa_words_predictions"]
    db.execute("drop table themes")  # who may not see it may have it under another name: every table counts
    assert "articles" in derived_tables(db)["articles_lsa_words_predictions"]


def test_columns_of_a_vocabulary_hold_labels_too(db: Connection) -> None:
    make(db, dim=2)
    db.execute("alter table articles_lsa_words_vocabulary add column theme text")
    for theme, words in (("space", "orbit moon rocket"), ("bread", "dough flour oven")):
        db.executemany(
            "update articles_lsa_words_vocabulary set theme = ? where word = ?",
            [(theme, word) for word in words.split()],
        )
    told = {
        row[0]: row[1]
        for row in classify.classify(db, [open_collection(db, "articles_lsa_words")], "theme").predictions
    }
    assert (told["astronauts"], told["yeast"]) == ("space", "bread")


def test_a_name_of_yours_is_not_taken(db: Connection) -> None:
    make(db)
    db.execute("create table articles_lsa_predictions (mine)")
    with pytest.raises(NameTakenError, match="semsearch did not write"):
        classify.write(db, classify.classify(db, [open_collection(db, "articles_lsa")], "theme"))


@pytest.mark.parametrize(
    ("change", "column", "error", "said"),
    [
        ("", "colour", NotFoundError, "articles has no column 'colour': it has id, title, body, theme, number"),
        (
            "update articles set theme = null, number = null",
            None,
            InputError,
            "Give --label COL: articles has id, title, body, theme, number",
        ),
        ("update articles set theme = null", "theme", InputError, "theme is empty on all 12 items of articles_lsa"),
        ("update articles set theme = '  '", "theme", InputError, "theme is empty on all 12 items"),
        ("update articles set theme = 'x'", "theme", InputError, "theme has one label, x, on 12 items"),
        ("", "title", InputError, "Every label of title occurs only once in articles_lsa (Apollo, Baguette, "),
        ("delete from articles", "theme", InputError, "No item has both a row and a vector in articles_lsa"),
    ],
)
def test_columns_that_cannot_be_learned(
    db: Connection, change: str, column: str | None, error: type[Exception], said: str
) -> None:
    make(db)
    if change:
        db.execute(change)
    with pytest.raises(error) as raised:
        classify.classify(db, [open_collection(db, "articles_lsa")], column)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("id % 1000", "code has 1,000 distinct labels on 1,200 items, 800 of which occur only once: at most 200"),
        ("id % 400", "code has 400 distinct labels on 1,200 items: at most 200"),
        ("id", "Every label of code occurs only once in articles_lsa (1, 10, 100, 1000, 1001, 1002, 1003, 1004 and"),
    ],
)
def test_a_thousand_labels_are_refused(db: Connection, code: str, said: str) -> None:
    make_articles(db, tuple((f"about {number}", body) for number in range(100) for _, body in TOPICS))
    engine.build(db, get_dataset(db, "articles"), registry.load(entry_points=False).builder("lsa"), {"dim": 3})
    db.execute("alter table articles add column code integer")
    db.execute(f"update articles set code = {code}")
    with pytest.raises(InputError) as raised:
        classify.classify(db, [open_collection(db, "articles_lsa")], "code")
    assert said in str(raised.value)


def test_labels_of_one_row_are_left_out_and_named(db: Connection) -> None:
    make(db)
    db.execute("update articles set theme = 'alone' where id = 12")
    found = classify.classify(db, [open_collection(db, "articles_lsa")], "theme")
    assert found.alone == ("alone",) and any(
        "that occur only once are left out: alone" in line for line in found.remarks
    )
    assert 12 not in {row[0] for row in found.predictions} and len(found.predictions) == 3


def test_an_overstated_accuracy_is_remarked(db: Connection) -> None:
    make(db)
    db.execute("update articles set title = 'a' where id % 2")
    db.execute("update articles set title = 'b' where not id % 2")
    assert any(
        "overstated" in line for line in classify.classify(db, [open_collection(db, "articles_lsa")], "title").remarks
    )


def test_suggestions_need_no_label_and_then_say_what_is_believed(db: Connection) -> None:
    make(db)
    db.execute("alter table articles add column mine text")
    first = classify.suggest(db, [open_collection(db, "articles_lsa")], 2, "mine")
    assert [(one.label, one.probability) for one in first] == [(None, None)] * 2
    assert {int(one.id) <= len(SPACE) for one in first} == {True, False}  # one of each topic
    then = classify.suggest(db, [open_collection(db, "articles_lsa")], 9, "theme")
    assert {one.id for one in then} == {5, 6, 11, 12} and {one.label for one in then} == {"space", "bread"}
    with pytest.raises(InputError, match="--suggest must be between 1 and 1,000, not"):
        classify.suggest(db, [open_collection(db, "articles_lsa")], 0, "theme")
    db.execute("update articles set theme = 'x'")
    with pytest.raises(InputError, match="nothing is left to suggest"):
        classify.suggest(db, [open_collection(db, "articles_lsa")], 3, "theme")


def test_columns_that_could_hold_labels_are_found(db: Connection) -> None:
    make_articles(db, TOPICS * 3)
    for declared in ("theme text", "number integer", "code text", "size real", "picture blob", "empty text"):
        db.execute(f"alter table articles add column {declared}")
    db.execute(
        "update articles set theme = case when id > 18 then 'bread' else 'space' end, number = id % 4,"
        " code = 'c' || id, size = id % 3 + .5, picture = x'00'"
    )
    engine.build(db, get_dataset(db, "articles"), registry.load(entry_points=False).builder("lsa"), {"dim": 2})
    dataset, collection = get_dataset(db, "articles"), get_collection(db, "articles_lsa")
    assert labels.candidates(db, dataset, collection) == ["theme", "number"]
    assert labels.candidates(db, dataset, get_collection(db, "articles_lsa_words")) == []


def test_columns_in_which_some_labels_stand_alone_are_offered(db: Connection) -> None:
    make_articles(db, TOPICS * 3)
    db.execute("alter table articles add column package text")
    db.execute("alter table articles add column file text")
    db.execute(
        "update articles set package = case when id > 24 then 'single' || id else 'p' || (id % 3) end,"
        " file = case when id > 10 then 'single' || id else 'p' || (id % 3) end"
    )
    engine.build(db, get_dataset(db, "articles"), registry.load(entry_points=False).builder("lsa"), {"dim": 2})
    dataset, collection = get_dataset(db, "articles"), get_collection(db, "articles_lsa")
    assert labels.candidates(db, dataset, collection) == ["package"]  # 15 different ones, of which 3 on most rows
    for own, offered in (("package", ["package"]), ("file", ["package", "file"])):
        assert labels.candidates(db, replace(dataset, label_column=own), collection) == offered
    db.execute("update articles set file = null")  # yet to be filled
    assert labels.candidates(db, replace(dataset, label_column="file"), collection) == ["file", "package"]


@pytest.mark.parametrize(
    ("of", "count", "can_update", "said"),
    [
        (
            "node",
            2,
            False,
            "2 nodes with a label have no vector. A node without edges has none."
            " Run `semsearch build` again to include new nodes",
        ),
        ("word", 1, True, "1 word with a label has no vector. A word that is not in the vocabulary has none"),
        ("image", 1, True, "1 image with a label has no vector. `semsearch update` adds new images"),
    ],
)
def test_what_lacks_a_vector_is_told_by_kind(of: str, count: int, can_update: bool, said: str) -> None:
    assert labelled_items.lacking(of, count, can_update=can_update) == said


def test_only_builders_that_embed_new_items_advise_an_update() -> None:
    for builder, can_update in (("lsa", True), ("pca", True), ("netmf", False), ("prone", False), ("gone", False)):
        collection = Collection(1, "c", "d", builder, 1, "node", 1, 2, 3, "now")
        assert labelled_items.can_update([collection]) is can_update


def test_command(db: Connection, path: str, run: Run, tmp_path: Path) -> None:
    make(db)
    told = json.loads(run("classify", path, "articles_lsa", "--label", "theme", "--json").stdout)
    assert told["predictions"] == 4 and told["column"] == "theme" and len(told["judged"]) == 2
    assert told["table"] == "articles_lsa_predictions" and len(told["confusion"]) == 2
    rows = run("classify", path, "articles_lsa", "--label", "theme", "--csv", "--no-baseline").stdout.splitlines()
    assert rows[0] == "label,count,precision,recall,predicted" and len(rows) == 3
    shown = run("classify", path, "articles_lsa", "--label", "theme")
    assert "bag of words" in shown.stdout and "as space" in shown.stdout
    assert "Wrote 4 predictions for rows without a label" in shown.stderr and "how uncertain" in shown.stderr
    before = db.execute("select * from articles_lsa_predictions").fetchall()
    asked = json.loads(run("classify", path, "articles_lsa", "--label", "theme", "--suggest", 3, "--json").stdout)
    bodies = dict(SPACE[4:] + BREAD[4:])
    assert all(bodies[row["title"]].startswith(row["text"].rstrip("…")) for row in asked)
    shown = run("classify", path, "articles_lsa", "--label", "theme", "--suggest", 3)
    assert "With up to 300 labels" in shown.stderr and "depends on N" in shown.stderr
    assert len(asked) == 3 and {row["title"] for row in asked} <= {title for title, _ in SPACE[4:] + BREAD[4:]}
    assert db.execute("select * from articles_lsa_predictions").fetchall() == before
    wrong = run("classify", path, "articles_lsa", "--label", "colour")
    assert wrong.exit_code == 1 and "it has id, title" in wrong.stderr
    assert run("drop", path, "articles_lsa").exit_code == 0
    with connect.reading(path) as again:
        assert not again.execute("select 1 from sqlite_master where name like '%predictions'").fetchall()


def test_python(db: Connection, path: str) -> None:
    make(db)
    with semsearch.open(path) as file:
        found = file.classify("articles_lsa", label="theme", baseline=False)
        assert len(found.judged) == 1 and len(file.sql("select * from articles_lsa_predictions")) == 4
        assert len(file.suggest("articles_lsa", k=2, label="theme")) == 2
