"""`…/similar/ID`: the items most similar to an item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from semsearch import present
from semsearch.errors import out_of_range
from semsearch.records import Hit, OpenCollection
from semsearch.search import graph, query
from semsearch.search.graph import Near
from semsearch.web import MAX_UNLIKE, paging
from semsearch_datasette import links
from semsearch_datasette.parts.cards import Card, cards
from semsearch_datasette.parts.filters import filters_of
from semsearch_datasette.parts.rows import hit_of
from semsearch_datasette.respond import Answer, Elsewhere, absolute_url, wants_json
from semsearch_datasette.target import Target, frame, id_of, look, target_of


async def similar(datasette: Any, request: Any) -> Answer | Elsewhere:
    """A page of cards of the most similar items, under the title of the item."""
    target, id, part = await target_of(datasette, request), id_of(request), paging(request.args)
    filters, unlike = filters_of(target, request), _unlike(request)
    name, database = target.collection.name, target.database.name

    def here(pairs: links.Pairs, after: int | None = None, apart: Sequence[str] = unlike) -> str:
        given = [("unlike", key) for key in apart]
        return links.similar(datasette, database, name, id, [*given, *pairs], k=part.k, after=after)

    def against(keys: Sequence[str]) -> str | None:
        return here(filters.pairs, None, keys) if len(keys) <= MAX_UNLIKE else None

    if filters.from_form and not wants_json(request):
        return Elsewhere(here(filters.pairs))

    def near(conn: Any, opened: OpenCollection) -> tuple[query.Found, dict[str, Hit | None]]:
        found = query.similar(conn, opened, [id], k=part.depth, only=filters.only, unlike=unlike)
        return found, {key: hit_of(conn, target, key) for key in (id, *unlike)}

    results, named = await look(target, near)
    titles = {key: present.title_of(target.dataset, hit) if hit else key for key, hit in named.items()}
    page = results.hits[part.after : part.after + part.k]
    related = await _related(target, id, page)
    next_url = links.next_url(part, len(results.hits), lambda after: here(filters.pairs, after))

    def context() -> dict[str, Any]:
        return {
            **frame(datasette, target, "similar"),
            **filters.context(here),
            "title": titles[id],
            "unlike": [
                {"id": key, "title": titles[key], "remove_url": against([each for each in unlike if each != key])}
                for key in unlike
            ],
            "item_url": links.item(datasette, database, name, id),
            "here_url": links.similar(datasette, database, name, id),
            "k": part.k,
            "cards": [
                replace(_with_relation(card, related), unlike_url=against([*unlike, str(card.id)]))
                for card in cards(datasette, target, page, filters=filters.pairs)
            ],
            "first": part.after + 1,
            "remark": results.remark,
            "next_url": next_url,
        }

    start = named[id]
    about = {"collection": name, "id": start.id if start else id, "unlike": list(unlike)}
    data = about | _data(results, page) | {"next_url": absolute_url(datasette, request, next_url)}
    return Answer("similar.html", context, data, target.private, lambda: [present.hit_flat(hit) for hit in page])


def _unlike(request: Any) -> tuple[str, ...]:
    """The items that the results are to be unlike. Raises InputError for more than MAX_UNLIKE."""
    keys = tuple(dict.fromkeys(filter(None, request.args.getlist("unlike"))))
    if len(keys) > MAX_UNLIKE:
        raise out_of_range("The number of unlike", len(keys), most=MAX_UNLIKE)
    return keys


def _data(results: query.Found, page: Sequence[Hit]) -> dict[str, Any]:
    """The part of the JSON that the search gave."""
    return {"remark": results.remark, "hits": [present.hit_dict(hit) for hit in page]}


async def _related(target: Target, id: str, page: Sequence[Hit]) -> dict[str, Near]:
    """What the nodes of a page have to do with the node; nothing for other items."""
    if not target.is_of_nodes:
        return {}
    keys = [str(hit.id) for hit in page]
    return await look(target, lambda conn, opened: graph.relations(conn, opened, id, keys))


def _with_relation(card: Card, related: dict[str, Near]) -> Card:
    """A card of a node with its edge to the node and the number of their common neighbours."""
    near = related.get(str(card.id))
    if near is None:
        return card
    facts = [("edge", "adjacent" if near.tie else "none"), ("common neighbours", f"{near.shared:,}")]
    return replace(card, facts=[*facts, *card.facts])
