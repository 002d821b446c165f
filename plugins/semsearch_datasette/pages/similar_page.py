"""`…/similar/ID`: the items nearest to one item."""

from __future__ import annotations

from typing import Any

from semsearch import present
from semsearch.records import Hit, OpenCollection
from semsearch.search import query
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.filters import filters_of
from semsearch_datasette.parts.rows import one_hit
from semsearch_datasette.respond import Answer, Elsewhere, wants_json
from semsearch_datasette.target import frame, id_of, look, target_of


async def similar(datasette: Any, request: Any) -> Answer | Elsewhere:
    """Neighbours as cards, with the item they are neighbours of named above."""
    target, id, asked = await target_of(datasette, request), id_of(request), paging(request.args)
    filters = filters_of(target, request)
    name, database = target.collection.name, target.database.name

    def here(pairs: links.Pairs, after: int | None = None) -> str:
        return links.similar(datasette, database, name, id, pairs, k=asked.k, after=after)

    if filters.from_form and not wants_json(request):
        return Elsewhere(here(filters.pairs))

    def near(conn: Any, opened: OpenCollection) -> tuple[query.Found, Hit | None]:
        return query.similar(conn, opened, [id], k=asked.depth, only=filters.only), one_hit(conn, target, id)

    found, start = await look(target, near)
    page = found.hits[asked.after : asked.after + asked.k]
    after = asked.next_after(len(found.hits))
    next_url = here(filters.pairs, after) if after else None

    def context() -> dict[str, Any]:
        return {
            **frame(datasette, target, "similar"),
            **filters.context(here),
            "title": present.title_of(target.dataset, start) if start else id,
            "item_url": links.item(datasette, database, name, id),
            "here_url": links.similar(datasette, database, name, id),
            "k": asked.k,
            "cards": cards(datasette, target, page, filters=filters.pairs),
            "first": asked.after + 1,
            "remark": found.remark,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "id": start.id if start else id,
        "remark": found.remark,
        "hits": [present.hit_dict(hit) for hit in page],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("similar.html", context, data, target.private)
