"""`…/reconstruct`: images reconstructed from their vectors, also after damage or quantisation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasette import NotFound

from semsearch.errors import InputError, NotFoundError, out_of_range, written_list
from semsearch.images import generate, image_io
from semsearch.images.generate import Damage, is_ordered
from semsearch.images.reconstruct import ReconstructionGrid, show
from semsearch.records import OpenCollection
from semsearch.storage import collections
from semsearch.web import number, share
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.parts.image_routes import MIN_SIDE, run_of, seed_of
from semsearch_datasette.parts.rows import readable
from semsearch_datasette.permissions import visible_collections
from semsearch_datasette.respond import Answer, Png
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, frame, target_of

DEFAULT_COUNT = 10  # images drawn at random if the URL names none
NOISE_DECIMALS = 2  # of the standard deviation: more would be other computations with the same images
MAX_IMAGES = 40  # that a URL may name
MIN_TILE_SIDE = 64  # pixels of an image in a row


@dataclass(frozen=True)
class Task:
    """A task with one number: its argument in the URL, its label, the label of the number, and a function from the
    shorter side of the images in pixels to the default number."""

    name: str
    label: str
    amount: str
    default: Callable[[int], str]


TASKS = (
    Task("noise", "Denoising", "Standard deviation of the noise, for pixels from 0 to 1", lambda side: "0.3"),
    Task("mask", "Inpainting", "Side of the masked square, in pixels", lambda side: str(max(1, round(0.35 * side)))),
    Task("from_size", "Super-resolution", "Side of the small image, in pixels", lambda side: str(max(1, side // 2))),
    Task("bits", "Compression", "Bits per value of the vector", lambda side: "8"),
)


@dataclass(frozen=True)
class Options:
    """The arguments of a URL: a task and its number as text, or none; a seed; the ids of images, or none."""

    task: Task | None
    amount: str
    k: int | None
    seed: int
    ids: tuple[str, ...]

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """The options as arguments of a URL."""
        chosen = [(self.task.name, self.amount)] if self.task else [("k", str(self.k))] if self.k else []
        return [*chosen, ("seed", str(self.seed)), *(("id", id) for id in self.ids)]

    @property
    def damage(self) -> Damage:
        """The damage to the images."""
        whole = {name: self._number(name) for name in ("mask", "from_size")}
        noise = float(self.amount) if self.task and self.task.name == "noise" else None
        return Damage(noise, whole["mask"], whole["from_size"])

    @property
    def bits(self) -> int | None:
        """Bits per value, None without quantisation."""
        return self._number("bits")

    def _number(self, name: str) -> int | None:
        return number(name, self.amount, 1, 4096) if self.task and self.task.name == name else None


async def reconstruct(datasette: Any, request: Any) -> Answer:
    """A row of original images, and below it rows of reconstructions with their PSNR."""
    target = await _target(datasette, request)
    options = _options(request, target)
    keys, shown, height = await _computed(datasette, request, target, options)
    name, database = target.collection.name, target.database.name
    version = [("v", run_of(target))]

    def here(changed: Options) -> str:
        return links.collection(datasette, database, name, "reconstruct", changed.arguments)

    def row(place: int) -> str:
        return links.collection(datasette, database, name, f"reconstructed/{place}", [*options.arguments, *version])

    def context() -> dict[str, Any]:
        others = [Options(task, task.default(height), None, options.seed, options.ids) for task in TASKS]
        plain = Options(None, "", None, options.seed, options.ids)
        return frame(datasette, target, "reconstruct") | {
            "tasks": [
                {
                    "label": each.task.label if each.task else "Reconstruction only",
                    "href": here(each),
                    "current": each.task == options.task,
                }
                for each in (plain, *others)
            ],
            "options": options,
            "k": options.k or target.collection.dim,
            "is_ordered": is_ordered(target.collection),
            "here_url": links.collection(datasette, database, name, "reconstruct"),
            "strips": [
                {"caption": strip.caption, "psnr": strip.psnr, "url": row(place)}
                for place, strip in enumerate(shown.strips)
            ],
            "ids": [(key, links.item(datasette, database, name, key)) for key in keys],
            "scores": [_score_texts(score) for score in shown.scores],
            "more_url": None
            if options.ids
            else here(Options(options.task, options.amount, options.k, options.seed + 1, ())),
        }

    data = {
        "collection": name,
        "ids": keys,
        "scores": shown.scores,
        "rows": [
            {"what": strip.caption, "psnr": strip.psnr, "url": datasette.absolute_url(request, row(place))}
            for place, strip in enumerate(shown.strips)
        ],
    }
    return Answer("reconstruct.html", context, data, target.private)


async def reconstructed(datasette: Any, request: Any) -> Png:
    """One row of such a page as an image."""
    target = await _target(datasette, request)
    _, shown, _ = await _computed(datasette, request, target, _options(request, target))
    place = int(request.url_vars["row"])
    if place >= len(shown.strips):
        raise NotFound(f"No row {place}: there are {len(shown.strips)}")
    images = shown.strips[place].pixels
    sheet = image_io.grid(np.stack([image_io.enlarged(image, MIN_TILE_SIDE) for image in images]), len(images))
    content = image_io.to_png(image_io.enlarged(sheet, MIN_SIDE))
    return Png(content, target.private, request.args.get("v") == run_of(target))


async def _target(datasette: Any, request: Any) -> Target:
    target = await target_of(datasette, request)
    if not generate.can_decode(target.collection):
        raise InputError(
            f"{target.collection.name} cannot reconstruct images: {target.collection.builder} has no decoder for its"
            f" vectors. Build a collection with {written_list(generate.decoders(reconstructs=True), 'or')}"
        )
    return target


def _options(request: Any, target: Target) -> Options:
    """The options in the URL. Raises InputError for two tasks, too many images, or a k outside its limits."""
    given = [task for task in TASKS if request.args.get(task.name)]
    ids = tuple(request.args.getlist("id"))
    k = request.args.get("k")
    if len(given) + bool(k) > 1:
        raise InputError(f"Give only one of {', '.join(task.name for task in TASKS)} and k")
    if len(ids) > MAX_IMAGES:
        raise out_of_range("The number of images", len(ids), most=MAX_IMAGES)
    task = given[0] if given else None
    chosen = number("k", k, 1, target.collection.dim) if k else None
    amount = request.args.get(task.name) if task else ""
    if task and task.name == "noise":
        amount = f"{round(share('noise', amount, 0, 2), NOISE_DECIMALS):g}"
    return Options(task, amount, chosen, seed_of(request), ids)


async def _peers(datasette: Any, actor: Any, target: Target, options: Options) -> tuple[str, ...]:
    """The collections of the same table that the actor may view, if codes are to be compared."""
    if options.bits is None:
        return ()
    every = await read(target.database, collections.undamaged_collections)
    same = [each for each in every if each.dataset == target.dataset.name]
    visible = await visible_collections(datasette, actor, target.database.name, same)
    return tuple([each.name for each, _ in visible])


async def _computed(
    datasette: Any, request: Any, target: Target, options: Options
) -> tuple[list[str], ReconstructionGrid, int]:
    """Keys of the images, their reconstructions, and the shorter side of the model's images in pixels. Cached because a
    browser requests the rows of a page one by one."""
    collection, damage, bits = target.collection, options.damage, options.bits
    peers = await _peers(datasette, request.actor, target, options)

    def make(conn: Any, opened: OpenCollection) -> tuple[list[str], ReconstructionGrid, int]:
        model = generate.open_model(conn, opened)
        rng = np.random.default_rng(options.seed)
        keys = readable(datasette, conn, target, options.ids or generate.some_keys(model, DEFAULT_COUNT, rng))
        batch = model.images(keys) if options.ids else model.readable_images(keys)
        if not len(batch) or len(keys) < len(options.ids):
            raise NotFoundError(f"{collection.name} has no such image that may be shown")
        result = show(model, batch.pixels, damage=damage, bits=bits, k=options.k, rng=rng, among=peers)
        return list(batch.keys), result, min(model.shape[:2])

    key = ("reconstruct", collection.id, collection.run, collection.revision, peers, *options.arguments)
    try:
        return await computed(target.database, key, current(target, make))
    except NotFoundError as error:
        raise NotFound(str(error)) from error


def _score_texts(score: dict[str, Any]) -> dict[str, Any]:
    """A row of the table as texts."""
    exact = not score["mse"]
    return score | {"mse": f"{score['mse']:.3g}", "psnr": "exact" if exact else f"{score['psnr']:.1f}"}
