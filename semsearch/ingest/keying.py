"""How the rows of one ingest get their keys: their own, a column's value, or their number."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from semsearch.errors import InputError
from semsearch.ingest.columns import Columns, found_column
from semsearch.records import Dataset, Item

_INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")
KEY_NAMES = ("id", "_id")
_IDS = frozenset(["id", "ID", "Id"])


@dataclass(frozen=True)
class Keying:
    """The key column of the table, whether it holds integers, and what fills it."""

    column: str
    is_integer: bool
    by: Literal["own", "column", "number"]
    has_own: bool = False  # whether items come with a key, even where a column is used instead

    def key_of(self, item: Item, row: Mapping[str, Any], number: int) -> str | int:
        """The key of an item, whose storable columns are `row` and which is row `number`.

        InputError says where one is missing or cannot be a key, and where documents and rows are mixed.
        """
        if (item.key is not None) != self.has_own:
            raise InputError(
                f"Whole documents and rows of a table are mixed, from {item.place} on: "
                "ingest them as two datasets, choosing files by a pattern such as 'folder/**/*.csv'"
            )
        if self.by == "number":
            if not _IDS.isdisjoint(row):
                raise InputError(f"{item.place} is the first with an id, those before were numbered: give --id COLUMN")
            return number
        raw = item.key if self.by == "own" else item.columns.get(self.column)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            raise InputError(f"No {self.column} at {item.place}: fill it in, or choose another column with --id")
        if isinstance(raw, (dict, list)):
            raise InputError(f"The {self.column} at {item.place} is nested JSON: choose another column with --id")
        value = row[self.column] if self.by == "column" else raw
        if not self.is_integer:
            return str(value)
        if isinstance(value, int):
            return value
        if isinstance(value, str) and _INTEGER.fullmatch(value):
            return int(value)
        raise InputError(
            f"The {self.column} at {item.place} is {value!r}, but earlier ones are whole numbers: "
            "correct it, or choose another column with --id"
        )


def choose_keying(
    items: Sequence[Item], names: Sequence[str], columns: Columns, existing: Dataset | None
) -> tuple[Keying, list[str]]:
    """How to key these first items; a remark where that was not said. NotFoundError for an --id that is not there."""
    remarks: list[str] = []
    has_own = items[0].key is not None
    if columns.id is not None:
        column = found_column(columns.id, names, "The source")
        return Keying(column, _are_integers(items, column, existing), "column", has_own), remarks
    if has_own:
        return Keying("id", all(type(item.key) is int for item in items), "own", has_own), remarks
    spelled = {name.lower(): name for name in reversed(names)}
    column = next((spelled[name] for name in KEY_NAMES if name in spelled), "")
    if not column and existing is not None and existing.key_columns[0] in names:
        column = existing.key_columns[0]  # chosen by --id when the dataset was made
    if column:
        remarks.append(f"Rows are known by the column {column} (--id chooses another)")
        return Keying(column, _are_integers(items, column, existing), "column"), remarks
    remarks.append(
        "Rows are known by their number in the source, as id (1 is the first row): "
        "give --id COLUMN if a column names them"
    )
    return Keying("id", True, "number"), remarks


def _are_integers(items: Sequence[Item], column: str, existing: Dataset | None) -> bool:
    if existing is not None and existing.key_columns == (column,):
        return existing.key_kind == "integer"
    return all(type(item.columns.get(column)) is int for item in items)


def check_existing(existing: Dataset, keying: Keying, source: str) -> None:
    """InputError if items keyed this way would not meet the rows the dataset has."""
    advice = "use another name, or `semsearch drop` this dataset first"
    name = existing.name
    if tuple(column.lower() for column in existing.key_columns) != (keying.column.lower(),):
        columns = ", ".join(existing.key_columns)
        raise InputError(
            f"{name} is keyed by {columns}, this source by {keying.column}: give --id {columns}, or {advice}"
        )
    if keying.is_integer != (existing.key_kind == "integer"):
        kinds = ("numbers", "text") if existing.key_kind == "integer" else ("text", "numbers")
        raise InputError(f"{name} has {kinds[0]} for ids, this source {kinds[1]}: {advice}")
    if keying.by == "number" and existing.source != source:
        raise InputError(
            f"{name} holds rows of {existing.source}, those of {source} have no id and their numbers would collide: "
            "give --id COLUMN, or use another name"
        )
