"""Fixtures shared by all tests, few and named for the thing."""

from __future__ import annotations

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
