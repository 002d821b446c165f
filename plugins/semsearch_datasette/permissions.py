"""Permissions.

A page needs view-table on the table whose rows it shows. Tables derived from one (views of its collections, vectors,
vocabularies, full text, the catalogue) are denied to those who may not view the source, on Datasette's own pages too:
by `permission_allowed` on 0.65, by `permission_resources_sql` on 1.0. Both only deny: whoever may view the source may
view the derived tables, as far as Datasette's own rules allow.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextvars import Context, ContextVar
from typing import Any, TypeVar

from datasette import Forbidden, hookimpl

from semsearch.storage import driver
from semsearch.storage.lineage import derived_tables, fingerprint
from semsearch_datasette.compat import allows, check_visibility, is_searchable
from semsearch_datasette.request_cache import key_of, known, once
from semsearch_datasette.result_cache import DatabaseCaches

Result = TypeVar("Result")
Derived = Mapping[str, frozenset[str]]

_derived: DatabaseCaches[Derived] = DatabaseCaches(1)  # by the file's fingerprint; names are folded
_checking_source: ContextVar[bool] = ContextVar("semsearch_checking_source", default=False)

_DENIED = """
select json_extract(value, '$[0]') as parent, json_extract(value, '$[1]') as child, 0 as allow,
       'derived from a table that may not be viewed' as reason
  from json_each(:semsearch_denied)
"""
_UNREADABLE = """
union all
select database_name, table_name, 0, 'semsearch cannot read which tables are derived from others'
  from (select database_name, table_name from catalog_tables union all
        select database_name, view_name from catalog_views union all
        select database_name, null from catalog_databases)
 where database_name in (select value from json_each(:semsearch_unreadable))
"""


async def may_view(datasette: Any, actor: Any, database: str, table: str) -> bool:
    """Whether the actor may view a table."""
    visible, _ = await check_visibility(datasette, actor, database, table)
    return visible


async def ensure_view(datasette: Any, actor: Any, database: str, *tables: str) -> bool:
    """Whether others may not view these tables and views. Raises Forbidden if the actor may not."""
    private = False
    for table in tables:
        visible, is_private = await check_visibility(datasette, actor, database, table)
        if not visible:
            raise Forbidden("You do not have permission to view this table")
        known()[_permission_key(actor, database, table)] = (
            True  # so that it is not checked again as the source of others
        )
        private = private or is_private
    return private


@hookimpl(optionalhook=True, trylast=True)
def permission_allowed(
    datasette: Any, actor: Any, action: str, resource: Any
) -> Callable[[], Awaitable[bool | None]] | None:
    """Deny a derived table on 0.65, which checks one table at a time and takes the last answer."""
    if action != "view-table" or not resource or _checking_source.get():
        return None

    async def inner() -> bool | None:
        database, table = resource
        if database not in datasette.databases or not is_searchable(database):
            return None
        derived = await _derived_of(datasette, database)
        if derived is None:
            return False
        for source in derived.get(_folded(table), ()):
            if not await _may_view_source(datasette, actor, database, source):
                return False
        return None

    return inner


@hookimpl(optionalhook=True)
def permission_resources_sql(datasette: Any, actor: Any, action: str) -> Callable[[], Awaitable[Any]] | None:
    """The rules that deny derived tables on 1.0, as SQL on its internal database."""
    if action != "view-table" or _checking_source.get():
        return None

    async def inner() -> Any:
        denied, unreadable = await once(("denied", key_of(actor)), lambda: _all_denied(datasette, actor))
        if not denied and not unreadable:
            return None
        from datasette.permissions import PermissionSQL

        sql = _DENIED + (_UNREADABLE if unreadable else "")
        params = {"semsearch_denied": json.dumps(denied)}
        if unreadable:
            params["semsearch_unreadable"] = json.dumps(unreadable)
        return PermissionSQL(sql=sql, params=params, source="semsearch")

    return inner


async def _all_denied(datasette: Any, actor: Any) -> tuple[list[tuple[str, str]], list[str]]:
    """The tables denied to an actor, as database and table; and the databases that cannot be read."""
    names = [name for name in datasette.databases if is_searchable(name)]
    lineages = await asyncio.gather(*(_derived_of(datasette, name) for name in names))
    denied: list[tuple[str, str]] = []
    for database, derived in zip(names, lineages, strict=True):
        sources = sorted({source for some in (derived or {}).values() for source in some})
        hidden = {source for source in sources if not await _may_view_source(datasette, actor, database, source)}
        denied += [(database, table) for table, some in (derived or {}).items() if some & hidden]
    return denied, [name for name, derived in zip(names, lineages, strict=True) if derived is None]


async def _derived_of(datasette: Any, name: str) -> Derived | None:
    """The sources of each derived table of a database; None if they cannot be read and never were."""
    return await once(("derived", name), lambda: _read_derived(datasette.databases[name]))


async def _read_derived(database: Any) -> Derived | None:
    """The sources of each derived table; of a file that cannot be read now (locked, damaged), those read last.

    Without those the result is None and all its tables are denied, because a file that becomes readable must not show
    what should be hidden.
    """
    try:
        result: Derived = await database.execute_fn(lambda conn: look_at_derived(conn, database, fingerprint(conn)))
    except driver.Error:
        return _derived.of(database).latest()
    return result


def look_at_derived(conn: Any, database: Any, now: Any) -> Derived:
    """The sources of each derived table, read by a connection unless `now`, the file's fingerprint, is unchanged."""

    def read() -> Derived:
        return {_folded(name): sources for name, sources in derived_tables(conn).items()}

    return _derived.of(database).get_or_compute(now, read)


def remember_derived(database: Any, derived: Derived) -> None:
    """Keep the sources that a page has read for the permission checks of the same request."""
    known()[("derived", database.name)] = derived


async def _may_view_source(datasette: Any, actor: Any, database: str, source: str) -> bool:
    return await once(
        _permission_key(actor, database, source), lambda: _without_hooks(allows(datasette, actor, database, source))
    )


async def _without_hooks(check: Coroutine[Any, Any, Result]) -> Result:
    """Datasette's answer for a table without our hooks, in a separate context.

    With the hooks the check of a source would check that source's sources, without end. The context is separate,
    because 1.0 keeps answers for the rest of a request, and one given without our hooks must not stay.
    """
    context = Context()
    context.run(_checking_source.set, True)
    return await context.run(asyncio.ensure_future, check)


def _permission_key(actor: Any, database: str, table: str) -> tuple[str, ...]:
    """The key under which a request keeps whether an actor may view a table."""
    return ("may view", database, table, key_of(actor))


def _folded(name: str) -> str:
    """A name in lower case as SQLite compares names: only ASCII letters are folded."""
    return name.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")
