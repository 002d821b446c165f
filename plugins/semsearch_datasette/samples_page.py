"""`…/samples`: pictures of random codes from the seed in the URL; of one of them the nearest real pictures, and the way
to another; how they came to be as the training went on; and what other collections of the same table make.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from datasette import NotFound

from semsearch import generate, present, samples
from semsearch.errors import InputError
from semsearch.records import Collection, Hit
from semsearch.search.images import browse
from semsearch.search.query import nearest_to
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.cards import cards
from semsearch_datasette.compat import allows
from semsearch_datasette.connection import read
from semsearch_datasette.pictures import MOST_SEED, run_of, seed_of
from semsearch_datasette.respond import Answer
from semsearch_datasette.rows import one_hit
from semsearch_datasette.sampling import ACROSS, GRID, STEPS, drawing_of, number_of, prior_of
from semsearch_datasette.target import Target, frame, target_of
from semsearch_datasette.thumbs import url_of

PRIORS = {
    "mixture": "ten Gaussians fitted to the codes",
    "gaussian": "one Gaussian fitted to the codes",
    "normal": "N(0, I)",
    "own": "as the builder implies",
}
NEAREST = 6  # real pictures shown beside a sample
BESIDE = 4  # other collections


async def page(datasette: Any, request: Any) -> Answer:
    """A sheet with a link on each picture, links to the next and the one before, and what was asked of one of them."""
    target = await target_of(datasette, request)
    if not generate.can_sample(target.collection):
        raise InputError(
            f"{target.collection.name} holds {target.collection.of}s: no pictures can be made of its codes"
        )
    seed, prior = seed_of(request), prior_of(request, target)
    one, other = number_of(request, "number"), number_of(request, "other")
    near = await _nearest(target, prior, seed, one) if one else []
    ends = await _ends(request, target) if generate.can_decode(target.collection) else None
    beside = await _beside(datasette, request, target)
    imagines = not generate.can_decode(target.collection)
    run = target.collection.run
    steps = await read(target.database, lambda conn: collections.pictured_steps(conn, run)) if imagines else []
    name, database, version = target.collection.name, target.database.name, run_of(target)

    def here(other_seed: int = seed, **more: Any) -> str:
        return links.collection(datasette, database, name, "samples", seed=other_seed, prior=prior, **more)

    def picture(what: str, **arguments: Any) -> str:
        return url_of(datasette, target, what, **arguments, v=version)

    pages = {
        said: here(seed + by) if 0 <= seed + by <= MOST_SEED else None for said, by in (("before", -1), ("after", 1))
    }
    urls = {
        "samples_url": picture("sample", seed=seed, prior=prior),
        "sample_url": picture("sample", seed=seed, prior=prior, number=one) if one else None,
        "between_url": picture("walk", seed=seed, prior=prior, number=one, other=other) if one and other else None,
        "walk_url": picture("walk", **{"from": ends[0], "to": ends[1]}) if ends else None,
    }

    def context() -> dict[str, Any]:
        return (
            frame(datasette, target, "samples")
            | urls
            | {
                "count": GRID,
                "across": ACROSS,
                "steps": STEPS,
                "seed": seed,
                "prior": prior,
                "priors": {known: PRIORS[known] for known in samples.priors_of(target.collection)},
                "most_seed": MOST_SEED,
                "before_url": pages["before"],
                "after_url": pages["after"],
                "numbers": [(number, here(number=number)) for number in range(1, GRID + 1)],
                "number": one,
                "other": other or (one or 0) % GRID + 1,
                "near": cards(datasette, target, near),
                "ends": ends,
                "here_url": links.collection(datasette, database, name, "samples"),
                "grown": [(step, url_of(datasette, target, "trained", step, v=version)) for step in steps],
                "beside": [_shown(datasette, database, collection, seed) for collection in beside],
            }
        )

    data = {
        "collection": name,
        "generated": True,
        "seed": seed,
        "prior": prior,
        "number": one,
        "nearest": [present.hit_dict(hit) for hit in near],
        "walk": list(ends) if ends else None,
        **{said: datasette.absolute_url(request, url) if url else None for said, url in urls.items()},
        "next_url": datasette.absolute_url(request, pages["after"]) if pages["after"] else None,
    }
    return Answer("samples.html", context, data, target.private)


async def _nearest(target: Target, prior: str, seed: int, one: int) -> Sequence[Hit]:
    """The real pictures nearest to a sample, as the collection sees both."""
    drawing, name = await drawing_of(target, prior, seed), target.collection.name

    def look(conn: Any) -> Sequence[Hit]:
        model = generate.open_model(conn, name)
        made = model.decode(drawing.code(model, one)[None])
        return nearest_to(conn, name, model.embed(made)[0], k=NEAREST).hits

    return await read(target.database, look)


async def _beside(datasette: Any, request: Any, target: Target) -> list[Collection]:
    """Other collections of the same table that make pictures, and that the actor may see."""

    def look(conn: Any) -> list[Collection]:
        mine = target.collection
        return [
            found
            for found in collections.all_collections(conn)
            if found.dataset == mine.dataset and found.name != mine.name and generate.can_sample(found)
        ]

    found = await read(target.database, look)
    return [one for one in found[:BESIDE] if await allows(datasette, request.actor, target.database.name, one.name)]


def _shown(datasette: Any, database: str, collection: Collection, seed: int) -> dict[str, Any]:
    """A collection beside this one: its sheet of the same seed, and where it leads."""
    url = links.collection(
        datasette, database, collection.name, "sample", seed=seed, v=f"{collection.run}.{collection.id}"
    )
    return {
        "name": collection.name,
        "builder": collection.builder,
        "sheet_url": url,
        "href": links.collection(datasette, database, collection.name, "samples", seed=seed),
    }


async def _ends(request: Any, target: Target) -> tuple[str, str] | None:
    """The items that a walk leads between: those asked for, else the first two; None where there are no two."""
    asked = tuple((request.args.get(end) or "").strip() for end in ("from", "to"))

    def look(conn: Any) -> list[str]:
        if all(asked):
            return [id for id in asked if one_hit(conn, target, id) is not None]
        return [str(hit.id) for hit in browse(conn, target.collection.name, k=2)]

    found = await read(target.database, look)
    if all(asked) and len(found) < 2:
        missing = next(id for id in asked if id not in found)
        raise NotFound(f"No item {missing!r} in {target.collection.name}")
    return (found[0], found[1]) if len(found) == 2 else None
