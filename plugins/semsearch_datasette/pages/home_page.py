"""`/-/semsearch` and `/DATABASE/-/semsearch`: every collection the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasette import Forbidden

from semsearch import present
from semsearch.errors import SemsearchError
from semsearch.records import Collection, Of, Run
from semsearch.search.models import takes_text
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.compat import allows, is_searchable
from semsearch_datasette.connection import missing, read
from semsearch_datasette.pages.training_page import visible_trainings
from semsearch_datasette.parts.lookup import search_label
from semsearch_datasette.parts.numbers import unbroken
from semsearch_datasette.permissions import visible_collections
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import database_of

KIND_ORDER: tuple[Of, ...] = ("document", "word", "image", "node", "row")


async def home(datasette: Any, request: Any) -> Answer:
    """The collections of all databases, or of the one that the URL names."""
    if "database" in request.url_vars:
        chosen = [database_of(datasette, request)]
    else:
        chosen = [database for database in datasette.databases.values() if is_searchable(database.name)]
    groups, private = [], False
    for database in chosen:
        group, is_private = await visible_group(datasette, request, database)
        groups.append(group)
        private = private or is_private
    listed = [entry for group in groups for entry in group["collections"]]
    database_name = chosen[0].name if "database" in request.url_vars else None
    if not listed and not await allows(datasette, request.actor, database_name):
        raise Forbidden("You do not have permission to view this")
    trainings = [
        (database.name, len(told), links.training(datasette, database.name))
        for database in chosen
        if (told := await _trainings(datasette, request, database))
    ]
    context = {
        "groups": [group for group in groups if group["collections"] or group["problem"]],
        "database": database_name,
        "lecture_url": links.lecture(datasette),
        "trainings": trainings,
        "has_collections": bool(listed),
        "missing": missing(),
    }
    data = {"collections": [entry["row"] for entry in listed], "next_url": None}
    return Answer("home.html", lambda: context, data, private)


async def _trainings(datasette: Any, request: Any, database: Any) -> list[Any]:
    """The trainings of a database that the actor may see; none of a file that cannot be read."""
    try:
        return (await visible_trainings(datasette, request.actor, database))[0]
    except SemsearchError:
        return []


async def visible_group(datasette: Any, request: Any, database: Any) -> tuple[dict[str, Any], bool]:
    """The collections of a database that the actor may see, or why the database cannot be read."""

    def look(conn: Any) -> tuple[list[Collection], list[Run]]:
        return collections.undamaged_collections(conn), collections.all_runs(conn, skip_damaged=True)

    group: dict[str, Any] = {"database": database.name, "url": datasette.urls.database(database.name)}
    try:
        every, runs = await read(database, look)
    except SemsearchError as error:
        problem = str(error) if await allows(datasette, request.actor, database.name) else None
        return {**group, "collections": [], "runs": [], "problem": problem}, False
    shown = await visible_collections(datasette, request.actor, database.name, every)
    entries = [_entry(datasette, request, database.name, collection, runs) for collection, _ in shown]
    private = any(is_private for _, is_private in shown)
    return {**group, "collections": entries, "runs": _by_run(entries), "problem": None}, private


def _by_run(entries: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The collections of each run together, in the order of their builder: documents, then words. Runs are ordered by
    the kind of their first collection."""
    runs: dict[int, list[dict[str, Any]]] = {}
    for entry in entries:
        runs.setdefault(entry["collection"].run, []).append(entry)
    ordered = [sorted(siblings, key=lambda entry: entry["collection"].id) for siblings in runs.values()]
    return sorted(ordered, key=lambda siblings: KIND_ORDER.index(siblings[0]["collection"].of))


def _entry(datasette: Any, request: Any, database: str, collection: Collection, runs: Sequence[Run]) -> dict[str, Any]:
    run = next((run for run in runs if run.id == collection.run), None)
    href = links.collection(datasette, database, collection.name)
    row = {"database": database} | present.collection_row(collection, run.seconds if run else None)
    row["url"] = datasette.absolute_url(request, href)
    return {
        "collection": collection,
        "purpose": present.purpose(collection),
        "is_by_name": not takes_text(collection),
        "search_label": search_label(collection, takes_text(collection)),
        "run": run,
        "duration": unbroken(present.took_seconds(run.seconds)) if run else None,
        "href": href,
        "runs_url": links.collection(datasette, database, collection.name, "runs"),
        "table_url": datasette.urls.table(database, collection.dataset),
        "row": row,
    }
