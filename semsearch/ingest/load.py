"""Items into a dataset: one ordinary table, all or nothing, in memory that does not grow with the source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from semsearch.errors import InputError, NameTakenError
from semsearch.ingest.base import Fault, Read, Stream, next_batch
from semsearch.ingest.columns import Columns, checked, completed, guess_columns, mean_lengths, register_table
from semsearch.ingest.keying import Keying, check_existing, choose_keying
from semsearch.records import Dataset, Item, Report, silent
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import all_datasets, check_new_name, register
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of
from semsearch.storage.tables import SeenKeys, Upserts, count_above, is_table_or_view, storable

__all__ = ["Columns", "Loaded", "guess_columns", "load_documents", "register_table"]
LISTED = 1_000  # messages kept about what was skipped; the rest are only counted


@dataclass(frozen=True)
class Loaded:
    """What an ingest did: the dataset, rows by what became of them, what was left out, and what is worth saying."""

    dataset: Dataset
    added: int
    updated: int
    unchanged: int
    skipped: list[str]  # the first LISTED messages
    skipped_count: int
    remarks: list[str]


def load_documents(
    db: Connection,
    name: str,
    source: Stream,
    *,
    columns: Columns | None = None,
    skip_errors: bool = False,
    report: Report = silent,
) -> Loaded:
    """Write the items of a source into the dataset `name`, made if it is not there, updated by key if it is.

    All happens in one transaction: any error, or Ctrl-C, leaves the file as it was. `report` gets (rows so far, 0).
    Raises InputError for whatever in the source cannot be read (with `skip_errors` such files and rows are left out), for
    missing or repeated ids and for a source without items; NameTakenError for a table that ingest did not make;
    NotFoundError for a column that is not there.
    """
    items = iter(source.items)
    try:
        with transaction(db):
            existing = _target(db, name)
            sieve = _Sieve(items, skip_errors)
            return _load(db, name, replace(source, items=()), existing, sieve, (columns or Columns(), report))
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()  # the file it is reading, now and not when memory is next tidied
