"""The images of pages, as PNG: thumbnails from the database, components, reconstructions, training snapshots."""

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
from semsearch.search.query_images import pixels_of_copy
from semsearch.storage import collections
from semsearch.web import number
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.parts.rows import hit_of
from semsearch_datasette.parts.thumbs import may_read, version_of
from semsearch_datasette.respond import Png
from semsearch_datasette.target import Target, id_of, look, target_of

THUMBNAIL_SIDE = 256  # pixels of the longer side, at most
MIN_SIDE = 112  # pixels; smaller images are enlarged without smoothing
MAX_SEED = 999_999_999


def comparison_url(datasette: Any, target: Target) -> str | None:
    """The URL of the page that compares the collections of these images; None for other items or without labels."""
    if target.collection.of != "image" or not target.labels:
        return None
    return links.collection(datasette, target.database.name, target.collection.name, "comparison")


async def thumbnail(datasette: Any, request: Any) -> Png:
    """An item's image, at most 256 pixels on the longer side."""
    target, id = await target_of(datasette, request), id_of(request)

    def make(conn: Any, opened: OpenCollection) -> tuple[bytes, str]:
        row = row_of(datasette, conn, target, id)
        pixels = image_io.read(image_arrays.content_of(target.dataset, row), ImageSpec(largest=THUMBNAIL_SIDE)).pixels
        return image_io.to_png(pixels), version_of(target.dataset, row)

    content, version = await read_or_404(target, make)
    return Png(content, target.private, request.args.get("v") == version)


async def component(datasette: Any, request: Any) -> Png:
    """A component as an image; number 0 is the mean."""
    target = await target_of(datasette, request)
    component_number = int(request.url_vars["number"])
    pixels = await read_or_404(
        target, lambda conn, opened: images.eigen(conn, opened.collection).picture(component_number)
    )
    return _enlarged_png(target, request, pixels)


async def reconstruction(datasette: Any, request: Any) -> Png:
    """The reconstruction of an item from the first `k` dimensions of its vector, by default all."""
    target, id = await target_of(datasette, request), id_of(request)
    k = request.args.get("k")
    chosen = number("k", k, 1, 8192) if k else None

    def make(conn: Any, opened: OpenCollection) -> ByteArray:
        row_of(datasette, conn, target, id)
        model = generate.open_model(conn, opened)
        return model.reconstruct(model.images([id]).pixels, chosen)[0]

    return _enlarged_png(target, request, await read_or_404(target, make))


async def coded(datasette: Any, request: Any) -> Png:
    """An uploaded image, reconstructed from its vector in the URL."""
    target = await target_of(datasette, request)

    def make(conn: Any, opened: OpenCollection) -> ByteArray:
        if not generate.can_decode(opened.collection):
            raise NotFoundError(
                f"{target.collection.name} cannot generate images: {target.collection.builder} has no decoder"
            )
        model = generate.open_model(conn, opened)
        return model.decode(images.vector_of_code(request.args.get("picture") or "", opened.collection.dim)[None])[0]

    return _enlarged_png(target, request, await read_or_404(target, make))


async def asked(datasette: Any, request: Any) -> Png:
    """The small copy of a query image that its URL contains."""
    target = await target_of(datasette, request)
    return _enlarged_png(target, request, pixels_of_copy(request.args.get("copy") or ""))


async def trained(datasette: Any, request: Any) -> Png:
    """A snapshot of the training: the images made at one step of it."""
    target = await target_of(datasette, request)
    step = int(request.url_vars["step"])
    snapshots = await read(target.database, lambda conn: dict(collections.read_pictures(conn, target.collection.run)))
    if step not in snapshots:
        raise NotFound(f"The training of {target.collection.name} has no image of step {step}")
    return Png(snapshots[step], target.private, request.args.get("v") == run_of(target))


def seed_of(request: Any) -> int:
    """The random seed in the URL, by default 1. Raises InputError if it is not a number in the limits."""
    return number("seed", request.args.get("seed") or "1", 0, MAX_SEED)


async def read_or_404(target: Target, make: Callable[[Any, OpenCollection], Any]) -> Any:
    """The result of `make`, called as by `look`; 404 if the item it needs does not exist."""
    try:
        return await look(target, make)
    except NotFoundError as error:
        raise NotFound(str(error)) from error


def row_of(datasette: Any, conn: Any, target: Target, id: str) -> Any:
    """The row of an item whose image may be shown. Raises NotFoundError for any other."""
    hit = hit_of(conn, target, id)
    if hit is None or target.dataset.kind != "images" or not may_read(datasette, target.dataset, hit.row):
        raise NotFoundError(f"{target.collection.name} has no image {id!r} that may be shown")
    return hit.row


def _enlarged_png(target: Target, request: Any, pixels: ByteArray) -> Png:
    """An image that depends only on its URL and the run that `v` names."""
    content = image_io.to_png(image_io.enlarged(pixels, MIN_SIDE))
    return Png(content, target.private, request.args.get("v") == run_of(target))


def run_of(target: Target) -> str:
    """A text that changes when a collection is rebuilt."""
    return f"{target.collection.run}.{target.collection.id}"
