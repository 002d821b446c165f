"""The verbs about words, on a file made by the other verbs."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from semsearch.sqlfunctions import register
from semsearch.storage.connect import reading, writing
from tests.planted import sentences


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with `says_pmi`, made by the command."""
    from click.testing import CliRunner

    from semsearch.cli.main import assemble

    path = str(tmp_path_factory.mktemp("says") / "says.db")
    with writing(path, create=True) as db:
        db.execute("create table says (id integer primary key, body text)")
        db.executemany("insert into says (body) values (?)", [(text,) for text in sentences()])
    for command in (["ingest", "table", path, "says"], ["build", "pmi", path, "says", "--dim", "8"]):
        done = CliRunner().invoke(assemble(), command)
        assert done.exit_code == 0, done.output
    return path


def test_an_analogy_is_answered_for_people_and_for_programs(built: str, run: Callable[..., Result]) -> None:
    shown = run("analogy", built, "says_pmi", "man", "king", "woman", "-k", 3)
    assert shown.exit_code == 0 and shown.stdout.splitlines()[0].startswith("1  queen  (3CosMul ")
    told = json.loads(run("analogy", built, "says_pmi", "man", "king", "woman", "--method", "add", "--json").stdout)
    assert told[0]["id"] == "queen" and told[0]["row"]["count"] == 150


def test_sql_gives_the_same_answers(built: str, run: Callable[..., Result]) -> None:
    told = json.loads(run("analogy", built, "says_pmi", "man", "king", "woman", "--json").stdout)
    with reading(built) as db:
        register(db)
        asked = "select value ->> 'id' from json_each(semsearch_analogy('says_pmi', 'man', 'king', 'woman', 10))"
        assert [row[0] for row in db.execute(asked)] == [hit["id"] for hit in told]
        near = db.execute("select semsearch_similarity('says_pmi', 'crown', 'throne')").fetchone()[0]
        far = db.execute("select semsearch_similarity('says_pmi', 'crown', 'toy')").fetchone()[0]
    assert near > 0.5 > far


def test_similar_and_search_work_on_words(built: str, run: Callable[..., Result]) -> None:
    near = json.loads(run("similar", built, "says_pmi", "crown", "-k", 2, "--json").stdout)
    assert {hit["id"] for hit in near} == {"throne", "palace"}
    found = json.loads(run("search", built, "says_pmi", "crown and toy", "-k", 6, "--json").stdout)
    assert {hit["id"] for hit in found} == {"crown", "throne", "palace", "toy", "play", "school"}


def test_the_odd_one_out(built: str, run: Callable[..., Result]) -> None:
    found = json.loads(run("odd-one-out", built, "says_pmi", "crown", "toy", "throne", "palace", "--json").stdout)
    assert found[0]["word"] == "toy"


@pytest.fixture
def sets(tmp_path: Path) -> tuple[Path, Path]:
    pairs, questions = tmp_path / "pairs.txt", tmp_path / "asked.txt.gz"
    pairs.write_text("crown throne 9\nking queen 6\ncrown toy 1\n")
    questions.write_bytes(gzip.compress(b": family\nman king woman queen\n: gram\nking kings man men\n"))
    return pairs, questions


def test_evaluate_words_prints_its_protocol_and_json_by_set(
    built: str, sets: tuple[Path, Path], run: Callable[..., Result]
) -> None:
    asked = ("evaluate", "words", built, "says_pmi", "--similarity", sets[0], "--analogies", sets[1])
    told = json.loads(run(*asked, "--json").stdout)
    assert set(told) == {"pairs", "asked"}
    assert told["pairs"]["spearman"] == pytest.approx(1) and told["pairs"]["coverage"] == 1
    every = next(one for one in told["asked"]["results"] if one["section"] == "all" and one["method"] == "mul")
    assert (every["accuracy"], every["of_all"]) == (1, 0.5)
    shown = run(*asked)
    assert "Spearman's correlation over the known pairs" in shown.stderr and "counting others" not in shown.stdout
    assert "3CosMul" in shown.stdout and "1 of 2" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("analogy", "says_pmi", "mann", "king", "woman"), "has no word 'mann' (did you mean 'man'?)"),
        (("analogy", "says_pmi", "man", "king", "man"), "given twice"),
        (("analogy", "says_pmi", "man", "", "woman"), "empty"),
        (("analogy", "says_pmi", "man", "king", "woman", "-k", "0"), "-k must be between 1 and 4,096, not 0"),
        (("odd-one-out", "says_pmi", "crown", "toy"), "at least 3"),
        (("similar", "says_pmi", "nothere"), "no word 'nothere'"),
        (("similar", "says_pmi", "kingg"), "says_pmi has no word 'kingg' (did you mean 'king'?)"),
        (("evaluate words", "says_pmi"), "give --similarity FILE or --analogies FILE"),
        (("evaluate words", "says_pmi", "--similarity", "/nowhere"), "cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_are_one_clear_line(
    built: str, arguments: tuple[str, ...], said: str, run: Callable[..., Result]
) -> None:
    verb, *rest = arguments
    done = run(*verb.split(), built, *rest)
    assert done.exit_code == 1 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_lines_that_are_no_pair_or_question_are_named(built: str, tmp_path: Path, run: Callable[..., Result]) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text("one two 3\none two\n")
    done = run("evaluate", "words", built, "says_pmi", "--similarity", bad)
    assert done.exit_code == 1 and f"Line 2 of {bad}" in done.stderr
    bad.write_text("a b c d\na b c\n")
    done = run("evaluate", "words", built, "says_pmi", "--analogies", bad)
    assert done.exit_code == 1 and f"Line 2 of {bad}" in done.stderr
