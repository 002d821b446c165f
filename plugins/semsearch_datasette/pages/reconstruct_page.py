"""`…/reconstruct`: pictures through their codes, mended of a damage or packed in few bits, as the command has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasette import NotFound

from semsearch.errors import InputError, NotFoundError
from semsearch.images import generate, image_io
from semsearch.images.generate import Damage, is_ordered
from semsearch.images.reconstruct import Shown, show
from semsearch.records import OpenCollection
from semsearch.web import number, share
from semsearch_datasette import links
from semsearch_datasette.parts.image_routes import SHOWN, run_of, seed_of
from semsearch_datasette.parts.rows import readable
from semsearch_datasette.respond import Answer, Png
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, current, frame, target_of

COUNT = 10  # pictures drawn where none is named
MOST = 40  # that may be named
ENLARGED = 64  # pixels of a picture in a row


@dataclass(frozen=True)
class Way:
    """One thing to do to pictures first: its argument in the URL, what it is called, what its number says, and that
    number where none is given, of pictures this long on the shorter side."""

    name: str
    label: str
    amount: str
    default: Callable[[int], str]


WAYS = (
    Way("noise", "Noise", "Standard deviation, pixels from 0 to 1", lambda side: "0.3"),
    Way("mask", "A hole", "Pixels of its side", lambda side: str(max(1, round(0.35 * side)))),
    Way("from_size", "Enlarging", "From so many pixels", lambda side: str(max(1, side // 2))),
    Way("bits", "Few bits", "Bits of each number", lambda side: "8"),
)


@dataclass(frozen=True)
class Asked:
    """What a URL asks for: a way with its number as text, or none; a seed; pictures by id, or some at random."""

    way: Way | None
    amount: str
    k: int | None
    seed: int
    ids: tuple[str, ...]

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """The same as arguments of a URL."""
        chosen = [(self.way.name, self.amount)] if self.way else [("k", str(self.k))] if self.k else []
        return [*chosen, ("seed", str(self.seed)), *(("id", id) for id in self.ids)]

    @property
    def damage(self) -> Damage:
        """What is done to the pictures."""
        whole = {name: self._number(name) for name in ("mask", "from_size")}
        noise = share("noise", self.amount, 0, 2) if self.way and self.way.name == "noise" else None
        return Damage(noise, whole["mask"], whole["from_size"])

    @property
    def bits(self) -> int | None:
        """Bits of each number, where they are packed."""
        return self._number("bits")

    def _number(self, name: str) -> int | None:
        return number(name, self.amount, 1, 4096) if self.way and self.way.name == name else None


async def reconstruct(datasette: Any, request: Any) -> Answer:
    """A row of pictures as they are, and below it what became of them, with the PSNR of each row."""
    target = await _target(datasette, request)
    asked = _asked(request, target)
    keys, shown, height = await _computed(datasette, target, asked)
    name, database = target.collection.name, target.database.name
    version = [("v", run_of(target))]

    def here(changed: Asked) -> str:
        return links.collection(datasette, database, name, "reconstruct", changed.arguments)

    def row(place: int) -> str:
        return links.collection(datasette, database, name, f"reconstructed/{place}", [*asked.arguments, *version])

    def context() -> dict[str, Any]:
        others = [Asked(way, way.default(height), None, asked.seed, asked.ids) for way in WAYS]
        plain = Asked(None, "", None, asked.seed, asked.ids)
        return frame(datasette, target, "reconstruct") | {
            "ways": [
                {
                    "label": one.way.label if one.way else "The code alone",
                    "href": here(one),
                    "current": one.way == asked.way,
                }
                for one in (plain, *others)
            ],
            "asked": asked,
            "k": asked.k or target.collection.dim,
            "ordered": is_ordered(target.collection),
            "here_url": links.collection(datasette, database, name, "reconstruct"),
            "strips": [
                {"caption": strip.caption, "psnr": strip.psnr, "url": row(place)}
                for place, strip in enumerate(shown.strips)
            ],
            "ids": [(key, links.item(datasette, database, name, key)) for key in keys],
            "scores": [_told(score) for score in shown.scores],
            "more_url": None if asked.ids else here(Asked(asked.way, asked.amount, asked.k, asked.seed + 1, ())),
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
    """One row of such a page as a picture."""
    target = await _target(datasette, request)
    _, shown, _ = await _computed(datasette, target, _asked(request, target))
    place = int(request.url_vars["row"])
    if place >= len(shown.strips):
        raise NotFound(f"No row {place}: there are {len(shown.strips)}")
    made = shown.strips[place].pixels
    sheet = image_io.grid(np.stack([image_io.enlarged(one, ENLARGED) for one in made]), len(made))
    content = image_io.to_png(image_io.enlarged(sheet, SHOWN))
    return Png(content, target.private, request.args.get("v") == run_of(target))


async def _target(datasette: Any, request: Any) -> Target:
    target = await target_of(datasette, request)
    if not generate.can_decode(target.collection):
        raise InputError(
            f"{target.collection.name} holds {target.collection.of}s: no pictures can be made of its codes"
        )
    return target


def _asked(request: Any, target: Target) -> Asked:
    """InputError for two things at once, too many pictures, or a k that says nothing here."""
    given = [way for way in WAYS if request.args.get(way.name)]
    ids = tuple(request.args.getlist("id"))
    k = request.args.get("k")
    if len(given) + bool(k) > 1:
        raise InputError(f"Give one of {', '.join(way.name for way in WAYS)} and k: one thing at a time")
    if len(ids) > MOST:
        raise InputError(f"{len(ids)} pictures: the limit is {MOST}")
    way = given[0] if given else None
    chosen = number("k", k, 1, target.collection.dim) if k else None
    return Asked(way, request.args.get(way.name) if way else "", chosen, seed_of(request), ids)


async def _computed(datasette: Any, target: Target, asked: Asked) -> tuple[list[str], Shown, int]:
    """Keys of the pictures, what became of them, and the shorter side of the model's; kept, since the rows of a page
    are asked for one by one."""
    collection, damage, bits = target.collection, asked.damage, asked.bits

    def make(conn: Any, opened: OpenCollection) -> tuple[list[str], Shown, int]:
        model = generate.open_model(conn, opened)
        rng = np.random.default_rng(asked.seed)
        keys = readable(datasette, conn, target, asked.ids or generate.some_keys(model, COUNT, rng))
        found = model.pictures(keys) if asked.ids else model.readable(keys)
        if not len(found) or len(keys) < len(asked.ids):
            raise NotFoundError(f"No such picture in {collection.name} that can be shown")
        made = show(model, found.pixels, damage=damage, bits=bits, k=asked.k, rng=rng)
        return list(found.keys), made, min(model.shape[:2])

    key = ("reconstruct", collection.id, collection.run, collection.revision, *asked.arguments)
    try:
        return await computed(target.database, key, current(target, make))
    except NotFoundError as error:
        raise NotFound(str(error)) from error


def _told(score: dict[str, Any]) -> dict[str, Any]:
    """A line of the table, for people."""
    exact = not score["mse"]
    return score | {"mse": f"{score['mse']:.5f}", "psnr": "exact" if exact else f"{score['psnr']:.2f}"}
