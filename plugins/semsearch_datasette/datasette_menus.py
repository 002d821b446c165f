"""Links from Datasette's own pages to ours: menus of the instance, databases, tables and rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_decode

from semsearch.records import Collection, Dataset
from semsearch.storage import collections, datasets
from semsearch_datasette import links
from semsearch_datasette.compat import IS_1, is_searchable
from semsearch_datasette.connection import quietly
from semsearch_datasette.permissions import visible_collections
from semsearch_datasette.request_cache import once
from semsearch_datasette.target import database_of

Link = dict[str, str]
# For searching a table that has several collections, best first: benchmarks/README.md compares them.
PREFERRED = ("lsa", "contrastive", "prone", "netmf", "deepwalk", "node2vec", "pca", "autoencoder")


async def collections_of(datasette: Any, database: str) -> list[Collection]:
    """The collections of a database; none if it has none or cannot be read."""
    served = datasette.databases.get(database)
    if served is None or not is_searchable(database):
        return []
    # A page of a hundred vectors calls this once for each cell.
    return await once(("collections", database), lambda: quietly(served, collections.undamaged_collections)) or []


async def _visible(datasette: Any, actor: Any, database: str) -> list[Collection]:
    """The collections of a database that the actor may view."""
    every = await collections_of(datasette, database)
    return [collection for collection, _ in await visible_collections(datasette, actor, database, every)]


@hookimpl
def menu_links(datasette: Any) -> list[Link]:
    """The instance's menu."""
    return [{"href": links.home(datasette), "label": "Semantic search"}]


@hookimpl
def database_actions(datasette: Any, actor: Any, database: str) -> Callable[[], Awaitable[list[Link]]]:
    """The menu of a database: its collections, if the actor may view any."""

    async def inner() -> list[Link]:
        if not await _visible(datasette, actor, database):
            return []
        href = links.home(datasette, database)
        return [{"href": href, "label": "Semantic search", "description": "All collections of this database"}]

    return inner


@hookimpl
def table_actions(datasette: Any, actor: Any, database: str, table: str) -> Callable[[], Awaitable[list[Link]]]:
    """The menu of a table: each collection built from its rows that the actor may view."""

    async def inner() -> list[Link]:
        built = [
            collection
            for collection in await _visible(datasette, actor, database)
            if collection.dataset == table and (collection.of != "word" or collection.vocabulary == table)
        ]
        ranked = sorted(built, key=_preference)
        recommended = "Recommended for search. " if len(built) > 1 and _preference(ranked[0]) < len(PREFERRED) else ""
        return [
            {
                "href": links.collection(datasette, database, collection.name),
                "label": _label(collection, len(built)),
                "description": (recommended if collection is ranked[0] else "")
                + f"{collection.count:,} {collection.of}s, vectors of {collection.builder}",
            }
            for collection in ranked
        ]

    return inner


def _preference(collection: Collection) -> int:
    """The place of a collection among those of its table; a builder that is not among the preferred comes last."""
    return PREFERRED.index(collection.builder) if collection.builder in PREFERRED else len(PREFERRED)


def _label(collection: Collection, count: int) -> str:
    """The entry for a collection in the menu of its table; with its name if the table has several."""
    label = {"image": "Similar images", "node": "Similar nodes"}.get(collection.of, "Semantic search")
    return label if count == 1 else f"{label}: {collection.name}"


@hookimpl(optionalhook=True)
def view_actions(datasette: Any, actor: Any, database: str, view: str) -> Callable[[], Awaitable[list[Link]]]:
    """The menu of a collection's own view, on 1.0."""

    async def inner() -> list[Link]:
        matching = [each for each in await _visible(datasette, actor, database) if each.name == view]
        if not matching:
            return []
        return [{"href": links.collection(datasette, database, view), "label": _label(matching[0], 1)}]

    return inner


@hookimpl(optionalhook=True)
def row_actions(datasette: Any, request: Any, database: str, table: str) -> Callable[[], Awaitable[list[Link]]]:
    """A row's menu, on 1.0."""

    async def inner() -> list[Link]:
        return await _row_links(datasette, request.actor, database, table, request.url_vars["pks"])

    return inner


@hookimpl
def extra_template_vars(
    datasette: Any, request: Any, view_name: str, database: str | None, table: str | None
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """The links that our index.html, database.html, table.html and row.html put under the heading of Datasette's pages.

    They are those of the menus, which a visitor may not open. The row page of 1.0 has its own menu.
    """

    async def inner() -> dict[str, Any]:
        actor = request.actor if request else None
        if view_name == "index":
            return {"semsearch_links": menu_links(datasette)}
        if view_name == "database" and database:
            return {"semsearch_links": await database_actions(datasette, actor, database)()}
        if view_name == "table" and database and table:
            return {"semsearch_links": await table_actions(datasette, actor, database, table)()}
        if view_name == "row" and not IS_1 and request is not None and "pks" in request.url_vars:
            name, own = tilde_decode(request.url_vars["table"]), database_of(datasette, request).name
            return {"semsearch_links": await _row_links(datasette, actor, own, name, request.url_vars["pks"])}
        return {}

    return inner


async def _row_links(datasette: Any, actor: Any, database: str, table: str, path: str) -> list[Link]:
    """Links to the most similar rows by each collection of the table that the actor may view.

    `path` is the row's key as in Datasette's URL.
    """
    built = [
        collection
        for collection in await _visible(datasette, actor, database)
        if collection.dataset == table and (collection.of in ("document", "image") or collection.vocabulary == table)
    ]
    if not built:
        return []
    dataset: Dataset | None = await quietly(
        datasette.databases[database], lambda conn: datasets.get_dataset(conn, table)
    )
    if dataset is None or dataset.key_kind == "row":
        return []
    key = path if dataset.key_kind == "compound" else tilde_decode(path)
    return [
        {
            "href": links.similar(datasette, database, collection.name, key),
            "label": "More like this" if len(built) == 1 else f"More like this: {collection.name}",
            "description": "The rows most similar to this one",
        }
        for collection in built
    ]
