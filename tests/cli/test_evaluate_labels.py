"""Labels told by folds and by a split: planted ones are found, every item is judged once, mistakes get one line."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from click.testing import Result

from semsearch import registry
from semsearch.building import build as engine
from semsearch.evaluate.labels import cross_validation_folds, score_folds
from semsearch.storage import connect
from tests.planted import TOPICS, make_articles

Run = Callable[..., Result]


@pytest.fixture
def path(path: str) -> str:
    """Both topics twice, with a theme, themes of two labels, and a split."""
    with connect.writing(path, create=True) as db:
        dataset = make_articles(db, TOPICS * 2)
        for declared in ("theme text", "themes text", "part text"):
            db.execute(f"alter table articles add column {declared}")
        db.execute("update articles set theme = case when (id - 1) % 12 < 6 then 'space' else 'bread' end")
        db.execute("update articles set themes = case when id % 2 then theme || ';text' else theme end")
        db.execute("update articles set part = case when id <= 12 then 'Train' when id <= 22 then 'test' end")
        engine.build(db, dataset, registry.load(entry_points=False).builder("lsa"), {"dim": 3})
    return path


def test_without_a_column_the_datasets_own_or_the_first_usable_one_counts(path: str, run: Run) -> None:
    asked = run("evaluate", "labels", path, "articles_lsa", "--folds", "6")
    assert "The column 'theme' was chosen as the label" in asked.stderr and "2 labels on 24 items" in asked.stderr
    assert run("index", path, "articles", "--label", "part").exit_code == 0
    own = run("evaluate", "labels", path, "articles_lsa", "--folds", "6")
    assert "was chosen" not in own.stderr and "2 labels on 22 items" in own.stderr


def test_every_item_is_judged_once_and_told_as_planted(path: str, run: Run) -> None:
    done = run("evaluate", "labels", path, "articles_lsa", "--label", "theme", "--folds", "6", "--json")
    (score,) = json.loads(done.stdout)
    assert (score["judged"], score["trained"], score["how"]) == (24, 20, "6 folds")
    assert score["accuracy"] == score["micro_f1"] >= 0.95 and score["low"] < score["accuracy"] <= score["high"]
    assert "2 labels on 24 items" in done.stderr


def test_folds_leave_out_labels_that_occur_only_once_as_classify_does(path: str, run: Run) -> None:
    with connect.writing(path) as db:
        db.execute("update articles set theme = 'alone' || id where id in (1, 7)")
    options = (path, "articles_lsa", "--label", "theme", "--json")
    done = run("evaluate", "labels", *options, "--folds", "2")
    (score,) = json.loads(done.stdout)
    classified = json.loads(run("classify", *options, "--no-baseline").stdout)
    assert score["judged"] == classified["judged"][0]["judged"] == classified["labelled"] == 22
    assert "2 labels on 22 items" in done.stderr


def test_a_split_says_what_is_learnt_from(path: str, run: Run) -> None:
    done = run("evaluate", "labels", path, "articles_lsa", "--label", "theme", "--split", "part", "--json")
    (score,) = json.loads(done.stdout)
    assert (score["judged"], score["trained"], score["deviation"]) == (10, 12, None) and score["accuracy"] == 1


def test_several_labels_an_item(path: str, run: Run) -> None:
    asked = ("evaluate", "labels", path, "articles_lsa", "--label", "themes", "--separator", ";", "--folds", "4")
    (score,) = json.loads(run(*asked, "--json").stdout)
    assert score["judged"] == 24 and 0.5 < score["micro_f1"] <= 1 and score["accuracy"] <= score["micro_f1"]
    (strict,) = json.loads(run(*asked, "--c", "0.0001", "--json").stdout)
    assert strict["micro_f1"] < score["micro_f1"]


def test_labels_of_chance_are_told_by_chance() -> None:
    rng = np.random.default_rng(0)
    labels = np.eye(2, dtype=bool)[rng.integers(2, size=500)]
    vectors = rng.standard_normal((500, 40)).astype(np.float32)
    score = score_folds(vectors, labels, cross_validation_folds(labels, 5), "5 folds")
    assert abs(score.accuracy - 0.5) < 0.067  # three standard errors of 500 coins


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--folds", "1"), "--folds must be between 2 and 24 (the number of labelled items), not 1"),
        (("--folds", "25"), "--folds must be between 2 and 24 (the number of labelled items), not 25"),
        (("--split", "theme"), "theme holds 'bread', 'space' on the labelled items: both train"),
        (("--split", "nothing"), "has no column 'nothing'"),
        (("--folds", "3", "--split", "part"), "Give only one of --folds, --split and --train-share"),
        (("--c", "0"), "--c must be above 0, not 0"),
    ],
)
def test_mistakes_get_one_clear_line(path: str, run: Run, options: tuple[str, ...], said: str) -> None:
    done = run("evaluate", "labels", path, "articles_lsa", "--label", "theme", *options)
    assert done.exit_code == 1 and said in done.stderr
