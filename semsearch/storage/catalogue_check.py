"""Which entries of the catalogue are damaged, for `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from semsearch.errors import DatabaseError
from semsearch.storage import collections
from semsearch.storage.connect import catalogue_rows
from semsearch.storage.datasets import get_dataset
from semsearch.storage.driver import Connection


def count_datasets(db: Connection) -> int:
    """How many datasets the catalogue has, damaged entries included."""
    return len(catalogue_rows(db, "select 1 from _semsearch_datasets"))


def damaged_entries(db: Connection) -> Iterator[str]:
    """What is said of each entry of the catalogue that cannot be read: of collections, runs and datasets."""
    rows = collections.catalogued(db, "order by c.name")
    readers: list[Callable[[], object]] = [partial(collections.collection_of, row) for row in rows]
    runs = catalogue_rows(db, f"select {collections.RUN_COLUMNS} from _semsearch_runs order by id")
    readers += [partial(collections.run_of_row, row, ()) for row in runs]
    readers += [partial(get_dataset, db, row[0]) for row in catalogue_rows(db, "select name from _semsearch_datasets")]
    for reader in readers:
        try:
            reader()
        except DatabaseError as error:
            yield str(error)
