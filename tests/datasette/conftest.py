"""A file with several searchable tables, and a Datasette that serves it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from datasette.app import Datasette
from jinja2.bccache import Bucket, BytecodeCache

from semsearch import registry
from semsearch.building import build
from semsearch.storage import connect, datasets, driver, keys
from semsearch.storage.driver import Connection

SPACE = (
    ("Apollo", "the rocket left its launch pad and the astronauts reached orbit around the moon"),
    ("Shuttle", "astronauts aboard a shuttle circled in orbit above the earth after launch"),
    ("Station", "the orbit of a station lets astronauts watch the moon and the earth"),
    ("Booster", "a rocket booster burns fuel during launch"),
    ("Lander", "the lander touched the moon with little fuel left in its rocket"),
    (
        "<script>alert('title')</script>",
        "astronauts <b onload=alert(1)>returned</b> to earth in a capsule after one orbit",
    ),
)
BREAD = (
    ("Sourdough", "bakers feed flour and water to a starter before they knead the dough"),
    ("Baguette", "a baguette is dough of flour water salt and yeast baked in a hot oven"),
    ("Rye", "rye flour makes a heavy dough that bakers leave to rise with yeast"),
    ("Crust", "steam in the oven gives bread baked at high heat a crust"),
    ("Brioche", "butter and yeast enrich the dough before it is baked in an oven"),
    ("Kneading", "knead flour and salt with water until the bread can rise"),
)
WEIRD = ("a/b", "50%", "x, y", "two words", "🎈 emoji", "name.json", "~2F", "<i>", "é+è", "?q=1&k=2", "#", "..")


class CompiledTemplates(BytecodeCache):
    """Compiled templates in memory, shared by all Datasettes of this process: compiling costs more than most pages."""

    codes: ClassVar[dict[tuple[str, str], Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.codes[bucket.key, bucket.checksum] = bucket.code


class Site:
    """A Datasette and the loop that all its requests run on."""

    def __init__(self, files: list[str], **options: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.datasette = Datasette(files, **options)
        jinja = getattr(self.datasette, "_jinja_env", None) or self.datasette.jinja_env  # 1.0's name, and 0.65's
        jinja.bytecode_cache = CompiledTemplates()
        self.call(self.datasette.invoke_startup())
        application = self.datasette.app()
        self.datasette.app = lambda: application  # as a server has: the client of 1.0 makes one for each request

    def call(self, awaitable: Any) -> Any:
        return self.loop.run_until_complete(awaitable)

    def get(self, path: str, **options: Any) -> Any:
        return self.call(self.datasette.client.get(path, **options))

    def request(self, method: str, path: str) -> Any:
        return self.call(self.datasette.client.request(method, path))

    def as_actor(self, id: str) -> dict[str, Any]:
        """Options for `get` that make the request this actor's."""
        return {"cookies": {"ds_actor": self.datasette.sign({"a": {"id": id}}, "actor")}}

    def close(self) -> None:
        for database in self.datasette.databases.values():
            database.close()
        if self.datasette.executor is not None:
            self.datasette.executor.shutdown()
        self.loop.close()


def build_lsa(db: Connection, table: str, text: list[str], title: str | None, dim: int) -> None:
    """Register a table and build it."""
    with connect.transaction(db):
        dataset = datasets.register(db, keys.shape_of(db, table), text_columns=text, title_column=title)
    build.build(db, dataset, registry.load(entry_points=False).builder("lsa"), {"dim": dim})


def build_pmi(db: Connection, table: str) -> None:
    """Vectors of the words of a table that is a dataset already."""
    pmi = registry.load(entry_points=False).builder("pmi")
    build.build(db, datasets.get_dataset(db, table), pmi, {"dim": 4, "min_count": 1})


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


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built file; tests work on copies of it."""
    file = tmp_path_factory.mktemp("built") / "library.db"
    with connect.writing(str(file), create=True) as db:
        _fill(db)
        connect.checkpoint(db)
    return file


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with a private and a public table; tests work on copies of it."""
    from tests.datasette import closed

    file = str(tmp_path_factory.mktemp("mixed") / "library.db")
    with connect.writing(file, create=True) as db:
        closed.fill(db)
        connect.checkpoint(db)
    return file


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
