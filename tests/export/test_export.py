"""Collections of documents leave with their keys' own type; what cannot be written leaves nothing behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from semsearch import registry
from semsearch.building import build as engine
from semsearch.errors import CapabilityError, InputError
from semsearch.export import write
from semsearch.export.write import export
from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.records import Dataset
from semsearch.storage import chunks, collections, connect, datasets, keys
from semsearch.storage.driver import Connection

Run = Callable[..., Result]


@pytest.fixture
def built(db: Connection, articles: Dataset) -> Connection:
    """articles_lsa, whose keys are integers, with a label."""
    db.execute("alter table articles add column theme text")
    db.execute("update articles set theme = case when id <= 6 then 'space' else 'a' || char(9) || 'bread' end")
    shape = keys.shape_of(db, "articles")
    with connect.transaction(db):
        dataset = datasets.register(
            db, shape, text_columns=["body"], title_column="title", label_column="theme", made_by="table"
        )
    engine.build(db, dataset, registry.load().builder("lsa"), {"dim": 4})
    return db


def test_integer_keys_stay_integers(built: Connection, tmp_path: Path) -> None:
    export(built, "articles_lsa", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        assert found["ids"].dtype == np.int64 and found["ids"].tolist() == list(range(1, 13))
        lsa = collections.get_collection(built, "articles_lsa")
        blocks = list(chunks.blocks(built, lsa))
        unit = found["vectors"] / np.linalg.norm(found["vectors"], axis=1, keepdims=True)
        np.testing.assert_allclose(unit, blocks[0].vectors, atol=1e-6)
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed here")
    export(built, "articles_lsa", tmp_path / "out.parquet")
    assert str(parquet.read_schema(tmp_path / "out.parquet").field("id").type) == "int64"


def test_the_projectors_labels_are_the_tables(built: Connection, tmp_path: Path) -> None:
    export(built, "articles_lsa", tmp_path / "out.tsv")
    lines = (tmp_path / "out.metadata.tsv").read_text().splitlines()
    assert lines[:2] == ["id\ttitle\tlabel", "1\tApollo\tspace"] and lines[7] == "7\tSourdough\ta bread"
    assert len(lines) == 13


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith("test.db")}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("out.pkl", "none of the suffixes .npy, .npz, .parquet"),
        ("taken.npz", "taken.npz exists already"),
        ("ids.npy", "ids.ids.txt exists already"),
        ("nowhere/out.npz", "cannot be written (No such file or directory)"),
        ("out.txt", "has the id 'two words', which a word2vec file, whose words end at a space, cannot hold"),
        ("out.bin", "has the id 'two words'"),
        ("out.npy", "has the id 'two\\nlines', which a line of an ids file cannot hold: export to .parquet or .npz"),
    ],
)
def test_one_line_and_nothing_left(db: Connection, run: Run, path: str, tmp_path: Path, name: str, said: str) -> None:
    matrix = np.eye(3, dtype=np.float32)
    np.savez(tmp_path / "in.npz", ids=np.array(["word", "two words", "two\nlines"]), vectors=matrix)
    load_vectors(db, "words", VectorSource(str(tmp_path / "in.npz")))
    (tmp_path / "taken.npz").write_text("mine")
    (tmp_path / "ids.ids.txt").write_text("mine")
    before = left(tmp_path)
    done = run("export", path, "words", tmp_path / name)
    assert done.exit_code == 1 and done.stderr.startswith("Error: ") and said in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert left(tmp_path) == before and (tmp_path / "taken.npz").read_text() == "mine"


def test_a_write_that_fails_half_way_leaves_nothing(
    built: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def full(draft: Path, target: Path) -> None:
        if target.name == "out.ids.txt":
            raise OSError(28, "No space left on device")
        replace(draft, target)

    monkeypatch.setattr(write.os, "replace", full)
    before = left(tmp_path)
    with pytest.raises(InputError, match="cannot be written .No space left on device"):
        export(built, "articles_lsa", tmp_path / "out.npy")
    assert left(tmp_path) == before


def test_parquet_without_pyarrow_says_what_to_install(
    built: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(CapabilityError, match=r"pip install 'datasette-semsearch\[parquet\]'"):
        export(built, "articles_lsa", tmp_path / "out.parquet")
    (tmp_path / "in.parquet").write_bytes(b"PAR1")
    with pytest.raises(CapabilityError, match=r"pip install 'datasette-semsearch\[parquet\]'"):
        load_vectors(built, "words", VectorSource(str(tmp_path / "in.parquet")))
    assert "out.parquet" not in left(tmp_path)
