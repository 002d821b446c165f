"""`…/picture`: a POST with an image, answered by a redirect to the search page of its vector. Nothing is stored."""

from __future__ import annotations

import io
from typing import Any

from datasette import Forbidden, Response
from datasette.utils.asgi import BadRequest
from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from semsearch.errors import InputError, SemsearchError
from semsearch.search.images import MAX_UPLOAD, code_of
from semsearch.search.query_images import copy_of, query_image
from semsearch_datasette import links
from semsearch_datasette.compat import is_ours
from semsearch_datasette.respond import as_datasette
from semsearch_datasette.target import look, target_of

FORM_OVERHEAD = 1 << 16  # bytes of a form in addition to its file


async def upload(datasette: Any, request: Any) -> Any:
    """303 to the search by this image; 400 with an error. Datasette refuses cross-site requests first."""
    if request.method != "POST":
        return Response.text("Method not allowed: send an image with the form of the search page", status=405)
    try:
        target = await target_of(datasette, request)
        content, token = _form(request, await _body(request))
        if not is_ours(request, token):
            raise Forbidden("The form has expired or is from another server: reload the page and send it again")
        name = target.collection.name
        asked = await look(target, lambda conn, opened: query_image(conn, opened.collection, content, said="The file"))
        codes = [("picture", code_of(asked.vector)), ("picture_copy", copy_of(content))]
        codes += [] if asked.inverse is None else [("picture_inverse", code_of(asked.inverse))]
    except InputError as error:
        raise BadRequest(str(error)) from error
    except SemsearchError as error:
        raise as_datasette(error) from error
    url = links.collection(datasette, target.database.name, name, filters=codes)
    return Response("", status=303, headers={"location": url, "cache-control": "no-store"})


async def _body(request: Any) -> bytes:
    """The request's body. Raises InputError as soon as it exceeds the limit."""
    most = MAX_UPLOAD + FORM_OVERHEAD
    length = request.headers.get("content-length") or "0"
    if length.isdecimal() and int(length) > most:
        raise InputError(_too_large())
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise InputError(_too_large())
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large() -> str:
    return f"The upload is larger than the limit of {MAX_UPLOAD >> 20} MB"


def _form(request: Any, body: bytes) -> tuple[bytes, str]:
    """The bytes of the field `picture`, and the token. Raises InputError if there is no image."""
    images: list[bytes] = []
    tokens: list[str] = []

    def on_field(field: Any) -> None:
        if field.field_name == b"csrftoken":
            tokens.append((field.value or b"").decode("utf-8", "replace"))

    def on_file(file: Any) -> None:
        if file.field_name == b"picture" and not images:
            file.file_object.seek(0)
            images.append(file.file_object.read())
        file.close()

    headers = {"Content-Type": (request.headers.get("content-type") or "").encode("latin-1")}
    try:
        parse_form(headers, io.BytesIO(body), on_field, on_file)
    except (FormParserError, ValueError) as error:
        raise InputError(f"No file was uploaded: the request is not a valid form ({error})") from error
    if not images or not images[0]:
        raise InputError("No image was uploaded: choose a file, or draw an image")
    if len(images[0]) > MAX_UPLOAD:
        raise InputError(_too_large())
    return images[0], tokens[0] if tokens else ""
