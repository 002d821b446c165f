"""The words of some documents of a collection, counted."""

from __future__ import annotations

from collections.abc import Sequence

from semsearch.maths.counts import TermCounts, count_terms
from semsearch.maths.text import Analyzer
from semsearch.records import Dataset
from semsearch.storage import datasets
from semsearch.storage.driver import Connection


def count_words(db: Connection, dataset: Dataset, keys: Sequence[str], analyzer: Analyzer) -> TermCounts:
    """Term counts with one row per key, in their order; a document whose row was deleted has an empty row."""
    wanted = set(keys)
    texts = {item.key: item.text for item in datasets.read_items(db, dataset) if item.key in wanted}
    return count_terms([texts.get(key, "") for key in keys], analyzer)
