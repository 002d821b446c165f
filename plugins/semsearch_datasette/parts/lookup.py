"""What an empty search page offers: example queries and new rows, or items by name where no text has a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch import present
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search.components import topic_names, topics
from semsearch.search.name_search import Start, called, latest, starts
from semsearch.search.splits import has_splits
from semsearch.storage import connect
from semsearch_datasette import links
from semsearch_datasette.parts.cards import Card
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, look

MAX_STARTS = 20  # items listed on an empty search page
MAX_EXAMPLES = 5  # queries, and rows, offered there


async def exact_match(target: Target, text: str) -> str | None:
    """The key of the only item that a text names; None if there is none, or if texts are searched by their vector."""
    if target.takes_text:
        return None
    return await look(target, lambda conn, opened: called(conn, opened, text))


async def starting_items(target: Target) -> Sequence[Start]:
    """Items to start from on an empty search page; none where texts are searched by their vector."""
    collection = target.collection
    if target.takes_text:
        return ()
    # Counting edges and sorting titles takes long: done once for each state of the file.
    key = ("starts", collection.id, collection.run, collection.revision, connect.stamp_of(target.database.path))
    return await computed(target.database, key, current(target, lambda conn, opened: starts(conn, opened, MAX_STARTS)))


@dataclass(frozen=True)
class Examples:
    """What to try first on a collection of texts: queries of two words each, and the rows that were inserted last."""

    queries: tuple[str, ...] = ()
    rows: tuple[Hit, ...] = ()
    has_splits: bool = False


async def examples(target: Target) -> Examples:
    """Queries from the strongest topics of the collection itself, and its newest rows; nothing for other kinds."""
    collection = target.collection
    if collection.of != "document" or not target.takes_text:
        return Examples()
    key = ("examples", collection.id, collection.run, collection.revision, connect.stamp_of(target.database.path))

    def find(conn: Any, opened: OpenCollection) -> Examples:
        queries: list[str] = []
        if target.has_topics:
            rotated = bool(topic_names(conn, opened.collection))
            strongest = topics(conn, opened, k=MAX_EXAMPLES, rotated=rotated).topics
            ends = [topic.ends[0] for topic in strongest if topic.ends]
            queries = [" ".join(str(hit.row["word"]) for hit in end.words[:2]) for end in ends]
        rows = tuple(latest(conn, opened, MAX_EXAMPLES))
        return Examples(tuple(dict.fromkeys(filter(None, queries))), rows, has_splits(conn, opened))

    return await computed(target.database, key, current(target, find))


def examples_context(datasette: Any, target: Target, found: Examples) -> dict[str, Any]:
    """The examples for the template, as texts and addresses."""
    database, name = target.database.name, target.collection.name
    pair = links.collection(datasette, database, name, "components", pair=1) + "#sem-pair"
    return {
        "pair_url": pair if found.queries else None,
        "splits_url": links.collection(datasette, database, name, "splits") if found.has_splits else None,
        "example_queries": [(text, links.collection(datasette, database, name, q=text)) for text in found.queries],
        "newest": [
            (present.title_of(target.dataset, hit), links.item(datasette, database, name, hit.id)) for hit in found.rows
        ],
    }


def context(datasette: Any, target: Target, items: Sequence[Start]) -> dict[str, Any]:
    """These items for the template: links with numbers of edges, and whether edges were counted."""
    here = links.collection(datasette, target.database.name, target.collection.name)
    return {
        "is_by_name": not target.takes_text,
        "has_edge_counts": any(item.edges is not None for item in items),
        "starts": [
            {
                "title": present.title_of(target.dataset, item.hit),
                "href": links.of_item(here, "item", item.hit.id),
                "edges": "" if item.edges is None else f"{item.edges:,} edge{'' if item.edges == 1 else 's'}",
            }
            for item in items
        ],
    }


def search_label(collection: Collection, takes_text: bool) -> str:
    """The label of a collection's search field."""
    kind = collection.of
    if not takes_text:
        return f"Find a {kind} by its {'spelling' if kind == 'word' else 'name or text'}"
    return "Find similar words" if kind == "word" else f"Search {collection.dataset}"


def without_name_scores(target: Target, cards: list[Card]) -> list[Card]:
    """The cards, without a score where it only says how well a name matches."""
    return cards if target.takes_text else [replace(card, summary="") for card in cards]


def data(items: Sequence[Start]) -> list[dict[str, Any]]:
    """These items for the JSON."""
    return [{"id": item.hit.id, "edges": item.edges} for item in items]
