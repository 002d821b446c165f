"""Values of the catalogue that are not what this version writes: one clear error each, and how to find them all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from semsearch.errors import DatabaseError
from semsearch.storage.driver import Connection, Error

REMEDY = "restore a backup, or drop the collection and build it again"
# What computing with values of other types or shapes than were written ends in.
UNFIT = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
JSON_COLUMNS: dict[str, dict[str, type]] = {
    "_semsearch_datasets": {"key_columns": list, "text_columns": list, "edges": dict},
    "_semsearch_runs": {"options": dict, "metrics": dict, "versions": dict},
    "_semsearch_run_steps": {"metrics": dict},
    "_semsearch_updates": {"metrics": dict},
    "_semsearch_results": {"facts": dict},
}
# Tables that hold rows of their own, and the types a column may hold for each type that it is declared with.
_OWN = "schema = 'main' and type in ('table', 'shadow') and name like '\\_semsearch\\_%' escape '\\'"
_COLUMNS = "select name, type from pragma_table_info('{table}')"
_KINDS = {
    "INTEGER": "'integer', 'null'",
    "REAL": "'real', 'integer', 'null'",
    "TEXT": "'text', 'null'",
    "BLOB": "'blob', 'null'",
}


def damaged(what: str) -> DatabaseError:
    """The error about a damaged value, with the remedy."""
    return DatabaseError(f"{what} is damaged: {REMEDY}")


def parsed(text: Any, kind: type, what: str) -> Any:
    """A JSON value of this type. Raises DatabaseError, which says `what` is damaged."""
    try:
        value = json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise damaged(what) from error
    if not isinstance(value, kind):
        raise damaged(what)
    return value


def numbers(text: Any, what: str) -> dict[str, float]:
    """A JSON object of numbers, such as metrics. Raises DatabaseError, which says `what` is damaged."""
    value = parsed(text, dict, what)
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in value.values()):
        raise damaged(what)
    return dict(value)


@contextmanager
def fitting(what: str) -> Iterator[None]:
    """Inside, values of other types or shapes than were written raise DatabaseError, which says `what` is damaged."""
    try:
        yield
    except UNFIT as error:
        raise damaged(what) from error


def check_types(row: Sequence[Any], kinds: str, what: str) -> None:
    """Raises DatabaseError unless values have their types: one letter each, t for text, i for a whole number, n for a
    number, and a capital letter if NULL is possible."""
    known: dict[str, tuple[type, ...]] = {"t": (str,), "i": (int,), "n": (int, float)}
    for value, kind in zip(row, kinds, strict=True):
        if not (isinstance(value, known[kind.lower()]) or (value is None and kind.isupper())):
            raise damaged(what)


def find(db: Connection) -> Iterator[str]:
    """What is damaged in our own tables, one sentence for each value; reads no array and no row of a dataset."""
    yield from _types(db)
    yield from _keys(db)
    yield from _chunks(db)
    for table, columns in JSON_COLUMNS.items():
        for column, kind in columns.items():
            yield from _no_json(db, table, column, kind)
    yield from _lost_parts(db)
    yield from _arrays(db)


def _rows(db: Connection, statement: str) -> list[Any]:
    try:
        return db.execute(statement).fetchall()
    except Error:
        return []


def _types(db: Connection) -> Iterator[str]:
    """Columns of our tables, and of those behind vectors and full text, with a value of another type than declared."""
    for (table,) in _rows(db, f"select name from pragma_table_list where {_OWN}"):
        kinds = [(row[0], _KINDS.get(row[1].upper())) for row in _rows(db, _COLUMNS.format(table=table))]
        if table.endswith("_auxiliary"):
            kinds += [("value00", _KINDS["REAL"])]  # the lengths of the vectors
        for column, kind in kinds:
            if kind and _rows(db, f'select 1 from "{table}" where typeof("{column}") not in ({kind}) limit 1'):
                yield f"column {column} of {table} is damaged"


def _keys(db: Connection) -> Iterator[str]:
    """Keys of rows that are no integers, in a dataset whose key is one."""
    for name, key in _rows(
        db,
        "select d.name, i.key from _semsearch_items i join _semsearch_datasets d on d.id = i.dataset"
        " where d.key_kind = 'integer' and i.key <> cast(cast(i.key as integer) as text) limit 1",
    ):
        yield f"key {key!r} of dataset {name} in _semsearch_items is damaged"


def _chunks(db: Connection) -> Iterator[str]:
    """Vector tables of which a part is missing, or has another length than its collection's dimension gives."""
    for name, table, dim in _rows(
        db, "select name, '_semsearch_vec_' || vector_table, dim from _semsearch_collections"
    ):
        lost = _rows(
            db,
            f"select 1 from {table}_chunks c left join {table}_vector_chunks00 v on v.rowid = c.chunk_id"
            f" where v.rowid is null or length(v.vectors) <> c.size * 4 * {dim}"
            " or length(c.validity) * 8 <> c.size or length(c.rowids) <> c.size * 8 limit 1",
        ) or _rows(
            db,
            f"select 1 from {table}_rowids r left join {table}_chunks c on c.chunk_id = r.chunk_id"
            " where c.chunk_id is null or r.chunk_offset not between 0 and c.size - 1 limit 1",
        )
        if lost:
            yield f"the vector table of collection {name} is damaged"


def _no_json(db: Connection, table: str, column: str, kind: type) -> Iterator[str]:
    number = "rowid" if table != "_semsearch_run_steps" else "run"
    for row in _rows(db, f"select {number}, cast({column} as blob) from {table} where {column} is not null"):
        try:
            parsed(row[1].decode(), kind, table)
        except (DatabaseError, UnicodeDecodeError):
            yield f"column {column} of row {row[0]} of {table} is damaged"


def _lost_parts(db: Connection) -> Iterator[str]:
    """Collections without their run, dataset or vector table."""
    for name, what in _rows(
        db,
        "select c.name, case when r.id is null then 'run' when d.id is null then 'dataset' else 'vector table' end"
        " from _semsearch_collections c left join _semsearch_runs r on r.id = c.run"
        " left join _semsearch_datasets d on d.name = c.dataset"
        " left join sqlite_master v on v.name = '_semsearch_vec_' || c.vector_table"
        " where r.id is null or d.id is null or v.name is null",
    ):
        yield f"the {what} of collection {name} is missing"


def _arrays(db: Connection) -> Iterator[str]:
    for run, name, dtype, shape, size in _rows(
        db,
        "select run, name, min(dtype), min(shape), sum(length(content)) from _semsearch_models group by run, name",
    ):
        try:
            fits = np.dtype(dtype).itemsize * int(np.prod(json.loads(shape), dtype=np.int64)) == size
        except (ValueError, TypeError):
            fits = False
        if not fits:
            yield f"array {name} of run {run} in _semsearch_models is damaged"
