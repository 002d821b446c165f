"""`…/components` of images: the mean, the principal components as images, and the variance they explain."""

from __future__ import annotations

from typing import Any

from semsearch.search.images import Eigen, eigen
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.parts.image_routes import run_of
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.respond import Answer, absolute_url
from semsearch_datasette.target import Target, frame, look

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 220, 44, 26  # pixels of the curve


async def components(datasette: Any, request: Any, target: Target) -> Answer:
    """A page of components, strongest first."""
    part = paging(request.args, default_k=30)
    name, database = target.collection.name, target.database.name
    factors = await look(target, lambda conn, opened: eigen(conn, opened.collection))
    total = len(factors.captured)
    numbers = range(part.after + 1, min(part.after + part.k, total) + 1)
    next_url = links.next_url(
        part, total, lambda after: links.collection(datasette, database, name, "components", k=part.k, after=after)
    )
    version = run_of(target)

    def context() -> dict[str, Any]:
        height, width = factors.size
        return frame(datasette, target, "components") | {
            "width": width,
            "height": height,
            "mean_url": url_of(datasette, target, "component/0", v=version),
            "components": [
                {
                    "number": number,
                    "share": f"{100 * factors.share(number):.2f}",
                    "url": url_of(datasette, target, f"component/{number}", v=version),
                }
                for number in numbers
            ],
            "total": total,
            "captured": f"{100 * factors.captured[-1]:.1f}",
            "curve": _curve(factors),
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "total": total,
        "captured_variance": float(factors.captured[-1]),
        "components": [
            {
                "component": number,
                "singular_value": float(factors.singular_values[number - 1]),
                "share": factors.share(number),
                "captured": float(factors.captured[number - 1]),
            }
            for number in numbers
        ],
        "next_url": absolute_url(datasette, request, next_url),
    }
    return Answer("eigen.html", context, data, target.private)


def _curve(factors: Eigen) -> dict[str, Any]:
    """The explained variance as points of a line, with the ticks of both axes."""
    total = len(factors.captured)

    def x(number: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 10) * number / total, 1)

    def y(share: float) -> float:
        return round(8 + (HEIGHT - BOTTOM - 8) * (1 - share), 1)

    points = [(x(0), y(0)), *((x(number), y(float(share))) for number, share in enumerate(factors.captured, 1))]
    ticks = sorted({1, *(round(total * part / 4) for part in (1, 2, 3, 4))} - {0})
    return {
        "points": " ".join(f"{across},{up}" for across, up in points),
        "shares": [(f"{share}%", y(share / 100)) for share in (0, 25, 50, 75, 100)],
        "numbers": [(number, x(number)) for number in ticks],
        "left": LEFT,
        "width": WIDTH,
        "height": HEIGHT,
    }
