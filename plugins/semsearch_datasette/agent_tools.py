"""The tools for language models (semsearch.tools) through datasette-mcp and datasette-agent, where these are installed.

Each call answers as the actor of its request: a collection that the actor may not view does not exist for him.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl

from semsearch.errors import DatabaseError, SemsearchError
from semsearch.records import Collection, Dataset
from semsearch.storage import collections, connect, datasets, driver
from semsearch.storage.damage import UNFIT
from semsearch.tools.answers import as_json
from semsearch.tools.signature import LIST, NAMES, described
from semsearch.tools.subject import Subject, choose
from semsearch.tools.toolbox import TOOLS, describe, list_collections
from semsearch_datasette import links
from semsearch_datasette.compat import allows, is_searchable
from semsearch_datasette.connection import read
from semsearch_datasette.permissions import visibility, visible_collections
from semsearch_datasette.request_cache import in_own_memory

PREFIX = "semsearch_"  # other plugins have tools called search, too
Listed = tuple[str, Collection, Dataset]  # the first is the name of the database


async def answer(datasette: Any, actor: Any, name: str, arguments: dict[str, Any], host: Any = None) -> str:
    """The answer of a tool for an actor, as JSON. `host` makes URLs absolute. Raises SemsearchError."""
    if name == LIST:
        listed = await _visible(datasette, actor)
        about = [
            describe(each, where, dataset.language, _link(datasette, where, each.name, host)("", None))
            for where, each, dataset in listed
        ]
        return as_json(list_collections(about, **arguments))
    wanted = str(arguments.pop("collection"))
    listed = await _visible(datasette, actor, wanted) or await _visible(datasette, actor)
    database, collection = choose(wanted, [(where, each.name) for where, each, _ in listed])
    chosen = next(each for where, each, _ in listed if (where, each.name) == (database, collection))
    together = await _together(datasette, actor, database, chosen)

    def call(conn: Any) -> str:
        opened = collections.open_collection(conn, collection)
        if opened.collection.run != chosen.run:  # its sources may be others now
            raise DatabaseError(f"{collection} was built anew a moment ago: repeat the question")
        subject = Subject(conn, database, opened, together, _link(datasette, database, collection, host))
        return as_json(TOOLS[name](subject, **arguments))

    return await _explained(database, read(datasette.databases[database], call))


def _link(datasette: Any, database: str, collection: str, host: Any) -> Callable[[str, str | int | None], str]:
    address = links.collection(datasette, database, collection)
    address = address if host is None else host(address)
    return lambda page, key: address if key is None else links.of_item(address, page, key)


async def _visible(datasette: Any, actor: Any, wanted: str | None = None) -> list[Listed]:
    """The collections of all databases that an actor may view, or only those that a name can mean.

    A database that cannot be read has none.
    """
    result: list[Listed] = []
    for name in datasette.databases:
        if not is_searchable(name) or not await allows(datasette, actor, name):
            continue
        try:
            every = await read(datasette.databases[name], _catalogue)
        except SemsearchError:
            continue
        for each, dataset in every:
            is_meant = wanted is None or wanted in (each.name, f"{name}/{each.name}")
            if is_meant and (await visibility(datasette, actor, name, each, dataset))[0]:
                result.append((name, each, dataset))
    return result


async def _together(datasette: Any, actor: Any, database: str, chosen: Collection) -> tuple[Collection, ...]:
    """The collections of a run that the actor may view."""
    parts = await read(datasette.databases[database], lambda conn: collections.of_run(conn, chosen.run))
    return tuple([each for each, _ in await visible_collections(datasette, actor, database, parts)])


def _catalogue(conn: Any) -> list[tuple[Collection, Dataset]]:
    """All collections with their datasets."""
    if not connect.has_catalogue(conn):
        return []
    known = {each.name: each for each in datasets.all_datasets(conn)}
    return [(each, known[each.dataset]) for each in collections.all_collections(conn) if each.dataset in known]


async def _explained(database: str, asked: Awaitable[str]) -> str:
    """The answer. Raises SemsearchError for whatever is wrong with the file, without its path."""
    try:
        return await asked
    except driver.Error as error:
        raise connect.plain(error, database) from error
    except OSError as error:
        raise DatabaseError(f"{database} cannot be read: its file was moved or deleted") from error
    except UNFIT as error:
        raise DatabaseError(f"Stored values of {database} do not fit together: `semsearch doctor` finds why") from error


@hookimpl(optionalhook=True)
def register_mcp_tools(datasette: Any, mcp: Any) -> None:
    """Our tools at `/-/mcp` of datasette-mcp."""
    from mcp.server.mcpserver import Context
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp.types import ToolAnnotations

    first = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=Context)
    notes = ToolAnnotations(read_only_hint=True, open_world_hint=False)

    def tool(name: str) -> Callable[..., Awaitable[str]]:
        async def call(ctx: Any, **arguments: Any) -> str:
            request = ctx.request_context.request
            actor = request.scope.get("actor")
            try:
                # A session of the protocol outlives its first request, so each call has a memory of its own.
                return await in_own_memory(answer(datasette, actor, name, arguments, _host(datasette, request)))
            except SemsearchError as error:
                raise ToolError(str(error)) from error

        return call

    for name in NAMES:
        mcp.add_tool(
            described(name, tool(name), (first,)), name=PREFIX + name, annotations=notes, structured_output=False
        )


def _host(datasette: Any, request: Any) -> Callable[[str], str]:
    """Makes the URL of a page absolute, as Datasette does for the request that asks."""
    from datasette import Request

    asked = Request(request.scope, None)
    return lambda url: str(datasette.absolute_url(asked, url))


@hookimpl(optionalhook=True)
def register_agent_tools(datasette: Any) -> list[Any]:
    """Our tools for datasette-agent, which calls them with the Datasette and the actor."""
    import llm
    from datasette_agent.tools import AgentTool

    def tool(name: str) -> Callable[..., Awaitable[str]]:
        async def call(datasette: Any, actor: Any, **arguments: Any) -> str:
            try:
                return await in_own_memory(answer(datasette, actor, name, arguments))
            except SemsearchError as error:
                return as_json({"error": str(error)})

        return call

    schemas = {name: llm.Tool.function(described(name, tool(name))) for name in NAMES}
    return [
        AgentTool(PREFIX + name, each.description or "", each.input_schema, tool(name))
        for name, each in schemas.items()
    ]
