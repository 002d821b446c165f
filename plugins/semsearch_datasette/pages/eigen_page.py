"""`…/components` of pictures: the mean, the components as pictures, and how much of the variance they hold."""

from __future__ import annotations

from typing import Any

from semsearch.search.images import Eigen, eigen
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.parts.image_routes import run_of
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, look

WIDTH, HEIGHT, LEFT, BOTTOM = 640, 220, 44, 26  # of the curve's picture


async def components(datasette: Any, request: Any, target: Target) -> Answer:
    """Some components, strongest first."""
    asked = paging(request.args, default_k=30)
    name, database = target.collection.name, target.database.name
    found = await look(target, lambda conn, opened: eigen(conn, opened.collection))
    total = len(found.captured)
    numbers = range(asked.after + 1, min(asked.after + asked.k, total) + 1)
    after = asked.next_after(total)
    next_url = links.collection(datasette, database, name, "components", k=asked.k, after=after) if after else None
    version = run_of(target)

    def context() -> dict[str, Any]:
        height, width = found.size
        return frame(datasette, target, "components") | {
            "width": width,
            "height": height,
            "mean_url": url_of(datasette, target, "component/0", v=version),
            "components": [
                {
                    "number": number,
                    "share": f"{100 * found.share(number):.2f}",
                    "url": url_of(datasette, target, f"component/{number}", v=version),
                }
                for number in numbers
            ],
            "total": total,
            "captured": f"{100 * found.captured[-1]:.1f}",
            "curve": _curve(found),
            "next_url": next_url,
        }

    data = {
        "collection": name,
        "total": total,
        "captured_variance": float(found.captured[-1]),
        "components": [
            {
                "component": number,
                "singular_value": float(found.singular_values[number - 1]),
                "share": found.share(number),
                "captured": float(found.captured[number - 1]),
            }
            for number in numbers
        ],
        "next_url": datasette.absolute_url(request, next_url) if next_url else None,
    }
    return Answer("eigen.html", context, data, target.private)


def _curve(found: Eigen) -> dict[str, Any]:
    """The captured variance as points of a line, with the ticks of both axes."""
    total = len(found.captured)

    def x(number: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 10) * number / total, 1)

    def y(share: float) -> float:
        return round(8 + (HEIGHT - BOTTOM - 8) * (1 - share), 1)

    points = [(x(0), y(0)), *((x(number), y(float(share))) for number, share in enumerate(found.captured, 1))]
    ticks = sorted({1, *(round(total * part / 4) for part in (1, 2, 3, 4))} - {0})
    return {
        "points": " ".join(f"{across},{up}" for across, up in points),
        "shares": [(f"{share}%", y(share / 100)) for share in (0, 25, 50, 75, 100)],
        "numbers": [(number, x(number)) for number in ticks],
        "left": LEFT,
        "width": WIDTH,
        "height": HEIGHT,
    }
