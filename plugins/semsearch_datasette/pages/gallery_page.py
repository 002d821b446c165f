"""The search page of pictures: by one that is uploaded or drawn, whose code stands in the URL; else all of them."""

from __future__ import annotations

from typing import Any

from semsearch import present
from semsearch.images.generate import can_decode
from semsearch.records import Hit, OpenCollection
from semsearch.search import images
from semsearch.search.query import nearest_to
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.filters import Filters
from semsearch_datasette.parts.image_routes import run_of
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.respond import Answer, Elsewhere, static_url, wants_json
from semsearch_datasette.target import Target, frame, look

SIZES = (12, 24, 48, 96, 192)
DEFAULT = 24


async def gallery(datasette: Any, request: Any, target: Target, filters: Filters) -> Answer | Elsewhere:
    """The pictures nearest to the one asked for, or those of the collection in their order."""
    asked, code = paging(request.args, DEFAULT), request.args.get("picture") or ""
    name, database = target.collection.name, target.database.name

    def here(pairs: links.Pairs, after: int | None = None) -> str:
        return links.collection(datasette, database, name, "", pairs, picture=code, k=asked.k, after=after)

    if filters.from_form and not wants_json(request):
        return Elsewhere(here(filters.pairs))

    def shown(conn: Any, opened: OpenCollection) -> tuple[list[Hit], str | None, int]:
        if not code and not filters.conditions:
            return images.browse(conn, opened, k=asked.k, after=asked.after), None, opened.collection.count
        vector = images.vector_of_code(code, opened.collection.dim) if code else None
        if vector is None:
            found = images.browse_filtered(conn, opened, k=asked.depth, only=filters.only)
        else:
            found = nearest_to(conn, opened, vector, k=asked.depth, only=filters.only)
        return list(found.hits[asked.after : asked.after + asked.k]), found.remark, len(found.hits)

    page, remark, count = await look(target, shown)
    after = asked.next_after(count)
    next_url = here(filters.pairs, after) if after else None

    def context() -> dict[str, Any]:
        coded = can_decode(target.collection) and code
        return {
            **frame(datasette, target, "search"),
            **filters.context(here),
            "cards": cards(datasette, target, page, filters=filters.pairs),
            "code": code,
            "coded_url": url_of(datasette, target, "coded", picture=code, v=run_of(target)) if coded else None,
            "upload_url": links.collection(datasette, database, name, "picture"),
            "draw_url": static_url(datasette, "draw.js"),
            "k": asked.k,
            "sizes": sorted({*SIZES, asked.k}),
            "first": asked.after + 1,
            "remark": remark,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "picture": code or None,
        "remark": remark,
        "hits": [present.hit_dict(hit) for hit in page],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("gallery.html", context, data, target.private)
