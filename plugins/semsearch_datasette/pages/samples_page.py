"""`…/samples`: pictures of random codes from the seed in the URL; of one of them the nearest real pictures, and the way
to another; how they came to be as the training went on; and what other collections of the same table make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from datasette import NotFound

from semsearch import present
from semsearch.errors import InputError
from semsearch.evaluate.beside import Comparison, compare_samples
from semsearch.images import generate, samples
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search.images import browse
from semsearch.search.query import nearest_to
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.compat import allows
from semsearch_datasette.connection import read
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.image_routes import MOST_SEED, run_of, seed_of
from semsearch_datasette.parts.rows import one_hit
from semsearch_datasette.parts.sample_routes import ACROSS, GRID, STEPS, drawing_of, label_of, number_of, prior_of
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.respond import Answer
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, frame, look, target_of

PRIORS = {
    "mixture": "ten Gaussians fitted to the codes",
    "gaussian": "one Gaussian fitted to the codes",
    "normal": "N(0, I)",
    "own": "as the builder implies",
}
NEAREST = 6  # real pictures shown beside a sample
BESIDE = 4  # other collections


@dataclass(frozen=True)
class Asked:
    """What a URL asks for: a seed, what to draw from, of which class, one of the samples, another, and whether all are
    measured."""

    seed: int
    prior: str
    label: str | None
    number: int | None
    other: int | None
    measure: bool

    @property
    def arguments(self) -> dict[str, Any]:
        """Seed, prior and class, as arguments of a URL."""
        return {"seed": self.seed, "prior": self.prior, "label": self.label}


@dataclass(frozen=True)
class Found:
    """What the page shows beside the sheet: the classes there are, real pictures near to one sample, the ends of a walk
    between items, the steps of a training that there are pictures of, other collections, what the samples come to."""

    classes: Sequence[str]
    near: Sequence[Hit]
    ends: tuple[str, str] | None
    steps: Sequence[int]
    beside: Sequence[Collection]
    compared: Comparison | None
    remark: str | None = None  # why they are not measured


async def page(datasette: Any, request: Any) -> Answer:
    """A sheet with a link on each picture, links to the next and the one before, and what was asked of one of them."""
    target = await target_of(datasette, request)
    if not generate.can_sample(target.collection):
        raise InputError(
            f"{target.collection.name} holds {target.collection.of}s: no pictures can be made of its codes"
        )
    number, other = number_of(request, "number"), number_of(request, "other")
    measure = request.args.get("measure") == "1"
    asked = Asked(seed_of(request), prior_of(request, target), label_of(request), number, other, measure)
    found = await _found(datasette, request, target, asked)
    urls, next_url = _urls(datasette, target, asked, found), _page(datasette, target, asked, 1)

    def context() -> dict[str, Any]:
        return frame(datasette, target, "samples") | asdict(asked) | urls | _told(datasette, target, asked, found)

    data = {
        "collection": target.collection.name,
        "generated": True,
        "seed": asked.seed,
        "prior": asked.prior,
        "label": asked.label,
        "number": asked.number,
        "nearest": [present.hit_dict(hit) for hit in found.near],
        "walk": list(found.ends) if found.ends else None,
        "compared": found.compared.as_dict() if found.compared else None,
        **{said: datasette.absolute_url(request, url) if url else None for said, url in urls.items()},
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("samples.html", context, data, target.private)


def _page(datasette: Any, target: Target, asked: Asked, by: int = 0, **more: Any) -> str | None:
    """This page at another seed, or with something more asked for; None where there is no such seed."""
    if not 0 <= asked.seed + by <= MOST_SEED:
        return None
    arguments = asked.arguments | {"seed": asked.seed + by} | more
    return links.collection(datasette, target.database.name, target.collection.name, "samples", **arguments)


def _urls(datasette: Any, target: Target, asked: Asked, found: Found) -> dict[str, str | None]:
    """The pictures that the page shows."""

    def picture(what: str, **arguments: Any) -> str:
        return url_of(datasette, target, what, **arguments, v=run_of(target))

    one, ends = asked.number, found.ends
    return {
        "samples_url": picture("sample", **asked.arguments),
        "sample_url": picture("sample", **asked.arguments, number=one) if one else None,
        "between_url": picture("walk", **asked.arguments, number=one, other=asked.other)
        if one and asked.other
        else None,
        "walk_url": picture("walk", **{"from": ends[0], "to": ends[1]}) if ends else None,
    }


def _told(datasette: Any, target: Target, asked: Asked, found: Found) -> dict[str, Any]:
    """What the template needs beside the pictures."""
    database, name = target.database.name, target.collection.name
    numbers = range(1, GRID + 1)
    return {
        "count": GRID,
        "across": ACROSS,
        "walked": STEPS,
        "priors": {known: PRIORS[known] for known in samples.priors_of(target.collection)},
        "classes": found.classes,
        "most_seed": MOST_SEED,
        "before_url": _page(datasette, target, asked, -1),
        "after_url": _page(datasette, target, asked, 1),
        "numbers": [(number, _page(datasette, target, asked, number=number)) for number in numbers],
        "other": asked.other or (asked.number or 0) % GRID + 1,
        "near": cards(datasette, target, found.near),
        "ends": found.ends,
        "here_url": links.collection(datasette, database, name, "samples"),
        "grown": [(step, url_of(datasette, target, "trained", step, v=run_of(target))) for step in found.steps],
        "beside": [_shown(datasette, database, collection, asked.seed) for collection in found.beside],
        "compared": found.compared,
        "remark": found.remark,
        "measure_url": _page(datasette, target, asked, number=asked.number, other=asked.other, measure=1),
    }


def _shown(datasette: Any, database: str, collection: Collection, seed: int) -> dict[str, Any]:
    """A collection beside this one: its sheet of the same seed, and where it leads."""
    version = f"{collection.run}.{collection.id}"
    return {
        "name": collection.name,
        "builder": collection.builder,
        "sheet_url": links.collection(datasette, database, collection.name, "sample", seed=seed, v=version),
        "href": links.collection(datasette, database, collection.name, "samples", seed=seed),
    }


async def _found(datasette: Any, request: Any, target: Target, asked: Asked) -> Found:
    mine, database = target.collection, target.database
    classes = await look(target, lambda conn, opened: _classes(conn, opened, asked.label))
    near = await _nearest(target, asked, asked.number) if asked.number else ()
    has_codes = generate.can_decode(mine)
    ends = await _ends(request, target) if has_codes else None
    steps = () if has_codes else await read(database, lambda conn: collections.pictured_steps(conn, mine.run))
    beside = await _beside(datasette, request, target)
    if not asked.measure:
        return Found(classes, near, ends, steps, beside, None)
    together = [mine, *beside]
    key = ("compared", *((one.id, one.run, one.revision) for one in together))
    try:
        compared = await computed(database, key, lambda conn: compare_samples(conn, [one.name for one in together]))
    except InputError as error:
        return Found(classes, near, ends, steps, beside, None, str(error))
    return Found(classes, near, ends, steps, beside, compared)


def _classes(conn: Any, opened: OpenCollection, label: str | None) -> list[str]:
    """The classes that can be asked for; InputError where another one is."""
    model = generate.open_model(conn, opened)
    if label is not None:
        samples.check_label(model, label)
    return samples.classes_of(model)


async def _nearest(target: Target, asked: Asked, number: int) -> Sequence[Hit]:
    """The real pictures nearest to a sample, as the collection sees both."""
    drawing = await drawing_of(target, asked.prior, asked.seed, asked.label)

    def near(conn: Any, opened: OpenCollection) -> Sequence[Hit]:
        model = generate.open_model(conn, opened)
        made = model.decode(drawing.code(model, number)[None])
        return nearest_to(conn, opened, model.embed(made)[0], k=NEAREST).hits

    return await look(target, near)


async def _beside(datasette: Any, request: Any, target: Target) -> list[Collection]:
    """Other collections of the same table that make pictures, and that the actor may see."""

    def others(conn: Any) -> list[Collection]:
        mine = target.collection
        return [
            found
            for found in collections.all_collections(conn)
            if found.dataset == mine.dataset and found.name != mine.name and generate.can_sample(found)
        ]

    found = await read(target.database, others)
    return [one for one in found[:BESIDE] if await allows(datasette, request.actor, target.database.name, one.name)]


async def _ends(request: Any, target: Target) -> tuple[str, str] | None:
    """The items that a walk leads between: those asked for, else the first two; None where there are no two."""
    asked = tuple((request.args.get(end) or "").strip() for end in ("from", "to"))

    def ends(conn: Any, opened: OpenCollection) -> list[str]:
        if all(asked):
            return [id for id in asked if one_hit(conn, target, id) is not None]
        return [str(hit.id) for hit in browse(conn, opened, k=2)]

    found = await look(target, ends)
    if all(asked) and len(found) < 2:
        missing = next(id for id in asked if id not in found)
        raise NotFound(f"No item {missing!r} in {target.collection.name}")
    return (found[0], found[1]) if len(found) == 2 else None
