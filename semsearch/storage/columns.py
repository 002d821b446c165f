"""Numeric columns of any table: their values by key, and what counts as a number in text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semsearch.errors import InputError, NotFoundError
from semsearch.records import Dataset
from semsearch.storage.datasets import check_column
from semsearch.storage.driver import Connection
from semsearch.storage.keys import Keys, quoted, shape_of


def is_number(text: str | bytes) -> bool:
    """Whether a text reads as a float, as Python writes one."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def column_values(
    db: Connection, dataset: Dataset, columns: Sequence[str], keys: Sequence[str] | None = None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Keys and the values of these columns, in key order, of all rows or of the rows with these keys.

    Raises NotFoundError for a column that does not exist and for no column, InputError for one named twice.
    """
    shape = shape_of(db, dataset.name)
    for column in columns:
        check_column(shape, column)
    if len(set(columns)) < len(columns):
        raise InputError(f"{', '.join(columns)} names a column twice: name each column once")
    if not columns:
        raise NotFoundError(f"No column given: {dataset.name} has {', '.join(shape.columns)}")
    reading = Keys(dataset.key_kind, dataset.key_columns, shape.columns)
    wanted = ", ".join(map(quoted, columns))
    found_keys: list[str] = []
    values: list[tuple[Any, ...]] = []
    among = None if keys is None else set(keys)
    statement = f"select {wanted}, {reading.select} from {quoted(dataset.name)} order by {reading.order}"
    for row in db.execute(statement):
        key = reading.of(row[len(columns) :])
        if key is not None and (among is None or key in among):
            found_keys.append(key)
            values.append(tuple(row[: len(columns)]))
    return found_keys, values
