"""A vector table read through the ordinary tables that vec0 keeps it in, where sqlite-vec cannot be loaded.

`_rowids` names the chunk and the place of each item, `_vector_chunks00` holds 1,024 vectors in a BLOB, and `_auxiliary`
the length that each vector had. Versions of sqlite-vec other than those of KNOWN may keep them otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import CapabilityError
from semsearch.records import Collection, KeyType
from semsearch.storage.codec import blob_to_vector
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection, has_vec

KNOWN = ("v0.1.9",)
BYTES = 4  # of a number
_AT_ONCE = 512  # keys looked up at a time
Row = tuple[str, FloatArray, float]
Keys: TypeAlias = "Sequence[str] | IntArray"


@dataclass(frozen=True)
class Block:
    """Some items in the order they were written: `keys`, integers where the collection's are; `vectors` (n, dim)
    float32 of unit length."""

    keys: Keys
    vectors: FloatArray


def version_of(db: Connection, table: str) -> str:
    """The version of sqlite-vec that made a vector table; empty if it does not say."""
    row = db.execute(f"select value from {table}_info where key = 'CREATE_VERSION'").fetchone()
    return "" if row is None else str(row[0])


def is_needed(db: Connection, table: str) -> bool:
    """Whether sqlite-vec is not loaded. Raises CapabilityError if it is not, and only it can read the table."""
    if has_vec(db):
        return False
    if version_of(db, table) not in KNOWN:
        raise CapabilityError(
            f"These vectors were written by sqlite-vec {version_of(db, table)[:20]}, and this Python's sqlite3 module"
            " cannot load sqlite-vec: `pip install pysqlite3`"
        )
    return True


def rows(db: Connection, table: str, collection: Collection, keys: Sequence[str | int]) -> Iterator[Row]:
    """The key, the unit vector (dim,) float32 and the length of each of these items that has one, in no order."""
    size = BYTES * collection.dim
    name = _key_column(collection.key_type)
    statement = (
        f"select r.{name}, substr(v.vectors, r.chunk_offset * ? + 1, ?), a.value00 from json_each(?) wanted"
        f" cross join {table}_rowids r on r.{name} = wanted.value"
        f" cross join {table}_vector_chunks00 v on v.rowid = r.chunk_id"
        f" left join {table}_auxiliary a on a.rowid = r.rowid"
    )
    for start in range(0, len(keys), _AT_ONCE):
        some = json.dumps(list(keys[start : start + _AT_ONCE]))
        with fitting(f"The vector table of collection {collection.name!r}"):
            for key, blob, norm in db.execute(statement, [size, size, some]):
                yield str(key), _whole(blob, size), 1.0 if norm is None else float(norm)


def known(db: Connection, table: str, key_type: KeyType, keys: Sequence[str | int]) -> set[str]:
    """Those of some keys that have a vector."""
    name = _key_column(key_type)
    result = db.execute(
        f"select r.{name} from json_each(?) wanted cross join {table}_rowids r on r.{name} = wanted.value",
        [json.dumps(list(keys))],
    )
    return {str(row[0]) for row in result}


def all_keys(db: Connection, table: str, key_type: KeyType) -> list[str]:
    """The keys of all items, in the order they were written."""
    name = _key_column(key_type)
    return [str(row[0]) for row in db.execute(f"select {name} from {table}_rowids order by rowid")]


def norms(db: Connection, table: str, collection: Collection) -> dict[str, float]:
    """The length that each vector had, by key."""
    name = _key_column(collection.key_type)
    found = db.execute(f"select r.{name}, a.value00 from {table}_rowids r left join {table}_auxiliary a using (rowid)")
    return {str(key): 1.0 if norm is None else float(norm) for key, norm in found}


def blocks(db: Connection, table: str, collection: Collection, every: int = 1) -> Iterator[Block]:
    """The vectors chunk by chunk, or of one chunk in so many."""
    for (chunk,) in db.execute(f"select chunk_id from {table}_chunks order by chunk_id").fetchall()[::every]:
        with fitting(f"The vector table of collection {collection.name!r}"):
            block = _chunk(db, table, chunk, collection)
        yield block


def _chunk(db: Connection, table: str, chunk: int, collection: Collection) -> Block:
    taken, numbers = db.execute(f"select validity, rowids from {table}_chunks where chunk_id = ?", [chunk]).fetchone()
    (blob,) = db.execute(f"select vectors from {table}_vector_chunks00 where rowid = ?", [chunk]).fetchone()
    full = np.flatnonzero(np.unpackbits(np.frombuffer(taken, np.uint8), bitorder="little"))
    numbered = np.frombuffer(numbers, "<i8")[full]
    vectors = np.frombuffer(blob, "<f4").reshape(-1, collection.dim)
    keys = numbered if collection.key_type == "integer" else _names(db, table, numbered.tolist())
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


def count(db: Connection, table: str) -> int:
    """How many vectors there are."""
    return int(db.execute(f"select count(*) from {table}_rowids").fetchone()[0])


def _key_column(key_type: KeyType) -> str:
    return "rowid" if key_type == "integer" else "id"


def _whole(blob: bytes, size: int) -> FloatArray:
    if len(blob) != size:
        raise ValueError(f"a vector has {len(blob)} bytes, not {size}")
    vector: FloatArray = np.array(blob_to_vector(blob), np.float32)
    return vector
