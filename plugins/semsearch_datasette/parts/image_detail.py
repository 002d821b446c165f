"""What the page of a picture shows: its fingerprint, and what is left of it at 1, 2, 4 … numbers of its code."""

from __future__ import annotations

from typing import Any

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.images.generate import can_decode, is_ordered
from semsearch.records import Hit
from semsearch.web import number
from semsearch_datasette import links
from semsearch_datasette.parts.image_routes import run_of
from semsearch_datasette.parts.thumbs import thumb_of, url_of
from semsearch_datasette.target import Target

WIDTH, HEIGHT = 600, 120  # of the fingerprint
STRONGEST = 3


def told(datasette: Any, request: Any, target: Target, hit: Hit, code: FloatArray | None) -> dict[str, Any]:
    """What the template needs; `code` is None where the picture has no vector."""
    thumb = thumb_of(datasette, target, hit)
    shown: dict[str, Any] = {"thumb": thumb, "bars": None, "steps": [], "k": None}
    if code is None:
        return shown
    shown |= {
        "bars": _bars(code),
        "bar_width": WIDTH,
        "bar_height": HEIGHT,
        "strongest": _strongest(datasette, target, code),
    }
    if not can_decode(target.collection) or thumb is None:
        return shown
    dim = target.collection.dim
    name, database = target.collection.name, target.database.name
    steps = [2**power for power in range(dim.bit_length()) if 2**power < dim] + [dim]
    ordered = is_ordered(target.collection)
    asked = request.args.get("k") if ordered else None
    k = number("k", asked, 1, dim) if asked else dim

    def made(n: int) -> dict[str, Any]:
        url = url_of(datasette, target, "reconstruction", hit.id, v=run_of(target), k=n if ordered else None)
        return {"k": n, "url": url, "href": links.item(datasette, database, name, hit.id, k=n)}

    return shown | {
        "steps": [made(n) for n in (steps if ordered else [dim])],
        "ordered": ordered,
        "k": k,
        "dim": dim,
        "chosen": made(k),
        "here_url": links.item(datasette, database, name, hit.id),
    }


def data(code: FloatArray | None) -> dict[str, Any]:
    """The same for the JSON."""
    return {"code": None if code is None else [float(value) for value in code]}


def _bars(code: FloatArray) -> list[dict[str, float]]:
    """A bar for each number of the code, from the middle up or down."""
    largest = float(np.abs(code).max()) or 1.0
    step = WIDTH / len(code)
    bars = []
    for place, value in enumerate(code.tolist()):
        height = abs(value) / largest * (HEIGHT / 2 - 2)
        top = HEIGHT / 2 - height if value > 0 else HEIGHT / 2
        wide = max(step - 1, step * 0.7)
        bars.append({"x": round(place * step, 2), "y": round(top, 2), "w": round(wide, 2), "h": round(height, 2)})
    return bars


def _strongest(datasette: Any, target: Target, code: FloatArray) -> list[dict[str, Any]]:
    """The components that the picture holds most of, with their pictures where they are some."""
    order = np.argsort(-np.abs(code), kind="stable")[:STRONGEST].tolist()
    return [
        {
            "number": place + 1,
            "loading": f"{code[place]:+.2f}",
            "url": url_of(datasette, target, f"component/{place + 1}", v=run_of(target)) if target.has_eigen else None,
        }
        for place in order
    ]
