"""How co-occurrences were counted, in words, for the captions of their tables."""

from __future__ import annotations

from typing import Any

from semsearch.records import OpenCollection
from semsearch.run_facts import counting_text
from semsearch.storage import collections


def counting_of(conn: Any, opened: OpenCollection) -> str:
    """A sentence about the weight of a pair in the counts of a collection."""
    return counting_text(collections.get_run(conn, opened.collection.run))
