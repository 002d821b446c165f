"""Keys that cannot name a row are an error before anything is built; rows without a key are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from click.testing import Result

from semsearch.storage.driver import sqlite3


def make(path: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    db = sqlite3.connect(path)
    db.execute(f"create table t ({columns})")
    db.executemany(f"insert into t values ({', '.join('?' * len(rows[0]))})", rows)
    db.commit()
    db.close()


@pytest.mark.parametrize(
    ("columns", "rows", "message"),
    [
        ("k blob primary key, b", [(b"\0\1", "bread water"), (b"\0\2", "rocket moon")], "has BLOBs in its key (k)"),
        ("k text primary key, b", [(b"\xff", "bread water"), ("x", "rocket moon")], "has BLOBs in its key (k)"),
        ("k primary key, b", [(1, "bread water"), ("1", "rocket moon"), (2, "bread")], "the same as text: 1."),
        ("j, k, b, primary key (j, k)", [(1, 1, "bread water"), (1, "1", "rocket moon")], "the same as text: 1, 1."),
    ],
)
def test_keys_that_cannot_name_a_row(
    run: Callable[..., Result], path: str, columns: str, rows: Sequence[Sequence[Any]], message: str
) -> None:
    make(path, columns, rows)
    done = run("index", path, "t", "--text", "b")
    assert done.exit_code == 1 and message in done.stderr, done.stderr


def test_rows_without_a_key_are_counted(run: Callable[..., Result], path: str) -> None:
    rows = [(None if n % 2 else str(n), f"{'bread water' if n % 2 else 'rocket moon'} {n}") for n in range(8)]
    make(path, "k text primary key, b text", rows)
    done = run("index", path, "t")
    assert done.exit_code == 0 and "4 rows have NULL as key and cannot be named: left out" in done.stderr


def test_mixed_keys_that_differ_as_text_are_fine(run: Callable[..., Result], path: str) -> None:
    make(path, "k primary key, b", [(1, "bread water"), ("2", "rocket moon"), (3, "bread moon")])
    done = run("index", path, "t", "--text", "b")
    assert done.exit_code == 0 and "Built t_lsa: 3 documents" in done.stderr
