"""Tables of results that follow an update: those whose rows can be changed one by one, as the vectors changed."""

from __future__ import annotations

from collections.abc import Iterable

from semsearch.analysis import maps, neighbours
from semsearch.records import Collection, Report, silent
from semsearch.storage.driver import Connection
from semsearch.storage.results import table_name


def refresh_results(db: Connection, some: Iterable[Collection], report: Report = silent) -> dict[str, int]:
    """Bring the tables of these collections up to date; the number of items written, by table.

    Each table is written in a transaction of its own. If the process ends before, the table says that it is stale, and
    the next update brings it up to date.
    """
    written = {}
    for collection in some:
        lists = neighbours.refresh(db, collection, report=report)
        if lists is not None:
            written[table_name(collection.name, "neighbours")] = lists.lists
        placed = maps.refresh(db, collection, changed=lists.changed if lists else ())
        if placed is not None:
            written[table_name(collection.name, "map")] = placed
    return written
