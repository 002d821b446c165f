"""`…/runs`: the run that made a collection, and earlier ones of the same builder on the same table."""

from __future__ import annotations

from typing import Any

from semsearch import present
from semsearch.records import Run, Update
from semsearch.storage import collections
from semsearch_datasette import links
from semsearch_datasette.connection import missing, read
from semsearch_datasette.parts import curves
from semsearch_datasette.parts.image_routes import run_of
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, target_of


async def runs(datasette: Any, request: Any) -> Answer:
    """Options, metrics, seconds and versions, newest first; the curves of the training in use, where it was one."""
    target = await target_of(datasette, request)
    run = target.collection.run
    found, curve, steps = await read(
        target.database,
        lambda conn: (_look(conn, target), collections.read_curve(conn, run), collections.pictured_steps(conn, run)),
        without_vectors=True,
    )
    shown = [(step, url_of(datasette, target, "trained", step, v=run_of(target))) for step in steps]

    def context() -> dict[str, Any]:
        return frame(datasette, target, "runs") | {
            "runs": [_shown(run, target.collection.run) for run, _ in found],
            "panels": curves.panels(curve),
            "panel_size": (curves.WIDTH, curves.HEIGHT),
            "shown": shown,
            "compare_url": links.collection(datasette, target.database.name, target.collection.name, "comparison")
            if target.collection.of == "image" and target.labels and not missing()
            else None,
        }

    data = {
        "collection": target.collection.name,
        "run": target.collection.run,
        "runs": [present.run_dict(run, updates) for run, updates in found],
        "curve": [{"step": step, **metrics} for step, metrics in curve],
        "pictures": [{"step": step, "url": url} for step, url in shown],
        "next_url": None,
    }
    return Answer("runs.html", context, data, target.private)


def _look(conn: Any, target: Target) -> list[tuple[Run, list[Update]]]:
    made_by = (target.collection.dataset, target.collection.builder)
    return [
        (run, collections.updates_of(conn, run.id))
        for run in collections.all_runs(conn)
        if (run.dataset, run.builder) == made_by
    ]


def _shown(run: Run, current: int) -> dict[str, Any]:
    return {
        "run": run,
        "current": run.id == current,
        "options": [(name, _value(value)) for name, value in run.options.items()],
        "metrics": [(name.replace("_", " "), _value(value)) for name, value in run.metrics.items()],
        "versions": list(run.versions.items()),
    }


def _value(value: Any) -> str:
    """An option or a metric for people: whole numbers whole, others to four digits, None as what it means."""
    if value is None:
        return "chosen by the builder"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
