"""`…/comparison`: all collections of a table's pictures on the same labels, and the same pictures' neighbours in each.

A page judges on a bounded number of pictures; the command, which it names, takes as many as it is told.
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
from semsearch_datasette.connection import read
from semsearch_datasette.pages.labels_page import LONGEST, file_of
from semsearch_datasette.parts.rows import hits_of, named
from semsearch_datasette.parts.thumbs import Thumb, thumb_of
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import Target, frame, target_of

MOST = 12  # collections, the latest ones


@dataclass(frozen=True)
class Compared:
    """The comparison, and for each collection the neighbours of each picture asked about, as rows of the table."""

    found: CollectionComparison
    near: Sequence[Sequence[Sequence[str]]]
    hits: dict[str, Hit]


@dataclass(frozen=True)
class Near:
    """A picture's neighbours in one collection, and how many of them share its label."""

    collection: str
    pictures: Sequence[tuple[Thumb | None, str, str]]
    shared: int


async def page(datasette: Any, request: Any) -> Answer:
    """A row for each collection, then some pictures, each with its neighbours in every one."""
    target = await target_of(datasette, request)
    if target.collection.of != "image":
        raise InputError(f"{target.collection.name} holds {target.collection.of}s: pictures are compared here")
    column = (request.args.get("label") or "")[:LONGEST] or (target.labels[0] if target.labels else "")
    parts = await read(
        target.database, lambda conn: collection_comparison.of_dataset(conn, target.dataset.name), without_vectors=True
    )
    made, remark = await _tried(request, target, parts[-MOST:], column)
    name, database = target.collection.name, target.database.name

    def context() -> dict[str, Any]:
        return frame(datasette, target, "runs") | {
            "columns": list(dict.fromkeys([*target.labels, *filter(None, [column])])),
            "label": column,
            "here_url": links.collection(datasette, database, name, "comparison"),
            "remark": remark,
            "found": made and made.found,
            "rows": made and _told(datasette, target, made.found),
            "asked": made and _asked(datasette, target, made, column),
            "left_out": max(0, len(parts) - MOST),
            "command": _command(target, column),
        }

    found = made and made.found.as_dict()
    near = made and [
        {"collection": row.collection, "id": key, "near": ids}
        for row, some in zip(made.found.rows, made.near, strict=True)
        for key, ids in zip(made.found.asked, some, strict=True)
    ]
    data = {"collection": name, "table": target.dataset.name, "compared": found, "neighbours": near, "next_url": None}
    return Answer("comparison.html", context, data, target.private)


async def _tried(
    request: Any, target: Target, parts: Sequence[Collection], column: str
) -> tuple[Compared | None, str | None]:
    """What was compared, or why nothing was; a request for JSON meets the error itself."""
    names = [part.name for part in parts]
    runs = tuple((part.id, part.run, part.revision) for part in parts)
    key = ("comparison", target.dataset.name, column, runs, connect.stamp_of(target.database.path))
    try:
        if not column:
            raise InputError(f"{target.dataset.name} has no label column to compare collections by")
        return await computed(target.database, key, lambda conn: _compare(conn, target, names, column)), None
    except (InputError, NotFoundError) as error:
        if wants_json(request):
            raise
        return None, str(error)


def _compare(conn: Any, target: Target, names: Sequence[str], column: str) -> Compared:
    found = collection_comparison.compare(conn, names, label=column)
    near = [collection_comparison.neighbours(conn, name, found.asked) for name in names]
    ids = {*found.asked, *(id for some in near for each in some for id in each)}
    return Compared(found, near, hits_of(conn, target, sorted(ids)))


def _told(datasette: Any, target: Target, found: CollectionComparison) -> list[dict[str, Any]]:
    """A row of the table for each collection; of each figure the best ones are marked."""
    figures = [_figures(row) for row in found.rows]
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
                for value, most in zip(some, best, strict=True)
            ],
        }
        for row, some in zip(found.rows, figures, strict=True)
    ]


def _figures(row: CollectionScores) -> list[float | None]:
    return [row.probe, row.knn, *row.few.values()]


def _asked(datasette: Any, target: Target, made: Compared, column: str) -> list[dict[str, Any]]:
    """Each picture asked about, and its neighbours in every collection."""
    database, name = target.database.name, target.collection.name

    def shown(id: str) -> tuple[Thumb | None, str, str]:
        hit = made.hits[id]
        return thumb_of(datasette, target, hit), links.item(datasette, database, name, id), named(target, hit)

    def label_of(id: str) -> str:
        return as_text(made.hits[id].row.get(column)).strip()

    def near(key: str, name: str, ids: Sequence[str]) -> Near:
        return Near(name, [shown(id) for id in ids], sum(label_of(id) == label_of(key) for id in ids))

    names = [row.collection for row in made.found.rows]
    return [
        {
            "picture": shown(key),
            "label": label_of(key),
            "near": [near(key, name, some[place]) for name, some in zip(names, made.near, strict=True)],
        }
        for place, key in enumerate(made.found.asked)
    ]


def _command(target: Target, column: str) -> str:
    """What does the same without a page's limits."""
    return shlex.join(
        [
            "semsearch",
            "evaluate",
            "images",
            file_of(target),
            target.dataset.name,
            *(["--label", column] if column else []),
        ]
    )
