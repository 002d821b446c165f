"""What we write opens in the tools it is written for, and gives the vectors back at the length they had."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sqlite_utils
from click.testing import CliRunner

from semsearch.export.write import export
from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.search import query
from semsearch.storage import chunks, collections
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.export.given import Given

# Stored is a unit vector, rounded to float32; leaving, it is multiplied by its length and rounded again, and what came
# in may have been rounded up where we round down: three times 2^-24, so 1.8e-7, and a little for the division.
ROUNDING = 2.5e-7


def same(found: np.ndarray, given: np.ndarray) -> None:
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, given, rtol=ROUNDING)


def test_numpy_reads_npy_and_its_ids(stored: Connection, given: Given, tmp_path: Path) -> None:
    written = export(stored, "words", tmp_path / "out.npy")
    assert [path.name for path in written] == ["out.npy", "out.ids.txt"]
    same(np.load(written[0], allow_pickle=False), given.vectors)
    assert written[1].read_text(encoding="utf-8").split("\n")[:-1] == given.words


def test_numpy_reads_npz(stored: Connection, given: Given, tmp_path: Path) -> None:
    export(stored, "words", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as found:
        assert found["ids"].tolist() == given.words
        same(found["vectors"], given.vectors)


@pytest.mark.parametrize("suffix", [".txt", ".bin"])
def test_gensim_reads_word2vec(stored: Connection, given: Given, tmp_path: Path, suffix: str) -> None:
    keyedvectors = pytest.importorskip("gensim.models.keyedvectors", reason="gensim is not installed here")
    path = tmp_path / f"out{suffix}"
    export(stored, "words", path)
    found = keyedvectors.KeyedVectors.load_word2vec_format(str(path), binary=suffix == ".bin")
    assert found.index_to_key == given.words
    same(found.vectors, given.vectors)
    theirs = [word for word, _ in found.most_similar("naïve", topn=10)]
    assert theirs == [hit.id for hit in query.similar(stored, open_collection(stored, "words"), ["naïve"], k=10).hits]


def test_pyarrow_reads_parquet(stored: Connection, given: Given, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed here")
    export(stored, "words", tmp_path / "out.parquet")
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["id", "vector"] and table["id"].to_pylist() == given.words
    same(np.array(table["vector"].to_pylist(), np.float32), given.vectors)


def test_the_projector_gets_two_files_of_as_many_lines(stored: Connection, given: Given, tmp_path: Path) -> None:
    written = export(stored, "words", tmp_path / "out.tsv")
    same(np.loadtxt(written[0], np.float32, delimiter="\t"), given.vectors)
    assert written[1].read_text(encoding="utf-8").split("\n")[:-1] == given.words  # one column: no head


def test_llm_similar_finds_the_same(
    stored: Connection, given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path / "llm"))
    cli = pytest.importorskip("llm.cli", reason="llm is not installed here")
    path = tmp_path / "out.db"
    export(stored, "words", path)
    done = CliRunner().invoke(cli.cli, ["similar", "words", "first", "-n", "5", "-d", str(path)])
    assert done.exit_code == 0, done.output
    theirs = [json.loads(line) for line in done.output.splitlines()]
    ours = query.similar(stored, open_collection(stored, "words"), ["first"], k=5).hits
    assert theirs[0]["id"] == "second" and [row["id"] for row in theirs] == [hit.id for hit in ours]
    # llm adds up in float64 in Python, sqlite-vec in float32: 8 products of at most 1, each off by 2^-24
    assert [row["score"] for row in theirs] == pytest.approx([hit.score for hit in ours], abs=1e-6)


def test_llms_schema_is_llms(stored: Connection, tmp_path: Path) -> None:
    migrations = pytest.importorskip("llm.embeddings_migrations", reason="llm is not installed here")
    export(stored, "words", tmp_path / "out.db")
    ours, theirs = sqlite_utils.Database(tmp_path / "out.db"), sqlite_utils.Database(memory=True)
    migrations.embeddings_migrations.apply(theirs)
    assert migrations.embeddings_migrations.pending(ours) == []
    for table in ("collections", "embeddings", "_sqlite_migrations"):
        assert ours[table].columns == theirs[table].columns
        assert ours[table].foreign_keys == theirs[table].foreign_keys
        assert {index.name for index in ours[table].indexes} == {index.name for index in theirs[table].indexes}
    ours.close()


def test_sqlite_utils_reads_llms_file(stored: Connection, given: Given, tmp_path: Path) -> None:
    export(stored, "words", tmp_path / "out.db")
    found = sqlite_utils.Database(tmp_path / "out.db")
    assert list(found["collections"].rows) == [{"id": 1, "name": "words", "model": "semsearch/imported"}]
    rows = list(found["embeddings"].rows_where(order_by="rowid"))
    assert [row["id"] for row in rows] == given.words
    same(np.stack([np.frombuffer(row["embedding"], "<f4") for row in rows]), given.vectors)
    found.close()


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parquet", ".txt", ".bin", ".db"])
def test_every_format_comes_back(stored: Connection, given: Given, tmp_path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="pyarrow is not installed here")
    path = tmp_path / f"out{suffix}"
    export(stored, "words", path)
    made = load_vectors(stored, "again", VectorSource(str(path)))
    assert made.remarks == () and made.collection.count == len(given.words)
    blocks = list(chunks.at_full_length(stored, collections.get_collection(stored, "again")))
    assert [key for block in blocks for key in block.keys] == given.words
    # Twice in and out: twice the rounding.
    np.testing.assert_allclose(np.concatenate([block.vectors for block in blocks]), given.vectors, rtol=2 * ROUNDING)
