"""A short form of the torture of readers: some mutations of each, the same ones every time."""

from __future__ import annotations

import random
import warnings
from pathlib import Path

import pytest

from semsearch.storage import connect
from tests.torture import readers

COUNT = 12  # mutations of each reader's samples: a few seconds


def test_no_mutation_of_any_file_is_a_traceback(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of damaged EXIF data
        assert readers.try_readers(1, COUNT, tmp_path) == []


def test_equal_seeds_give_equal_inputs() -> None:
    made = [[readers.mutated(b"bread and water" * 9, random.Random(7)) for _ in range(5)] for _ in range(2)]
    assert made[0] == made[1]
    assert readers.mutated(b"", random.Random(1)) is not None


def test_samples_are_read_without_damage(tmp_path: Path) -> None:
    """The undamaged samples are valid, so that their mutations reach deep."""
    (tmp_path / "in.ids.txt").write_text("the\nking\nqueen\nman\n")
    with connect.writing(str(tmp_path / "a.db"), create=True) as db:
        for name, suffix, read, samples in readers.targets(tmp_path):
            path = tmp_path / f"in{suffix}"
            for sample in samples:
                path.write_bytes(sample)
                result = read(db, str(path))
                assert getattr(result, "skipped", []) == [], name
                for table in ("d", "g", "g_edges", "p"):
                    db.execute(f"drop table if exists {table}")
                for (table,) in db.execute(
                    "select name from sqlite_master where name = '_semsearch_datasets'"
                ).fetchall():
                    db.execute(f"delete from {table} where name in ('d', 'g', 'p')")


def test_failures_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(readers, "load_images", broken)
    failures = readers.try_readers(1, 1, tmp_path)
    assert len(failures) == len(readers.image_samples())
    assert failures[0] == "images .png, seed 1, input 0 (failed-0.png): ZeroDivisionError: by zero"
