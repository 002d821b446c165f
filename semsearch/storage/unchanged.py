"""Whether a table still has the rows that were noted of a dataset: for datasets of which no other sample was kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from semsearch.errors import NotFoundError, SemsearchError
from semsearch.records import Dataset
from semsearch.storage.datasets import get_dataset, rows_by_key, text_of
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted, row_hash, types_of
from semsearch.storage.sources import MOVED
from semsearch.storage.textitem import PICTURE, TextItem, digest_of

SAMPLED = 32  # items at each end of the list of keys


def has_its_rows(db: Connection, number: int) -> bool:
    """Whether at least half of some noted items are rows of the dataset's table, with the same text.

    True for a dataset without noted items and for a table that does not exist: their names decide.
    """
    try:
        name = db.execute("select name from _semsearch_datasets where id = ?", [number]).fetchone()[0]
        dataset = get_dataset(db, name)
        sample = _sample(db, number)
        if not sample or not types_of(db, dataset.name):
            return True
        rows = _numbered_rows(db, dataset, sample) if dataset.key_kind == "row" else None
        found = rows_by_key(db, dataset, list(sample)) if rows is None else rows
        same = sum(key in found and _hash(dataset, key, found[key]) == digest for key, (_, digest) in sample.items())
        return same >= MOVED * len(sample)
    except NotFoundError:
        return True
    except (SemsearchError, ValueError, TypeError, KeyError):  # a damaged catalogue
        return False


def _sample(db: Connection, number: int) -> dict[str, tuple[int | None, bytes]]:
    """The row number and the hash of some noted items, by key."""
    result: dict[str, tuple[int | None, bytes]] = {}
    for direction in ("asc", "desc"):
        statement = (
            f"select key, row_hint, hash from _semsearch_items where dataset = ? order by key {direction} limit ?"
        )
        result |= {row[0]: (row[1], row[2]) for row in db.execute(statement, [number, SAMPLED])}
    return result


def _numbered_rows(
    db: Connection, dataset: Dataset, sample: Mapping[str, tuple[int | None, bytes]]
) -> dict[str, dict[str, Any]]:
    """Rows of a table without a key by the numbers that were noted, each verified."""
    names = list(types_of(db, dataset.name))
    statement = f"select {', '.join(map(quoted, names))} from {quoted(dataset.name)} where rowid = ?"
    result = {}
    for key, (number, _) in sample.items():
        row = db.execute(statement, [number]).fetchone()
        if row is not None and row_hash(tuple(row)) == key.split("-")[0]:
            result[key] = dict(zip(names, row, strict=True))
    return result


def _hash(dataset: Dataset, key: str, row: Mapping[str, Any]) -> bytes:
    """The hash of a row, as the change log notes it."""
    title, body = text_of(dataset, row)
    pictured = (dataset.image_column,) if dataset.image_column else PICTURE
    values = [row[column] for column in pictured if dataset.kind == "images" and column in row]
    return TextItem(key, None, title, body, digest_of(values)).hash()
