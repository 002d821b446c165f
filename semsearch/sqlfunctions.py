"""The SQL functions: thin faces of search, registered on every connection the library, Datasette and sqlite-utils open.

They read only their own connection's file and write nothing. None is marked deterministic, since each depends on the
file. Python's SQLite modules replace the text of an error raised in a function by a fixed sentence. So each connection
keeps its own last error, which `select semsearch_error()` returns once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from time import monotonic
from typing import Any

import numpy as np
from sqlite_utils import hookimpl

from semsearch.errors import CapabilityError, InputError, SemsearchError, as_argument
from semsearch.maths.polygons import GRID, inside, polygon_of
from semsearch.maths.vectors import as_cosine
from semsearch.present import hit_dict
from semsearch.search import query, words
from semsearch.search.models import encode_text
from semsearch.storage import collections, connect, datasets, driver
from semsearch.storage.codec import vector_to_blob
from semsearch.storage.keys import join_key, row_hash, shape_of

MAX_TEXT = 1_000_000  # characters or bytes of an argument; a longer text would outlast the time limit of a statement
CHECK_SECONDS = 0.02  # between two looks at whether the statement's time is over


class LastError:
    """Why a semsearch function last failed on one connection, and when a statement's time was last looked at.

    Only that connection's functions hold it. It ends when it is read, and when another of them is called.
    """

    def __init__(self) -> None:
        self.text: str | None = None
        self.checked = 0.0  # seconds of the monotonic clock

    def take(self) -> str | None:
        """The text, which is then forgotten."""
        text, self.text = self.text, None
        return text


def register(db: Any) -> None:
    """Define the functions on a connection, and load sqlite-vec where that is possible."""
    with suppress(CapabilityError):
        driver.load_vec(db)
    last = LastError()
    for function in (
        semsearch_embed,
        semsearch_vector,
        semsearch_key,
        semsearch_similarity,
        semsearch_search,
        semsearch_similar,
        semsearch_analogy,
        semsearch_inside,
    ):
        db.create_function(function.__name__, -1, _bound(db, function, last))
    db.create_function("semsearch_error", 0, last.take)


def _bound(db: Any, function: Callable[..., Any], last: LastError) -> Callable[..., Any]:
    """The function on its connection, which keeps its error in `last`."""

    @wraps(function)
    def call(*arguments: Any) -> Any:
        last.text = None
        try:
            _check_time(db, last)
            _check_lengths(function, arguments)
            return function(db, *arguments)
        except driver.Error as error:
            last.text = _stopped(db, error) or f"{function.__name__}: {connect.plain(error, 'this database')}"
            raise
        except TypeError as error:
            last.text = f"{function.__name__}: wrong arguments ({error})"
            raise
        except SemsearchError as error:
            last.text = f"{function.__name__}: {as_argument(str(error))}"
            raise

    return call


def _check_time(db: Any, last: LastError) -> None:
    """Raise SQLite's own error if the statement around this call is to be stopped; looked at every few calls."""
    if monotonic() - last.checked > CHECK_SECONDS:
        connect.check_interrupted(db)
        last.checked = monotonic()


def _check_lengths(function: Callable[..., Any], arguments: Sequence[Any]) -> None:
    """Raises InputError for a text that is too long. A row's key is computed from values of any length."""
    if function is semsearch_key:
        return
    for value in arguments:
        if isinstance(value, str | bytes) and len(value) > MAX_TEXT:
            raise InputError(f"an argument has {len(value):,} characters: the limit is {MAX_TEXT:,}")


def _stopped(db: Any, error: BaseException) -> str | None:
    """SQLite's text for a stopped statement, if that is the error; then the statement around it is stopped too."""
    if str(error) != connect.INTERRUPTED:
        return None
    db.interrupt()
    return connect.INTERRUPTED


def semsearch_inside(db: Any, x: float, y: float, polygon: str) -> int:
    """1 for a place of a map, in the unit square, inside a polygon "x,y,x,y,…" of numbers up to 65,535; else 0."""
    place = np.rint(np.array([[float(x), float(y)]]) * (GRID - 1))
    return int(inside(place, polygon_of(str(polygon)))[0])


def semsearch_embed(db: Any, collection: str, text: str) -> bytes | None:
    """The vector of a text in a collection, as a blob of float32; NULL where no word of it is known."""
    vector = encode_text(db, collections.get_collection(db, collection), str(text))
    return None if vector is None else vector_to_blob(vector)


def semsearch_vector(db: Any, collection: str, id: Any) -> bytes:
    """The stored unit vector of an item."""
    return vector_to_blob(query.vector_of(db, collections.get_collection(db, collection), str(id)))


def semsearch_key(db: Any, table: str, *values: Any) -> str:
    """The key of a row, from the values of its key columns, or from its rowid where the table has no primary key.

    A table that is keyed by a hash of the row takes the values of all its columns.
    """
    shape = shape_of(db, table)
    dataset = datasets.find_dataset(db, shape.name)
    if shape.key_kind == "row" or (dataset is not None and dataset.key_kind == "row"):
        if len(values) != len(shape.columns):
            raise InputError(f"{table} has no key: give all {len(shape.columns)} columns in order")
        return row_hash(values)
    if len(values) != len(shape.key_columns):
        names = shape.key_columns
        raise InputError(f"the key of {table} is {', '.join(names)}: give {len(names)} values, not {len(values)}")
    return join_key(values)


def semsearch_similarity(db: Any, collection: str, one: Any, other: Any) -> float:
    """The cosine of two items."""
    result = collections.get_collection(db, collection)
    return as_cosine(float(query.vector_of(db, result, str(one)) @ query.vector_of(db, result, str(other))))


def semsearch_search(
    db: Any, collection: str, text: str, k: int = 10, mode: str = "hybrid", weight: float | None = None
) -> str:
    """The hits of a search, as a JSON array of objects; `weight` is that of the vector score in mode hybrid."""
    result = query.search(db, collections.open_collection(db, collection), str(text), mode=mode, k=k, weight=weight)
    return json.dumps([hit_dict(hit) for hit in result.hits])


def semsearch_similar(db: Any, collection: str, id: Any, k: int = 10) -> str:
    """The items nearest to an item, as a JSON array of objects."""
    result = query.similar(db, collections.open_collection(db, collection), [str(id)], k=k)
    return json.dumps([hit_dict(hit) for hit in result.hits])


def semsearch_analogy(db: Any, collection: str, a: Any, b: Any, c: Any, k: int = 10, method: str = "mul") -> str:
    """The answers to "a is to b as c is to what", as a JSON array of objects."""
    opened = collections.open_collection(db, collection)
    result = words.analogy(db, opened, (str(a), str(b), str(c)), k=k, method=method)
    return json.dumps([hit_dict(hit) for hit in result.hits])


@hookimpl
def prepare_connection(conn: Any) -> None:
    """Register the functions on a connection of sqlite-utils."""
    register(conn)
