"""`/DATABASE/-/semsearch/COLLECTION`: search a collection by a text."""

from __future__ import annotations

from typing import Any

from semsearch import present
from semsearch.search import query
from semsearch.web import SearchArguments, search_arguments
from semsearch_datasette import links
from semsearch_datasette.cards import cards
from semsearch_datasette.connection import read
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, target_of

MODES = (
    ("hybrid", "Meaning and words"),
    ("vector", "Meaning"),
    ("text", "Words"),
)
SIZES = (10, 20, 50, 100, 200)


async def search(datasette: Any, request: Any) -> Answer:
    """The form, and the hits once something is asked."""
    target = await target_of(datasette, request)
    asked = _for_collection(target, search_arguments(request.args))
    found = query.Found(())
    if asked.q:
        found = await read(target.database, lambda conn: _search(conn, target.collection.name, asked))
    page = found.hits[asked.paging.after : asked.paging.after + asked.paging.k]
    here: dict[str, Any] = {"q": asked.q, "mode": asked.mode, "k": asked.paging.k}
    after = asked.paging.next_after(len(found.hits))
    next_url = (
        links.collection(datasette, target.database.name, target.collection.name, **here, after=after)
        if after
        else None
    )

    def context() -> dict[str, Any]:
        best_text = max((hit.text_score or 0.0 for hit in found.hits), default=0.0)
        return frame(datasette, target, "search") | {
            "q": asked.q,
            "mode": asked.mode,
            "k": asked.paging.k,
            "first": asked.paging.after + 1,
            "modes": MODES if target.collection.of == "document" else (),
            "sizes": sorted({*SIZES, asked.paging.k}),
            "cards": cards(datasette, target, page, query=asked.q, best_text=best_text),
            "remark": found.remark,
            "next_url": next_url,
        }

    data = {
        "collection": target.collection.name,
        "query": asked.q,
        "mode": asked.mode,
        "remark": found.remark,
        "hits": [present.hit_dict(hit) for hit in page],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("search.html", context, data, target.private)


def _for_collection(target: Target, asked: SearchArguments) -> SearchArguments:
    """Words have no text to match: unless that is what was asked for, they are searched by meaning alone."""
    if target.collection.of != "document" and asked.mode == "hybrid":
        return SearchArguments(asked.q, "vector", asked.paging)
    return asked


def _search(conn: Any, name: str, asked: SearchArguments) -> query.Found:
    return query.search(conn, name, asked.q, mode=asked.mode, k=asked.paging.depth)
