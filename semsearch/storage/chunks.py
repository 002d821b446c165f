"""All vectors of a collection, block by block.

sqlite-vec 0.1.9 keeps vectors 1,024 at a time in one BLOB of an ordinary table beside its own, with a bit for each
place that is taken. Read there, 100,000 vectors of 256 numbers take 10 ms; row by row through the vector table, half a
second. Another version may keep them otherwise, so any other is read row by row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.records import Collection
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection
from semsearch.storage.vectors import table_name, vec_version

KNOWN = ("v0.1.9",)
_ROWS = 1024
Keys: TypeAlias = "Sequence[str] | IntArray"


@dataclass(frozen=True)
class Block:
    """Some items in the order they were written: `keys`, integers where the collection's are; `vectors` (n, dim)
    float32 of unit length."""

    keys: Keys
    vectors: FloatArray


def everything(db: Connection, collection: Collection) -> tuple[list[str], FloatArray]:
    """All keys as text and their unit vectors, (count, dim) float32, in the order they were written."""
    result = list(blocks(db, collection))
    vectors = [block.vectors for block in result] or [np.empty((0, collection.dim), np.float32)]
    return [str(key) for block in result for key in block.keys], np.concatenate(vectors)


def blocks(db: Connection, collection: Collection, *, every: int = 1) -> Iterator[Block]:
    """The collection's blocks, or one in so many of them, in a read transaction that the caller has begun."""
    table = table_name(collection.vector_table)
    if vec_version(db) in KNOWN:
        return _from_chunks(db, collection, every)
    return _from_rows(db, table, collection.dim, collection.key_type == "integer", every)


def _from_chunks(db: Connection, collection: Collection, every: int) -> Iterator[Block]:
    table = table_name(collection.vector_table)
    for (chunk,) in db.execute(f"select chunk_id from {table}_chunks order by chunk_id").fetchall()[::every]:
        with fitting(f"The vector table of collection {collection.name!r}"):
            block = _chunk(db, table, chunk, collection)
        yield block


def _chunk(db: Connection, table: str, chunk: int, collection: Collection) -> Block:
    taken, numbers = db.execute(f"select validity, rowids from {table}_chunks where chunk_id = ?", [chunk]).fetchone()
    (blob,) = db.execute(f"select vectors from {table}_vector_chunks00 where rowid = ?", [chunk]).fetchone()
    full = np.flatnonzero(np.unpackbits(np.frombuffer(taken, np.uint8), bitorder="little"))
    rows = np.frombuffer(numbers, "<i8")[full]
    vectors = np.frombuffer(blob, "<f4").reshape(-1, collection.dim)
    keys = rows if collection.key_type == "integer" else _names(db, table, rows.tolist())
    return Block(keys, vectors if len(full) == len(vectors) else vectors[full])


def _names(db: Connection, table: str, numbers: Sequence[int]) -> list[str]:
    """The text keys of these rows."""
    names = dict(
        db.execute(
            f"select rowid, id from {table}_rowids where rowid in (select value from json_each(?))",
            [json.dumps(numbers)],
        )
    )
    return [names[number] for number in numbers]


def _from_rows(db: Connection, table: str, dim: int, has_integers: bool, every: int) -> Iterator[Block]:
    cursor, number = db.execute(f"select id, embedding from {table}"), 0
    while rows := cursor.fetchmany(_ROWS):
        if number % every == 0:
            vectors = np.frombuffer(b"".join(row[1] for row in rows), "<f4").reshape(len(rows), dim)
            keys = [row[0] for row in rows]
            yield Block(np.array(keys, np.int64) if has_integers else keys, vectors)
        number += 1


def at_full_length(db: Connection, collection: Collection) -> Iterator[Block]:
    """The blocks row by row, each vector at the length it had before it was stored, within float32 rounding."""
    table = table_name(collection.vector_table)
    has_integers = collection.key_type == "integer"
    cursor = db.execute(f"select id, embedding, norm from {table}")
    while rows := cursor.fetchmany(_ROWS):
        keys, blobs, norms = zip(*rows, strict=True)
        unit = np.frombuffer(b"".join(blobs), "<f4").reshape(len(rows), collection.dim)
        vectors = (unit * np.array(norms)[:, None]).astype(np.float32)
        yield Block(np.array(keys, np.int64) if has_integers else keys, vectors)
