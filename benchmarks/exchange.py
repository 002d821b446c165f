"""How fast vectors are written into sqlite-vec, come in from files and leave, beside the peer in the same run.

Writing: `storage.vectors.write` beside `insert` by sqlite-vec's own `serialize_float32`, as its documentation has it,
into the same kind of table. Reading and writing word2vec files: the whole of `ingest vectors` and `export` beside
gensim, which keeps all in memory and no file; quality is the largest relative difference of what comes back.
Each figure is the median of several rounds in which both take turns; seconds are of the processor, since other work
on the machine would be counted otherwise.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sqlite_vec
from gensim.models import KeyedVectors

from semsearch.export.write import export
from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.storage import connect, vectors

Work = Callable[[Path], object]


def processor_seconds(work: Work) -> float:
    """What one run takes, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.process_time()
        work(Path(folder))
        return time.process_time() - start


def compared(name: str, rows: int, rounds: int, ours: Work, peer: Work, quality: str = "") -> None:
    """One line: both in rows a second, and the ratio of the medians."""
    taken = [(processor_seconds(ours), processor_seconds(peer)) for _ in range(rounds)]
    mine, theirs = (statistics.median(column) for column in zip(*taken, strict=True))
    rates = f"{rows / mine:>10,.0f} {rows / theirs:>10,.0f} {theirs / mine:>8.2f}"
    print(f"{name:<34}{rates}  {quality}", flush=True)


def written(matrix: np.ndarray, keys: list[str], *, integers: bool, plainly: bool) -> Work:
    """Writes all vectors into a new table: by our code, or one by one as sqlite-vec's documentation does."""

    def work(folder: Path) -> None:
        with connect.writing(str(folder / "v.db"), create=True) as db, connect.transaction(db):
            number = vectors.create(db, matrix.shape[1], "integer" if integers else "text")
            if not plainly:
                vectors.write(db, number, keys, matrix, "integer" if integers else "text")
                return
            unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
            insert = f"insert into {vectors.table_name(number)} (id, embedding, norm) values (?, ?, ?)"
            for key, row in zip(keys, unit, strict=True):
                db.execute(insert, [int(key) if integers else key, sqlite_vec.serialize_float32(row.tolist()), 1.0])

    return work


def exchanged(matrix: np.ndarray, words: list[str], rounds: int, folder: Path) -> None:
    """word2vec's text and binary, out and in."""
    peer = KeyedVectors(matrix.shape[1])
    peer.add_vectors(words, matrix)
    source = folder / "all.npz"
    np.savez(source, ids=np.array(words), vectors=matrix)
    with connect.writing(str(folder / "all.db"), create=True) as db:
        load_vectors(db, "words", VectorSource(str(source)))
        for suffix, binary in ((".bin", True), (".txt", False)):
            file = folder / f"theirs{suffix}"
            peer.save_word2vec_format(str(file), binary=binary)

            def leave(into: Path, suffix: str = suffix) -> None:
                export(db, "words", into / f"v{suffix}")

            def theirs(into: Path, suffix: str = suffix, binary: bool = binary) -> None:
                peer.save_word2vec_format(str(into / f"v{suffix}"), binary=binary)

            leave(folder)
            back = KeyedVectors.load_word2vec_format(str(folder / f"v{suffix}"), binary=binary)
            worst = float(np.max(np.abs(back.vectors - matrix) / np.abs(matrix)))
            compared(f"export {suffix}", len(words), rounds, leave, theirs, f"worst difference {worst:.1e}")

            def come(into: Path, file: Path = file) -> None:
                with connect.writing(str(into / "v.db"), create=True) as new:
                    load_vectors(new, "words", VectorSource(str(file)))

            def read(_: Path, file: Path = file, binary: bool = binary) -> None:
                KeyedVectors.load_word2vec_format(str(file), binary=binary)

            compared(f"ingest vectors {suffix}", len(words), rounds, come, read, "ours: into the database")


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    matrix = np.random.default_rng(0).standard_normal((options.rows, options.dim)).astype(np.float32)
    print(f"{options.rows:,} vectors of {options.dim} numbers; rows per processor second, median of {options.rounds}")
    print(f"{'':<34}{'ours':>10} {'peer':>10} {'ratio':>8}")
    numbers = [str(row) for row in range(options.rows)]
    words = [f"word{row}" for row in range(options.rows)]
    for name, keys, integers in (("write, integer keys", numbers, True), ("write, text keys", words, False)):
        ours = written(matrix, keys, integers=integers, plainly=False)
        compared(name, options.rows, options.rounds, ours, written(matrix, keys, integers=integers, plainly=True))
    with tempfile.TemporaryDirectory() as folder:
        exchanged(matrix[: options.rows // 4], words[: options.rows // 4], options.rounds, Path(folder))


if __name__ == "__main__":
    main()
