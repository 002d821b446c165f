"""`…/labels?label=COL`: how well vectors tell a column of labels, what is taken for what, and which rows to label next.

A column that cannot be learned is told beside the form; the JSON answers it with a status.
"""

from __future__ import annotations

import math
import os
import shlex
from dataclasses import replace
from typing import Any

from semsearch.errors import InputError, NotFoundError
from semsearch.labels import classify as engine
from semsearch.labels.classify import Classified, Suggestion
from semsearch.labels.held_out import WORDS
from semsearch.records import OpenCollection
from semsearch.storage import connect, results
from semsearch.storage.labels import MOST_DIFFERENT
from semsearch.web import paging
from semsearch_datasette import links
from semsearch_datasette.compat import allows
from semsearch_datasette.connection import read
from semsearch_datasette.parts.cards import Card, Meter, cards
from semsearch_datasette.parts.rows import hits_of, named
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import MOST_COMPARED, Target, current, frame, target_of

MOST_LABELS = MOST_DIFFERENT  # different ones that a page learns
MOST_WORDS = 2_000  # rows that a bag of words is judged on while somebody waits
MOST_CROSSED = 20  # in the table of what is taken for what
LONGEST = 200  # characters of a column's name
Learnt = tuple[Classified, list[Suggestion]]


async def labels(datasette: Any, request: Any) -> Answer:
    """What can be learnt of one column; by default of the first that looks like one of labels."""
    target, asked = await target_of(datasette, request), paging(request.args)
    column = (request.args.get("label") or "")[:LONGEST] or (target.labels[0] if target.labels else "")
    learnt, remark = await _tried(request, target, column, asked.k)
    found, suggested = learnt or (None, [])
    written = results.table_name(target.collection.name, "predictions")
    database = target.database
    has_table = await read(
        database, lambda conn: results.has_predictions(conn, target.collection.name), without_vectors=True
    ) and await allows(datasette, request.actor, database.name, written)
    ids = [str(one.id) for one in suggested]
    hits = await read(database, lambda conn: hits_of(conn, target, ids)) if ids else {}

    def context() -> dict[str, Any]:
        return frame(datasette, target, "labels") | {
            "columns": list(dict.fromkeys([*target.labels, *filter(None, [column])])),
            "label": column,
            "k": asked.k,
            "here_url": links.collection(datasette, database.name, target.collection.name, "labels"),
            "remark": remark and _pieces(remark),
            "found": found and _shown(datasette, target, found),
            "suggested": _suggested(datasette, target, suggested, hits),
            "predictions_url": datasette.urls.table(database.name, written) if has_table else None,
            "command": _command(target, column),
        }

    titles = {id: named(target, hit) for id, hit in hits.items()}
    data = {
        "collection": target.collection.name,
        "columns": list(target.labels),
        "label": column or None,
        "learnt": found and found.as_dict() | {"remarks": found.remarks},
        "suggestions": [
            {"id": one.id, "title": titles[str(one.id)], "label": one.label, "probability": one.probability}
            for one in suggested
        ],
        "next_url": None,
    }
    return Answer("labels.html", context, data, target.private)


async def _tried(request: Any, target: Target, column: str, k: int) -> tuple[Learnt | None, str | None]:
    """What was learnt, or why nothing was; a request for JSON that names a column meets the error itself."""
    if not column:
        return None, None
    collection = target.collection
    if collection.count > MOST_COMPARED:
        raise InputError(
            f"{collection.name} has {collection.count:,} items, and a page learns from up to {MOST_COMPARED:,}."
            f" Run: {_command(target, column)}"
        )
    stamp = connect.stamp_of(target.database.path)
    key = ("labels", collection.name, collection.run, collection.created, collection.revision, column, k, stamp)

    def learn(conn: Any, opened: OpenCollection) -> Learnt:
        return _learn(conn, target, opened, column, k)

    try:
        return await computed(target.database, key, current(target, learn)), None
    except (InputError, NotFoundError) as error:
        if wants_json(request) and request.args.get("label"):
            raise
        return None, str(error)


def _learn(conn: Any, target: Target, opened: OpenCollection, column: str, k: int) -> Learnt:
    """The report, and k suggestions where there is something left to label."""
    found = engine.read_checked(conn, [opened], column)
    if len(found.labels) > MOST_LABELS:
        raise InputError(
            f"{column} has {len(found.labels)} labels, and a page learns up to {MOST_LABELS}."
            f" Run: {_command(target, column)}"
        )
    learnt = engine.learn(conn, found, most_words=MOST_WORDS)
    return learnt, engine.suggestions(found, k) if learnt.predictions else []


def _command(target: Target, column: str) -> str:
    """What does the same without a page's limits, and writes the predictions."""
    return shlex.join(["semsearch", "classify", file_of(target), target.collection.name, "--label", column or "COLUMN"])


def file_of(target: Target) -> str:
    """The name of the file that a command is to be given."""
    return os.path.basename(target.database.path or "") or target.database.name


def _shown(datasette: Any, target: Target, found: Classified) -> dict[str, Any]:
    """The report laid out: accuracies as bars, a row for each label, and what is taken for what, shaded by share."""
    table = target.collection.vocabulary if target.collection.of == "word" else target.dataset.name
    names = [str(facts.label) for facts in found.labels]
    return {
        "labelled": found.labelled,
        "total": found.items,
        "judged": [
            {
                "meter": Meter(
                    "words" if one.features == WORDS else "meaning",
                    one.features.capitalize(),
                    f"{100 * one.accuracy:.1f} %",
                    round(100 * one.accuracy, 1),
                ),
                "interval": f"{100 * one.low:.1f} to {100 * one.high:.1f} %",
                "count": one.judged,
                "macro_f1": f"{one.macro_f1:.3f}",
            }
            for one in found.judged
        ],
        "labels": [
            {
                "name": name,
                "href": links.table_rows(
                    datasette, target.database.name, table, **{f"{found.column}__exact": facts.label}
                ),
                "count": facts.count,
                "precision": _percent(facts.precision),
                "recall": _percent(facts.recall),
                "predicted": facts.predicted,
            }
            for name, facts in zip(names, found.labels, strict=True)
        ],
        "crossed": _crossed(names, found) if len(names) <= MOST_CROSSED else [],
        "predictions": len(found.predictions),
        "remarks": [_pieces(line) for line in found.remarks],
    }


def _pieces(line: str) -> list[tuple[str, bool]]:
    """A sentence in stretches, and whether each is code, which stands between backticks."""
    return [(piece, place % 2 == 1) for place, piece in enumerate(line.split("`")) if piece]


def _crossed(names: list[str], found: Classified) -> list[tuple[str, list[tuple[int, int, bool]]]]:
    """A row for each label: counts, how strongly to shade them, 0 to 4, and whether they are the right ones."""
    rows = []
    for place, counts in enumerate(found.confusion):
        total = max(1, sum(counts))
        cells = [(count, math.ceil(4 * count / total), place == at) for at, count in enumerate(counts)]
        rows.append((names[place], cells))
    return rows


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _suggested(datasette: Any, target: Target, suggested: list[Suggestion], hits: dict[str, Any]) -> list[Card]:
    """A card for each, saying what is believed of it so far."""
    made = cards(datasette, target, [hits[str(one.id)] for one in suggested])
    return [
        replace(card, why=f"Taken for {one.label}, {100 * (one.probability or 0):.0f} %")
        for card, one in zip(made, suggested, strict=True)
    ]
