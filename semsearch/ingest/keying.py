"""How the rows of one ingest get their keys: the item's own key, a column's value, or the row number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from semsearch.errors import InputError
from semsearch.ingest.base import INTEGER
from semsearch.ingest.columns import Columns, first_usual, match_column
from semsearch.records import Dataset, Item

KEY_NAMES = ("id", "_id")  # columns, in lower case, that are taken as keys without being named
_SPELLINGS_OF_ID = frozenset(["id", "ID", "Id", "iD"])


@dataclass(frozen=True)
class Keying:
    """The key column of the table, whether it holds integers, and where its values come from."""

    column: str
    is_integer: bool
    by: Literal["own", "column", "number"]
    has_own: bool = False  # whether items have a key of their own, even if a column is used instead

    def key_of(self, item: Item, row: Mapping[str, Any], number: int) -> str | int:
        """The key of an item with the storable columns `row`, which is row `number` of its source.

        Raises InputError for a missing key, for a value that cannot be a key, and where documents and rows are mixed.
        """
        if (item.key is not None) != self.has_own:
            raise InputError(
                f"The source mixes whole documents and table rows, from {item.place} on: "
                "ingest them as two datasets, with a file pattern such as 'folder/**/*.csv'"
            )
        if self.by == "number":
            if not _SPELLINGS_OF_ID.isdisjoint(row):
                raise InputError(f"{item.place} has an id, but earlier rows have none: give --id COLUMN")
            return number
        raw = item.key if self.by == "own" else item.columns.get(self.column)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            raise InputError(
                f"{item.place} has no value in {self.column!r}: fill it in, or choose another column with --id"
            )
        if isinstance(raw, (dict, list)):
            raise InputError(f"{self.column!r} at {item.place} is nested JSON: choose another column with --id")
        value = row[self.column] if self.by == "column" else raw
        if not self.is_integer:
            return str(value)
        if isinstance(value, int):
            return value
        if isinstance(value, str) and INTEGER.fullmatch(value):
            return int(value)
        raise InputError(
            f"{self.column!r} at {item.place} is {value!r}, but earlier rows have whole numbers: "
            "correct it, or choose another column with --id"
        )


def choose_keying(
    items: Sequence[Item], names: Sequence[str], columns: Columns, existing: Dataset | None
) -> tuple[Keying, list[str]]:
    """How to key items like these, and a remark if that was guessed. Raises NotFoundError for a missing --id."""
    remarks: list[str] = []
    has_own = items[0].key is not None
    if columns.id is not None:
        column = match_column(columns.id, names, "The source")
        return Keying(column, _are_integers(items, column, existing), "column", has_own), remarks
    if has_own:
        return Keying("id", all(type(item.key) is int for item in items), "own", has_own), remarks
    column = first_usual(KEY_NAMES, names) or ""
    if not column and existing is not None and existing.key_columns[0] in names:
        column = existing.key_columns[0]  # --id chose it when the dataset was made
    if column:
        remarks.append(f"The column {column!r} was chosen as the key (--id chooses another)")
        return Keying(column, _are_integers(items, column, existing), "column"), remarks
    remarks.append(
        "The row number in the source is the key, stored as 'id' (the first row is 1); "
        "give --id COLUMN if a column identifies the rows"
    )
    return Keying("id", True, "number"), remarks


def _are_integers(items: Sequence[Item], column: str, existing: Dataset | None) -> bool:
    if existing is not None and existing.key_columns == (column,):
        return existing.key_kind == "integer"
    return all(type(item.columns.get(column)) is int for item in items)


def check_existing(existing: Dataset, keying: Keying, source: str) -> None:
    """Raise InputError if items keyed this way would not match the rows of the existing dataset."""
    advice = "choose another name, or `semsearch drop` this dataset first"
    name = existing.name
    if tuple(column.lower() for column in existing.key_columns) != (keying.column.lower(),):
        columns = ", ".join(existing.key_columns)
        raise InputError(
            f"{name!r} is keyed by {columns}, this source by {keying.column}: give --id {columns}, or {advice}"
        )
    if keying.is_integer != (existing.key_kind == "integer"):
        kinds = ("numbers", "text") if existing.key_kind == "integer" else ("text", "numbers")
        raise InputError(f"{name!r} has {kinds[0]} as ids, this source has {kinds[1]}: {advice}")
    if keying.by == "number" and existing.source != source:
        raise InputError(
            f"{name!r} holds the numbered rows of {existing.source}; those of {source} would overwrite them: "
            "give --id COLUMN, or choose another name"
        )
