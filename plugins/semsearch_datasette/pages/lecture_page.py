"""`/-/semsearch/lecture`: the guide to the techniques, with the collections of the reader that show each of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from semsearch.records import Collection
from semsearch.technique import Technique
from semsearch.techniques import GUIDE
from semsearch_datasette import links
from semsearch_datasette.compat import is_searchable
from semsearch_datasette.pages import home_page
from semsearch_datasette.parts.how import marked_up
from semsearch_datasette.respond import Answer

MAX_COLLECTIONS = 6  # linked from one technique


async def lecture(datasette: Any, request: Any) -> Answer:
    """All techniques in the order of the lecture."""
    searchable = [database for database in datasette.databases.values() if is_searchable(database.name)]
    visible, private = [], False
    for database in searchable:
        group, is_private = await home_page.visible_group(datasette, request, database)
        visible += [(database.name, entry["collection"]) for entry in group["collections"]]
        private = private or is_private
    parts = [
        {
            "title": part.title,
            "rows": [
                {
                    "technique": technique,
                    "what": marked_up(technique.what),
                    "look_at": marked_up(technique.look_at),
                    "collections": _collections(datasette, visible, technique),
                }
                for technique in part.techniques
            ],
        }
        for part in GUIDE
    ]
    data = {"parts": [{"title": part.title, "techniques": [asdict(row) for row in part.techniques]} for part in GUIDE]}
    context = {"parts": parts, "home_url": links.home(datasette)}
    return Answer("lecture.html", lambda: context, data, private)


def _collections(datasette: Any, visible: list[tuple[str, Collection]], technique: Technique) -> list[tuple[str, str]]:
    """Names and addresses of collections that show a technique, at its page (their search page for an item's)."""
    page = technique.page.partition("?")[0].partition("/")[2]
    page = "" if page.startswith("item") else page
    shown = [
        (f"{database}: {collection.name}", links.collection(datasette, database, collection.name, page))
        for database, collection in visible
        if collection.builder in technique.builders
    ]
    return shown[:MAX_COLLECTIONS]
