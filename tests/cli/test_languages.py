"""--language: found, chosen, kept, shown and refused; files of the old analyser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from semsearch.cli.main import assemble
from semsearch.storage import connect, datasets, fulltext

GERMAN = (
    "Die Häuser der Straße werden in diesem Jahr von der Stadt gebaut",
    "Der Hund läuft durch den Wald und sucht einen Stock",
    "Wir haben die Hausordnung gelesen und nicht verstanden",
    "Das Brot wird in dem Ofen der Bäckerei gebacken",
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(assemble(), list(arguments))


def said(*arguments: str) -> str:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def path(tmp_path: Path) -> str:
    lines = (json.dumps({"id": number, "body": text}) for number, text in enumerate(GERMAN, 1))
    (tmp_path / "d.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return str(tmp_path / "my.db")


def ingest(path: str, *more: str) -> None:
    said("ingest", "documents", path, "d", str(Path(path).with_name("d.jsonl")), *more)


def found(path: str, query: str) -> list[int]:
    answer = run("search", path, "d_lsa", query, "--mode", "text", "--json")
    assert answer.exit_code == 0, answer.output
    return [hit["id"] for hit in json.loads(answer.stdout)]


def language(path: str, verb: str = "datasets") -> str | None:
    return json.loads(said(verb, path, "--json"))[0]["language"]


def test_the_language_is_found_and_shown(path: str) -> None:
    ingest(path)
    assert "Language of the texts: german (--language chooses another)" in said("build", path, "d")
    assert language(path) == language(path, "collections") == "german"
    assert found(path, "HAUS")[:2] in ([1, 3], [3, 1])
    assert found(path, "strasse") == [1] and found(path, '"die Häuser" -Hund') == [1]
    assert found(path, "Brot -Haus") == [4]  # a whole word: the parts of others are not excluded


def test_a_choice_is_kept_and_taken_back(path: str) -> None:
    ingest(path, "--language", "none")
    assert "Language" not in said("build", path, "d")
    assert language(path) == "none" and found(path, "strasse") == [1] and found(path, "Haus") == []
    said("build", "lsa", path, "d", "--language", "EN")
    said("build", path, "d")
    assert language(path) == "english"
    said("build", path, "d", "--language", "auto")
    said("build", path, "d")
    assert language(path) == "german"


@pytest.mark.parametrize("verb", ["index", "build", "ingest"])
def test_an_unknown_language_is_refused_with_the_list(path: str, verb: str) -> None:
    ingest(path)
    source = str(Path(path).with_name("d.jsonl"))
    before = {"index": ["index", path, "d"], "build": ["build", path, "d"]}
    done = run(*before.get(verb, ["ingest", "documents", path, "d", source]), "--language", "klingon")
    assert done.exit_code != 0
    assert "'klingon' is not known" in done.output and "zulu" in done.output


def test_texts_in_no_language_are_said_to_be_so(path: str) -> None:
    with connect.writing(path, create=True) as db:
        db.execute("create table parts (id integer primary key, name text)")
        db.executemany(
            "insert into parts (name) values (?)", ((f"AB-{number} X{number}",) for number in range(1000, 1040))
        )
    assert "No language was found in the texts" in said("index", path, "parts")
    assert json.loads(said("datasets", path, "--json"))[0]["language"] == "none"


def test_a_table_of_emoji_says_what_is_wrong(path: str) -> None:
    with connect.writing(path, create=True) as db:
        db.execute("create table moods (id integer primary key, face text)")
        db.executemany("insert into moods (face) values (?)", ((face,) for face in ("😀", "🍕🍕", "❤️")))
    assert "contains a word to learn from" in run("index", path, "moods").output


def make_old(path: str) -> None:
    """The file as version 0.1 wrote it: raw text under porter unicode61, and nothing about a language."""
    with connect.writing(path) as db:
        dataset = datasets.get_dataset(db, "d")
        items = list(datasets.read_items(db, dataset))
        numbers = dict(db.execute("select key, item from _semsearch_items"))
        fulltext.drop(db, dataset)
        fulltext.create(db, fulltext.table_name(dataset), fulltext.OLD_TOKENIZER)
        rows = ((numbers[item.key], item.title, item.body) for item in items)
        fulltext.fill(db, fulltext.table_name(dataset), rows)
        db.execute("delete from _semsearch_models where name = 'language'")
        db.execute("alter table _semsearch_datasets drop column language")
        db.execute("alter table _semsearch_datasets drop column asked_language")
        for table, column in (("collections", "born"), ("collections", "token"), ("datasets", "token")):
            db.execute(f"alter table _semsearch_{table} drop column {column}")
        db.execute("drop table _semsearch_sources")
        db.execute("delete from _sqlite_migrations where name in ('m008_sources', 'm009_tokens', 'm010_languages')")


def test_an_old_file_is_searched_and_updated_as_it_was_built(path: str) -> None:
    ingest(path)
    said("build", path, "d", "--language", "english")
    make_old(path)
    answer = run("search", path, "d_lsa", "hauser", "--mode", "text")
    assert answer.exit_code == 0 and "Die Häuser" in answer.output  # unicode61 removed accents
    assert "`semsearch build DB d` indexes it again" in answer.output
    assert found(path, "strasse") == [] and language(path) is None
    with connect.writing(path) as db:
        db.execute("insert into d (id, body) values (9, 'Der Walfisch und die Straßen')")
        db.execute("delete from d where id = 2")
    said("update", path)
    assert found(path, "walfisch") == [9] and found(path, "hund") == [] and language(path) is None
    said("build", path, "d")
    assert language(path) == "german" and found(path, "strasse") == [1, 9]
    assert "indexes it again" not in run("search", path, "d_lsa", "haus").output
