"""`…/picture`: a POST with a picture, answered by the search page of its code. Nothing of it is stored."""

from __future__ import annotations

import io
from functools import partial
from typing import Any

from datasette import Forbidden, Response
from datasette.utils.asgi import BadRequest
from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from semsearch.errors import InputError, SemsearchError
from semsearch.search.images import MAX_UPLOAD, code_of, vector_of_picture
from semsearch_datasette import links
from semsearch_datasette.compat import is_ours
from semsearch_datasette.respond import as_datasette
from semsearch_datasette.target import look, target_of

ROOM = 1 << 16  # bytes of a form beside its file


async def upload(datasette: Any, request: Any) -> Any:
    """303 to the search by this picture; 400 with what is wrong; whatever a browser sends cross-site, Datasette refuses
    before it comes here."""
    if request.method != "POST":
        return Response.text("Method not allowed: a picture is sent here by the form of the search page", status=405)
    try:
        target = await target_of(datasette, request)
        content, token = _form(request, await _body(request))
        if not is_ours(request, token):
            raise Forbidden("This form is not of this server, or of a session that is over: load the page again")
        name = target.collection.name
        encode = partial(vector_of_picture, picture=content, said="The file")
        code = await look(target, lambda conn, opened: code_of(encode(conn, opened.collection)))
    except InputError as error:
        raise BadRequest(str(error)) from error
    except SemsearchError as error:
        raise as_datasette(error) from error
    url = links.collection(datasette, target.database.name, name, picture=code)
    return Response("", status=303, headers={"location": url, "cache-control": "no-store"})


async def _body(request: Any) -> bytes:
    """The request's body. InputError as soon as it is larger than an upload may be."""
    most = MAX_UPLOAD + ROOM
    said = request.headers.get("content-length") or "0"
    if said.isdecimal() and int(said) > most:
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
    return f"The upload is larger than {MAX_UPLOAD >> 20} MB, which is the limit"


def _form(request: Any, body: bytes) -> tuple[bytes, str]:
    """The bytes of the field `picture`, and the token. InputError where there is no picture."""
    found: list[bytes] = []
    tokens: list[str] = []

    def note(field: Any) -> None:
        if field.field_name == b"csrftoken":
            tokens.append((field.value or b"").decode("utf-8", "replace"))

    def take(file: Any) -> None:
        if file.field_name == b"picture" and not found:
            file.file_object.seek(0)
            found.append(file.file_object.read())
        file.close()

    headers = {"Content-Type": (request.headers.get("content-type") or "").encode("latin-1")}
    try:
        parse_form(headers, io.BytesIO(body), note, take)
    except (FormParserError, ValueError) as error:
        raise InputError(f"This is no form with a file in it ({error})") from error
    if not found or not found[0]:
        raise InputError("No picture was sent: choose a file, or draw one")
    if len(found[0]) > MAX_UPLOAD:
        raise InputError(_too_large())
    return found[0], tokens[0] if tokens else ""
