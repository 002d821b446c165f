"""What commands advise: which builder does what, and commands that name the file that was given."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from semsearch.cli import output
from semsearch.storage import labels
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import make_articles

Run = Callable[..., Result]


@pytest.fixture
def built(path: str, db: Connection, run: Run) -> str:
    """A file with articles_lsa and articles_pmi."""
    make_articles(db)
    assert run("index", path, "articles").exit_code == 0
    assert run("build", "pmi", path, "articles", "--min-count", "1").exit_code == 0
    return path


def test_update_of_all_names_what_needs_a_rebuild_and_succeeds(built: str, db: Connection, run: Run) -> None:
    db.execute("delete from articles where id = 1")
    said = run("update", built)
    advice = (
        f"articles_pmi was not updated, because pmi cannot embed new rows. Rebuild it: `semsearch build pmi {built}"
    )
    assert said.exit_code == 0, said.output
    assert said.stderr.count(f"{advice} articles --name articles_pmi --min-count 1`") == 1
    assert "articles_lsa: 1 deleted" in said.stderr
    named = run("update", built, "articles_pmi")
    assert named.exit_code == 1 and f"Error: {advice}" in named.stderr


def test_builders_say_which_embed_queries_and_which_take_updates(run: Run) -> None:
    rows = {row["name"]: row for row in json.loads(run("builders", "--json").stdout)}
    told = {name: (rows[name]["embeds new items"], rows[name]["updates"]) for name in ("lsa", "pmi", "netmf", "pca")}
    assert told == {"lsa": ("yes", "yes"), "pmi": ("yes", "no"), "netmf": ("no", "no"), "pca": ("yes", "yes")}
    assert run("builders", "--table").stdout.split("\n")[0].split("  ")[:1] == ["name"]


def test_advice_names_the_file_that_was_given(path: str, db: Connection, run: Run) -> None:
    assert f"`semsearch index {path} TABLE` builds one" in run("update", path).stderr
    assert f"`semsearch runs {path}` lists them" in run("runs", path, "7").stderr


def test_classify_and_the_page_choose_the_same_label_column(path: str, db: Connection, run: Run) -> None:
    make_articles(db)
    db.execute("alter table articles add column theme text")
    db.execute("update articles set theme = case when id % 2 then 'odd' else 'even' end where id > 2")
    db.execute("alter table articles add column code text")
    db.execute("update articles set code = 'c' || id")
    assert run("index", path, "articles", "--label", "code").exit_code == 0
    opened = open_collection(db, "articles_lsa")
    assert labels.candidates(db, opened.dataset, opened.collection) == ["theme", "code"]  # the page opens on the first
    said = run("classify", path, "articles_lsa")
    assert said.exit_code == 0, said.output
    assert "The column 'theme' was chosen as the label. To choose another one: --label COL" in said.stderr
    assert "Wrote 2 predictions" in said.stderr
    assert "was chosen" not in run("classify", path, "articles_lsa", "--label", "theme").stderr


def test_an_image_file_has_the_format_of_its_name(path: str, db: Connection, run: Run) -> None:
    for command in (["interpolate", path, "c", "1", "2"], ["sample", path, "c"], ["reconstruct", path, "c"]):
        said = run(*command, "-o", "strip.jpg")
        assert (
            said.exit_code == 2 and "strip.jpg cannot be written as .jpg: give a name that ends in .png" in said.stderr
        )
    for name in ("strip.PNG", "strip", "strip.gif"):
        said = run("interpolate", path, "c", "1", "2", "-o", name)
        assert said.exit_code == 1 and "No collection 'c'" in said.stderr, name


def test_errors_tell_what_was_meant(built: str, run: Run, tmp_path: Path) -> None:
    assert (
        run("search", tmp_path, "docs_lsa", "x").stderr
        == f"Error: {tmp_path} is a folder: give the path of a database file\n"
    )
    assert (
        "articles is a dataset: its collections are articles_lsa, articles_lsa_words, articles_pmi"
        in run("search", built, "articles", "x").stderr
    )
    assert "Did you mean 'articles_lsa'?" in run("search", built, "article_lsa", "x").stderr
    assert "Did you mean 'articles'?" in run("build", built, "article").stderr
    assert run("build", "pca", built, "articles").stderr.endswith(", or give `--columns` for numeric columns\n")
    missing = run("evaluate", "retrieval", built, "articles_lsa", "--queries", "none.jsonl", "--qrels", "none.tsv")
    assert "none.jsonl cannot be read: No such file or directory" in missing.stderr and "Errno" not in missing.stderr


def test_two_formats_contradict_each_other(built: str, run: Run) -> None:
    said = run("collections", built, "--json", "--csv")
    assert said.exit_code == 2 and "--json and --csv contradict each other: give one of them" in said.stderr
    assert run("collections", built, "--json", "--json").exit_code == 0


def test_a_table_has_equally_many_decimals_in_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_rows([{"a": 0.9706, "b": 1}, {"a": 1.0, "b": 20}], "table")
    assert [line.split() for line in capsys.readouterr().out.splitlines()[2:]] == [["0.9706", "1"], ["1.0000", "20"]]
    output.print_rows([{"a": 0.00001}, {"a": 1.0}], "table")
    assert "1e-05" in capsys.readouterr().out
