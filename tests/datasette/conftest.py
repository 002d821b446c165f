"""A file with several searchable tables, and a Datasette that serves it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from semsearch.storage import connect, driver
from semsearch.storage.driver import Connection
from tests.datasette.site import SPACE, WEIRD, Site, build_lsa
from tests.helpers import built_once
from tests.planted import BREAD


def _fill(db: Connection) -> None:
    """articles: integer keys; places: text keys that strain URLs; editions: a compound key; notes: no key."""
    db.execute("create table articles (id integer primary key, title text, body text, theme text, pages integer)")
    for theme, rows in (("space", SPACE), ("bread", BREAD)):
        values = [(title, body, theme, len(body)) for title, body in rows]
        db.executemany("insert into articles (title, body, theme, pages) values (?, ?, ?, ?)", values)
    build_lsa(db, "articles", ["body"], "title", 4)
    db.execute("create table places (code text primary key, body text)")
    texts = [body for _, body in SPACE + BREAD]
    db.executemany("insert into places values (?, ?)", zip(WEIRD, texts, strict=True))
    build_lsa(db, "places", ["body"], None, 3)
    db.execute("create table editions (journal text, number integer, body text, primary key (journal, number))")
    db.executemany(
        "insert into editions values (?, ?, ?)", [(f"a/{row % 3}, b", row, text) for row, text in enumerate(texts)]
    )
    build_lsa(db, "editions", ["body"], None, 3)
    db.execute("create table notes (body text, day text)")
    db.executemany("insert into notes values (?, ?)", [(text, f"day {row}") for row, text in enumerate(texts)])
    build_lsa(db, "notes", ["body"], None, 3)


def _build(folder: Path, fill: Callable[[Connection], None]) -> None:
    with connect.writing(str(folder / "library.db"), create=True) as db:
        fill(db)
        connect.checkpoint(db)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built file; tests work on copies of it."""
    return built_once(tmp_path_factory, "library", lambda folder: _build(folder, _fill)) / "library.db"


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a private and a public table; tests work on copies of it."""
    from tests.datasette import closed

    return str(built_once(tmp_path_factory, "mixed", lambda folder: _build(folder, closed.fill)) / "library.db")


@pytest.fixture
def library(built: Path, tmp_path: Path) -> str:
    """A copy of the built file, its database named `library`."""
    return str(shutil.copy(built, tmp_path / "library.db"))


@pytest.fixture
def make_site() -> Iterator[Callable[..., Site]]:
    """Makes Datasettes and closes them when the test is over."""
    made: list[Site] = []

    def make(*files: str, **options: Any) -> Site:
        made.append(Site(list(files), **options))
        return made[-1]

    yield make
    for site in made:
        site.close()


@pytest.fixture
def site(library: str, make_site: Callable[..., Site]) -> Site:
    """The library on a Datasette with its defaults."""
    return make_site(library)


@pytest.fixture
def no_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation whose sqlite-vec cannot be loaded."""

    def fail(db: Any) -> None:
        raise driver.CapabilityError("sqlite-vec cannot be loaded: pip install it")

    monkeypatch.setattr(driver, "load_vec", fail)
