"""`…/components`: each topic of a factored collection, with the words and documents at both of its ends."""

from __future__ import annotations

from typing import Any

from semsearch import present
from semsearch.records import Collection, Hit
from semsearch.search.components import End, Topic, topics
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.pages import eigen_page
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, look, target_of


async def components(datasette: Any, request: Any) -> Answer:
    """Some topics, strongest first."""
    target, asked = await target_of(datasette, request), paging(request.args)
    if target.has_eigen:
        return await eigen_page.components(datasette, request, target)
    name, database = target.collection.name, target.database.name
    found = await look(target, lambda conn, opened: topics(conn, opened, k=asked.k, after=asked.after))
    after = asked.next_after(found.total)
    next_url = links.collection(datasette, database, name, "components", k=asked.k, after=after) if after else None

    def context() -> dict[str, Any]:
        strongest = found.topics[0].share if found.topics else 1.0
        return frame(datasette, target, "components") | {
            "topics": [_shown(datasette, target, topic, strongest) for topic in found.topics],
            "total": found.total,
            "captured": found.captured,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "total": found.total,
        "captured_energy": found.captured,
        "components": [_data(topic) for topic in found.topics],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("components.html", context, data, target.private)


def _shown(datasette: Any, target: Target, topic: Topic, strongest: float) -> dict[str, Any]:
    return {
        "number": topic.number,
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


def _link(datasette: Any, target: Target, part: Collection | None, hit: Hit) -> dict[str, Any]:
    name = part.name if part else target.collection.name
    return {
        "title": present.title_of(target.dataset, hit),
        "href": links.item(datasette, target.database.name, name, hit.id),
        "loading": f"{hit.score:.2f}",
    }


def _data(topic: Topic) -> dict[str, Any]:
    return {
        "component": topic.number,
        "singular_value": topic.singular_value,
        "share": topic.share,
        "ends": [_end(end) for end in topic.ends],
    }


def _end(end: End) -> dict[str, Any]:
    return {
        "words": [{"id": hit.id, "loading": hit.score, "word": hit.row.get("word")} for hit in end.words],
        "documents": [{"id": hit.id, "loading": hit.score} for hit in end.documents],
    }
