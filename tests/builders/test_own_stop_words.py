"""Own stop words: read from a file, kept with the run, and used by build, query, update and rebuild alike."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from semsearch.building.rebuild_command import rebuild_command
from semsearch.errors import InputError
from semsearch.maths.text import stop_words_in
from semsearch.search.explain import explain
from semsearch.search.models import encode_text
from semsearch.search.query import search
from semsearch.storage import collections, connect
from tests.planted import TOPICS

Run = Callable[..., Result]
STOP = "Rocket MOON\n# the next are about bread\ndough\n"


@pytest.fixture
def texts(path: str, tmp_path: Path, run: Run) -> str:
    (tmp_path / "texts.csv").write_text("text\n" + "\n".join(" ".join(row) for row in TOPICS))
    (tmp_path / "stop.txt").write_text(STOP)
    assert run("ingest", "documents", path, "texts", tmp_path / "texts.csv", "--text", "text").exit_code == 0
    return path


def built(run: Run, texts: str, builder: str, tmp_path: Path, *more: str) -> str:
    done = run("build", builder, texts, "texts", "--stop", tmp_path / "stop.txt", *more)
    assert done.exit_code == 0, done.stderr
    return f"texts_{builder}"


def test_a_list_has_words_and_comments() -> None:
    assert stop_words_in(STOP, "english") == {"rocket", "moon", "dough"}
    assert stop_words_in("Işık", "turkish") == {"ışık"} and stop_words_in(None, "english") == frozenset()
    with pytest.raises(InputError, match="no word"):
        stop_words_in("# nothing\n", "english")


def test_lsa_leaves_them_out_of_vectors_queries_and_updates(texts: str, tmp_path: Path, run: Run) -> None:
    name = built(run, texts, "lsa", tmp_path, "--dim", "4")
    with connect.writing(texts) as db:
        opened = collections.open_collection(db, name)
        words = set(collections.words(db, collections.get_collection(db, f"{name}_words"), ["moon", "dough", "orbit"]))
        assert words == {"orbit"}
        assert encode_text(db, opened.collection, "moon") is None
        (hit, *_) = search(db, opened, "moon orbit", k=1).hits
        assert hit == search(db, opened, "orbit", k=1).hits[0]
        assert [part.word for part in explain(db, opened, "moon orbit", [hit])[0].words.listed] == ["orbit"]
        db.execute("insert into texts (text) values ('moon rocket dough'), ('orbit moon')")
        db.commit()
    done = run("update", texts, name)
    assert done.exit_code == 0, done.stderr
    with connect.reading(texts) as db:
        opened = collections.open_collection(db, name)
        found = search(db, opened, "orbit", mode="vector", k=20).hits
        assert found[0].row["text"] == "orbit moon" and found[0].vector_score == pytest.approx(1, abs=1e-5)
        assert "moon rocket dough" not in [hit.row["text"] for hit in found]


@pytest.mark.parametrize("builder", ["pmi", "glove", "sgns"])
def test_word_builders_have_no_vectors_of_them(texts: str, tmp_path: Path, run: Run, builder: str) -> None:
    if builder != "pmi":
        pytest.importorskip("torch")
    more = () if builder == "pmi" else ("--epochs", "1")
    name = built(run, texts, builder, tmp_path, "--dim", "4", "--min-count", "1", *more)
    with connect.reading(texts) as db:
        collection = collections.get_collection(db, name)
        assert set(collections.words(db, collection, ["moon", "rocket", "dough", "orbit"])) == {"orbit"}


def test_wordmean_leaves_them_out(texts: str, tmp_path: Path, run: Run) -> None:
    assert run("build", "pmi", texts, "texts", "--dim", 4, "--min-count", 1).exit_code == 0
    name = built(run, texts, "wordmean", tmp_path, "--words", "texts_pmi")
    with connect.reading(texts) as db:
        collection = collections.get_collection(db, name)
        assert encode_text(db, collection, "moon") is None
        both, one = (encode_text(db, collection, text) for text in ("moon orbit", "orbit"))
        assert both is not None and one is not None and both.tolist() == pytest.approx(one.tolist())


def test_the_words_are_kept_with_the_run_and_given_again(texts: str, tmp_path: Path, run: Run) -> None:
    name = built(run, texts, "lsa", tmp_path, "--dim", "4", "--no-stop-words")
    with connect.reading(texts) as db:
        collection = collections.get_collection(db, name)
        before = collections.get_run(db, collection.run)
        command = rebuild_command(texts, collection, before)
    (tmp_path / "stop.txt").unlink()
    done = run(*shlex.split(command)[1:])
    assert done.exit_code == 0, done.stderr
    with connect.reading(texts) as db:
        after = collections.get_run(db, collections.get_collection(db, name).run)
    assert after.options == before.options and after.id > before.id
    assert (after.options["own_stop_words"], after.options["stop_words"]) == (STOP, False)


def test_mistakes_get_one_clear_line(texts: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "latin.txt").write_bytes("für".encode("latin-1"))
    (tmp_path / "large.txt").write_text("word " * 300_000)
    for file, said in (
        ("empty.txt", "The list of stop words has no word"),
        ("latin.txt", "is not UTF-8, byte 1 is invalid"),
        ("large.txt", "has 1,500,000 bytes: the limit is 1,048,576"),
        ("nope.txt", "cannot be read"),
    ):
        done = run("build", "lsa", texts, "texts", "--stop", tmp_path / file)
        assert done.exit_code == 1 and said in done.stderr, done.stderr
