"""`…/samples`: images generated from random latent codes; for one of them the most similar real images and an
interpolation; images during training; other models of the same table; and the quality of the generated images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from datasette import NotFound

from semsearch import present
from semsearch.errors import InputError, written_list
from semsearch.evaluate.sample_comparison import SampleComparison, compare_samples
from semsearch.images import generate, samples
from semsearch.metrics import GENERATED
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search.images import browse
from semsearch.search.query import nearest_to
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.parts import minimax
from semsearch_datasette.parts.cards import cards
from semsearch_datasette.parts.image_routes import MAX_SEED, run_of, seed_of
from semsearch_datasette.parts.rows import hit_of
from semsearch_datasette.parts.sample_routes import (
    INTERPOLATION_STEPS,
    SHEET_COLUMNS,
    SHEET_COUNT,
    drawing_of,
    label_of,
    number_of,
    prior_of,
)
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.permissions import visible_collections
from semsearch_datasette.respond import Answer, absolute_url
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, frame, look, target_of

PRIOR_NAMES = {
    "mixture": "a mixture of 10 Gaussians, fitted",
    "gaussian": "one Gaussian, fitted",
    "normal": "N(0, I)",
    "own": "the prior of the model",
}
FIGURES = tuple(
    GENERATED[key] for key in ("frechet", "precision", "recall", "density", "coverage", "nearness", "copied")
)
REAL_IMAGES = 6  # shown for a generated image
MAX_OTHERS = 4  # other models of the same table


@dataclass(frozen=True)
class Options:
    """The arguments of a URL: a seed, a prior, a class, the numbers of two generated images, and whether to measure."""

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
class Content:
    """What the page shows in addition to the sheet: the classes, real images similar to a generated one, the ends of an
    interpolation between items, the steps of the training snapshots, other models, the options of the run, and the
    measured quality."""

    classes: Sequence[str]
    near: Sequence[Hit]
    ends: tuple[str, str] | None
    steps: Sequence[int]
    others: Sequence[Collection]
    options: Mapping[str, Any]
    comparison: SampleComparison | None
    remark: str | None = None  # why the quality is not measured


async def page(datasette: Any, request: Any) -> Answer:
    """A sheet with a link on each generated image, links to the next and previous seed, and details of one image."""
    target = await target_of(datasette, request)
    if not generate.can_sample(target.collection):
        raise InputError(
            f"{target.collection.name} cannot generate images: {target.collection.builder} has no decoder."
            f" Build a collection with {written_list(generate.decoders(), 'or')}"
        )
    number, other = number_of(request, "number"), number_of(request, "other")
    measure = request.args.get("measure") == "1"
    options = Options(seed_of(request), prior_of(request, target), label_of(request), number, other, measure)
    content = await _content(datasette, request, target, options)
    urls, next_url = _urls(datasette, target, options, content), _page(datasette, target, options, 1)

    def context() -> dict[str, Any]:
        return (
            frame(datasette, target, "samples") | asdict(options) | urls | _context(datasette, target, options, content)
        )

    data = {
        "collection": target.collection.name,
        "generated": True,
        "seed": options.seed,
        "prior": options.prior,
        "label": options.label,
        "number": options.number,
        "nearest": [present.hit_dict(hit) for hit in content.near],
        "walk": list(content.ends) if content.ends else None,
        "compared": content.comparison.as_dict() if content.comparison else None,
        **{key: absolute_url(datasette, request, url) for key, url in urls.items()},
        "next_url": absolute_url(datasette, request, next_url),
    }
    return Answer("samples.html", context, data, target.private)


def _page(datasette: Any, target: Target, options: Options, by: int = 0, **more: Any) -> str | None:
    """The URL of this page for another seed or with more arguments; None if there is no such seed."""
    if not 0 <= options.seed + by <= MAX_SEED:
        return None
    arguments = options.arguments | {"seed": options.seed + by} | more
    return links.collection(datasette, target.database.name, target.collection.name, "samples", **arguments)


def _urls(datasette: Any, target: Target, options: Options, content: Content) -> dict[str, str | None]:
    """The URLs of the images on the page."""

    def image(kind: str, **arguments: Any) -> str:
        return url_of(datasette, target, kind, **arguments, v=run_of(target))

    number, ends = options.number, content.ends
    return {
        "samples_url": image("sample", **options.arguments),
        "sample_url": image("sample", **options.arguments, number=number) if number else None,
        "between_url": image("walk", **options.arguments, number=number, other=options.other)
        if number and options.other
        else None,
        "walk_url": image("walk", **{"from": ends[0], "to": ends[1]}) if ends else None,
    }


def _context(datasette: Any, target: Target, options: Options, content: Content) -> dict[str, Any]:
    """The context of the template, without the URLs of the images."""
    database, name = target.database.name, target.collection.name
    numbers = range(1, SHEET_COUNT + 1)
    return {
        "count": SHEET_COUNT,
        "across": SHEET_COLUMNS,
        "interpolated": INTERPOLATION_STEPS,
        "priors": {prior: PRIOR_NAMES[prior] for prior in samples.priors_of(target.collection)},
        "classes": content.classes,
        "most_seed": MAX_SEED,
        "previous_url": _page(datasette, target, options, -1),
        "following_url": _page(datasette, target, options, 1),
        "numbers": [(number, _page(datasette, target, options, number=number)) for number in numbers],
        "other": options.other or (options.number or 0) % SHEET_COUNT + 1,
        "near": cards(datasette, target, content.near),
        "ends": content.ends,
        "here_url": links.collection(datasette, database, name, "samples"),
        "snapshots": [(step, url_of(datasette, target, "trained", step, v=run_of(target))) for step in content.steps],
        "others": [_other(datasette, database, collection, options.seed) for collection in content.others],
        "minimax": minimax.context(datasette, target.collection.builder, content.options),
        "runs_url": links.collection(datasette, database, name, "runs"),
        "comparison": content.comparison,
        "figures": FIGURES,
        "remark": content.remark,
        "measure_url": _page(datasette, target, options, number=options.number, other=options.other, measure=1),
    }


def _other(datasette: Any, database: str, collection: Collection, seed: int) -> dict[str, Any]:
    """Another model: its sheet of the same seed, and its page."""
    version = f"{collection.run}.{collection.id}"
    return {
        "name": collection.name,
        "builder": collection.builder,
        "sheet_url": links.collection(datasette, database, collection.name, "sample", seed=seed, v=version),
        "href": links.collection(datasette, database, collection.name, "samples", seed=seed),
    }


async def _content(datasette: Any, request: Any, target: Target, options: Options) -> Content:
    collection, database = target.collection, target.database
    classes = await look(target, lambda conn, opened: _classes(conn, opened, options.label))
    near = await _nearest(target, options, options.number) if options.number else ()
    has_codes = generate.can_decode(collection)
    ends = await _ends(request, target) if has_codes else None
    steps = () if has_codes else await read(database, lambda conn: collections.pictured_steps(conn, collection.run))
    others = await _others(datasette, request, target)
    built = await read(database, lambda conn: collections.get_run(conn, collection.run).options)
    content = Content(classes, near, ends, steps, others, built, None)
    if not options.measure:
        return content
    models = [collection, *others]
    key = ("compared", *((model.id, model.run, model.revision) for model in models))
    try:
        compared = await computed(database, key, lambda conn: compare_samples(conn, [model.name for model in models]))
    except InputError as error:
        return replace(content, remark=str(error))
    return replace(content, comparison=compared)


def _classes(conn: Any, opened: OpenCollection, label: str | None) -> list[str]:
    """The classes that can be generated. Raises InputError if `label` is not one of them."""
    model = generate.open_model(conn, opened)
    if label is not None:
        samples.check_label(model, label)
    return samples.classes_of(model)


async def _nearest(target: Target, options: Options, number: int) -> Sequence[Hit]:
    """The real images most similar to a generated one, by the vectors of the collection."""
    drawing = await drawing_of(target, options.prior, options.seed, options.label)

    def near(conn: Any, opened: OpenCollection) -> Sequence[Hit]:
        model = generate.open_model(conn, opened)
        generated = model.decode(drawing.code(model, number)[None])
        return nearest_to(conn, opened, model.embed(generated)[0], k=REAL_IMAGES).hits

    return await look(target, near)


async def _others(datasette: Any, request: Any, target: Target) -> list[Collection]:
    """Other collections of the same table that generate images and that the actor may see."""

    def find(conn: Any) -> list[Collection]:
        this = target.collection
        return [
            other
            for other in collections.undamaged_collections(conn)
            if other.dataset == this.dataset and other.name != this.name and generate.can_sample(other)
        ]

    others = await read(target.database, find)
    visible = await visible_collections(datasette, request.actor, target.database.name, others)
    return [other for other, _ in visible[:MAX_OTHERS]]


async def _ends(request: Any, target: Target) -> tuple[str, str] | None:
    """The items of an interpolation: those in the URL, by default the first two; None if there are fewer."""
    given = tuple((request.args.get(end) or "").strip() for end in ("from", "to"))

    def find(conn: Any, opened: OpenCollection) -> list[str]:
        if all(given):
            return [id for id in given if hit_of(conn, target, id) is not None]
        return [str(hit.id) for hit in browse(conn, opened, k=2)]

    ends = await look(target, find)
    if all(given) and len(ends) < 2:
        missing = next(id for id in given if id not in ends)
        raise NotFound(target.collection.lacks(missing))
    return (ends[0], ends[1]) if len(ends) == 2 else None
