"""The least that a plugin's page costs: one row by its key, as JSON. What the search page is measured beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datasette import Response, hookimpl


async def page(datasette: Any, request: Any) -> Any:
    """One item of the catalogue."""
    database = datasette.get_database(request.url_vars["database"])
    last = "(select max(item) from _semsearch_items)"
    found = await database.execute(f"select item, key from _semsearch_items where item = {last}")
    return Response.json([dict(row) for row in found.rows])


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    """Datasette calls this once."""
    return [(r"^/-/one-query/(?P<database>[^/]+)$", page)]
