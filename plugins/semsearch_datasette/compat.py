"""All that differs between Datasette 0.65 and 1.0."""

from __future__ import annotations

from typing import Any

from datasette import hookimpl

try:
    from datasette.resources import TableResource  # 1.0a20 and later
except ImportError:
    TableResource = None

IS_1 = TableResource is not None
PREFIX = "_semsearch_"


async def check_visibility(datasette: Any, actor: Any, database: str, table: str) -> tuple[bool, bool]:
    """Whether the actor may view a table, and whether others may not."""
    if IS_1:
        found = await datasette.check_visibility(actor, action="view-table", resource=TableResource(database, table))
    else:
        cascade = [("view-table", (database, table)), ("view-database", database), "view-instance"]
        found = await datasette.check_visibility(actor, permissions=cascade)
    visible, private = found
    return bool(visible), bool(private)


@hookimpl(optionalhook=True)
def get_metadata(datasette: Any, database: str | None) -> dict[str, Any]:
    """Hides our internal tables on 0.65, which takes a hidden name for the beginning of names. 1.0 hides `_` itself."""
    names = [database] if database else [name for name in datasette.databases if not name.startswith("_")]
    return {"databases": {name: {"tables": {PREFIX: {"hidden": True}}} for name in names}}


@hookimpl(optionalhook=True)
def jump_items_sql(datasette: Any) -> Any:
    """The entry in 1.0's jump menu."""
    from datasette.jump import JumpSQL

    return JumpSQL.menu_item(
        label="Search by meaning",
        url=datasette.urls.path("/-/semsearch"),
        description="Collections of semsearch",
    )
