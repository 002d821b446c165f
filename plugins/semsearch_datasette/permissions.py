"""Permissions.

A page of a collection needs view-table on every table that the collection was made of, wherever these are now
(semsearch.storage.lineage), and on the table whose rows it shows. Tables derived from one (views of its collections,
vectors, vocabularies, full text, the catalogue) are denied to those who may not view the source, on Datasette's own
pages too: by `permission_allowed` on 0.65, by `permission_resources_sql` on 1.0. Both only deny: whoever may view the
source may view the derived tables, as far as Datasette's own rules allow.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextvars import Context, ContextVar
from dataclasses import replace
from typing import Any, TypeVar

from datasette import hookimpl

from semsearch.records import Collection, Dataset, Run
from semsearch.storage import driver
from semsearch.storage.lineage import Lineage, fingerprint, lineage
from semsearch.storage.sources import folded
from semsearch_datasette.compat import allows, is_searchable
from semsearch_datasette.request_cache import key_of, known, once, share
from semsearch_datasette.result_cache import DatabaseCaches

Result = TypeVar("Result")

_lineages: DatabaseCaches[Lineage] = DatabaseCaches(1)  # by the file's fingerprint; names of tables are folded
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


async def visibility(
    datasette: Any, actor: Any, database: str, collection: Collection, dataset: Dataset | None = None
) -> tuple[bool, bool]:
    """Whether the actor may view a collection, and whether others may not.

    Its view and all that its run read must be viewable, and the tables whose rows its pages show: of its dataset, and
    for nodes of the edges, which may be other tables of the same names now.
    """
    made_of = await _lineage_of(datasette, database)
    if made_of is None:
        return False, False
    edges = dataset.edges.table if dataset is not None and dataset.edges and collection.of == "node" else None
    shown = {collection.name, collection.dataset, *filter(None, [edges])}
    return await _visibility(datasette, actor, database, made_of.of_run(collection.run) | shown)


async def visible_collections(
    datasette: Any, actor: Any, database: str, some: Iterable[Collection]
) -> list[tuple[Collection, bool]]:
    """Those of some collections that the actor may view, each with whether others may not."""
    verdicts = [(each, *await visibility(datasette, actor, database, each)) for each in some]
    return [(each, private) for each, visible, private in verdicts if visible]


async def visible_runs(datasette: Any, actor: Any, database: str, runs: Iterable[Run]) -> list[Run]:
    """Those of some runs whose sources the actor may view, each with the names of collections that he may view."""
    made_of = await _lineage_of(datasette, database)
    result = []
    for run in runs:
        sources = frozenset() if made_of is None else made_of.of_run(run.id)
        if made_of is not None and (await _visibility(datasette, actor, database, sources))[0]:
            names = [name for name in run.collections if await _may_view_source(datasette, actor, database, name)]
            result.append(replace(run, collections=tuple(names)))
    return result


async def _visibility(datasette: Any, actor: Any, database: str, tables: Iterable[str]) -> tuple[bool, bool]:
    private = False
    for table in sorted(tables):
        if not await _may_view_source(datasette, actor, database, table):
            return False, False
        private = private or (actor is not None and not await _may_view_source(datasette, None, database, table))
    return True, private


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
        made_of = await _lineage_of(datasette, database)
        if made_of is None:
            return False
        for source in made_of.tables.get(folded(table), ()):
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
    lineages = await asyncio.gather(*(_lineage_of(datasette, name) for name in names))
    denied: list[tuple[str, str]] = []
    for database, made_of in zip(names, lineages, strict=True):
        tables = {} if made_of is None else made_of.tables
        sources = sorted({source for some in tables.values() for source in some})
        hidden = {source for source in sources if not await _may_view_source(datasette, actor, database, source)}
        denied += [(database, table) for table, some in tables.items() if some & hidden]
    return denied, [name for name, made_of in zip(names, lineages, strict=True) if made_of is None]


async def _lineage_of(datasette: Any, name: str) -> Lineage | None:
    """What was made of what in a database; None where that cannot be read and never was."""
    return await once(("lineage", name), lambda: _read_lineage(datasette.databases[name]))


async def _read_lineage(database: Any) -> Lineage | None:
    """A file that cannot be read now (locked, damaged) keeps what was last known of it.

    Without those the result is None and all its tables are denied, because a file that becomes readable must not show
    what should be hidden.
    """
    try:
        result: Lineage = await database.execute_fn(lambda conn: look_at_lineage(conn, database, fingerprint(conn)))
    except (driver.Error, OSError):
        return _lineages.of(database).latest()
    return result


def look_at_lineage(conn: Any, database: Any, now: Any) -> Lineage:
    """What was made of what, by a connection: read again only when `now`, the file's fingerprint, is not the last."""

    def read() -> Lineage:
        made_of = lineage(conn)
        return replace(made_of, tables={folded(name): sources for name, sources in made_of.tables.items()})

    return _lineages.of(database).get_or_compute(now, read)


def remember_lineage(database: Any, made_of: Lineage) -> None:
    """For the rest of this request: what a page has read on the way, so that its permission checks need not."""
    known()[("lineage", database.name)] = made_of


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
    context.run(share, known())
    return await context.run(asyncio.ensure_future, check)


def _permission_key(actor: Any, database: str, table: str) -> tuple[str, ...]:
    """The key under which a request keeps whether an actor may view a table."""
    return ("may view", database, table, key_of(actor))
