"""The page of an image: its vector as bars, and its reconstructions from 1, 2, 4 … dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.images.generate import can_decode, is_ordered
from semsearch.records import Hit
from semsearch.web import number
from semsearch_datasette import links
from semsearch_datasette.parts.image_routes import run_of
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.parts.thumbs import thumb_of, url_of
from semsearch_datasette.target import Target

BARS_WIDTH, BARS_HEIGHT = 600, 120
MAX_LOADINGS = 3  # largest loadings that are listed


def context(datasette: Any, request: Any, target: Target, hit: Hit, code: FloatArray | None) -> dict[str, Any]:
    """The context of the template; `code` is None if the image has no vector."""
    thumb = thumb_of(datasette, target, hit)
    values: dict[str, Any] = {"thumb": thumb, "bars": None, "steps": [], "k": None}
    if code is None:
        return values
    values |= {
        "bars": _bars(code),
        "bar_width": BARS_WIDTH,
        "bar_height": BARS_HEIGHT,
        "strongest": _strongest(datasette, target, code),
    }
    if not can_decode(target.collection) or thumb is None:
        return values
    dim = target.collection.dim
    name, database = target.collection.name, target.database.name
    steps = [2**power for power in range(dim.bit_length()) if 2**power < dim] + [dim]
    ordered = is_ordered(target.collection)
    text = request.args.get("k") if ordered else None
    k = number("k", text, 1, dim) if text else dim

    def reconstruction(n: int) -> dict[str, Any]:
        url = url_of(datasette, target, "reconstruction", hit.id, v=run_of(target), k=n if ordered else None)
        return {"k": n, "url": url, "href": links.item(datasette, database, name, hit.id, k=n)}

    return values | {
        "steps": [reconstruction(n) for n in (steps if ordered else [dim])],
        "ordered": ordered,
        "k": k,
        "dim": dim,
        "chosen": reconstruction(k),
        "here_url": links.item(datasette, database, name, hit.id),
    }


def data(code: FloatArray | None) -> dict[str, Any]:
    """The vector for the JSON."""
    return {"code": None if code is None else [float(value) for value in code]}


def _bars(code: FloatArray) -> list[dict[str, float]]:
    """A bar for each value of the vector, up or down from the middle."""
    largest = float(np.abs(code).max()) or 1.0
    step = BARS_WIDTH / len(code)
    bars = []
    for place, value in enumerate(code.tolist()):
        height = abs(value) / largest * (BARS_HEIGHT / 2 - 2)
        top = BARS_HEIGHT / 2 - height if value > 0 else BARS_HEIGHT / 2
        wide = max(step - 1, step * 0.7)
        bars.append({"x": round(place * step, 2), "y": round(top, 2), "w": round(wide, 2), "h": round(height, 2)})
    return bars


def _strongest(datasette: Any, target: Target, code: FloatArray) -> list[dict[str, Any]]:
    """The components with the largest loadings, and the URLs of their images if they have some."""
    order = np.argsort(-np.abs(code), kind="stable")[:MAX_LOADINGS].tolist()
    return [
        {
            "number": place + 1,
            "value": with_minus(f"{code[place]:+.2f}"),
            "url": url_of(datasette, target, f"component/{place + 1}", v=run_of(target)) if target.has_eigen else None,
        }
        for place in order
    ]
