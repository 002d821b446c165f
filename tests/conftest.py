"""Fixtures shared by all tests, few and named for the thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from semsearch.cli.main import assemble
from semsearch.records import Dataset
from semsearch.storage import connect, datasets, keys
from semsearch.storage.driver import Connection

# Two topics; within each, some documents share no word and are near only through the company their words keep.
SPACE = (
    ("Apollo", "the rocket left its launch pad and the astronauts reached orbit around the moon"),
    ("Shuttle", "astronauts aboard a shuttle circled in orbit above the earth after launch"),
    ("Station", "the orbit of a station lets astronauts watch the moon and the earth"),
    ("Booster", "a rocket booster burns fuel during launch"),
    ("Lander", "the lander touched the moon with little fuel left in its rocket"),
    ("Capsule", "astronauts returned to earth in a capsule after one orbit"),
)
BREAD = (
    ("Sourdough", "bakers feed flour and water to a starter before they knead the dough"),
    ("Baguette", "a baguette is dough of flour water salt and yeast baked in a hot oven"),
    ("Rye", "rye flour makes a heavy dough that bakers leave to rise with yeast"),
    ("Crust", "steam in the oven gives bread baked at high heat a crust"),
    ("Brioche", "butter and yeast enrich the dough before it is baked in an oven"),
    ("Kneading", "knead flour and salt with water until the bread can rise"),
)
TOPICS = SPACE + BREAD


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a database may be made."""
    return str(tmp_path / "test.db")


@pytest.fixture
def db(path: str) -> Iterator[Connection]:
    """A new, empty database file, open for writing."""
    with connect.writing(path, create=True) as connection:
        yield connection


def make_articles(db: Connection, rows: tuple[tuple[str, str], ...] = TOPICS) -> Dataset:
    """A table `articles` (id, title, body), registered."""
    db.execute("create table articles (id integer primary key, title text, body text)")
    db.executemany("insert into articles (title, body) values (?, ?)", rows)
    draft = datasets.draft(keys.shape_of(db, "articles"), text_columns=["body"], title_column="title")
    with connect.transaction(db):
        return datasets.save(db, draft)


@pytest.fixture
def articles(db: Connection) -> Dataset:
    """A dataset of two topics, six documents each, not yet built."""
    return make_articles(db)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Runs a semsearch command in this process; result has stdout, stderr and exit_code."""
    group = assemble()

    def call(*arguments: Any, **options: Any) -> Result:
        return CliRunner().invoke(group, [str(argument) for argument in arguments], **options)

    return call
