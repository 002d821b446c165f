"""Who may see what: a page needs view-table on the table whose rows it shows."""

from __future__ import annotations

from typing import Any

from datasette import Forbidden

from semsearch_datasette.compat import check_visibility


async def may_view(datasette: Any, actor: Any, database: str, table: str) -> bool:
    """Whether the actor may view a table."""
    visible, _ = await check_visibility(datasette, actor, database, table)
    return visible


async def ensure_view(datasette: Any, actor: Any, database: str, table: str) -> bool:
    """Forbidden unless the actor may view the table; whether others may not."""
    visible, private = await check_visibility(datasette, actor, database, table)
    if not visible:
        raise Forbidden("You do not have permission to view this table")
    return private
