"""Pictures of random codes, as PNG: a sheet of them, one, and the ways from one to another or between two items.

They depend on nothing but the run and their URL. Each is made once in a while, off the event loop, one at a time in
each database, and those last asked for are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images import generate, image_io, png, samples
from semsearch.images.samples import Drawing
from semsearch.records import OpenCollection
from semsearch.web import number
from semsearch_datasette.parts.image_routes import SHOWN, found_or_not, row_of, run_of, seed_of
from semsearch_datasette.respond import Png
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, target_of

GRID, ACROSS = 64, 8  # samples of a sheet, and of a row of it
TILE = 56  # pixels that a sample has at least
STEPS = 9  # of a way
LONGEST = 200  # characters of a class's name


def prior_of(request: Any, target: Target) -> str:
    """The prior in the URL; InputError for one that the collection has not."""
    known = samples.priors_of(target.collection)
    prior = request.args.get("prior") or known[0]
    if prior not in known:
        raise InputError(f"prior is {prior[:40]!r}: choose one of {', '.join(known)}")
    return str(prior)


def number_of(request: Any, name: str) -> int | None:
    """The number of a sample in the URL, None where there is none."""
    asked = request.args.get(name)
    return number(name, asked, 1, GRID) if asked else None


def label_of(request: Any) -> str | None:
    """The class in the URL, None where there is none."""
    return (request.args.get("label") or "")[:LONGEST] or None


async def drawing_of(target: Target, prior: str, seed: int, label: str | None) -> Drawing:
    """What to draw from; what is fitted to a collection's codes is fitted once."""
    spread = await computed(
        target.database,
        _key("prior", target, prior),
        current(target, lambda conn, opened: samples.prior_of(generate.open_model(conn, opened), prior)),
    )
    return Drawing(spread, seed, label)


async def sampled(datasette: Any, request: Any) -> Png:
    """A sheet of samples of the seed in the URL, or one of them, by its `number`."""
    target = await target_of(datasette, request)
    seed, prior, one = seed_of(request), prior_of(request, target), number_of(request, "number")
    label = label_of(request)
    drawing = await drawing_of(target, prior, seed, label)

    def make(model: generate.Model) -> ByteArray:
        if one is None:
            return _sheet(samples.sample(model, GRID, drawing), ACROSS)
        return model.decode(drawing.code(model, one)[None])[0]

    return await _png(target, request, ("sample", prior, seed, label, one), make)


async def walk(datasette: Any, request: Any) -> Png:
    """The pictures on the way between two items, `from` and `to`, or between two samples, `number` and `other`."""
    target = await target_of(datasette, request)
    one, other = number_of(request, "number"), number_of(request, "other")
    if one is not None and other is not None:
        seed, prior = seed_of(request), prior_of(request, target)
        label = label_of(request)
        drawing = await drawing_of(target, prior, seed, label)

        def between(model: generate.Model) -> ByteArray:
            return _sheet(samples.walk_between(model, one, other, STEPS, drawing), STEPS)

        return await _png(target, request, ("walk", prior, seed, label, one, other), between)
    ends = [request.args.get(end) or "" for end in ("from", "to")]

    def make(conn: Any, opened: OpenCollection) -> ByteArray:
        for id in ends:
            row_of(datasette, conn, target, id)
        model = generate.open_model(conn, opened)
        return _sheet(generate.interpolate(model, ends[0], ends[1], STEPS), STEPS)

    return _drawn(target, request, await found_or_not(target, make))


async def _png(target: Target, request: Any, what: tuple[Any, ...], make: Callable[[generate.Model], ByteArray]) -> Png:
    """The picture that `what` names, kept as a PNG."""

    def drawn(conn: Any, opened: OpenCollection) -> bytes:
        return _content(make(generate.open_model(conn, opened)))

    content = await computed(target.database, _key(*what[:1], target, *what[1:]), current(target, drawn))
    return Png(content, target.private, request.args.get("v") == run_of(target))


def _key(what: str, target: Target, *more: Any) -> tuple[Any, ...]:
    collection = target.collection
    return (what, collection.id, collection.run, collection.revision, *more)


def _drawn(target: Target, request: Any, made: ByteArray) -> Png:
    return Png(_content(made), target.private, request.args.get("v") == run_of(target))


def _content(made: ByteArray) -> bytes:
    """A PNG. Pixels are squares of many, so that choosing a filter for each row takes long and gains nothing."""
    return png.encode(image_io.enlarged(made, SHOWN))


def _sheet(made: ByteArray, columns: int) -> ByteArray:
    return image_io.grid(np.stack([image_io.enlarged(one, TILE) for one in made]), columns)
