"""Vectors read from vec0's own tables where sqlite-vec cannot be loaded: the same answers, and one line where not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import semsearch
from semsearch.errors import CapabilityError, NotFoundError
from semsearch.storage import driver, shadow
from tests.helpers import built_once
from tests.planted import BREAD, SPACE

PLAIN = """
import sys
sys.modules["pysqlite3"] = None
from semsearch.cli.main import main
main()
"""


def _build(folder: Path) -> None:
    with semsearch.open(folder / "plain.db", create=True) as db:
        for table, key in (("texts", lambda number: number), ("notes", lambda number: f"key {number}")):
            rows = [{"id": key(n), "title": title, "body": body} for n, (title, body) in enumerate(SPACE + BREAD)]
            db.ingest(table, rows)
            db.build(table, "lsa", dim=4)
        many = [
            {"id": n, "title": f"row {n}", "body": f"{SPACE[n % 5][1]} {BREAD[n % 6][1]} {n}"} for n in range(2_500)
        ]
        db.ingest("many", many)
        db.build("many", "lsa", dim=8)
        db.update("texts_lsa")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(built_once(tmp_path_factory, "plain", _build) / "plain.db")


def refuse(db: Any) -> None:
    """In place of driver.load_vec."""
    raise CapabilityError("sqlite-vec cannot be loaded")


def answers(file: str, collection: str, ids: list[Any]) -> list[Any]:
    """What can be read of a collection."""
    with semsearch.open(file, memory=0) as db:
        keys, vectors = db.vectors(collection)
        hits = [
            *db.search(collection, "rocket launch", mode="vector", k=5),
            *db.search(collection, "bread dough", k=5),
            *db.search(collection, "rocket launch", where="id is not null", k=5),
            *db.similar(collection, *ids, k=5),
        ]
        (found,) = db.sql(f"select semsearch_similar('{collection}', ?)", [ids[0]])
        return [
            keys,
            np.round(vectors, 5).tolist(),
            # Among many rows some are all but equal, and sums differ in the last digit.
            [(None if collection == "many_lsa" else hit.id, round(hit.score, 4)) for hit in hits],
            np.round(db.vector(collection, ids[0]), 5).tolist(),
            [round(hit["score"], 4) for hit in json.loads(next(iter(found.values())))],
            db.duplicates(collection, threshold=0.9)[:5] if collection != "many_lsa" else [],
        ]


@pytest.mark.parametrize(
    ("collection", "ids"), [("texts_lsa", [1, 2]), ("notes_lsa", ["key 1", "key 2"]), ("many_lsa", [7, 1_999])]
)
def test_answers_are_the_same_without_sqlite_vec(
    file: str, monkeypatch: pytest.MonkeyPatch, collection: str, ids: list[Any]
) -> None:
    expected = answers(file, collection, ids)
    monkeypatch.setattr(driver, "load_vec", refuse)
    assert answers(file, collection, ids) == expected


def test_an_unknown_key_and_writing_say_so(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "load_vec", refuse)
    with semsearch.open(file) as db:
        for key in (99_999, "x"):
            with pytest.raises(NotFoundError, match="texts_lsa has no document"):
                db.vector("texts_lsa", key)
        with pytest.raises(CapabilityError, match="sqlite-vec cannot be loaded"):
            db.update("texts_lsa")


def test_vectors_of_another_format_are_refused_in_one_line(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "load_vec", refuse)
    monkeypatch.setattr(shadow, "KNOWN", ("v9",))
    with semsearch.open(file) as db, pytest.raises(CapabilityError, match="written by sqlite-vec v0.1.9"):
        db.search("texts_lsa", "rocket", mode="vector")


def test_the_standard_module_answers(file: str) -> None:
    """On the module that comes with Python, whatever it can do."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", PLAIN, *arguments], capture_output=True, text=True, check=False)

    found = run("search", file, "texts_lsa", "rocket launch", "--mode", "vector", "--json")
    assert found.returncode == 0 and len(json.loads(found.stdout)) == 10
    mixed = run("search", file, "texts_lsa", "rocket launch", "--json")
    assert mixed.returncode == 0 and len(json.loads(mixed.stdout)) == 10
    words = run("search", file, "texts_lsa", "rocket launch", "--mode", "text")
    assert "Traceback" not in words.stderr
    assert words.returncode == 0 or "is too old to search by words (mode vector searches without them)" in words.stderr
