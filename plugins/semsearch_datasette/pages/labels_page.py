"""`…/labels?label=COL`: how well vectors predict a column of labels, the confusion matrix, and what to label next.

If a column cannot be learned, the page says why below the form, and the JSON has an error status.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from semsearch.errors import InputError, NotFoundError
from semsearch.labels import classify as engine
from semsearch.labels.classify import Classified, Suggestion
from semsearch.labels.label_scores import WORDS
from semsearch.records import OpenCollection
from semsearch.storage import connect, results
from semsearch.storage.labels import MOST_DIFFERENT
from semsearch.web import DEFAULT_K, MAX_K, paging
from semsearch_datasette import links
from semsearch_datasette.compat import allows
from semsearch_datasette.connection import read
from semsearch_datasette.parts.cards import Card, Meter, cards
from semsearch_datasette.parts.commands import command_line
from semsearch_datasette.parts.numbers import unbroken
from semsearch_datasette.parts.rows import hits_of, title_of
from semsearch_datasette.respond import Answer, wants_json
from semsearch_datasette.result_cache import computed
from semsearch_datasette.target import MAX_COMPARED, Target, current, frame, target_of

SUGGESTIONS = (DEFAULT_K, 50, MAX_K)  # numbers of suggestions that are computed
MAX_LABELS = MOST_DIFFERENT  # distinct labels that a page learns
MAX_BAG_OF_WORDS_ROWS = 2_000  # rows on which a page evaluates the bag of words
MAX_CONFUSION = 20  # labels of a confusion matrix on a page
MAX_COLUMN_NAME = 200  # characters
SHOWN_PREDICTIONS = 10  # written predictions on the page
Report = tuple[Classified, list[Suggestion]]


@dataclass(frozen=True)
class Written:
    """The predictions in the table of a collection: their number, some rows (key, title, label, probability), and
    whether the collection has changed since."""

    total: int
    rows: list[tuple[str, str, str, float]]
    is_stale: bool


async def labels(datasette: Any, request: Any) -> Answer:
    """The report on one column; by default on the first that looks like a column of labels."""
    target, part = await target_of(datasette, request), paging(request.args)
    column = (request.args.get("label") or "")[:MAX_COLUMN_NAME] or (target.labels[0] if target.labels else "")
    # Each number of suggestions is a computation, so few numbers are computed and the first are shown.
    computed_k = next(k for k in SUGGESTIONS if k >= part.k)
    report, remark = await _report_or_remark(request, target, column, computed_k)
    classified, suggestions = report or (None, [])
    suggestions = suggestions[: part.k]
    predictions_table = results.table_name(target.collection.name, "predictions")
    database = target.database
    has_table = await read(
        database, lambda conn: results.has_predictions(conn, target.collection.name)
    ) and await allows(datasette, request.actor, database.name, predictions_table)
    ids = [str(suggestion.id) for suggestion in suggestions]
    hits = await read(database, lambda conn: hits_of(conn, target, ids)) if ids else {}
    written = await read(database, lambda conn: _written(conn, target)) if has_table else None

    def context() -> dict[str, Any]:
        return frame(datasette, target, "labels") | {
            "columns": list(dict.fromkeys([*target.labels, *filter(None, [column])])),
            "label": column,
            "k": part.k,
            "here_url": links.collection(datasette, database.name, target.collection.name, "labels"),
            "remark": remark and _pieces(remark),
            "report": classified and _report(datasette, target, classified),
            "suggestions": _suggested_cards(datasette, target, suggestions, hits),
            "written": written and _written_rows(datasette, target, written),
            "predictions_url": datasette.urls.table(database.name, predictions_table) if has_table else None,
            "command": _command(target, column),
        }

    titles = {id: title_of(target, hit) for id, hit in hits.items()}
    data = {
        "collection": target.collection.name,
        "columns": list(target.labels),
        "label": column or None,
        "learnt": classified and classified.as_dict() | {"remarks": classified.remarks},
        "suggestions": [
            {"id": each.id, "title": titles[str(each.id)], "label": each.label, "probability": each.probability}
            for each in suggestions
        ],
        "predictions": [
            {"id": id, "title": title, "label": label, "probability": probability}
            for id, title, label, probability in (written.rows if written else ())
        ],
        "predictions_stale": written is not None and written.is_stale,
        "next_url": None,
    }
    return Answer("labels.html", context, data, target.private)


async def _report_or_remark(request: Any, target: Target, column: str, k: int) -> tuple[Report | None, str | None]:
    """The report, or why there is none. A request for JSON that names a column gets the error itself."""
    if not column:
        return None, None
    collection = target.collection
    if collection.count > MAX_COMPARED:
        raise InputError(
            f"{collection.name} has {collection.count:,} items, and a page learns from at most {MAX_COMPARED:,}."
            f" Run: {_command(target, column)}"
        )
    stamp = connect.stamp_of(target.database.path)
    key = ("labels", collection.name, collection.run, collection.created, collection.revision, column, k, stamp)

    def learn(conn: Any, opened: OpenCollection) -> Report:
        return _learn(conn, target, opened, column, k)

    try:
        return await computed(target.database, key, current(target, learn)), None
    except (InputError, NotFoundError) as error:
        if wants_json(request) and request.args.get("label"):
            raise
        return None, str(error)


def _learn(conn: Any, target: Target, opened: OpenCollection, column: str, k: int) -> Report:
    """The report, and k suggestions if some rows have no label."""
    labelled = engine.read_checked(conn, [opened], column)
    if len(labelled.labels) > MAX_LABELS:
        raise InputError(
            f"{column} has {len(labelled.labels)} distinct labels, and a page learns at most {MAX_LABELS}."
            f" Run: {_command(target, column)}"
        )
    classified = engine.learn(conn, labelled, most_words=MAX_BAG_OF_WORDS_ROWS)
    return classified, engine.suggestions(labelled, k) if classified.predictions else []


def _command(target: Target, column: str) -> str:
    """The command that does the same without the limits of a page, and writes the predictions."""
    return command_line(target, "classify", options=("--label", column or "COLUMN"))


def _report(datasette: Any, target: Target, report: Classified) -> dict[str, Any]:
    """The report for the template: accuracies as bars, a row for each label, and the shaded confusion matrix."""
    table = target.collection.vocabulary if target.collection.of == "word" else target.dataset.name
    names = [str(facts.label) for facts in report.labels]
    return {
        "with_label": report.with_label,
        "labelled": report.labelled,
        "once": len(report.alone),
        "total": report.items,
        "accuracies": [
            {
                "meter": Meter(
                    "text" if judged.features == WORDS else "vector",
                    judged.features.capitalize(),
                    unbroken(f"{100 * judged.accuracy:.1f} %"),
                    round(100 * judged.accuracy, 1),
                ),
                "interval": unbroken(f"{100 * judged.low:.1f} to {100 * judged.high:.1f} %"),
                "count": judged.judged,
                "macro_f1": f"{judged.macro_f1:.3f}",
            }
            for judged in report.judged
        ],
        "labels": [
            {
                "name": name,
                "href": links.table_rows(
                    datasette, target.database.name, table, **{f"{report.column}__exact": facts.label}
                ),
                "count": facts.count,
                "precision": _percent(facts.precision),
                "recall": _percent(facts.recall),
                "predicted": facts.predicted,
            }
            for name, facts in zip(names, report.labels, strict=True)
        ],
        "confusion": _confusion(names, report) if len(names) <= MAX_CONFUSION else [],
        "predictions": len(report.predictions),
        "remarks": [_pieces(line) for line in report.remarks],
    }


def _pieces(line: str) -> list[tuple[str, bool]]:
    """A sentence in stretches, and whether each is code: text between backticks."""
    return [(piece, place % 2 == 1) for place, piece in enumerate(line.split("`")) if piece]


def _confusion(names: list[str], report: Classified) -> list[tuple[str, list[tuple[int, int, bool]]]]:
    """A row for each true label: counts, their shade from 0 to 4, and whether they are on the diagonal."""
    rows = []
    for place, counts in enumerate(report.confusion):
        total = max(1, sum(counts))
        cells = [(count, math.ceil(4 * count / total), place == at) for at, count in enumerate(counts)]
        rows.append((names[place], cells))
    return rows


def _percent(share: float | None) -> str:
    return "" if share is None else unbroken(f"{100 * share:.0f} %")


def _written(conn: Any, target: Target) -> Written:
    """What `classify` has written: the number of predictions, the most certain ones, and whether they are stale."""
    name = target.collection.name
    table = results.table_name(name, "predictions")
    best = results.predictions(conn, name, k=SHOWN_PREDICTIONS)
    hits = hits_of(conn, target, [id for id, _, _ in best])
    rows = [(id, title_of(target, hits[id]), label, probability) for id, label, probability in best]
    return Written(results.count(conn, table), rows, results.is_stale(conn, table, target.collection))


def _written_rows(datasette: Any, target: Target, written: Written) -> dict[str, Any]:
    """The written predictions for the template."""
    database, name = target.database.name, target.collection.name
    return {
        "total": written.total,
        "is_stale": written.is_stale,
        "rows": [
            (title, links.item(datasette, database, name, id), label, unbroken(f"{100 * probability:.0f} %"))
            for id, title, label, probability in written.rows
        ],
    }


def _suggested_cards(datasette: Any, target: Target, suggestions: list[Suggestion], hits: dict[str, Any]) -> list[Card]:
    """A card for each suggestion, with its predicted label and the probability of that."""
    plain = cards(datasette, target, [hits[str(each.id)] for each in suggestions])
    return [
        replace(card, summary=f"Predicted: {each.label} ({_percent(each.probability or 0)})")
        for card, each in zip(plain, suggestions, strict=True)
    ]
