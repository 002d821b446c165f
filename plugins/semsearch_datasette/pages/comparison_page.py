"""`…/comparison`: all collections of a table of images, compared by accuracy on the same labels and by neighbours.

A page evaluates a bounded number of images. It shows the command, which has no such bound.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.errors import InputError, NotFoundError
from semsearch.evaluate import collection_comparison
from semsearch.evaluate.collection_comparison import CollectionComparison, CollectionScores
from semsearch.records import Collection, Hit
from semsearch.storage import connect
from semsearch.storage.keys import as_text
from semsearch_datasette import links
from semsearch_datasette.connection import file_name, read
from semsearch_datasette.pages.labels_page import MAX_COLUMN_NAME
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.parts.thumbs import Thumb, thumb_of
from semsearch_datasette.permissions import visible_collections
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, frame, target_of

MAX_COLLECTIONS = 12  # the latest ones


@dataclass(frozen=True)
class Compared:
    """The comparison, and for each collection the neighbours of each query image, with their rows."""

    comparison: CollectionComparison
    neighbours: Sequence[Sequence[Sequence[str]]]
    hits: dict[str, Hit]


@dataclass(frozen=True)
class LinkedImage:
    """An image on the page: its thumbnail, the URL of its page, and its title."""

    thumb: Thumb | None
    href: str
    title: str


@dataclass(frozen=True)
class Neighbours:
    """The nearest neighbours of an image in one collection, and how many of them have its label."""

    collection: str
    images: Sequence[LinkedImage]
    shared: int


async def page(datasette: Any, request: Any) -> Answer:
    """A row for each collection, then some images with their neighbours in every collection."""
    target = await target_of(datasette, request)
    if target.collection.of != "image":
        raise InputError(
            f"{target.collection.name} contains {target.collection.of}s: only collections of images can be compared"
        )
    column = (request.args.get("label") or "")[:MAX_COLUMN_NAME] or (target.labels[0] if target.labels else "")
    every = await read(target.database, lambda conn: collection_comparison.of_dataset(conn, target.dataset.name))
    visible = await visible_collections(datasette, request.actor, target.database.name, every)
    chosen = [each for each, _ in visible[-MAX_COLLECTIONS:]]
    compared, remark = await _compared_or_remark(request, target, chosen, column)
    name, database = target.collection.name, target.database.name

    def context() -> dict[str, Any]:
        return frame(datasette, target, "comparison") | {
            "columns": list(dict.fromkeys([*target.labels, *filter(None, [column])])),
            "label": column,
            "here_url": links.collection(datasette, database, name, "comparison"),
            "remark": remark,
            "comparison": compared and compared.comparison,
            "rows": compared and _rows(datasette, target, compared.comparison),
            "queries": compared and _queries(datasette, target, compared, column),
            "left_out": max(0, len(visible) - MAX_COLLECTIONS),
            "command": _command(target, column),
        }

    data = {
        "collection": name,
        "table": target.dataset.name,
        "compared": compared and compared.comparison.as_dict(),
        "neighbours": compared and _neighbour_data(compared),
        "next_url": None,
    }
    return Answer("comparison.html", context, data, target.private)


def _neighbour_data(compared: Compared) -> list[dict[str, Any]]:
    """The neighbours for the JSON, one entry for each collection and query image."""
    return [
        {"collection": row.collection, "id": key, "near": ids}
        for row, lists in zip(compared.comparison.rows, compared.neighbours, strict=True)
        for key, ids in zip(compared.comparison.asked, lists, strict=True)
    ]


async def _compared_or_remark(
    request: Any, target: Target, collections: Sequence[Collection], column: str
) -> tuple[Compared | None, str | None]:
    """The comparison, or why there is none. A request for JSON gets the error itself."""
    names = [each.name for each in collections]
    runs = tuple((each.id, each.run, each.revision) for each in collections)
    key = ("comparison", target.dataset.name, column, runs, connect.stamp_of(target.database.path))
    try:
        if not column:
            raise InputError(
                f"{target.dataset.name} has no column of labels: collections are compared by their accuracy on labels"
            )
        return await computed(target.database, key, lambda conn: _compare(conn, target, names, column)), None
    except (InputError, NotFoundError) as error:
        if wants_json(request):
            raise
        return None, str(error)


def _compare(conn: Any, target: Target, names: Sequence[str], column: str) -> Compared:
    result = collection_comparison.compare(conn, names, label=column)
    neighbours = [collection_comparison.neighbours(conn, name, result.asked) for name in names]
    ids = {*result.asked, *(id for lists in neighbours for each in lists for id in each)}
    return Compared(result, neighbours, hits_of(conn, target, sorted(ids)))


def _rows(datasette: Any, target: Target, result: CollectionComparison) -> list[dict[str, Any]]:
    """A row of the table for each collection, the best figure of each column marked."""
    figures = [_figures(row) for row in result.rows]
    best = [max((value or 0.0 for value in column), default=0.0) for column in zip(*figures, strict=True)]
    database = target.database.name
    return [
        {
            "name": row.collection,
            "href": links.collection(datasette, database, row.collection),
            "current": row.collection == target.collection.name,
            "builder": row.builder,
            "dim": row.dim,
            "seconds": f"{row.seconds:,.0f}" if row.seconds >= 10 else f"{row.seconds:.1f}",
            "figures": [
                ("" if value is None else f"{100 * value:.1f}", value is not None and value == most)
                for value, most in zip(values, best, strict=True)
            ],
        }
        for row, values in zip(result.rows, figures, strict=True)
    ]


def _figures(row: CollectionScores) -> list[float | None]:
    return [row.probe, row.knn, *row.few.values()]


def _queries(datasette: Any, target: Target, compared: Compared, column: str) -> list[dict[str, Any]]:
    """Each query image, and its neighbours in every collection."""
    database, name = target.database.name, target.collection.name

    def linked(id: str) -> LinkedImage:
        hit = compared.hits[id]
        href = links.item(datasette, database, name, id)
        return LinkedImage(thumb_of(datasette, target, hit), href, title_of(target, hit))

    def label_of(id: str) -> str:
        return as_text(compared.hits[id].row.get(column)).strip()

    def neighbours(key: str, name: str, ids: Sequence[str]) -> Neighbours:
        return Neighbours(name, [linked(id) for id in ids], sum(label_of(id) == label_of(key) for id in ids))

    names = [row.collection for row in compared.comparison.rows]
    return [
        {
            "image": linked(key),
            "label": label_of(key),
            "rows": [
                neighbours(key, name, lists[place]) for name, lists in zip(names, compared.neighbours, strict=True)
            ],
        }
        for place, key in enumerate(compared.comparison.asked)
    ]


def _command(target: Target, column: str) -> str:
    """The command that does the same without the limits of a page."""
    return shlex.join(
        [
            "semsearch",
            "evaluate",
            "images",
            file_name(target.database),
            target.dataset.name,
            *(["--label", column] if column else []),
        ]
    )
