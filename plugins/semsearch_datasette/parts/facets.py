"""Facets of a search: how many of the best results have each value of a column, with a link that filters by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from semsearch.records import Hit
from semsearch.search.query import Condition
from semsearch.storage.keys import as_text
from semsearch.web import spelled
from semsearch_datasette import links
from semsearch_datasette.parts.filters import Filters
from semsearch_datasette.target import Target

DEPTH = 200  # best results that are counted
MAX_COLUMNS, MAX_VALUES = 3, 8  # shown


def counts(target: Target, hits: Sequence[Hit]) -> list[tuple[str, list[tuple[str, int]]]]:
    """For each column of labels its most frequent values among these hits; none for a column of a single value."""
    result = []
    for column in target.labels[:MAX_COLUMNS]:
        values = Counter(as_text(hit.row.get(column)) for hit in hits[:DEPTH] if hit.row.get(column) not in (None, ""))
        if len(values) > 1:
            result.append((column, values.most_common(MAX_VALUES)))
    return result


def context(
    target: Target, hits: Sequence[Hit], filters: Filters, here: Callable[[links.Pairs], str]
) -> dict[str, Any]:
    """The facets for the template; `here` makes this page's URL with other filters."""
    facets = [
        {
            "column": column,
            "choices": [
                {"value": value, "count": f"{count:,}", "href": here([*filters.pairs, _argument(column, value)])}
                for value, count in values
            ],
        }
        for column, values in counts(target, hits)
    ]
    return {"facets": facets, "counted": min(len(hits), DEPTH)}


def _argument(column: str, value: str) -> tuple[str, str]:
    return spelled(Condition(column, "exact", value))
