"""Search pages of collections that no text can be placed in: items are found by name, with some to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from semsearch import present
from semsearch.search.name_search import Start, called, starts
from semsearch.storage import connect
from semsearch_datasette import links
from semsearch_datasette.parts.cards import Card
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, look

STARTS = 20


async def one_called(target: Target, text: str) -> str | None:
    """The key of the one item that a text names; None where none is, or where texts are searched by meaning."""
    if target.takes_text:
        return None
    return await look(target, lambda conn, opened: called(conn, opened, text))


async def beginnings(target: Target) -> Sequence[Start]:
    """Items to begin with where a reader has nothing yet; none where any text finds something."""
    collection = target.collection
    if target.takes_text:
        return ()
    # Edges of nodes are counted, titles sorted: once for each state of the file.
    key = ("starts", collection.id, collection.run, collection.revision, connect.stamp_of(target.database.path))
    return await computed(target.database, key, current(target, lambda conn, opened: starts(conn, opened, STARTS)))


def told(datasette: Any, target: Target, found: Sequence[Start]) -> dict[str, Any]:
    """What the template needs of these: links with how many edges, and whether they are ordered by that."""
    here = links.collection(datasette, target.database.name, target.collection.name)
    return {
        "named": not target.takes_text,
        "joined": any(one.edges is not None for one in found),
        "starts": [
            {
                "title": present.title_of(target.dataset, one.hit),
                "href": links.of_item(here, "item", one.hit.id),
                "edges": "" if one.edges is None else f"{one.edges:,} edge{'' if one.edges == 1 else 's'}",
            }
            for one in found
        ],
    }


def scored(target: Target, made: list[Card]) -> list[Card]:
    """The cards, without a score where that is only how well a name fits."""
    return made if target.takes_text else [replace(card, why="") for card in made]


def data(found: Sequence[Start]) -> list[dict[str, Any]]:
    """The same for the JSON twin."""
    return [{"id": one.hit.id, "edges": one.edges} for one in found]
