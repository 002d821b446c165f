"""From a page's function to HTML or JSON: routes, status codes, ETags and CORS."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import Any

from datasette import NotFound, Response
from datasette.utils import add_cors_headers, tilde_decode
from datasette.utils.asgi import BadRequest
from datasette.views.base import DatasetteError

from semsearch.errors import DatabaseError, SemsearchError, as_argument
from semsearch.storage import connect, driver
from semsearch.storage.damage import REMEDY, UNFIT
from semsearch.web import status_of
from semsearch_datasette import links

STYLE = "semsearch.css"
_TITLES = {503: "Search is not available"}


@dataclass(frozen=True)
class Answer:
    """The result of a page: a function that makes the `context` of its template, the `data` of its JSON, whether it is
    `private`, and for its CSV a function that makes the `rows`. A request for the JSON or CSV makes no context."""

    template: str
    context: Callable[[], Mapping[str, Any]]
    data: Mapping[str, Any]
    private: bool = False
    rows: Callable[[], Sequence[Mapping[str, Any]]] | None = None


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


@dataclass(frozen=True)
class Blob:
    """Bytes for a script, compressed by gzip if `is_gzip`; `tag` is their ETag. Empty if the browser has them."""

    content: bytes
    tag: str
    private: bool = False
    is_gzip: bool = False


View = Callable[[Any, Any], Awaitable["Answer | Elsewhere | Png | Blob"]]


def wants_json(request: Any) -> bool:
    """Whether a request is for the data of a page, JSON or CSV, and not for the page itself."""
    return bool(request.url_vars["format"])


def takes_gzip(request: Any) -> bool:
    """Whether the browser reads gzip."""
    return "gzip" in (request.headers.get("accept-encoding") or "").lower()


def knows(request: Any, tag: str) -> bool:
    """Whether the browser has the content of this ETag."""
    return tag in _known_tags(request)


def absolute_url(datasette: Any, request: Any, url: str | None) -> str | None:
    """A URL with its host, for the JSON; None stays None."""
    return datasette.absolute_url(request, url) if url else None


def route(path: str, view: View, *, has_csv: bool = False) -> tuple[str, Callable[..., Awaitable[Any]]]:
    """A page's URL, its JSON's and, if it `has_csv`, its CSV's, with a function that answers all of them."""

    @wraps(view)
    async def respond(datasette: Any, request: Any) -> Any:
        if request.method not in ("GET", "HEAD"):
            return Response.text("Method not allowed: use GET or HEAD", status=405)
        name = request.url_vars.get("database", "the database")
        try:
            # The context of a template is made while it is rendered, so an error there is one of the page as well.
            return await _rendered(datasette, request, await view(datasette, request))
        except SemsearchError as error:
            raise as_datasette(error) from error
        except driver.Error as error:  # 1.0 reads the file for its permissions, so it meets a damaged file first
            raise as_datasette(connect.plain(error, name)) from error
        except OSError as error:  # the file is gone; its path is not for visitors
            raise as_datasette(DatabaseError(f"{name} cannot be read: its file was moved or deleted")) from error
        except UNFIT as error:
            raise as_datasette(await _damage(datasette, request, error)) from error

    formats = r"\.json|\.csv" if has_csv else r"\.json"
    return f"^{path}(?P<format>{formats})?$", respond


async def _rendered(datasette: Any, request: Any, answer: Answer | Elsewhere | Png | Blob) -> Any:
    if isinstance(answer, Blob):
        return _blob(request, answer)
    if isinstance(answer, Elsewhere):
        return Response.redirect(answer.url)
    if isinstance(answer, Png):
        return _png(request, answer)
    return await _FORMATS[request.url_vars["format"]](datasette, request, answer)


async def _damage(datasette: Any, request: Any, error: Exception) -> DatabaseError:
    """What to say when stored values do not fit together, as in a damaged file; the traceback goes to the terminal.

    The message names only what the URL names. Administrators find the reason in the log and with `semsearch doctor`.
    """
    traceback.print_exception(error)
    name = tilde_decode(request.url_vars.get("collection", request.url_vars.get("database", "")))
    what = f"What is stored of {name}" if name else "What is stored of a collection"
    return DatabaseError(f"{what} is damaged: run `semsearch doctor`, then {REMEDY}")


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


async def _csv(datasette: Any, request: Any, answer: Answer) -> Any:
    """The rows of a page, with a header; their columns are those of the first row."""
    out = io.StringIO()
    rows = answer.rows() if answer.rows else ()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return _with_headers(datasette, request, answer, out.getvalue(), "text/csv; charset=utf-8")


async def _html(datasette: Any, request: Any, answer: Answer) -> Any:
    twin = _twin(datasette, request, ".json")
    context = {
        **answer.context(),
        "private": answer.private,
        "json_url": twin,
        "csv_url": _twin(datasette, request, ".csv") if answer.rows else None,
        "alternate_url_json": twin,
        "glossary_url": links.glossary(datasette),
        "style_url": style_url(datasette),
        "details_style_url": static_url(datasette, "details.css"),
        "pictures_style_url": static_url(datasette, "pictures.css"),
        "slider_url": static_url(datasette, "slider.js"),
    }
    body = await datasette.render_template(f"semsearch/{answer.template}", context, request=request)
    return _with_headers(datasette, request, answer, body, "text/html; charset=utf-8")


_FORMATS = {None: _html, ".json": _json, ".csv": _csv}


def _twin(datasette: Any, request: Any, ending: str) -> str:
    """The URL of this page's data in another format."""
    path = datasette.urls.path(_inside(datasette, request.path) + ending)
    return f"{path}?{request.query_string}" if request.query_string else str(path)


def _inside(datasette: Any, path: str) -> str:
    """A request's path without base_url, which some proxies leave in place and others take away."""
    base = datasette.setting("base_url")
    return "/" + path[len(base) :] if base != "/" and path.startswith(base) else path


def _with_headers(datasette: Any, request: Any, answer: Answer, body: str, content_type: str) -> Any:
    """The response, or 304 if the browser has it. Private pages stay out of shared caches."""
    tag = f'"{hashlib.blake2b(body.encode("utf-8", "replace"), digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache" if answer.private else "no-cache"}
    if not content_type.startswith("text/html") and datasette.cors:
        add_cors_headers(headers)
    if tag in _known_tags(request):
        return Response("", status=304, headers=headers, content_type=content_type)
    return Response(body, status=200, headers=headers, content_type=content_type)


def _blob(request: Any, answer: Blob) -> Any:
    """The bytes, or 304 if the browser has them."""
    headers = {
        "etag": answer.tag,
        "cache-control": "private, no-cache" if answer.private else "no-cache",
        "vary": "accept-encoding",
        "x-content-type-options": "nosniff",
    }
    if knows(request, answer.tag):
        return Response("", status=304, headers=headers, content_type="application/octet-stream")
    if answer.is_gzip:
        headers["content-encoding"] = "gzip"
    return Response(answer.content, status=200, headers=headers, content_type="application/octet-stream")


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
    return f"{datasette.urls.static_plugins(plugin_name(), file)}?{_hash_of(file)}"


@cache
def plugin_name() -> str:
    """The name under which Datasette serves our static files: that of the installed distribution."""
    from datasette.plugins import get_plugins  # not at the top: Datasette imports us while it loads that module

    here = Path(__file__).parent / "static"
    known = (each["name"] for each in get_plugins() if each["static_path"] and Path(each["static_path"]) == here)
    return str(next(known, "semsearch"))
