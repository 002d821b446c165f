"""All that differs between Datasette 0.65 and 1.0."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from datasette import hookimpl

from semsearch.storage import collections, driver, vectors

try:
    from datasette.resources import TableResource  # 1.0a20 and later
except ImportError:
    TableResource = None

IS_1 = TableResource is not None
INTERNAL = ("_semsearch_", "_sqlite_migrations", "sqlite_sequence")  # beginnings of names; vec0 makes the last


async def check_visibility(datasette: Any, actor: Any, database: str, table: str) -> tuple[bool, bool]:
    """Whether the actor may view a table, and whether others may not."""
    if IS_1:
        found = await datasette.check_visibility(actor, action="view-table", resource=TableResource(database, table))
    else:
        cascade = [("view-table", (database, table)), ("view-database", database), "view-instance"]
        found = await datasette.check_visibility(actor, permissions=cascade)
    visible, private = found
    return bool(visible), bool(private)


def is_searchable(name: str) -> bool:
    """Whether a database of this name can hold collections: neither Datasette's own nor the one that joins others."""
    return name not in ("_internal", "_memory")


def stand_in(conn: Any) -> None:
    """Where vec0 is missing, an empty temporary table in the place of each vector table, on this connection alone.

    1.0 asks every table for its columns before it serves anything, and would not start for want of one module.
    """
    with suppress(
        driver.Error
    ):  # a file that is no database, or one whose catalogue is not ours: nothing to stand in for
        for collection in collections.all_collections(conn):
            conn.execute(f"create temp table {vectors.table_name(collection.vector_table)} (id, embedding, norm)")


@hookimpl(optionalhook=True)
def get_metadata(datasette: Any, database: str | None) -> dict[str, Any]:
    """Hides internal tables on 0.65, which takes a hidden name for the beginning of names."""
    names = [database] if database else [name for name in datasette.databases if is_searchable(name)]
    return {"databases": {name: {"tables": {begin: {"hidden": True} for begin in INTERNAL}} for name in names}}


def hide_counters(datasette: Any) -> None:
    """1.0 hides names that begin with `_` itself; SQLite's own table of counters it is told to hide."""
    if not IS_1:
        return
    databases = datasette.config.setdefault("databases", {})
    for name in datasette.databases:
        if is_searchable(name):
            table = databases.setdefault(name, {}).setdefault("tables", {}).setdefault("sqlite_sequence", {})
            table.setdefault("hidden", True)


@hookimpl(optionalhook=True)
def jump_items_sql(datasette: Any) -> Any:
    """The entry in 1.0's jump menu."""
    from datasette.jump import JumpSQL

    return JumpSQL.menu_item(
        label="Search by meaning",
        url=datasette.urls.path("/-/semsearch"),
        description="Collections of semsearch",
    )
