"""Datasets: the catalogue's row about a table of items, and reading those items by pass or by key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import Any, Literal, TypeVar

from semsearch.errors import InputError, NameTakenError, NotFoundError, did_you_mean
from semsearch.records import Dataset, Edges, Kind
from semsearch.storage import sources
from semsearch.storage.connect import catalogue_rows
from semsearch.storage.damage import check_types, damaged, parsed
from semsearch.storage.driver import Connection
from semsearch.storage.keys import (
    ROWID,
    Keys,
    TableShape,
    as_integer,
    as_text,
    quoted,
    row_hash,
    shape_of,
    split_key,
    table_kind,
    types_of,
)
from semsearch.storage.textitem import PICTURE, digest_of
from semsearch.storage.textitem import TextItem as TextItem  # others take it from here, with `read_items`

T = TypeVar("T")
_COLUMNS = "id, name, kind, key_kind, key_columns, text_columns, title_column, label_column, made_by, source, created"
_COLUMNS += ", revision, edges, image_column"
_LATER, _NOT_YET = "token, language, asked_language", "'', null, null"
BATCH = 500  # values bound in one statement; SQLite allows 32,766, older builds 999


def now() -> str:
    """UTC, to the second, as SQLite writes it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def _from_row(row: Sequence[Any]) -> Dataset:
    """The dataset of a row of the catalogue. Raises DatabaseError for one that is damaged."""
    what = f"The entry of dataset {row[1]!r} in _semsearch_datasets"
    check_types(row, "itttttTTtTtiTTtTT", what)
    return Dataset(
        id=row[0],
        name=row[1],
        kind=row[2],
        key_kind=row[3],
        key_columns=_names(row[4], what),
        text_columns=_names(row[5], what),
        title_column=row[6],
        label_column=row[7],
        made_by=row[8],
        source=row[9],
        created=row[10],
        revision=row[11],
        edges=_edges(row[12], what) if row[12] else None,
        image_column=row[13],
        token=row[14],
        language=row[15],
        asked_language=row[16],
    )


def _names(text: str, what: str) -> tuple[str, ...]:
    names = parsed(text, list, what)
    if not all(isinstance(name, str) for name in names):
        raise damaged(what)
    return tuple(names)


def _edges(text: str, what: str) -> Edges:
    try:
        edges = Edges(**parsed(text, dict, what))
    except TypeError as error:
        raise damaged(what) from error
    check_types((edges.table, edges.source, edges.target, edges.weight), "tttT", what)
    return edges


def all_datasets(db: Connection) -> list[Dataset]:
    """Every dataset in the catalogue, by name."""
    return [_from_row(row) for row in _catalogue(db, "order by name")]


def find_dataset(db: Connection, name: str) -> Dataset | None:
    """The dataset of this name; None where there is none."""
    rows = _catalogue(db, "where name = ?", [name])
    return _from_row(rows[0]) if rows else None


def _catalogue(db: Connection, which: str, values: Sequence[Any] = ()) -> list[Any]:
    """Rows of the catalogue of datasets."""
    statement, older = (f"select {_COLUMNS}, {more} from _semsearch_datasets {which}" for more in (_LATER, _NOT_YET))
    return catalogue_rows(db, statement, values, older=older)


def get_dataset(db: Connection, name: str) -> Dataset:
    """The dataset of this name, or NotFoundError that lists those there are."""
    dataset = find_dataset(db, name)
    if dataset is not None:
        return dataset
    names = [other.name for other in all_datasets(db)]
    if not names:
        raise NotFoundError(f"No dataset {name!r}: the file has none yet; `semsearch ingest` makes one")
    raise NotFoundError(f"No dataset {name!r}: there are {', '.join(names)}{did_you_mean(name, names)}")


def draft(
    shape: TableShape,
    *,
    text_columns: Sequence[str],
    title_column: str | None = None,
    label_column: str | None = None,
    made_by: Literal["ingest", "table", "vectors", "passages"] = "table",
    source: str | None = None,
    kind: Kind = "documents",
) -> Dataset:
    """A table described as a dataset, not yet in the catalogue (its id is 0). The table itself is never touched.

    Raises NotFoundError for a column the table does not have.
    """
    for column in (*text_columns, *filter(None, (title_column, label_column))):
        check_column(shape, column)
    return Dataset(
        id=0,
        name=shape.name,
        kind=kind,
        key_kind=shape.key_kind,
        key_columns=shape.key_columns,
        text_columns=tuple(text_columns),
        title_column=title_column,
        label_column=label_column,
        made_by=made_by,
        source=source,
        created=now(),
    )


def save(db: Connection, dataset: Dataset) -> Dataset:
    """Write or renew the catalogue's row about a dataset; returns it with its id. Without edges it keeps its own."""
    db.execute(
        "insert into _semsearch_datasets"
        " (name, kind, key_kind, key_columns, text_columns, title_column, label_column, made_by, source, created,"
        " edges, image_column, asked_language, token)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, hex(randomblob(8)))"
        " on conflict (name) do update set kind = excluded.kind, key_kind = excluded.key_kind,"
        " key_columns = excluded.key_columns, text_columns = excluded.text_columns,"
        " title_column = excluded.title_column, label_column = excluded.label_column,"
        " made_by = excluded.made_by, source = excluded.source, edges = coalesce(excluded.edges, edges),"
        " image_column = excluded.image_column, asked_language = coalesce(excluded.asked_language, asked_language)",
        [
            dataset.name,
            dataset.kind,
            dataset.key_kind,
            json.dumps(dataset.key_columns),
            json.dumps(dataset.text_columns),
            dataset.title_column,
            dataset.label_column,
            dataset.made_by,
            dataset.source,
            dataset.created,
            json.dumps(asdict(dataset.edges)) if dataset.edges else None,
            dataset.image_column,
            dataset.asked_language,
        ],
    )
    return get_dataset(db, dataset.name)


def set_language(db: Connection, dataset: Dataset, language: str | None, asked: str | None) -> Dataset:
    """Record the language that the dataset's full-text index is written in, and the one that was asked for."""
    statement = "update _semsearch_datasets set language = ?, asked_language = ? where id = ?"
    db.execute(statement, [language, asked, dataset.id])
    return replace(dataset, language=language, asked_language=asked)


def register(db: Connection, shape: TableShape, **described: Any) -> Dataset:
    """`draft` and `save` at once."""
    return save(db, draft(shape, **described))


def check_column(shape: TableShape, column: str) -> None:
    """NotFoundError if the table has no such column."""
    if column not in shape.columns:
        raise NotFoundError(f"{shape.name} has no column {column!r}: it has {', '.join(shape.columns)}")


def check_new_name(db: Connection, name: str, *, replacing: Iterable[str] = ()) -> None:
    """InputError for a name that cannot be used, NameTakenError for one that is a table or view not in `replacing`."""
    lowered = name.lower()
    if not name.strip() or len(name) > 100 or any(ord(letter) < 32 for letter in name):
        raise InputError(f"{name!r} cannot be a name: use 1 to 100 visible characters")
    if lowered.startswith(("_semsearch_", "sqlite_")):
        raise InputError(f"{name!r} cannot be a name: names that begin with _semsearch_ or sqlite_ are internal")
    if lowered in {taken.lower() for taken in replacing}:
        return
    kind = table_kind(db, name)
    if kind is not None:
        raise NameTakenError(f"{name} is already a {kind} in this database: choose another name")


def count_items(db: Connection, dataset: Dataset) -> int:
    """How many rows the table has now."""
    return int(db.execute(f"select count(*) from {quoted(dataset.name)}").fetchone()[0])


def read_items(db: Connection, dataset: Dataset) -> Iterator[TextItem]:
    """Every row as text, in key order, streamed. Rows whose key is NULL are left out."""
    shape = shape_of(db, dataset.name)
    for column in (*dataset.text_columns, *filter(None, (dataset.title_column, dataset.image_column))):
        check_column(shape, column)
    keys = Keys(dataset.key_kind, dataset.key_columns, shape.columns)
    bodies = [column for column in dataset.text_columns if column != dataset.title_column]
    title = quoted(dataset.title_column) if dataset.title_column else "null"
    hint = "_rowid_" if dataset.key_kind == "row" else "null"
    pictured = (dataset.image_column,) if dataset.image_column else PICTURE
    digested = [column for column in pictured if dataset.kind == "images" and column in shape.columns]
    wanted = ", ".join([hint, title, *map(quoted, bodies), *map(quoted, digested)])
    pictures = 2 + len(bodies)
    statement = f"select {wanted}, {keys.select} from {quoted(dataset.name)} order by {keys.order}"
    for row in db.execute(statement):
        key = keys.of(row[pictures + len(digested) :])
        if key is not None:
            body = "\n".join(filter(None, (as_text(value) for value in row[2:pictures])))
            picture = digest_of(row[pictures : pictures + len(digested)])
            yield TextItem(key, row[0], as_text(row[1]), body, picture)


def rows_by_key(db: Connection, dataset: Dataset, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The table's own rows for these keys; keys whose row is gone are absent."""
    types = types_of(db, dataset.name)
    if not types:
        shape_of(db, dataset.name)  # says that it is gone, and what there is
    if dataset.key_kind == "row":
        return _rows_by_hash(db, dataset, tuple(types), keys)
    result: dict[str, dict[str, Any]] = {}
    reading = Keys(dataset.key_kind, dataset.key_columns, tuple(types))
    columns = ", ".join(map(quoted, types))
    for some in _chunks(keys, BATCH // max(1, len(dataset.key_columns))):
        condition, values = _key_condition(dataset, types, some)
        statement = f"select {reading.select}, {columns} from {quoted(dataset.name)} where {condition}"
        for row in db.execute(statement, values):
            key = reading.of(row[: reading.width])
            if key is not None:
                result[key] = dict(zip(types, row[reading.width :], strict=True))
    if dataset.key_columns == (ROWID,) and ROWID not in types:
        moved = _moved(db, dataset, keys, result)
        if moved:
            result = {key: row for key, row in result.items() if key not in moved}
            result |= _rows_by_text(db, dataset, tuple(types), moved)
    return result


def _moved(
    db: Connection, dataset: Dataset, keys: Sequence[str], rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, bytes]:
    """The rowids that no longer name the row they were noted of, with the hash noted of each; none before a VACUUM.

    VACUUM gives the rows of a table without a primary key lower rowids. It is recognised by a row whose text is noted
    under another rowid, or by a noted rowid above all that there are. A row that was edited has a text that is not
    noted, so edits alone are not taken for it.
    """
    noted: dict[str, bytes] = {}
    for some in _chunks(keys, BATCH):
        statement = f"select key, hash from _semsearch_items where dataset = ? and key in ({marks(some)})"
        noted.update(db.execute(statement, [dataset.id, *some]).fetchall())
    current = {key: item_of(dataset, key, rows[key]).hash() for key in noted if key in rows}
    changed = {key: digest for key, digest in current.items() if digest != noted[key]}
    known = False
    for some_changed in _chunks(list(changed.values()), BATCH):
        statement = f"select 1 from _semsearch_items where dataset = ? and hash in ({marks(some_changed)}) limit 1"
        known = known or db.execute(statement, [dataset.id, *some_changed]).fetchone() is not None
    absent = [key for key in noted if key not in rows]
    if absent and not known:
        (last,) = db.execute(f"select max(rowid) from {quoted(dataset.name)}").fetchone()
        known = any(int(key) > (last or 0) for key in absent)
    return {key: noted[key] for key in (*changed, *absent)} if known else {}


def _rows_by_text(
    db: Connection, dataset: Dataset, names: Sequence[str], wanted: Mapping[str, bytes]
) -> dict[str, dict[str, Any]]:
    """The rows whose texts have these hashes, by the key that each hash was noted of; reads the table once."""
    keys_of: dict[bytes, list[str]] = {}
    for key, digest in wanted.items():
        keys_of.setdefault(digest, []).append(key)
    result: dict[str, dict[str, Any]] = {}
    for values in db.execute(f"select {', '.join(map(quoted, names))} from {quoted(dataset.name)} order by rowid"):
        row = dict(zip(names, values, strict=True))
        waiting = keys_of.get(item_of(dataset, "", row).hash())
        if waiting:
            result[waiting.pop(0)] = row
    return result


def which_exist(db: Connection, dataset: Dataset, keys: Sequence[str]) -> set[str]:
    """Those of some keys whose row is there."""
    if dataset.key_kind == "row":
        return set(rows_by_key(db, dataset, keys))
    types = types_of(db, dataset.name)
    if not types:
        shape_of(db, dataset.name)  # says that it is gone, and what there is
    reading = Keys(dataset.key_kind, dataset.key_columns, tuple(types))
    result: set[str] = set()
    for some in _chunks(keys, BATCH // max(1, len(dataset.key_columns))):
        condition, values = _key_condition(dataset, types, some)
        rows = db.execute(f"select {reading.select} from {quoted(dataset.name)} where {condition}", values)
        result |= {key for key in map(reading.of, rows) if key is not None}
    return result


def _key_condition(dataset: Dataset, types: Mapping[str, str], keys: Sequence[str]) -> tuple[str, list[Any]]:
    """A condition that finds these keys by the table's own index, and the values to bind."""
    columns = [_comparable(name, types.get(name, "INTEGER")) for name in dataset.key_columns]
    if dataset.key_kind == "integer":
        numbers = [number for number in map(as_integer, keys) if number is not None]
        return f"{columns[0]} in ({marks(numbers)})", list(numbers)
    if dataset.key_kind == "text":
        return f"{columns[0]} in ({marks(keys)})", list(keys)
    one = "(" + " and ".join(f"{column} = ?" for column in columns) + ")"
    parts = [values for values in map(split_key, keys) if len(values) == len(columns)]
    return " or ".join([one] * len(parts)) or "0", [value for values in parts for value in values]


def _comparable(column: str, declared: str) -> str:
    """The column so that comparing it with text finds a number too: declared types do that, untyped columns do not."""
    return quoted(column) if declared and "BLOB" not in declared else f"cast({quoted(column)} as text)"


def _rows_by_hash(
    db: Connection, dataset: Dataset, names: Sequence[str], keys: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Rows of a table without a key: by the row number noted at build, verified, else by reading the table once."""
    columns = ", ".join(map(quoted, names))
    result: dict[str, dict[str, Any]] = {}
    for some in _chunks(keys, BATCH):
        hints = db.execute(
            f"select key, row_hint from _semsearch_items where dataset = ? and key in ({marks(some)})",
            [dataset.id, *some],
        ).fetchall()
        for key, hint in hints:
            row = db.execute(f"select {columns} from {quoted(dataset.name)} where _rowid_ = ?", [hint]).fetchone()
            if row is not None and row_hash(row) == key.split("-")[0]:
                result[key] = dict(zip(names, row, strict=True))
    missing = set(keys) - set(result)
    if missing:
        reading = Keys("row", (), names)
        for row in db.execute(f"select {columns} from {quoted(dataset.name)} order by _rowid_"):
            key = reading.of(row)
            if key in missing:
                result[str(key)] = dict(zip(names, row, strict=True))
    return result


def forget(db: Connection, dataset: Dataset) -> None:
    """Remove a dataset from the catalogue, with its keys and hashes. Its table stays."""
    db.execute("delete from _semsearch_items where dataset = ?", [dataset.id])
    db.execute("delete from _semsearch_deleted where dataset = ?", [dataset.id])
    sources.forget(db, dataset=dataset.id)
    db.execute("delete from _semsearch_datasets where id = ?", [dataset.id])


def item_of(dataset: Dataset, key: str, row: Mapping[str, Any]) -> TextItem:
    """A row as `read_items` yields it, but for the place of a row without a key."""
    pictured = (dataset.image_column,) if dataset.image_column else PICTURE
    digested = [row[column] for column in pictured if dataset.kind == "images" and column in row]
    return TextItem(key, None, *text_of(dataset, row), digest_of(digested))


def text_of(dataset: Dataset, row: Mapping[str, Any]) -> tuple[str, str]:
    """Title and body of a row, as `read_items` composes them."""
    title = as_text(row.get(dataset.title_column)) if dataset.title_column else ""
    bodies = [as_text(row.get(column)) for column in dataset.text_columns if column != dataset.title_column]
    return title, "\n".join(filter(None, bodies))


def marks(values: Sequence[Any]) -> str:
    """A question mark for each value, for a list in a statement."""
    return ", ".join("?" * len(values))


def _chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
