"""`…/item/ID`: one document with its whole text, one word with its counts, or one node with its neighbours; and the
nearest others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from datasette import NotFound

from semsearch import present
from semsearch.errors import NotFoundError
from semsearch.images.generate import can_decode
from semsearch.images.quizzes import can_ask, question_of
from semsearch.records import Hit, OpenCollection
from semsearch.search import graph, query, word_contexts
from semsearch.search.graph import Around
from semsearch.search.images import code_stored
from semsearch.search.word_contexts import Context
from semsearch.storage.datasets import text_of
from semsearch_datasette import links
from semsearch_datasette.parts import ego_graph, image_detail
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.rows import one_hit
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, id_of, look, target_of

NEIGHBOURS = 8
CONTEXTS = 15
TEXT_LENGTH = 20_000  # characters of a text that the page shows; its row has the rest


async def item(datasette: Any, request: Any) -> Answer:
    """The item, or 404 where neither row nor vector of it is there."""
    target, id = await target_of(datasette, request), id_of(request)
    hit, near, around = await look(target, lambda conn, opened: _look(conn, target, opened, id))
    if hit is None:
        raise NotFound(f"No item {id!r} in {target.collection.name}")
    beside, using = await look(target, lambda conn, opened: _company(conn, target, opened, id))
    is_picture = target.dataset.kind == "images" and target.collection.of == "image"
    code = await look(target, lambda conn, opened: code_stored(conn, opened.collection, id)) if is_picture else None
    name, database = target.collection.name, target.database.name
    row_url = None if target.collection.of == "word" else links.row(datasette, database, target.dataset, hit.id)

    def context() -> dict[str, Any]:
        title = present.title_of(target.dataset, hit)
        return {
            **frame(datasette, target, "item"),
            **_shown(target, hit),
            "title": title,
            "row_url": row_url,
            "similar_url": links.similar(datasette, database, name, id),
            "cards": cards(datasette, target, near.hits),
            "remark": near.remark,
            "ways": _ways(datasette, target, hit),
            "contexts": [_context(datasette, target, context) for context in beside],
            "using": [_using(datasette, target, document) for document in using],
            "portrait": None if not is_picture else image_detail.told(datasette, request, target, hit, code),
            "node": None if around is None else ego_graph.told(datasette, target, id, title, around),
            "joined": set() if around is None else {one.hit.id for one in around.nearest if one.tie is not None},
        }

    data = {
        "collection": name,
        "id": hit.id,
        "row": present.hit_dict(hit)["row"],
        "hits": [present.hit_dict(neighbour) for neighbour in near.hits],
        "next_url": None,
    }
    if is_picture:
        data |= image_detail.data(code)
    if target.has_contexts:
        data["contexts"] = [asdict(context) for context in beside]
        data["documents"] = [present.hit_dict(document) for document in using]
    if around is not None:
        data |= ego_graph.data(target, around)
    return Answer("item.html", context, data, target.private)


def _look(conn: Any, target: Target, opened: OpenCollection, id: str) -> tuple[Hit | None, query.Found, Around | None]:
    """The item, what is near it, and for a node what is around it."""
    hit = one_hit(conn, target, id)
    if hit is not None and target.is_of_nodes:
        around = graph.around(conn, opened, id, k=NEIGHBOURS)
        return hit, query.Found(tuple(one.hit for one in around.nearest), around.remark), around
    try:
        return hit, query.similar(conn, opened, [id], k=NEIGHBOURS), None
    except NotFoundError:
        remark = (
            "It has no vector: it was added since the last build or update, or holds no word that the collection knows"
        )
        return hit, query.Found((), remark), None


def _company(conn: Any, target: Target, opened: OpenCollection, id: str) -> tuple[Sequence[Context], Sequence[Hit]]:
    """What a word stands near and the documents that use it most, of a collection whose counts were kept."""
    if not target.has_contexts:
        return (), ()
    contexts = word_contexts.contexts(conn, opened.collection, id, CONTEXTS)
    return contexts, word_contexts.documents_using(conn, opened.dataset, id)


def _using(datasette: Any, target: Target, document: Hit) -> tuple[str, str | None]:
    """A document's title and its row."""
    title = present.title_of(target.dataset, document)
    return title, links.row(datasette, target.database.name, target.dataset, document.id)


def _context(datasette: Any, target: Target, context: Context) -> tuple[str, str, str, str]:
    """A word, the URL of its page, how often it stands near, and the PMI."""
    href = links.item(datasette, target.database.name, target.collection.name, context.word)
    return context.word, href, f"{round(context.count, 1):,g}", f"{context.pmi:.2f}"


def _shown(target: Target, hit: Hit) -> dict[str, Any]:
    """Text and columns of the row; of a word, its counts."""
    if target.collection.of == "word":
        return {
            "text": "",
            "cut": False,
            "columns": [(name, value) for name, value in hit.row.items() if name != "word"],
        }
    dataset = target.dataset
    _, body = text_of(dataset, hit.row)
    told = {*dataset.text_columns, dataset.title_column}
    columns = [
        (name, present.plain(value)) for name, value in hit.row.items() if name not in told and value not in (None, "")
    ]
    return {
        "text": body[:TEXT_LENGTH],
        "cut": len(body) > TEXT_LENGTH,
        "columns": [(name, present.shortened(str(value), 200)) for name, value in columns],
    }


def _ways(datasette: Any, target: Target, hit: Hit) -> list[dict[str, str]]:
    """From a word to the documents it means most, from a picture to what its code makes of it."""
    if can_decode(target.collection):
        href = links.collection(datasette, target.database.name, target.collection.name, "reconstruct", id=hit.id)
        return [{"label": "Damage and mend it, or pack it", "href": href}]
    if can_ask(target.collection):
        href = links.collection(datasette, target.database.name, target.collection.name, "pretext", id=hit.id)
        return [{"label": f"Ask the net: {question_of(target.collection).lower()}", "href": href}]
    documents = target.part("document")
    if target.collection.of != "word" or documents is None:
        return []
    href = links.collection(datasette, target.database.name, documents.name, q=str(hit.id))
    return [{"label": f"Documents about “{hit.id}”", "href": href}]
