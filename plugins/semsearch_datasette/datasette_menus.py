"""Links to our pages from Datasette's own: menus of the instance, databases, tables, rows; cells that hold vectors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_decode
from markupsafe import Markup, escape

from semsearch.records import Collection, Dataset
from semsearch.storage import collections, datasets
from semsearch_datasette import links
from semsearch_datasette.compat import IS_1, is_searchable
from semsearch_datasette.connection import quietly
from semsearch_datasette.permissions import may_view
from semsearch_datasette.request_cache import once
from semsearch_datasette.target import database_of

Link = dict[str, str]
FLOAT_BYTES = 4


async def _collections(datasette: Any, database: str) -> list[Collection]:
    """The collections of a database, none where it has none or cannot be read."""
    found = datasette.databases.get(database)
    if found is None or not is_searchable(database):
        return []
    # A page of a hundred vectors asks once for each cell.
    return await once(("collections", database), lambda: quietly(found, collections.all_collections)) or []


@hookimpl
def menu_links(datasette: Any) -> list[Link]:
    """The instance's menu."""
    return [{"href": links.home(datasette), "label": "Search by meaning"}]


@hookimpl
def database_actions(datasette: Any, actor: Any, database: str) -> Callable[[], Awaitable[list[Link]]]:
    """A database's menu: its collections, if the actor may see any."""

    async def inner() -> list[Link]:
        for table in sorted({collection.dataset for collection in await _collections(datasette, database)}):
            if await may_view(datasette, actor, database, table):
                href = links.home(datasette, database)
                return [{"href": href, "label": "Search by meaning", "description": "Collections in this database"}]
        return []

    return inner


@hookimpl
def table_actions(datasette: Any, actor: Any, database: str, table: str) -> Callable[[], Awaitable[list[Link]]]:
    """A table's menu: each collection made of its rows. The actor sees the table already."""

    async def inner() -> list[Link]:
        made = [
            found
            for found in await _collections(datasette, database)
            if found.dataset == table and (found.of != "word" or found.vocabulary == table)
        ]
        return [
            {
                "href": links.collection(datasette, database, found.name),
                "label": "Search by meaning" if len(made) == 1 else f"Search by meaning: {found.name}",
                "description": f"{found.count:,} {found.of}s in {found.name}",
            }
            for found in made
        ]

    return inner


@hookimpl(optionalhook=True)
def view_actions(datasette: Any, actor: Any, database: str, view: str) -> Callable[[], Awaitable[list[Link]]]:
    """The menu of a collection's own view, on 1.0."""

    async def inner() -> list[Link]:
        named = [found for found in await _collections(datasette, database) if found.name == view]
        if not named or not await may_view(datasette, actor, database, named[0].dataset):
            return []
        return [{"href": links.collection(datasette, database, view), "label": "Search by meaning"}]

    return inner


@hookimpl(optionalhook=True)
def row_actions(datasette: Any, request: Any, database: str, table: str) -> Callable[[], Awaitable[list[Link]]]:
    """A row's menu, on 1.0."""

    async def inner() -> list[Link]:
        return await _row_links(datasette, database, table, request.url_vars["pks"])

    return inner


@hookimpl
def extra_template_vars(datasette: Any, request: Any, view_name: str) -> Callable[[], Awaitable[dict[str, Any]]]:
    """The same links for a row page of 0.65, which has no menu: our row.html puts them under its heading."""

    async def inner() -> dict[str, Any]:
        if IS_1 or view_name != "row" or request is None or "pks" not in request.url_vars:
            return {}
        database = database_of(datasette, request).name
        table = tilde_decode(request.url_vars["table"])
        return {"semsearch_row_links": await _row_links(datasette, database, table, request.url_vars["pks"])}

    return inner


async def _row_links(datasette: Any, database: str, table: str, path: str) -> list[Link]:
    """To a row's neighbours in each collection made of its table; `path` is the row's key as Datasette's URL has it."""
    made = [
        found
        for found in await _collections(datasette, database)
        if found.dataset == table and (found.of in ("document", "image") or found.vocabulary == table)
    ]
    if not made:
        return []
    dataset: Dataset | None = await quietly(
        datasette.databases[database], lambda conn: datasets.get_dataset(conn, table)
    )
    if dataset is None or dataset.key_kind == "row":
        return []
    key = path if dataset.key_kind == "compound" else tilde_decode(path)
    return [
        {
            "href": links.similar(datasette, database, found.name, key),
            "label": "More like this" if len(made) == 1 else f"More like this: {found.name}",
            "description": "Rows nearest to this one in meaning",
        }
        for found in made
    ]


@hookimpl
def render_cell(row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any) -> Any:
    """A vector in a collection's view as its length and a link to the item's neighbours."""
    if column != "embedding" or not isinstance(value, bytes) or not table or not value or len(value) % FLOAT_BYTES:
        return None

    async def inner() -> Markup | None:
        found = next((found for found in await _collections(datasette, database) if found.name == table), None)
        if found is None or found.dim * FLOAT_BYTES != len(value):
            return None
        columns = row.keys()  # a row of SQLite: `in row` would look among its values
        if "id" not in columns:
            return Markup(f"{found.dim} floats")  # left out by ?_nocol=id; Datasette's own link to a BLOB fails then
        href = links.similar(datasette, database, table, row["id"])
        return Markup(f'{found.dim} floats · <a href="{escape(href)}">similar →</a>')

    return inner
