"""`…/samples`: pictures of random codes from the seed in the URL, and the walk from one picture to another."""

from __future__ import annotations

from typing import Any

from datasette import NotFound

from semsearch.errors import InputError
from semsearch.generate import can_decode, can_sample, priors_of
from semsearch.search.images import browse
from semsearch_datasette import links
from semsearch_datasette.connection import read
from semsearch_datasette.pictures import GRID, MOST_SEED, STEPS, prior_of, run_of, seed_of
from semsearch_datasette.respond import Answer
from semsearch_datasette.rows import one_hit
from semsearch_datasette.target import Target, frame, target_of
from semsearch_datasette.thumbs import url_of

PRIORS = {
    "mixture": "ten Gaussians fitted to the codes",
    "gaussian": "one Gaussian fitted to the codes",
    "normal": "N(0, I)",
    "own": "as the builder implies",
}


async def samples(datasette: Any, request: Any) -> Answer:
    """One grid, links to the next and the one before, and a form for a walk between two items."""
    target = await target_of(datasette, request)
    if not can_sample(target.collection):
        raise InputError(
            f"{target.collection.name} holds {target.collection.of}s: no pictures can be made of its codes"
        )
    seed, prior = seed_of(request), prior_of(request, target)
    ends = await _ends(request, target) if can_decode(target.collection) else None
    name, database = target.collection.name, target.database.name
    version = run_of(target)
    grid_url = url_of(datasette, target, "sample", seed=seed, prior=prior, v=version)

    def page(other: int) -> str | None:
        if not 0 <= other <= MOST_SEED:
            return None
        return links.collection(datasette, database, name, "samples", seed=other, prior=prior)

    walk_url = url_of(datasette, target, "walk", **{"from": ends[0], "to": ends[1]}, v=version) if ends else None

    def context() -> dict[str, Any]:
        return frame(datasette, target, "samples") | {
            "grid_url": grid_url,
            "count": GRID,
            "steps": STEPS,
            "seed": seed,
            "prior": prior,
            "priors": {name: PRIORS[name] for name in priors_of(target.collection)},
            "most_seed": MOST_SEED,
            "before_url": page(seed - 1),
            "after_url": page(seed + 1),
            "ends": ends,
            "walk_url": walk_url,
            "here_url": links.collection(datasette, database, name, "samples"),
        }

    data = {
        "collection": name,
        "seed": seed,
        "prior": prior,
        "samples_url": datasette.absolute_url(request, grid_url),
        "walk": list(ends) if ends else None,
        "walk_url": datasette.absolute_url(request, walk_url) if walk_url else None,
        "next_url": datasette.absolute_url(request, page(seed + 1)) if page(seed + 1) else None,
    }
    return Answer("samples.html", context, data, target.private)


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
