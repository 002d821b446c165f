"""`…/similar/ID`: the items nearest to one item."""

from __future__ import annotations

from typing import Any

from semsearch import present
from semsearch.search import query
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.cards import cards
from semsearch_datasette.connection import read
from semsearch_datasette.respond import Answer
from semsearch_datasette.rows import one_hit
from semsearch_datasette.target import frame, id_of, target_of


async def similar(datasette: Any, request: Any) -> Answer:
    """Neighbours as cards, with the item they are neighbours of named above."""
    target, id, asked = await target_of(datasette, request), id_of(request), paging(request.args)
    name, database = target.collection.name, target.database.name
    found, start = await read(
        target.database,
        lambda conn: (query.similar(conn, name, [id], k=asked.depth), one_hit(conn, target, id)),
    )
    page = found.hits[asked.after : asked.after + asked.k]
    after = asked.next_after(len(found.hits))
    next_url = links.similar(datasette, database, name, id, k=asked.k, after=after) if after else None

    def context() -> dict[str, Any]:
        return frame(datasette, target, "similar") | {
            "title": present.title_of(target.dataset, start) if start else id,
            "item_url": links.item(datasette, database, name, id),
            "cards": cards(datasette, target, page),
            "first": asked.after + 1,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "id": start.id if start else id,
        "hits": [present.hit_dict(hit) for hit in page],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("similar.html", context, data, target.private)
