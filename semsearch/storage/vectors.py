"""Vector tables: the only file that says vec0. Where sqlite-vec is not loaded, they are read by `shadow`.

One table per collection, `_semsearch_vec_<n>`, its primary key the item's own key, so that `id IN (subquery)` filters
before the search. Vectors have unit length and `norm` keeps the length they had. sqlite-vec accepts NaN and answers
NULL for a zero vector, so both are refused here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import BuildError, InputError, NotFoundError, out_of_range
from semsearch.records import Collection, KeyType
from semsearch.storage import shadow
from semsearch.storage.codec import blob_to_vector, vector_to_blob
from semsearch.storage.damage import damaged
from semsearch.storage.driver import Connection, Error, is_recent
from semsearch.storage.keys import as_integer, quoted, table_kind

# Of a catalogue's row joined with the schema's row `t` of its vector table, whose key keeps the type it was made with.
KEY_TYPE = "iif(t.sql like '%(id integer primary key%', 'integer', 'text')"
MAX_K = 4096  # sqlite-vec's own limit
MAX_DIM = 8192
PREFIX = "_semsearch_vec_"
OLD_TEXT = "select name from sqlite_master where sql like 'create virtual table%fts5(%contentless_delete%'"
PARTS = ("info", "chunks", "rowids", "vector_chunks00", "auxiliary")  # tables that vec0 keeps a vector table in
NO_ITEM = -(2**63)  # SQLite never gives this number to a row by itself
_LOOKED_UP = 200  # items whose vectors are looked up one by one without sqlite-vec; a chunk is read for each
_AT_ONCE = 8192  # vectors scaled to unit length at a time: a copy of all would double what a build needs


def table_name(number: int) -> str:
    """The vector table of this number."""
    return f"{PREFIX}{number}"


def create(db: Connection, dim: int, key_type: KeyType) -> int:
    """Make a new, empty vector table and return its number."""
    if not 1 <= dim <= MAX_DIM:
        raise BuildError(f"{dim} dimensions cannot be stored: sqlite-vec takes 1 to {MAX_DIM}")
    names = db.execute("select name from sqlite_master where name like ? escape '\\'", [r"\_semsearch\_vec\_%"])
    numbers = [int(name[0][len(PREFIX) :]) for name in names if name[0][len(PREFIX) :].isdecimal()]
    highest = db.execute("select coalesce(max(vector_table), 0) from _semsearch_collections").fetchone()[0]
    number = max([highest, *numbers]) + 1
    db.execute(
        f"create virtual table {table_name(number)} using vec0("
        f"id {key_type} primary key, embedding float[{dim}] distance_metric=cosine, +norm float)"
    )
    return number


def create_placeholder_tables(db: Connection) -> None:
    """For a connection without sqlite-vec: an empty temporary table in the place of each vector table, on it alone.
    With a SQLite that cannot read full-text tables, in the place of those too.

    Whatever asks every table for its columns then finds some, where vec0 would be an error. A file that is no
    database, or whose catalogue is not ours, has nothing to stand in for.
    """
    with suppress(Error):
        for (number,) in db.execute("select vector_table from _semsearch_collections").fetchall():
            db.execute(f"create temp table {table_name(int(number))} (id, embedding, norm)")
        for (name,) in db.execute(OLD_TEXT).fetchall() if not is_recent() else ():
            db.execute(f"create temp table {quoted(name)} (title, body)")


def write(db: Connection, number: int, keys: Sequence[str], vectors: FloatArray, key_type: KeyType) -> None:
    """Insert (n, dim) finite vectors of any length above zero under these keys."""
    norms = lengths(vectors)
    if not np.isfinite(norms).all() or not (norms > 0).all():
        raise BuildError("a vector is zero or not finite: nothing was written")
    statement = f"insert into {table_name(number)} (id, embedding, norm) values (?, ?, ?)"
    for start in range(0, len(keys), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        typed = map(int, keys[some]) if key_type == "integer" else keys[some]
        unit = np.ascontiguousarray(vectors[some] / norms[some, None], dtype="<f4")
        db.executemany(statement, zip(typed, _blobs(unit), norms[some].tolist(), strict=True))


def lengths(vectors: FloatArray) -> npt.NDArray[np.float64]:
    """(n,) float64: the Euclidean length of each row of (n, dim)."""
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))


def _blobs(vectors: FloatArray) -> Iterator[memoryview]:
    """The rows of a C-ordered matrix as bytes, none of them copied."""
    content, size = vectors.data.cast("B"), vectors.shape[1] * vectors.itemsize
    return (content[at : at + size] for at in range(0, len(content), size))


def replace(
    db: Connection, collection: Collection, out: Sequence[str], keys: Sequence[str], vectors: FloatArray
) -> int:
    """Take the vectors of `out` away and write these instead, (n, dim) under `keys`; returns how many there are now.

    vec0 knows no upsert: `out` must name all of `keys` that may have a vector.
    """
    table = table_name(collection.vector_table)
    db.executemany(f"delete from {table} where id = ?", ((collection.typed(key),) for key in out))
    write(db, collection.vector_table, keys, vectors, collection.key_type)
    return count(db, collection)


def make_view(db: Connection, name: str, number: int) -> None:
    """A plain projection, which SQLite flattens, so that `MATCH` and `k` work on it as on the table itself."""
    db.execute(f"create view {quoted(name)} as select id, embedding, norm, distance, k from {table_name(number)}")


def drop_view(db: Connection, name: str) -> bool:
    """Remove the view of a collection; whether there was one."""
    there = table_kind(db, name) == "view"
    if there:
        db.execute(f"drop view {quoted(name)}")
    return there


def check_parts(db: Connection, collection: Collection) -> None:
    """Raises DatabaseError if a part of the vector table is missing: sqlite-vec 0.1.9 then ends the process."""
    names = [f"{table_name(collection.vector_table)}_{part}" for part in PARTS]
    found = db.execute("select count(*) from sqlite_master where name in (?, ?, ?, ?, ?)", names).fetchone()[0]
    if found < len(names):
        raise damaged(f"The vector table of collection {collection.name!r}")


def drop(db: Connection, number: int) -> None:
    """Remove a vector table, also one of which parts are missing."""
    table = table_name(number)
    for part in PARTS:  # vec0 does not let go of a table that lacks one
        db.execute(f"create table if not exists {table}_{part} (rowid integer primary key)")
    db.execute(f"drop table if exists {table}")
    for part in PARTS:
        db.execute(f"drop table if exists {table}_{part}")


@dataclass(frozen=True)
class Neighbour:
    """An item near a query, with its cosine distance 0..2."""

    key: str
    distance: float


def nearest(
    db: Connection, collection: Collection, vector: FloatArray, k: int, among: Sequence[str] | None = None
) -> list[Neighbour]:
    """The k items nearest to a vector of any length above zero, nearest first, of those `among` if it is given.

    Raises InputError for a wrong dim or k.
    """
    if len(vector) != collection.dim:
        raise InputError(
            f"The vector must have {collection.dim} numbers, the dimensions of {collection.name}, not {len(vector)}"
        )
    if not 1 <= k <= MAX_K:
        raise out_of_range("-k", k, least=1, most=MAX_K)
    table = table_name(collection.vector_table)
    statement = f"select id, distance from {table} where embedding match ? and k = ?"
    if shadow.is_needed(db, table):
        return _nearest_without_vec(db, collection, vector, k, among)
    values: list[Any] = [vector_to_blob(vector), k]
    if among is not None:
        statement += " and id in (select value from json_each(?))"  # applied before the search
        values.append(_bound_list(collection, among))
    return [Neighbour(str(row[0]), row[1]) for row in db.execute(statement, values) if row[1] is not None]


def distances(
    db: Connection, collection: Collection, vector: FloatArray, keys: Sequence[str] | None
) -> list[Neighbour]:
    """The exact distance of each of these items, or of all; items without a vector are left out. In no order.

    Computed by the function that the search itself uses, so that equal vectors have equal distances in both.
    """
    table = table_name(collection.vector_table)
    if shadow.is_needed(db, table):
        return _distances_without_vec(db, collection, vector, keys)
    if keys is None:
        rows = db.execute(f"select id, vec_distance_cosine(embedding, ?) from {table}", [vector_to_blob(vector)])
    else:
        rows = db.execute(
            "select v.id, vec_distance_cosine(v.embedding, ?) from json_each(?) wanted"
            f" cross join {table} v on v.id = wanted.value",
            [vector_to_blob(vector), _bound_list(collection, keys)],
        )
    return [Neighbour(str(row[0]), row[1]) for row in rows if row[1] is not None]


def known(db: Connection, collection: Collection, wanted: Sequence[str]) -> set[str]:
    """Those of some keys that have a vector."""
    table = table_name(collection.vector_table)
    if shadow.is_needed(db, table):
        return shadow.known(db, table, collection.key_type, _typed(collection, wanted))
    result = db.execute(
        f"select v.id from json_each(?) wanted cross join {table} v on v.id = wanted.value",
        [_bound_list(collection, wanted)],
    )
    return {str(row[0]) for row in result}


def all_keys(db: Connection, collection: Collection) -> list[str]:
    """The keys of all items that have a vector, in the order they were written."""
    table = table_name(collection.vector_table)
    if shadow.is_needed(db, table):
        return shadow.all_keys(db, table, collection.key_type)
    return [str(row[0]) for row in db.execute(f"select id from {table}")]


def some_keys(db: Connection, collection: Collection, k: int, after: int) -> list[str]:
    """The keys of k items after the first few, in the order they were written."""
    table = table_name(collection.vector_table)
    key = "rowid" if collection.key_type == "integer" else "id"
    rows = db.execute(f"select {key} from {table}_rowids order by rowid limit ? offset ?", [k, after])
    return [str(row[0]) for row in rows]


def full_vector(db: Connection, collection: Collection, key: str) -> FloatArray:
    """The vector of one item at the length it had in fit, (dim,) float32; NotFoundError if it has none."""
    table = table_name(collection.vector_table)
    if shadow.is_needed(db, table):
        found = next(_shadow_rows(db, collection, [key]), None)
        if found is None:
            raise NotFoundError(collection.lacks(key))
        return found[1] * np.float32(found[2])
    row = db.execute(f"select norm from {table} where id = ?", [_bound(collection, key)]).fetchone()
    return unit_vector(db, collection, key) * np.float32(1.0 if row is None else row[0])


def count(db: Connection, collection: Collection) -> int:
    """How many vectors can be read through the collection's view."""
    table = table_name(collection.vector_table)
    if shadow.is_needed(db, table):
        return shadow.count(db, table)
    return int(db.execute(f"select count(*) from {quoted(collection.name)}").fetchone()[0])


def vec_version(db: Connection) -> str:
    """The loaded sqlite-vec's version."""
    return str(db.execute("select vec_version()").fetchone()[0])


def self_test(db: Connection) -> bool:
    """Whether a vector table made in this connection finds the nearer of two vectors. Leaves nothing behind."""
    db.execute("create virtual table temp.semsearch_self_test using vec0(id integer primary key, embedding float[2])")
    try:
        rows = [(1, vector_to_blob(np.array([1, 0], "f4"))), (2, vector_to_blob(np.array([0, 1], "f4")))]
        db.executemany("insert into semsearch_self_test (id, embedding) values (?, ?)", rows)
        asked = vector_to_blob(np.array([0.1, 0.9], "f4"))
        result = db.execute("select id from semsearch_self_test where embedding match ? and k = 1", [asked]).fetchone()
        return result is not None and result[0] == 2
    finally:
        db.execute("drop table semsearch_self_test")


def unit_vector(db: Connection, collection: Collection, key: str) -> FloatArray:
    """The stored vector of one item, (dim,) float32 of unit length; NotFoundError if it has none."""
    table = table_name(collection.vector_table)
    if shadow.is_needed(db, table):
        found = next(_shadow_rows(db, collection, [key]), None)
        if found is None:
            raise NotFoundError(collection.lacks(key))
        return found[1]
    row = db.execute(f"select embedding from {table} where id = ?", [_bound(collection, key)]).fetchone()
    if row is None:
        raise NotFoundError(collection.lacks(key))
    return blob_to_vector(row[0])


def _shadow_rows(db: Connection, collection: Collection, keys: Sequence[str]) -> Iterator[shadow.Row]:
    """The vectors of some items where sqlite-vec is not loaded."""
    return shadow.rows(db, table_name(collection.vector_table), collection, _typed(collection, keys))


def _distances_without_vec(
    db: Connection, collection: Collection, vector: FloatArray, keys: Sequence[str] | None
) -> list[Neighbour]:
    """As `distances`, by scalar products in this process: chunk by chunk for many items."""
    asked = vector / np.float32(np.linalg.norm(vector))
    if keys is not None and len(keys) <= _LOOKED_UP:
        return [Neighbour(key, float(1 - unit @ asked)) for key, unit, _ in _shadow_rows(db, collection, keys)]
    wanted = None if keys is None else set(keys)
    result = []
    for block in shadow.blocks(db, table_name(collection.vector_table), collection):
        near = zip(block.keys, (1 - block.vectors @ asked).tolist(), strict=True)
        result += [Neighbour(str(key), each) for key, each in near if wanted is None or str(key) in wanted]
    return result


def _nearest_without_vec(
    db: Connection, collection: Collection, vector: FloatArray, k: int, among: Sequence[str] | None
) -> list[Neighbour]:
    """As `nearest`, by scalar products in this process. Items of equal distance are in the order they were written."""
    every = sorted(distances(db, collection, vector, among), key=lambda each: each.distance)
    return every[:k]


def _bound(collection: Collection, key: str) -> str | int:
    """The key as the table's own type: vec0 refuses text where its key is an integer."""
    if collection.key_type == "text":
        return key
    number = as_integer(key)
    return NO_ITEM if number is None else number


def _bound_list(collection: Collection, keys: Sequence[str]) -> str:
    """Keys as a JSON array of the table's own type; those that cannot be its keys are left out."""
    return json.dumps(_typed(collection, keys))


def _typed(collection: Collection, keys: Sequence[str]) -> list[str] | list[int]:
    """Keys in the table's own type; those that cannot be its keys are left out."""
    if collection.key_type == "integer":
        return [number for number in map(as_integer, keys) if number is not None]
    return list(keys)


class StoredRows:
    """The vectors of a stored collection at the length they had in fit, read by key when asked for."""

    def __init__(self, db: Connection, collection: Collection) -> None:
        self.db, self.collection = db, collection

    def take(self, keys: Sequence[str]) -> FloatArray:
        """(len(keys), dim) float32; KeyError for a key without a vector."""
        if not keys:
            return np.empty((0, self.collection.dim), np.float32)
        wanted = set(keys)
        if shadow.is_needed(self.db, table_name(self.collection.vector_table)):
            return self._without_vec(keys)
        rows = self._all() if 2 * len(wanted) > self.collection.count else self._some(keys)
        result = {str(row[0]): blob_to_vector(row[1]) * np.float32(row[2]) for row in rows if str(row[0]) in wanted}
        return np.stack([result[key] for key in keys])

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of these keys that have a vector."""
        return known(self.db, self.collection, keys)

    def _without_vec(self, keys: Sequence[str]) -> FloatArray:
        """As `take`."""
        if len(keys) <= _LOOKED_UP:
            found = {key: unit * np.float32(norm) for key, unit, norm in _shadow_rows(self.db, self.collection, keys)}
            return np.stack([found[key] for key in keys])
        table = table_name(self.collection.vector_table)
        norms, wanted = shadow.norms(self.db, table, self.collection), set(keys)
        found = {}
        for block in shadow.blocks(self.db, table, self.collection):
            for key, unit in zip(map(str, block.keys), block.vectors, strict=True):
                if key in wanted:
                    found[key] = unit * np.float32(norms[key])
        return np.stack([found[key] for key in keys])

    def _all(self) -> Iterable[Any]:
        """A pass over the table: faster than looking most of it up."""
        return self.db.execute(f"select id, embedding, norm from {table_name(self.collection.vector_table)}")

    def _some(self, keys: Sequence[str]) -> Iterable[Any]:
        table = table_name(self.collection.vector_table)
        return self.db.execute(
            f"select v.id, v.embedding, v.norm from json_each(?) wanted cross join {table} v on v.id = wanted.value",
            [_bound_list(self.collection, keys)],
        )
