"""The differences between Datasette 0.65 and 1.0."""

from __future__ import annotations

import re
from functools import partial
from hmac import compare_digest
from typing import Any

from datasette import hookimpl

from semsearch_datasette.request_cache import key_of, once

try:
    from datasette.resources import DatabaseResource, TableResource  # 1.0a20 and later
except ImportError:
    DatabaseResource = TableResource = None

IS_1 = TableResource is not None
_UPLOAD = re.compile(r"/-/semsearch/[^/]+/picture$")
INTERNAL = ("_semsearch_", "_sqlite_migrations", "sqlite_sequence")  # prefixes; vec0 makes the last


async def check_visibility(datasette: Any, actor: Any, database: str, table: str) -> tuple[bool, bool]:
    """Whether the actor may view a table, and whether others may not."""
    if actor is None:
        return await allows(datasette, None, database, table), False
    if IS_1:
        resource = TableResource(database, table)
        visible, private = await datasette.check_visibility(actor, action="view-table", resource=resource)
        return bool(visible), bool(private)
    visible = await allows(datasette, actor, database, table)
    return visible, visible and not await allows(datasette, None, database, table)


async def allows(datasette: Any, actor: Any, database: str | None = None, table: str | None = None) -> bool:
    """Whether the actor may view the instance, a database or a table; half the work of `check_visibility`."""
    if not IS_1:
        return await _cascade(datasette, actor, database, table)
    if database is None:
        question: dict[str, Any] = {"action": "view-instance"}
    elif table is None:
        question = {"action": "view-database", "resource": DatabaseResource(database)}
    else:
        question = {"action": "view-table", "resource": TableResource(database, table)}
    return bool(await datasette.allowed(**question, actor=actor))


async def _cascade(datasette: Any, actor: Any, database: str | None, table: str | None) -> bool:
    """The order of 0.65's `ensure_permissions`: the first permission with a verdict decides. The database and the
    instance are checked once per request, however many tables it names."""
    actions: list[tuple[str, Any]] = [] if table is None else [("view-table", (database, table))]
    actions += [*([] if database is None else [("view-database", database)]), ("view-instance", None)]
    for action, resource in actions:
        check = partial(datasette.permission_allowed, actor, action, resource=resource, default=None)
        verdict = await (check() if action == "view-table" else once((action, resource, key_of(actor)), check))
        if verdict is not None:
            return bool(verdict)
    return True


def is_searchable(name: str) -> bool:
    """Whether a database of this name can hold collections: not Datasette's own, nor the one that joins others."""
    return name not in ("_internal", "_memory")


@hookimpl(optionalhook=True)
def get_metadata(datasette: Any, database: str | None) -> dict[str, Any]:
    """Hides internal tables on 0.65, which reads a hidden name as a prefix."""
    names = [database] if database else [name for name in datasette.databases if is_searchable(name)]
    return {"databases": {name: {"tables": {prefix: {"hidden": True} for prefix in INTERNAL}} for name in names}}


def hide_counters(datasette: Any) -> None:
    """1.0 hides names that begin with `_` itself, but not SQLite's own table of counters."""
    if not IS_1:
        return
    databases = datasette.config.setdefault("databases", {})
    for name in datasette.databases:
        if is_searchable(name):
            table = databases.setdefault(name, {}).setdefault("tables", {}).setdefault("sqlite_sequence", {})
            table.setdefault("hidden", True)


@hookimpl(optionalhook=True)
def skip_csrf(datasette: Any, scope: Any) -> bool:
    """0.65's own check cannot read a form with a file (asgi-csrf 0.11 fails with python-multipart 0.0.21 and later), so
    `is_ours` checks the token of our one page with such a form. 1.0 checks the origin of a request and needs no
    token."""
    return not IS_1 and bool(_UPLOAD.search(scope["path"]))


def is_ours(request: Any, token: str) -> bool:
    """Whether a form was made by a page of this server: its token must be that of the visitor's cookie.

    A request without a cookie has no rights to abuse. On 1.0 Datasette has checked already.
    """
    if IS_1 or not request.headers.get("cookie"):
        return True
    return compare_digest(token.encode(), str(request.scope["csrftoken"]()).encode())


@hookimpl(optionalhook=True)
def jump_items_sql(datasette: Any) -> Any:
    """The entry in 1.0's jump menu."""
    from datasette.jump import JumpSQL

    return JumpSQL.menu_item(
        label="Semantic search",
        url=datasette.urls.path("/-/semsearch"),
        description="Search texts, words, images and graphs by similarity",
    )
