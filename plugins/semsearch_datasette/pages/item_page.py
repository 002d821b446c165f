"""`…/item/ID`: a document with its text, a word with its counts, a node with its neighbours or an image; and the most
similar items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from datasette import NotFound

from semsearch import present
from semsearch.errors import NotFoundError
from semsearch.images.generate import can_decode
from semsearch.images.quizzes import has_task
from semsearch.metrics import number_text
from semsearch.records import Hit, OpenCollection
from semsearch.search import graph, query, word_contexts
from semsearch.search.graph import Around
from semsearch.search.images import code_stored
from semsearch.search.word_contexts import Context
from semsearch.storage.datasets import text_of
from semsearch_datasette import links
from semsearch_datasette.parts import ego_graph, image_detail
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.counting import counting_of
from semsearch_datasette.parts.node_links import NodeLinks, node_links
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.parts.rows import hit_of
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, id_of, look, target_of

SIMILAR_ITEMS = 8
COOCCURRING_WORDS = 15
MAX_TEXT = 20_000  # characters of a text on the page; the page of its row shows the rest

NO_VECTOR = "It has no vector: it was added after the last build or update, or contains nothing that the builder knows"


async def item(datasette: Any, request: Any) -> Answer:
    """The item, or 404 if it has neither a row nor a vector."""
    target, id = await target_of(datasette, request), id_of(request)
    predicted = await node_links(target, id)
    hit, near, around = await look(target, lambda conn, opened: _look(conn, target, opened, id, predicted))
    if hit is None:
        raise NotFound(target.collection.lacks(id))
    contexts, documents = await _contexts(target, id)
    counting = await look(target, counting_of) if contexts else ""
    is_image = target.dataset.kind == "images" and target.collection.of == "image"
    code = await look(target, lambda conn, opened: code_stored(conn, opened.collection, id)) if is_image else None
    name, database = target.collection.name, target.database.name
    row_url = None if target.collection.of == "word" else links.row(datasette, database, target.dataset, hit.id)

    def context() -> dict[str, Any]:
        title = present.title_of(target.dataset, hit)
        return {
            **frame(datasette, target, "item"),
            **_text_and_columns(target, hit),
            "title": title,
            "row_url": row_url,
            "similar_url": links.similar(datasette, database, name, id),
            "cards": cards(datasette, target, near.hits),
            "remark": near.remark,
            "item_links": _item_links(datasette, target, hit),
            "contexts": [_context(datasette, target, each) for each in contexts],
            "counting": counting,
            "documents": [_document(datasette, target, document) for document in documents],
            "image": None if not is_image else image_detail.context(datasette, request, target, hit, code),
            "node": None if around is None else ego_graph.context(datasette, target, id, title, around, predicted),
            "neighbours": set() if around is None else {near.hit.id for near in around.nearest if near.tie is not None},
        }

    data = {
        "collection": name,
        "id": hit.id,
        "row": present.hit_dict(hit)["row"],
        "hits": [present.hit_dict(neighbour) for neighbour in near.hits],
        "next_url": None,
    }
    if is_image:
        data |= image_detail.data(code)
    if target.has_contexts:
        data["contexts"] = [asdict(each) for each in contexts]
        data["documents"] = [present.hit_dict(document) for document in documents]
    if around is not None:
        data |= ego_graph.data(target, around) | {
            "walks": [list(walk) for walk in predicted.walks] if predicted else []
        }
    return Answer("item.html", context, data, target.private)


def _look(
    conn: Any, target: Target, opened: OpenCollection, id: str, predicted: NodeLinks | None
) -> tuple[Hit | None, query.Found, Around | None]:
    """The item, the most similar items, and the neighbourhood of a node."""
    hit = hit_of(conn, target, id)
    if hit is not None and target.is_of_nodes:
        suggested = None if predicted is None else predicted.suggested
        around = graph.around(conn, opened, id, k=SIMILAR_ITEMS, suggested=suggested)
        return hit, query.Found(tuple(near.hit for near in around.nearest), around.remark), around
    try:
        return hit, query.similar(conn, opened, [id], k=SIMILAR_ITEMS), None
    except NotFoundError:
        return hit, query.Found((), NO_VECTOR), None


async def _contexts(target: Target, id: str) -> tuple[Sequence[Context], Sequence[Hit]]:
    """The words that co-occur with a word and the documents that use it most; none if the counts were not kept."""
    if not target.has_contexts:
        return (), ()

    def contexts(conn: Any, opened: OpenCollection) -> tuple[Sequence[Context], Sequence[Hit]]:
        cooccurring = word_contexts.contexts(conn, opened.collection, id, COOCCURRING_WORDS)
        return cooccurring, word_contexts.documents_using(conn, opened.dataset, id)

    return await look(target, contexts)


def _document(datasette: Any, target: Target, document: Hit) -> tuple[str, str | None]:
    """A document's title and the URL of its row."""
    title = present.title_of(target.dataset, document)
    return title, links.row(datasette, target.database.name, target.dataset, document.id)


def _context(datasette: Any, target: Target, context: Context) -> tuple[str, str, str, str]:
    """A word, the URL of its page, its co-occurrence count, and the PMI."""
    href = links.item(datasette, target.database.name, target.collection.name, context.word)
    return context.word, href, f"{round(context.count, 1):,g}", with_minus(f"{context.pmi:.2f}")


def _text_and_columns(target: Target, hit: Hit) -> dict[str, Any]:
    """The text and the other columns of a row; of a word, its counts."""
    if target.collection.of == "word":
        return {
            "text": "",
            "is_cut": False,
            "columns": [
                (_count_name(name, hit.row), number_text(value)) for name, value in hit.row.items() if name != "word"
            ],
        }
    dataset = target.dataset
    _, body = text_of(dataset, hit.row)
    elsewhere = {*dataset.text_columns, dataset.title_column}
    columns = [
        (name, present.plain(value))
        for name, value in hit.row.items()
        if name not in elsewhere and value not in (None, "")
    ]
    return {
        "text": body[:MAX_TEXT],
        "is_cut": len(body) > MAX_TEXT,
        "columns": [(name, present.shortened(str(value), 200)) for name, value in columns],
    }


def _count_name(name: str, row: Mapping[str, Any]) -> str:
    """The name of a column of a word. Counts of a term include all words with its stem."""
    names = {"count": "occurrences of the term" if "term" in row else "occurrences", "documents": "documents with it"}
    return names.get(name, name)


def _item_links(datasette: Any, target: Target, hit: Hit) -> list[dict[str, str]]:
    """Links from a word to similar documents, and from an image to its reconstruction or its self-supervised task."""
    if can_decode(target.collection):
        href = links.collection(datasette, target.database.name, target.collection.name, "reconstruct", id=hit.id)
        return [{"label": "Reconstruct or compress it", "href": href}]
    if target.dataset.made_by == "passages" and target.collection.of == "document":
        base = links.collection(datasette, target.database.name, target.collection.name)
        url = links.with_arguments(links.of_item(base, "read", hit.row["document"]), {"passage": hit.id})
        return [{"label": "Read it in its document", "href": f"{url}#passage"}]
    if has_task(target.collection):
        href = links.collection(datasette, target.database.name, target.collection.name, "pretext", id=hit.id)
        return [{"label": "Show the self-supervised task", "href": href}]
    documents = target.part("document")
    if target.collection.of != "word" or documents is None:
        return []
    href = links.collection(datasette, target.database.name, documents.name, q=str(hit.id))
    return [{"label": f"Documents similar to “{hit.id}”", "href": href}]
