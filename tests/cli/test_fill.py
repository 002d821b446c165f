"""`fill` on the command line: a line for each gap, rows for programs, and one line for each mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import semsearch
from tests.builders.test_masked import texts

pytest.importorskip("torch")
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fill") / "a.db"
    with semsearch.open(path, create=True) as db:
        db.ingest("notes", ({"id": row, "text": text} for row, text in enumerate(texts(60))), id="id", text=["text"])
        db.build("notes", "masked", dim=16, context=21, epochs=2)
    return path


def test_each_gap_has_a_line_with_probabilities(built: Path, run: Run) -> None:
    done = run("fill", built, "notes_masked", "___ cat sleeps ___", "-k", 3)
    lines = done.stdout.splitlines()
    assert done.exit_code == 0 and [line[:3] for line in lines] == ["1  ", "2  "]
    assert all(line.count("%") == 3 for line in lines)


def test_programs_get_a_row_for_each_word(built: Path, run: Run) -> None:
    rows = json.loads(run("fill", built, "notes_masked", "the ___", "-k", 2, "--json").stdout)
    assert [(row["gap"], row["rank"]) for row in rows] == [(1, 1), (1, 2)]
    assert 1 >= rows[0]["probability"] >= rows[1]["probability"] > 0


def test_a_mistake_is_one_line(built: Path, run: Run) -> None:
    done = run("fill", built, "notes_masked", "no gap here")
    assert done.exit_code == 1 and "has no gap: write ___" in done.stderr and done.stderr.count("\n") == 1
    assert run("fill", built, "nothing_masked", "___").exit_code == 1
