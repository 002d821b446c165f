"""Vectors made elsewhere come in: every format, however it is packed; what cannot be used changes nothing."""

from __future__ import annotations

import gzip
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlite_utils
from click.testing import Result

from semsearch.errors import NameTakenError
from semsearch.ingest.vectors import Imported, VectorSource, load_vectors
from semsearch.storage import chunks, collections, datasets, vectors
from semsearch.storage.driver import Connection
from tests.helpers import content
from tests.planted import make_articles

Run = Callable[..., Result]
# Numbers that float32 holds exactly, of lengths 5, 13, 1 and 0.375: what comes back differs by rounding alone.
WORDS = {"sea": (3, 4, 0), "ship": (5, 0, 12), "sky": (0, 0, -1), "naïve": (0.25, 0.25, 0.125)}
MATRIX = np.array(list(WORDS.values()), np.float32)
GLOVE = "".join(f"{word} {' '.join(map(str, numbers))}\n" for word, numbers in WORDS.items()).encode()
WORD2VEC = b"4 3\n" + GLOVE
FASTTEXT = WORD2VEC.replace(b"\n", b" \n").replace(b"4 3 \n", b"4 3\n")  # each row ends with a space
BINARY = b"4 3\n" + b"".join(word.encode() + b" " + struct.pack("<3f", *numbers) for word, numbers in WORDS.items())
WORD2VEC_C = b"4 3\n" + b"".join(
    word.encode() + b" " + struct.pack("<3f", *numbers) + b"\n" for word, numbers in WORDS.items()
)


def imported(db: Connection, name: str = "words") -> tuple[list[str], np.ndarray]:
    blocks = list(chunks.at_full_length(db, collections.get_collection(db, name)))
    return [str(key) for block in blocks for key in block.keys], np.concatenate([block.vectors for block in blocks])


def load(db: Connection, path: Path, **asked: object) -> Imported:
    return load_vectors(db, "words", VectorSource(str(path), **asked))


def zipped(data: bytes, name: str = "inside.txt") -> bytes:
    import io

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("glove.txt", GLOVE),
        ("glove, no last line end.txt", GLOVE.rstrip(b"\n")),
        ("glove, windows.txt", GLOVE.replace(b"\n", b"\r\n")),
        ("glove, tabs.txt", GLOVE.replace(b" ", b"\t")),
        ("word2vec.txt", WORD2VEC),
        ("wiki.vec", FASTTEXT),
        ("gensim.bin", BINARY),
        ("word2vec.c.bin", WORD2VEC_C),
        ("glove.txt.gz", gzip.compress(GLOVE)),
        ("word2vec-google-news-300.gz", gzip.compress(BINARY)),  # the suffix does not say text or binary
        ("wiki.vec.zip", zipped(FASTTEXT)),
        ("binary.zip", zipped(BINARY, "vectors.bin")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_of_words(db: Connection, tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    made = load(db, tmp_path / name)
    keys, matrix = imported(db)
    assert keys == list(WORDS) and made.remarks == ()
    np.testing.assert_allclose(matrix, MATRIX, rtol=2.5e-7)  # stored as a unit vector and a length: three roundings
    table = db.execute("select word, place from words_vocabulary order by place").fetchall()
    assert table == [(word, row) for row, word in enumerate(WORDS, 1)]


def test_long_files_come_in_whole_and_in_order(db: Connection, tmp_path: Path) -> None:
    """More rows than are read at once, and bytes that end anywhere in a row."""
    matrix = np.random.default_rng(0).standard_normal((9001, 7)).astype(np.float32)
    rows = [b"w%d " % number + row.tobytes() for number, row in enumerate(matrix)]
    (tmp_path / "v.bin").write_bytes(b"9001 7\n" + b"".join(rows))
    lines = [f"w{number} {' '.join(f'{value:.9g}' for value in row)}\n" for number, row in enumerate(matrix.tolist())]
    (tmp_path / "v.txt").write_text("".join(lines))
    for name in ("v.bin", "v.txt"):
        load(db, tmp_path / name)
        keys, found = imported(db)
        assert keys == [f"w{number}" for number in range(9001)]
        np.testing.assert_allclose(found, matrix, rtol=2.5e-7)


def test_a_limit_stops_reading(db: Connection, tmp_path: Path) -> None:
    """The rest is not even looked at: it is cut short here."""
    (tmp_path / "v.bin").write_bytes(b"1000000 3\n" + BINARY.partition(b"\n")[2])
    assert load(db, tmp_path / "v.bin", limit=3).collection.count == 3
    assert imported(db)[0] == list(WORDS)[:3]


def test_numpy_with_ids(db: Connection, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", MATRIX.astype(np.float64))
    (tmp_path / "v.ids.txt").write_text("".join(f"{word}\n" for word in WORDS), encoding="utf-8")
    (tmp_path / "other.json").write_text(json.dumps([5, 6, 7, 8]))
    load(db, tmp_path / "v.npy")
    assert imported(db)[0] == list(WORDS)
    load(db, tmp_path / "v.npy", ids=str(tmp_path / "other.json"))
    assert imported(db)[0] == ["5", "6", "7", "8"]


def test_parquet_by_any_column_names(db: Connection, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed here")
    from pyarrow import parquet

    columns = {"n": [1, 2, 3, 4], "Word": list(WORDS), "embedding": MATRIX.astype(np.float64).tolist()}
    parquet.write_table(pa.table(columns), tmp_path / "v.parquet")
    load(db, tmp_path / "v.parquet")
    keys, matrix = imported(db)
    assert keys == list(WORDS)
    np.testing.assert_allclose(matrix, MATRIX, rtol=2.5e-7)  # as above


def test_parquet_that_cannot_be_read(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed here")
    from pyarrow import parquet

    for columns, said in (
        ({"id": ["a", "b"], "vector": [[1.0, 2.0], [1.0]]}, "Row 2 of"),
        ({"id": ["a", "b"], "vector": [[1.0, 2.0], None]}, "has 0 numbers, not 2"),
        ({"id": ["a", "b"], "vector": [[1.0, 2.0], [1.0, None]]}, "('b') has a number that is not finite"),
        ({"id": ["a"], "one": [[1.0]], "two": [[2.0]]}, "has the columns id (string), one (list"),
        ({"vector": [[1.0]]}, "one of keys and one of lists of numbers are needed"),
        ({"id": pa.array([], pa.string()), "vector": pa.array([], pa.list_(pa.float32()))}, "holds no vector"),
    ):
        parquet.write_table(pa.table(columns), tmp_path / "v.parquet")
        done = run("ingest", "vectors", path, "words", tmp_path / "v.parquet")
        assert done.exit_code == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert collections.all_collections(db) == []


def test_llms_own_file(db: Connection, tmp_path: Path) -> None:
    """Written by llm itself, with two collections."""
    llm = pytest.importorskip("llm", reason="llm is not installed here")

    class Counted(llm.EmbeddingModel):
        model_id = "counted"

        def embed_batch(self, items: list[str]) -> list[list[float]]:
            return [list(WORDS[item]) for item in items]

    file = sqlite_utils.Database(tmp_path / "embeddings.db")
    for name in ("mine", "other"):
        llm.Collection(name, file, model=Counted()).embed_multi((word, word) for word in WORDS)
    file.close()
    load(db, tmp_path / "embeddings.db", member="mine")
    keys, matrix = imported(db)
    assert sorted(keys) == sorted(WORDS)
    np.testing.assert_allclose(matrix, [WORDS[key] for key in keys], rtol=2.5e-7)  # as above


def test_what_is_left_out_is_said(db: Connection, tmp_path: Path) -> None:
    """A word of several parts is kept whole; only the first of a repeated word and no zero vector is."""
    (tmp_path / "v.txt").write_bytes(
        GLOVE + b"sea 9 9 9\nat name@domain.com 1 2 2\nvoid 0 0 0\n 1 1 1\n\xff\xfe 1 0 0\n"
    )
    made = load(db, tmp_path / "v.txt")
    keys, matrix = imported(db)
    assert keys == [*WORDS, "at name@domain.com", "\ufffd\ufffd"]
    np.testing.assert_allclose(matrix[[0, 4]], [(3, 4, 0), (1, 2, 2)], rtol=2.5e-7)  # as above
    assert made.remarks == (
        "Left out 1 of 9 rows: their word occurs before ('sea')",
        "Left out 1 of 9 rows: their vectors are zero and have no direction ('void')",
        "Left out 1 of 9 rows: they have no word",
    )
    run = collections.get_run(db, made.collection.run)
    assert run.metrics == {"rows": 9, "repeated": 1, "zero": 1, "without_word": 1}
    assert run.builder == "imported" and run.options["source"] == "v.txt" and len(run.options["sha256"]) == 64


def test_again_replaces_and_drop_takes_all(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    make_articles(db)
    before = {row[0] for row in db.execute("select name from sqlite_master")}
    (tmp_path / "v.txt").write_bytes(GLOVE)
    load(db, tmp_path / "v.txt")
    load(db, tmp_path / "v.txt", limit=2)
    assert [found.count for found in collections.all_collections(db)] == [2]
    assert vectors.count(db, collections.get_collection(db, "words")) == 2
    assert [found.name for found in datasets.all_datasets(db)] == ["articles", "words_vocabulary"]
    with pytest.raises(NameTakenError, match="articles is already a table"):
        load_vectors(db, "articles", VectorSource(str(tmp_path / "v.txt")))
    assert run("drop", path, "words").exit_code == 0
    left = {row[0] for row in db.execute("select name from sqlite_master")}
    assert left - {"sqlite_sequence"} == before  # where SQLite counts, once a table of sqlite-vec has been there
    assert [found.name for found in datasets.all_datasets(db)] == ["articles"]


BAD = {
    "nan.txt": (
        GLOVE + b"bad 1 nan 1\n",
        "Row 5 of",
        "('bad') has a number that is not finite: fix that row; nothing was imported",
    ),
    "infinite.txt": (GLOVE + b"bad 1 1e99 1\n", "('bad') has a number that is not finite"),
    "short.txt": (GLOVE + b"bad 1 2\n", "Row 5 of", "('bad') has 2 numbers, not 3"),
    "long.txt": (GLOVE + b"bad 1 2 3 4\n", "Row 5 of", "('bad') has 4 numbers, not 3"),
    "letters.txt": (GLOVE + b"bad 1 x 3\n", "Row 5 of", "('bad') has a value that is not a number"),
    "fewer.txt": (b"9 3\n" + GLOVE, "declares 9 words but holds 4: it is truncated"),
    "empty.txt": (b"", "is neither a text nor a binary file of word vectors"),
    "one.txt": (b"word\n", "Row 1 of", "has no number after its word"),
    "cut.bin": (BINARY[:-5], "declares 4 words but ends in row 4"),
    "nan.bin": (b"1 2\nbad " + struct.pack("<2f", 1, float("nan")), "Row 1 of", "('bad') has a number"),
    "model.bin": (struct.pack("<2i", 793712314, 12) + b"\0" * 50, "is a fastText model with subwords"),
    "noise.bin": (b"\0\1\2" * 100, "is neither a text nor a binary file of word vectors"),
    "cut.txt.gz": (gzip.compress(GLOVE * 100)[:-20], "is truncated, its compressed data ends too early"),
    "damaged.zip": (zipped(GLOVE)[:-30], "is damaged, or not of the format its name says"),
    "zeros.txt": (b"a 0 0\nb 0 0\n", "holds no vector with a word and a direction"),
    "alone.npy": (b"", "alone.npy (alone.ids.txt or .json): give --ids FILE"),
    "text.npz": (b"text", "is not an .npz file, or is truncated"),
    "text.parquet": (b"text", "is not a Parquet file, or is truncated"),
    "text.db": (b"text" * 100, "is not an embeddings.db of llm"),
    "flat.txt": (b"4 3 2 1 0\n" + GLOVE, "('sea') has 3 numbers, not 4"),
}


@pytest.mark.parametrize("name", BAD)
def test_one_line_and_nothing_imported(db: Connection, run: Run, path: str, tmp_path: Path, name: str) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="pyarrow is not installed here")
    make_articles(db)
    before = content(path)
    data, *said = BAD[name]
    (tmp_path / name).write_bytes(data)
    done = run("ingest", "vectors", path, "words", tmp_path / name)
    assert done.exit_code == 1, done.output
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("Error: "), done.stderr
    assert all(part in done.stderr for part in said), done.stderr
    assert content(path) == before


def test_more_that_cannot_be_read(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array([["a"], [1]], object), allow_pickle=True)
    np.save(tmp_path / "flat.npy", np.ones(4))
    np.save(tmp_path / "fewer.npy", MATRIX)
    for name in ("objects", "flat", "fewer"):
        (tmp_path / f"{name}.ids.txt").write_text("one\ntwo\n")
    np.savez(tmp_path / "objects.npz", ids=np.array(["a", "b"], object), vectors=MATRIX[:2])
    np.savez(tmp_path / "other.npz", words=np.array(["a"]))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.txt", GLOVE)
        archive.writestr("b.txt", GLOVE)
    file = sqlite_utils.Database(tmp_path / "llm.db")
    file["collections"].insert_all([{"id": 1, "name": "one", "model": "m"}, {"id": 2, "name": "two", "model": "m"}])
    blobs = [MATRIX[0].tobytes(), MATRIX[0].tobytes()[:-2]]
    rows = [{"collection_id": 1, "id": f"k{at}", "embedding": blob} for at, blob in enumerate(blobs)]
    file["embeddings"].insert_all(rows)
    file.close()
    for name, options, said in (
        ("objects.npy", [], "is not an .npy file of plain numbers"),
        ("flat.npy", [], "is float64 of shape (4,): a matrix of numbers"),
        ("fewer.npy", [], "has 4 rows,"),
        ("objects.npz", [], "holds Python objects, which are never read"),
        ("other.npz", [], "has no array 'ids' and 'vectors': it has words"),
        ("two.zip", [], "holds a.txt, b.txt: choose one with --member"),
        ("two.zip", ["--member", "c.txt"], "has no member 'c.txt': it holds a.txt, b.txt"),
        ("llm.db", [], "has the collections one, two: name one with --member"),
        ("llm.db", ["--member", "one"], "('k1') has 10 bytes, not 12 (3 numbers)"),
        ("llm.db", ["--member", "two"], "The collection 'two' of"),
        ("nowhere.txt", [], "There is no file"),
        ("two.zip", ["--member", "a.txt", "--limit", "0"], "--limit must be at least 1, not 0"),
    ):
        done = run("ingest", "vectors", path, "words", tmp_path / name, *options)
        assert done.exit_code == 1 and said in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert run("ingest", "vectors", path, "words", tmp_path / "two.zip", "--member", "b.txt").exit_code == 0
    assert run("ingest", "vectors", path, "words").exit_code == 2


@pytest.mark.parametrize("data", [GLOVE, BINARY, gzip.compress(FASTTEXT)], ids=["text", "binary", "gzip"])
def test_standard_input(run: Run, path: str, data: bytes) -> None:
    done = run("ingest", "vectors", path, "words", "-", input=data)
    assert done.exit_code == 0 and "Imported words: 4 words, 3 dimensions" in done.stderr, done.stderr
    assert '"source": "standard input"' in run("runs", path, "1", "--json").stdout
    cut = run("ingest", "vectors", path, "words", "-", input=BINARY[:-5])
    assert cut.exit_code == 1 and "standard input declares 4 words but ends in row 4" in cut.stderr


def test_a_new_file_is_not_left_behind(run: Run, path: str, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(BAD["nan.txt"][0])
    assert run("ingest", "vectors", path, "words", tmp_path / "v.txt").exit_code == 1
    assert not Path(path).exists()
