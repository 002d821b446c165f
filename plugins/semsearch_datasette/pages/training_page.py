"""`/DATABASE/-/semsearch-training`: the curves of trainings that are running now, from the files they write."""

from __future__ import annotations

from typing import Any

from datasette import Forbidden

from semsearch.storage import checkpoints
from semsearch_datasette import links
from semsearch_datasette.compat import allows, check_visibility
from semsearch_datasette.connection import read
from semsearch_datasette.parts import curves
from semsearch_datasette.respond import Answer, static_url
from semsearch_datasette.target import database_of

Training = tuple[dict[str, Any], float]  # what it told, and how many seconds ago


async def training(datasette: Any, request: Any) -> Answer:
    """The trainings of the tables that the actor may see. A script loads the page again every few seconds."""
    database = database_of(datasette, request)
    told, private = await visible_trainings(datasette, request.actor, database)
    if not told and not await allows(datasette, request.actor, database.name):
        raise Forbidden("You do not have permission to view this database")

    def context() -> dict[str, Any]:
        return {
            "database": database.name,
            "home_url": links.home(datasette, database.name),
            "trainings": [_training(each, silent) for each, silent in told],
            "live_url": static_url(datasette, "live.js"),
            "panel": curves.FRAME,
        }

    data = {
        "trainings": [
            {**each, "curve": [{"step": step, **metrics} for step, metrics in each["curve"]], "silent_seconds": silent}
            for each, silent in told
        ]
    }
    return Answer("training.html", context, data, private)


async def visible_trainings(datasette: Any, actor: Any, database: Any) -> tuple[list[Training], bool]:
    """The trainings of a database on tables that the actor may see, and whether others may not see one of them."""
    result, private = [], False
    for told, silent in await read(database, checkpoints.read_progress):
        visible, is_private = await check_visibility(datasette, actor, database.name, str(told["dataset"]))
        if visible:
            result.append((told, silent))
            private = private or is_private
    return result, private


def _training(told: dict[str, Any], silent: float) -> dict[str, Any]:
    """A training for the template."""
    return {
        "collection": told["collection"],
        "dataset": told["dataset"],
        "builder": told["builder"],
        "step": f"{told['step']:,}",
        "total": f"{told['total']:,}",
        "share": round(100 * told["step"] / max(1, told["total"])),
        "silent": round(silent),
        "panels": curves.panels([(step, metrics) for step, metrics in told["curve"]]),
    }
