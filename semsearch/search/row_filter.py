"""The rows that a filter keeps. Of passages its columns may be those of the passages, or those of their documents."""

from __future__ import annotations

from semsearch.errors import InputError
from semsearch.records import Dataset
from semsearch.storage import datasets, filters, passages
from semsearch.storage.driver import Connection
from semsearch.storage.filters import Filter


def kept_rows(db: Connection, dataset: Dataset, only: Filter) -> list[str]:
    """The keys of the rows of a dataset that a filter keeps.

    Of a dataset of passages these are the passages that it keeps, or where a column is unknown there, the passages of
    the documents that it keeps. Raises InputError for a condition that cannot be used on either.
    """
    try:
        return filters.matching_keys(db, dataset.name, dataset.key_kind, dataset.key_columns, only)
    except InputError:
        source = datasets.find_dataset(db, str(dataset.source)) if dataset.made_by == "passages" else None
        if source is None:
            raise
        try:
            kept = filters.matching_keys(db, source.name, source.key_kind, source.key_columns, only)
        except InputError:
            kept = None
        if kept is None:
            raise
        return passages.of_documents(db, dataset, kept)
