"""What commands advise: which builder does what, and commands that name the file that was given."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

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
    advice = f"articles_pmi was not updated, because pmi cannot embed new rows. Rebuild it: `semsearch build pmi {built}"
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
