"""`…/runs`: the run that built a collection, and earlier runs of the same builder on the same table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semsearch import present, run_facts
from semsearch.glossary import TERMS
from semsearch.images.quizzes import has_task
from semsearch.records import Run, Update
from semsearch.search import resident
from semsearch.storage import collections
from semsearch_datasette.connection import read
from semsearch_datasette.parts import curves
from semsearch_datasette.parts.image_routes import comparison_url, run_of
from semsearch_datasette.parts.numbers import unbroken, with_minus
from semsearch_datasette.parts.thumbs import url_of
from semsearch_datasette.permissions import visible_runs
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, target_of


async def page(datasette: Any, request: Any) -> Answer:
    """Options, metrics, seconds and versions of each run, newest first; the training curves of the current run."""
    target = await target_of(datasette, request)
    run = target.collection.run
    runs, curve, steps = await read(
        target.database,
        lambda conn: (_runs(conn, target), collections.read_curve(conn, run), collections.pictured_steps(conn, run)),
    )
    # Another run of the same builder on the same table may have read other tables.
    visible = await visible_runs(datasette, request.actor, target.database.name, runs)
    history = await read(target.database, lambda conn: _with_updates(conn, visible))
    snapshots = [(step, url_of(datasette, target, "trained", step, v=run_of(target))) for step in steps]

    def context() -> dict[str, Any]:
        return frame(datasette, target, "runs") | {
            "runs": [_run(run, target.collection.run) for run, _ in history],
            "tier": resident.tier_text(target.collection),
            "panels": curves.panels(curve, run_facts.declared(target.collection.builder)),
            "panel": curves.FRAME,
            "snapshots": snapshots,
            "snapshot_rows": ("input", "prediction", "target") if has_task(target.collection) else (),
            "compare_url": comparison_url(datasette, target),
        }

    keys = dict.fromkeys(
        key for metrics in (*(run.metrics for run, _ in history), *(at for _, at in curve)) for key in metrics
    )
    data = {
        "collection": target.collection.name,
        "run": target.collection.run,
        "runs": [present.run_dict(run, updates) for run, updates in history],
        "curve": [{"step": step, **metrics} for step, metrics in curve],
        "pictures": [{"step": step, "url": url} for step, url in snapshots],
        "meanings": run_facts.meanings(target.collection.builder, keys),
        "searched": resident.tier_of(target.collection),
        "next_url": None,
    }
    return Answer("runs.html", context, data, target.private)


def _runs(conn: Any, target: Target) -> list[Run]:
    builder = (target.collection.dataset, target.collection.builder)
    return [run for run in collections.all_runs(conn, skip_damaged=True) if (run.dataset, run.builder) == builder]


def _with_updates(conn: Any, history: Sequence[Run]) -> list[tuple[Run, list[Update]]]:
    return [(run, collections.updates_of(conn, run.id)) for run in history]


def _run(run: Run, current: int) -> dict[str, Any]:
    return {
        "run": run,
        "duration": unbroken(present.took_seconds(run.seconds)),
        "current": run.id == current,
        "options": [(name.replace("_", " "), with_minus(text)) for name, text in run_facts.option_texts(run).items()],
        "metrics": [_metric(fact) for fact in run_facts.metric_facts(run)],
        "versions": list(run.versions.items()),
    }


def _metric(fact: run_facts.MetricFact) -> dict[str, Any]:
    """A metric of the list: its name, value, direction, meaning, and the term of the glossary that explains more."""
    metric = fact.metric
    return {
        "name": metric.name,
        "value": unbroken(with_minus(fact.text)),
        "direction": metric.direction,
        "what": metric.meaning,
        "term": TERMS.get(metric.term),
    }
