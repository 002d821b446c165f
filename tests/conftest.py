"""Fixtures shared by all tests, few and named for the thing."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from semsearch.cli.main import assemble
from semsearch.records import Dataset
from semsearch.storage import connect
from semsearch.storage.driver import Connection
from tests.planted import make_articles

FOLDER = Path(__file__).parent
# The marks of whole folders and files; `make test-fast` leaves both out.
MARKED = {
    "browser": ("browser/",),
    "training": (
        "nets/",
        "benchmarks/",  # each script fits models, ours and its peer's
        "builders/test_autoencoder.py",
        "builders/test_gan.py",
        "builders/test_patches.py",
        "builders/test_selfsupervised.py",
        "builders/test_trained.py",
        "cli/test_demo.py",
        "evaluate/test_evaluate_images.py",
        "images/test_quizzes.py",
        "install/test_plugin.py",
    ),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what is in these folders and files."""
    for item in items:
        place = item.path.relative_to(FOLDER).as_posix()
        for mark, places in MARKED.items():
            if place.startswith(places):
                item.add_marker(mark)


def pytest_collection_finish() -> None:
    """Exempt imported libraries from garbage collection: scanning them took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a database may be made."""
    return str(tmp_path / "test.db")


@pytest.fixture
def db(path: str) -> Iterator[Connection]:
    """A new, empty database file, open for writing."""
    with connect.writing(path, create=True) as connection:
        yield connection


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
