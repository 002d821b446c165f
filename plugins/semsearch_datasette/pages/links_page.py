"""`…/links`: the missing edges of a graph that `predict-links` has written into a table."""

from __future__ import annotations

from typing import Any

from semsearch.errors import InputError
from semsearch.records import Hit
from semsearch.storage import results
from semsearch.storage.results import Link
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.compat import check_visibility
from semsearch_datasette.connection import read
from semsearch_datasette.parts.commands import command_line
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.respond import Answer, absolute_url
from semsearch_datasette.target import Target, frame, target_of

Page = tuple[int, list[Link], dict[str, Hit], bool]  # the number of links, those of the page, nodes, whether stale


async def predicted(datasette: Any, request: Any) -> Answer:
    """The predicted links, best first; or the command that computes them."""
    target, part = await target_of(datasette, request), paging(request.args)
    if not target.is_of_nodes:
        raise InputError(f"{target.collection.name} contains {target.collection.of}s, not nodes: it has no links")
    name, database, private = target.collection.name, target.database, target.private
    table = results.table_name(name, "links")
    visible, is_private = await check_visibility(datasette, request.actor, database.name, table)
    exists = visible and await read(database, lambda conn: results.has_links(conn, name))
    private = private or (exists and is_private)
    found: Page = (0, [], {}, False)
    if exists:
        found = await read(database, lambda conn: _look(conn, target, part.k, part.after))
    total, page, hits, stale = found
    titles = {key: title_of(target, hit) for key, hit in hits.items()}
    command = command_line(target, "predict-links") if stale or not exists else None
    next_url = links.next_url(
        part, total, lambda after: links.collection(datasette, database.name, name, "links", k=part.k, after=after)
    )

    def context() -> dict[str, Any]:
        return frame(datasette, target, "links") | {
            "total": total,
            "links": [_row(datasette, target, link, titles) for link in page],
            "exists": exists,
            "is_stale": stale,
            "command": command,
            "links_url": datasette.urls.table(database.name, table) if exists else None,
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "total": total,
        "remark": _remark(name, exists, command),
        "links": [_data(link, titles) for link in page],
        "next_url": absolute_url(datasette, request, next_url),
    }
    return Answer("links.html", context, data, private)


def _look(conn: Any, target: Target, k: int, after: int) -> Page:
    name = target.collection.name
    table = results.table_name(name, "links")
    page = results.links(conn, name, k=k, after=after)
    hits = hits_of(conn, target, list(dict.fromkeys(key for link in page for key in (link.source, link.target))))
    return results.count(conn, table), page, hits, results.is_stale(conn, table, target.collection)


def _remark(name: str, exists: bool, command: str | None) -> str | None:
    if not exists:
        return f"{name} has no predicted links yet. Run: {command}"
    return f"{name} has changed since its links were predicted. Run: {command}" if command else None


def _row(datasette: Any, target: Target, link: Link, titles: dict[str, str]) -> dict[str, Any]:
    """A link as texts and URLs."""
    ends = [
        (titles[key], links.item(datasette, target.database.name, target.collection.name, key))
        for key in (link.source, link.target)
    ]
    return {
        "ends": ends,
        "score": with_minus(f"{link.score:.2f}"),
        "similarity": with_minus(f"{link.similarity:.2f}"),
        "common": f"{link.common:,}",
    }


def _data(link: Link, titles: dict[str, str]) -> dict[str, Any]:
    return {
        "source": {"id": link.source, "title": titles[link.source]},
        "target": {"id": link.target, "title": titles[link.target]},
        "score": link.score,
        "similarity": link.similarity,
        "common": link.common,
    }
