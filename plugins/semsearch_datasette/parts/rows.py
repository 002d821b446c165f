"""One item with its row, as pages about an item need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semsearch import present
from semsearch.records import Hit
from semsearch.storage import collections, datasets
from semsearch_datasette.parts.thumbs import may_read
from semsearch_datasette.target import Target


def one_hit(conn: Any, target: Target, id: str) -> Hit | None:
    """The item as a hit of itself; None where its row is gone."""
    collection, dataset = target.collection, target.dataset
    if collection.of == "word":
        row = collections.words(conn, collection, [id]).get(id)
        return None if row is None else Hit(id, 1.0, row=row)
    row = datasets.rows_by_key(conn, dataset, [id]).get(id)
    return None if row is None else Hit(collection.typed(id), 1.0, row=row)


def hits_of(conn: Any, target: Target, ids: Sequence[str]) -> dict[str, Hit]:
    """These items, by id, each with its row; those whose row is gone without it."""
    if target.collection.of == "word":
        found = collections.words(conn, target.collection, ids)
    else:
        found = datasets.rows_by_key(conn, target.dataset, ids)
    return {id: Hit(id, 1.0, row=found.get(id, {})) for id in ids}


def readable(datasette: Any, conn: Any, target: Target, keys: Sequence[str]) -> list[str]:
    """Those of some pictures that may be shown."""
    hits = {key: one_hit(conn, target, key) for key in keys}
    return [key for key, hit in hits.items() if hit is not None and may_read(datasette, target.dataset, hit.row)]


def named(target: Target, hit: Hit) -> str:
    """What to call an item, whose row may be gone."""
    return present.title_of(target.dataset, hit) if hit.row else str(hit.id)
