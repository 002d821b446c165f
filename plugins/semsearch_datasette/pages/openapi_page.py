"""`/-/semsearch/openapi.json`: the JSON of all pages, described for programs."""

from __future__ import annotations

import json
from typing import Any

from datasette import Forbidden, Response
from datasette.utils import add_cors_headers

from semsearch_datasette.compat import allows
from semsearch_datasette.endpoints import openapi


async def describe(datasette: Any, request: Any) -> Any:
    """The OpenAPI description, for all users who may view the instance. It names no database and no collection."""
    if not await allows(datasette, request.actor, None):
        raise Forbidden("You do not have permission to view this")
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
    body = json.dumps(openapi(), ensure_ascii=False, indent=2)
    return Response(body, headers=headers, content_type="application/json; charset=utf-8")
