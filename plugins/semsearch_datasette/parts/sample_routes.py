"""Generated images as PNG: a sheet of them, a single one, and interpolations between two of them or two items.

They depend only on the run and their URL. They are computed off the event loop, one at a time in each database, and the
latest ones are cached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray
from semsearch.errors import not_a_choice
from semsearch.images import generate, image_io, png, samples
from semsearch.images.samples import Drawing
from semsearch.records import OpenCollection
from semsearch.web import number
from semsearch_datasette.parts.image_routes import MIN_SIDE, read_or_404, row_of, run_of, seed_of
from semsearch_datasette.respond import Png
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, target_of

SHEET_COUNT, SHEET_COLUMNS = 64, 8  # generated images on a sheet, and in a row of it
MIN_TILE_SIDE = 56  # pixels of an image on a sheet, at least
INTERPOLATION_STEPS = 9  # images of an interpolation
MAX_LABEL = 200  # characters of a class's name


def prior_of(request: Any, target: Target) -> str:
    """The prior in the URL. Raises InputError if the collection does not have it."""
    priors = samples.priors_of(target.collection)
    prior = request.args.get("prior") or priors[0]
    if prior not in priors:
        raise not_a_choice("prior", prior, priors)
    return str(prior)


def number_of(request: Any, name: str) -> int | None:
    """The number of a generated image in the URL, None if there is none."""
    text = request.args.get(name)
    return number(name, text, 1, SHEET_COUNT) if text else None


def label_of(request: Any) -> str | None:
    """The class in the URL, None if there is none."""
    return (request.args.get("label") or "")[:MAX_LABEL] or None


async def drawing_of(target: Target, prior: str, seed: int, label: str | None) -> Drawing:
    """The distribution of latent codes with a seed and a class; a fitted prior is fitted once per run."""
    distribution = await computed(
        target.database,
        _key("prior", target, prior),
        current(target, lambda conn, opened: samples.prior_of(generate.open_model(conn, opened), prior)),
    )
    return Drawing(distribution, seed, label)


async def sampled(datasette: Any, request: Any) -> Png:
    """A sheet of generated images for the seed in the URL, or the image of that `number`."""
    target = await target_of(datasette, request)
    seed, prior, image_number = seed_of(request), prior_of(request, target), number_of(request, "number")
    label = label_of(request)
    drawing = await drawing_of(target, prior, seed, label)

    def make(model: generate.Model) -> ByteArray:
        if image_number is None:
            return _sheet(samples.sample(model, SHEET_COUNT, drawing), SHEET_COLUMNS)
        return model.decode(drawing.code(model, image_number)[None])[0]

    return await _png(target, request, ("sample", prior, seed, label, image_number), make)


async def walk(datasette: Any, request: Any) -> Png:
    """The interpolation between two items, `from` and `to`, or between two generated images, `number` and `other`."""
    target = await target_of(datasette, request)
    start, end = number_of(request, "number"), number_of(request, "other")
    if start is not None and end is not None:
        seed, prior = seed_of(request), prior_of(request, target)
        label = label_of(request)
        drawing = await drawing_of(target, prior, seed, label)

        def between(model: generate.Model) -> ByteArray:
            return _sheet(samples.walk_between(model, start, end, INTERPOLATION_STEPS, drawing), INTERPOLATION_STEPS)

        return await _png(target, request, ("walk", prior, seed, label, start, end), between)
    ends = [request.args.get(end) or "" for end in ("from", "to")]

    def make(conn: Any, opened: OpenCollection) -> ByteArray:
        for id in ends:
            row_of(datasette, conn, target, id)
        model = generate.open_model(conn, opened)
        return _sheet(generate.interpolate(model, ends[0], ends[1], INTERPOLATION_STEPS), INTERPOLATION_STEPS)

    pixels = await read_or_404(target, make)
    return Png(_content(pixels), target.private, request.args.get("v") == run_of(target))


async def _png(target: Target, request: Any, name: tuple[Any, ...], make: Callable[[generate.Model], ByteArray]) -> Png:
    """The image that `make` returns, cached as a PNG under `name`."""

    def encode(conn: Any, opened: OpenCollection) -> bytes:
        return _content(make(generate.open_model(conn, opened)))

    content = await computed(target.database, _key(*name[:1], target, *name[1:]), current(target, encode))
    return Png(content, target.private, request.args.get("v") == run_of(target))


def _key(kind: str, target: Target, *more: Any) -> tuple[Any, ...]:
    collection = target.collection
    return (kind, collection.id, collection.run, collection.revision, *more)


def _content(pixels: ByteArray) -> bytes:
    """A PNG without row filters: in an enlarged image they take long to choose and save nothing."""
    return png.encode(image_io.enlarged(pixels, MIN_SIDE))


def _sheet(images: ByteArray, columns: int) -> ByteArray:
    return image_io.grid(np.stack([image_io.enlarged(image, MIN_TILE_SIDE) for image in images]), columns)
