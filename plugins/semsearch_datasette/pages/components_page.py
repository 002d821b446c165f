"""`…/components`: the rotated topics of a collection; with ?view=plain its singular vectors and both their sides."""

from __future__ import annotations

from typing import Any

from semsearch import present, web
from semsearch.analysis.no_common_word import Unlike, no_common_word
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search import splits
from semsearch.search.components import End, Topic, Topics, topic_names, topics
from semsearch.storage import collections
from semsearch.storage.datasets import text_of
from semsearch_datasette import links
from semsearch_datasette.pages import eigen_page
from semsearch_datasette.parts.explanations import reasons_of
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.respond import Answer, absolute_url
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, frame, look, target_of

EXCERPT = 300  # characters of each of two documents without a common word

PLAIN = "plain"  # value of ?view= for the directions themselves


async def components(datasette: Any, request: Any) -> Answer:
    """A page of topics, strongest first; of images the principal components."""
    target, part = await target_of(datasette, request), web.paging(request.args)
    if target.has_eigen:
        return await eigen_page.components(datasette, request, target)
    name, database = target.collection.name, target.database.name
    is_plain = request.args.get("view") == PLAIN

    def read(conn: Any, opened: OpenCollection) -> tuple[Topics, bool, bool]:
        rotated = not is_plain and bool(topic_names(conn, opened.collection))
        page = topics(conn, opened, k=part.k, after=part.after, rotated=rotated)
        return page, rotated, splits.has_splits(conn, opened)

    def url(view: str | None, **arguments: Any) -> str:
        return links.collection(datasette, database, name, "components", view=view, **arguments)

    page, is_rotated, has_splits = await look(target, read)
    pair_asked = web.switch("pair", request.args.get("pair") or "0")
    pair = await _pair(target) if pair_asked else None
    next_url = links.next_url(part, page.total, lambda after: url(PLAIN if is_plain else None, k=part.k, after=after))

    def context() -> dict[str, Any]:
        strongest = page.topics[0].share if page.topics else 1.0
        return frame(datasette, target, "components") | {
            "topics": [_topic(datasette, target, topic, strongest) for topic in page.topics],
            "total": page.total,
            "captured": page.captured,
            "is_rotated": is_rotated,
            "other_view": url(None if is_plain else PLAIN),
            "is_plain": is_plain,
            "next_url": next_url,
            "pair": None if pair is None else _pair_texts(datasette, target, pair),
            "is_asked": pair_asked,
            "pair_url": links.collection(datasette, database, name, "components", pair=1) + "#sem-pair",
            "splits_url": links.collection(datasette, database, name, "splits") if has_splits else None,
        }

    data = {
        "collection": name,
        "total": page.total,
        "captured_energy": page.captured,
        "rotated": is_rotated,
        "components": [_data(topic) for topic in page.topics],
        "next_url": absolute_url(datasette, request, next_url),
        "no_common_word": None if pair is None else _pair_data(pair),
    }
    return Answer("components.html", context, data, target.private)


async def _pair(target: Target) -> Unlike | None:
    """Two similar documents without a common word, of the documents of the same run."""
    documents = target.part("document")
    if documents is None:
        return None
    key = ("no common word", documents.name, documents.run, documents.created, documents.revision)

    def find(conn: Any, opened: OpenCollection) -> Unlike | None:
        return no_common_word(conn, collections.open_collection(conn, documents.name))

    return await computed(target.database, key, current(target, find))


def _pair_texts(datasette: Any, target: Target, pair: Unlike) -> dict[str, Any]:
    """The pair for the template."""
    documents = target.part("document") or target.collection

    def side(hit: Hit, terms: int) -> dict[str, Any]:
        _, body = text_of(target.dataset, hit.row)
        return {
            "title": present.title_of(target.dataset, hit),
            "href": links.item(datasette, target.database.name, documents.name, hit.id),
            "text": present.shortened(body, EXCERPT),
            "terms": terms,
        }

    return {
        "sides": [side(pair.one, pair.terms[0]), side(pair.other, pair.terms[1])],
        "similarity": f"{pair.cosine:.2f}",
        "compared": pair.compared,
        "reasons": reasons_of(datasette, target, pair.why),
    }


def _pair_data(pair: Unlike) -> dict[str, Any]:
    return {
        "documents": [
            {"id": hit.id, "terms": terms} for hit, terms in zip((pair.one, pair.other), pair.terms, strict=True)
        ],
        "similarity": pair.cosine,
        "compared": pair.compared,
        "explanation": present.explanation_dict(pair.why),
    }


def _topic(datasette: Any, target: Target, topic: Topic, strongest: float) -> dict[str, Any]:
    return {
        "number": topic.number,
        "name": topic.name,
        "share": f"{100 * topic.share:.2f}",
        "singular_value": f"{topic.singular_value:.2f}",
        "width": round(100 * topic.share / strongest, 1) if strongest else 0,
        "ends": [
            {
                "words": [_link(datasette, target, target.part("word"), hit) for hit in end.words],
                "documents": [_link(datasette, target, target.part("document"), hit) for hit in end.documents],
            }
            for end in topic.ends
        ],
    }


def _link(datasette: Any, target: Target, collection: Collection | None, hit: Hit) -> dict[str, Any]:
    name = collection.name if collection else target.collection.name
    return {
        "title": present.title_of(target.dataset, hit),
        "href": links.item(datasette, target.database.name, name, hit.id),
        "loading": with_minus(f"{hit.score:.2f}"),
    }


def _data(topic: Topic) -> dict[str, Any]:
    return {
        "component": topic.number,
        "name": topic.name,
        "singular_value": topic.singular_value,
        "share": topic.share,
        "ends": [_end(end) for end in topic.ends],
    }


def _end(end: End) -> dict[str, Any]:
    return {
        "words": [{"id": hit.id, "loading": hit.score, "word": hit.row.get("word")} for hit in end.words],
        "documents": [{"id": hit.id, "loading": hit.score} for hit in end.documents],
    }
