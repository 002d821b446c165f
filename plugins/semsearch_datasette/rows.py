"""One item with its row, as pages about an item need it."""

from __future__ import annotations

from typing import Any

from semsearch.records import Hit
from semsearch.storage import collections, datasets
from semsearch_datasette.target import Target


def one_hit(conn: Any, target: Target, id: str) -> Hit | None:
    """The item as a hit of itself; None where its row is gone."""
    collection, dataset = target.collection, target.dataset
    if collection.of == "word":
        row = collections.words(conn, collection, [id]).get(id)
        return None if row is None else Hit(id, 1.0, row=row)
    if dataset.key_kind == "integer" and not _is_integer(id):
        return None
    row = datasets.rows_by_key(conn, dataset, [id]).get(id)
    return None if row is None else Hit(int(id) if dataset.key_kind == "integer" else id, 1.0, row=row)


def _is_integer(id: str) -> bool:
    """Whether text from a URL can be the integer key of a row: SQLite has no larger ones."""
    return id.isascii() and id.removeprefix("-").isdecimal() and len(id) < 20 and -(2**63) <= int(id) < 2**63
