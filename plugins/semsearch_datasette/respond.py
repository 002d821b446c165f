"""From a page's function to HTML or JSON: routes, status codes, ETags and CORS."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any

from datasette import NotFound, Response
from datasette.utils import add_cors_headers
from datasette.utils.asgi import BadRequest
from datasette.views.base import DatasetteError

from semsearch.errors import SemsearchError, as_argument
from semsearch.storage import connect, driver
from semsearch.web import status_of

STYLE = "semsearch.css"
_TITLES = {503: "Search is not available"}


@dataclass(frozen=True)
class Answer:
    """The result of a page: a function that makes the `context` of its template, the `data` of its JSON, and whether it
    is `private`. A request for the JSON makes no context."""

    template: str
    context: Callable[[], Mapping[str, Any]]
    data: Mapping[str, Any]
    private: bool = False


@dataclass(frozen=True)
class Elsewhere:
    """A redirect to the canonical URL of a page."""

    url: str


@dataclass(frozen=True)
class Png:
    """An image. `lasting`: its URL identifies its content, so browsers may cache it for ever."""

    content: bytes
    private: bool = False
    lasting: bool = False


View = Callable[[Any, Any], Awaitable["Answer | Elsewhere | Png"]]


def wants_json(request: Any) -> bool:
    """Whether a request is for the JSON twin of a page."""
    return bool(request.url_vars["format"])


def absolute_url(datasette: Any, request: Any, url: str | None) -> str | None:
    """A URL with its host, for the JSON; None stays None."""
    return datasette.absolute_url(request, url) if url else None


def route(path: str, view: View) -> tuple[str, Callable[..., Awaitable[Any]]]:
    """A page's URL and its JSON twin's, with a function that answers both."""

    @wraps(view)
    async def respond(datasette: Any, request: Any) -> Any:
        if request.method not in ("GET", "HEAD"):
            return Response.text("Method not allowed: use GET or HEAD", status=405)
        try:
            answer = await view(datasette, request)
        except SemsearchError as error:
            raise as_datasette(error) from error
        except driver.Error as error:  # 1.0 reads the file for its permissions, so it meets a damaged file first
            name = request.url_vars.get("database", "the database")
            raise as_datasette(connect.plain(error, name)) from error
        if isinstance(answer, Elsewhere):
            return Response.redirect(answer.url)
        if isinstance(answer, Png):
            return _png(request, answer)
        return await (_json if wants_json(request) else _html)(datasette, request, answer)

    return f"^{path}(?P<format>\\.json)?$", respond


def as_datasette(error: SemsearchError) -> Exception:
    """The exception that Datasette answers with its own page, or its own JSON."""
    status = status_of(error)
    if status == 404:
        # What follows lists what else there is, and the actor may not be allowed to see it.
        return NotFound(str(error).partition(": ")[0])
    if status == 400:
        return BadRequest(as_argument(str(error)))
    return DatasetteError(str(error), title=_TITLES.get(status), status=status)


async def _json(datasette: Any, request: Any, answer: Answer) -> Any:
    body = json.dumps({"ok": True, **answer.data}, default=str, ensure_ascii=False)
    return _with_headers(datasette, request, answer, body, "application/json; charset=utf-8")


async def _html(datasette: Any, request: Any, answer: Answer) -> Any:
    twin = _twin(datasette, request)
    context = {
        **answer.context(),
        "private": answer.private,
        "json_url": twin,
        "alternate_url_json": twin,
        "style_url": style_url(datasette),
        "details_style_url": static_url(datasette, "details.css"),
        "pictures_style_url": static_url(datasette, "pictures.css"),
        "slider_url": static_url(datasette, "slider.js"),
    }
    body = await datasette.render_template(f"semsearch/{answer.template}", context, request=request)
    return _with_headers(datasette, request, answer, body, "text/html; charset=utf-8")


def _twin(datasette: Any, request: Any) -> str:
    """The URL of this page's JSON."""
    path = datasette.urls.path(_inside(datasette, request.path) + ".json")
    return f"{path}?{request.query_string}" if request.query_string else str(path)


def _inside(datasette: Any, path: str) -> str:
    """A request's path without base_url, which some proxies leave in place and others take away."""
    base = datasette.setting("base_url")
    return "/" + path[len(base) :] if base != "/" and path.startswith(base) else path


def _with_headers(datasette: Any, request: Any, answer: Answer, body: str, content_type: str) -> Any:
    """The response, or 304 if the browser has it. Private pages stay out of shared caches."""
    tag = f'"{hashlib.blake2b(body.encode("utf-8", "replace"), digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache" if answer.private else "no-cache"}
    if "json" in content_type and datasette.cors:
        add_cors_headers(headers)
    if tag in _known_tags(request):
        return Response("", status=304, headers=headers, content_type=content_type)
    return Response(body, status=200, headers=headers, content_type=content_type)


def _png(request: Any, answer: Png) -> Any:
    """The image, or 304 if the browser has it."""
    tag = f'"{hashlib.blake2b(answer.content, digest_size=12).hexdigest()}"'
    caching = "max-age=31536000, immutable" if answer.lasting else "no-cache"
    headers = {
        "etag": tag,
        "cache-control": f"{'private' if answer.private else 'public'}, {caching}",
        "x-content-type-options": "nosniff",
    }
    if tag in _known_tags(request):
        return Response("", status=304, headers=headers, content_type="image/png")
    return Response(answer.content, status=200, headers=headers, content_type="image/png")


def _known_tags(request: Any) -> list[str]:
    return [each.strip().removeprefix("W/") for each in (request.headers.get("if-none-match") or "").split(",")]


@lru_cache
def _hash_of(file: str) -> str:
    content = (Path(__file__).parent / "static" / file).read_bytes()
    return hashlib.blake2b(content, digest_size=4).hexdigest()


def style_url(datasette: Any) -> str:
    """The stylesheet's URL, which changes when it does."""
    return static_url(datasette, STYLE)


def static_url(datasette: Any, file: str) -> str:
    """The URL of a file of ours, which changes when it does."""
    return f"{datasette.urls.static_plugins('semsearch', file)}?{_hash_of(file)}"
