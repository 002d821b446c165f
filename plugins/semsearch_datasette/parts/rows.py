"""Items with their rows, for pages about an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semsearch import present
from semsearch.records import Hit
from semsearch.storage import collections, datasets
from semsearch_datasette.parts.thumbs import may_read
from semsearch_datasette.target import Target


def hit_of(conn: Any, target: Target, id: str) -> Hit | None:
    """The item and its row as a hit; None if there is no such row."""
    collection, dataset = target.collection, target.dataset
    if collection.of == "word":
        row = collections.words(conn, collection, [id]).get(id)
        return None if row is None else Hit(id, 1.0, row=row)
    row = datasets.rows_by_key(conn, dataset, [id]).get(id)
    return None if row is None else Hit(collection.typed(id), 1.0, row=row)


def hits_of(conn: Any, target: Target, ids: Sequence[str]) -> dict[str, Hit]:
    """These items and their rows as hits, by id; an item whose row was deleted has an empty row."""
    if target.collection.of == "word":
        rows = collections.words(conn, target.collection, ids)
    else:
        rows = datasets.rows_by_key(conn, target.dataset, ids)
    return {id: Hit(id, 1.0, row=rows.get(id, {})) for id in ids}


def readable(datasette: Any, conn: Any, target: Target, keys: Sequence[str]) -> list[str]:
    """The keys of those images that may be shown."""
    hits = {key: hit_of(conn, target, key) for key in keys}
    return [key for key, hit in hits.items() if hit is not None and may_read(datasette, target.dataset, hit.row)]


def title_of(target: Target, hit: Hit) -> str:
    """The title of an item; its id if the row was deleted."""
    return present.title_of(target.dataset, hit) if hit.row else str(hit.id)
