"""All vectors of a collection, block by block.

sqlite-vec 0.1.9 keeps vectors 1,024 at a time in one BLOB of an ordinary table beside its own, with a bit for each
place that is taken. Read there, 100,000 vectors of 256 numbers take 10 ms; row by row through the vector table, half a
second. Another version may keep them otherwise, so any other is read row by row.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.records import Collection
from semsearch.storage import shadow
from semsearch.storage.driver import Connection
from semsearch.storage.shadow import Block as Block
from semsearch.storage.vectors import table_name, vec_version

_ROWS = 1024


def everything(db: Connection, collection: Collection) -> tuple[list[str], FloatArray]:
    """All keys as text and their unit vectors, (count, dim) float32, in the order they were written."""
    result = list(blocks(db, collection))
    vectors = [block.vectors for block in result] or [np.empty((0, collection.dim), np.float32)]
    return [str(key) for block in result for key in block.keys], np.concatenate(vectors)


def blocks(db: Connection, collection: Collection, *, every: int = 1) -> Iterator[Block]:
    """The collection's blocks, or one in so many of them, in a read transaction that the caller has begun."""
    table = table_name(collection.vector_table)
    if shadow.is_needed(db, table) or vec_version(db) in shadow.KNOWN:
        return shadow.blocks(db, table, collection, every)
    return _from_rows(db, table, collection.dim, collection.key_type == "integer", every)


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
    if shadow.is_needed(db, table):
        lengths = shadow.norms(db, table, collection)
        for block in shadow.blocks(db, table, collection):
            full = np.array([lengths[str(key)] for key in block.keys])[:, None] * block.vectors
            yield Block(block.keys, full.astype(np.float32))
        return
    has_integers = collection.key_type == "integer"
    cursor = db.execute(f"select id, embedding, norm from {table}")
    while rows := cursor.fetchmany(_ROWS):
        keys, blobs, norms = zip(*rows, strict=True)
        unit = np.frombuffer(b"".join(blobs), "<f4").reshape(len(rows), collection.dim)
        vectors = (unit * np.array(norms)[:, None]).astype(np.float32)
        yield Block(np.array(keys, np.int64) if has_integers else keys, vectors)
