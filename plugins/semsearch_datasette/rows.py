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
    row = datasets.rows_by_key(conn, dataset, [id]).get(id)
    return None if row is None else Hit(int(id) if dataset.key_kind == "integer" else id, 1.0, row=row)
