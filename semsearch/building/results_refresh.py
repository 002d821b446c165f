"""Tables of results that follow an update: those whose rows can be changed one by one, as the vectors changed."""

from __future__ import annotations

from collections.abc import Iterable

from semsearch.analysis import neighbours
from semsearch.records import Collection, Report, silent
from semsearch.storage.driver import Connection
from semsearch.storage.results import table_name

FOLLOWING = (("neighbours", neighbours.refresh),)  # in this order: a map reads the neighbours


def refresh_results(db: Connection, some: Iterable[Collection], report: Report = silent) -> dict[str, int]:
    """Bring the tables of these collections up to date; the number of items written, by table.

    Each table is written in a transaction of its own. If the process ends before, the table says that it is stale, and
    the next update brings it up to date.
    """
    written = {}
    for collection in some:
        for suffix, refresh in FOLLOWING:
            items = refresh(db, collection, report=report)
            if items is not None:
                written[table_name(collection.name, suffix)] = items
    return written
