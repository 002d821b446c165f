"""What tests of several folders share."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from semsearch.maths.index_terms import whole_phrase
from semsearch.records import Phrase
from semsearch.storage.driver import sqlite3


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """The folder that `build(folder)` filled, once for all workers of pytest-xdist: the others wait for the first.

    Whoever writes works on a copy of its files.
    """
    root = factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / f"once-{name}"
    ready, failed = folder / ".ready", folder / ".failed"
    try:
        folder.mkdir()
    except FileExistsError:
        while not ready.exists():
            assert not failed.exists(), f"another worker could not build {name}"
            time.sleep(0.05)
        return folder
    try:
        build(folder)
    except BaseException:
        failed.touch()
        raise
    ready.touch()
    return folder


def content(path: str) -> str:
    """A digest of the schema and of every row of every table that holds rows itself, whatever its pages."""
    db = sqlite3.connect(path)
    schema = db.execute("select type, name, sql from sqlite_master order by type, name").fetchall()
    tables = [name for kind, name, sql in schema if kind == "table" and "virtual table" not in sql.lower()]
    rows = [db.execute(f'select * from "{name}"').fetchall() for name in tables]
    db.close()
    return hashlib.sha256(repr((schema, rows)).encode()).hexdigest()


def asked(*said: str) -> list[Phrase]:
    """Words or phrases as they are looked up in an English full-text index."""
    return [phrase for phrase in (whole_phrase(each, "english") for each in said) if phrase is not None]
