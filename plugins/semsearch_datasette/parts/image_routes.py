"""The pictures that pages show, as PNG: thumbnails from the database, components, reconstructions, trainings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from datasette import NotFound

from semsearch.arrays import ByteArray
from semsearch.errors import NotFoundError
from semsearch.images import generate, image_arrays, image_io
from semsearch.images.image_io import ImageSpec
from semsearch.records import OpenCollection
from semsearch.search import images
from semsearch.storage import collections
from semsearch.web import number
from semsearch_datasette.connection import read
from semsearch_datasette.parts.rows import one_hit
from semsearch_datasette.parts.thumbs import may_read, version_of
from semsearch_datasette.respond import Png
from semsearch_datasette.target import Target, id_of, look, target_of

THUMB = 256  # pixels of the longer side, at most
SHOWN = 112  # small pictures are enlarged to this: a pixel stays a square
MOST_SEED = 999_999_999


async def thumbnail(datasette: Any, request: Any) -> Png:
    """An item's picture, at most 256 pixels on the longer side."""
    target, id = await target_of(datasette, request), id_of(request)

    def make(conn: Any, opened: OpenCollection) -> tuple[bytes, str]:
        row = row_of(datasette, conn, target, id)
        made = image_io.read(image_arrays.content_of(target.dataset, row), ImageSpec(largest=THUMB)).pixels
        return image_io.to_png(made), version_of(target.dataset, row)

    content, version = await found_or_not(target, make)
    return Png(content, target.private, request.args.get("v") == version)


async def component(datasette: Any, request: Any) -> Png:
    """A component as a picture; number 0 is the mean."""
    target = await target_of(datasette, request)
    asked = int(request.url_vars["number"])
    made = await found_or_not(target, lambda conn, opened: images.eigen(conn, opened.collection).picture(asked))
    return _drawn(target, request, made)


async def reconstruction(datasette: Any, request: Any) -> Png:
    """An item through its code and back, of the first `k` numbers of the code."""
    target, id = await target_of(datasette, request), id_of(request)
    k = request.args.get("k")
    chosen = number("k", k, 1, 8192) if k else None

    def make(conn: Any, opened: OpenCollection) -> ByteArray:
        row_of(datasette, conn, target, id)
        model = generate.open_model(conn, opened)
        return model.through(model.pictures([id]).pixels, chosen)[0]

    return _drawn(target, request, await found_or_not(target, make))


async def coded(datasette: Any, request: Any) -> Png:
    """What a code looks like: an uploaded picture as the collection sees it."""
    target = await target_of(datasette, request)

    def make(conn: Any, opened: OpenCollection) -> ByteArray:
        if not generate.can_decode(opened.collection):
            raise NotFoundError(f"The vectors of {target.collection.name} are nothing that pictures are made of")
        model = generate.open_model(conn, opened)
        return model.decode(images.vector_of_code(request.args.get("picture") or "", opened.collection.dim)[None])[0]

    return _drawn(target, request, await found_or_not(target, make))


async def trained(datasette: Any, request: Any) -> Png:
    """What a training made of the same few items at one step of it."""
    target = await target_of(datasette, request)
    step = int(request.url_vars["step"])
    shown = await read(target.database, lambda conn: dict(collections.read_pictures(conn, target.collection.run)))
    if step not in shown:
        raise NotFound(f"No picture of step {step} of the training of {target.collection.name}")
    return Png(shown[step], target.private, request.args.get("v") == run_of(target))


def seed_of(request: Any) -> int:
    """The seed in the URL; InputError for what is none."""
    return number("seed", request.args.get("seed") or "1", 0, MOST_SEED)


async def found_or_not(target: Target, make: Callable[[Any, OpenCollection], Any]) -> Any:
    """What `make` returns; 404 where the picture, or what it would be made of, is not there."""
    try:
        return await look(target, make)
    except NotFoundError as error:
        raise NotFound(str(error)) from error


def row_of(datasette: Any, conn: Any, target: Target, id: str) -> Any:
    """The row of an item whose picture may be shown. NotFoundError for any other."""
    hit = one_hit(conn, target, id)
    if hit is None or target.dataset.kind != "images" or not may_read(datasette, target.dataset, hit.row):
        raise NotFoundError(f"No picture {id!r} in {target.collection.name} that can be shown")
    return hit.row


def _drawn(target: Target, request: Any, made: ByteArray) -> Png:
    """A picture that depends on nothing but its URL and the run that `v` names."""
    content = image_io.to_png(image_io.enlarged(made, SHOWN))
    return Png(content, target.private, request.args.get("v") == run_of(target))


def run_of(target: Target) -> str:
    """What changes when a collection is built anew."""
    return f"{target.collection.run}.{target.collection.id}"
