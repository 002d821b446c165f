"""Filters on the table's columns: read from a URL or a form, shown as chips and as rows of the form."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from semsearch import web
from semsearch.errors import InputError
from semsearch.search.query import Condition, Filter
from semsearch_datasette import links
from semsearch_datasette.target import Target

WITHOUT_VALUE = ("isnull", "notnull", "isblank", "notblank")  # operations
OPERATION_NAMES: Mapping[str, str] = {
    "exact": "is",
    "not": "is not",
    "contains": "contains",
    "notcontains": "does not contain",
    "startswith": "begins with",
    "endswith": "ends with",
    "gt": "is more than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "in": "is one of",
    "notin": "is none of",
    "date": "is on the date",
    "like": "matches the SQL pattern",
    "notlike": "does not match the SQL pattern",
    "glob": "matches the glob pattern",
    "isnull": "has no value (null)",
    "notnull": "has a value (not null)",
    "isblank": "is blank",
    "notblank": "is not blank",
}


@dataclass(frozen=True)
class Filters:
    """The filters of one request; `from_form` if some are fields of the form."""

    columns: tuple[str, ...]
    conditions: tuple[Condition, ...]
    from_form: bool

    @property
    def only(self) -> Filter:
        """The filters as an argument of search."""
        return Filter(conditions=self.conditions)

    @property
    def pairs(self) -> links.Pairs:
        """The filters as arguments of a URL."""
        return [web.spelled(condition) for condition in self.conditions]

    def context(self, here: Callable[[links.Pairs], str]) -> dict[str, Any]:
        """The filters for the template; `here` makes this page's URL with other filters."""
        pairs = self.pairs
        chips = [
            {"words": words(condition), "remove_url": here([pair for pair in pairs if pair != pairs[place]])}
            for place, condition in enumerate(self.conditions)
        ]
        rows = [
            {"at": f"_{place}", "number": place, "column": each.column, "op": each.op, "value": each.value}
            for place, each in enumerate(self.conditions, 1)
        ]
        return {
            "filter_columns": self.columns,
            "filter_words": OPERATION_NAMES,
            "chips": chips,
            "filter_rows": [*rows, {"at": "", "number": len(rows) + 1, "column": "", "op": "exact", "value": ""}],
            "unfiltered_url": here([]),
        }


def filters_of(target: Target, request: Any, own: Container[str] = ()) -> Filters:
    """The filters in a URL or in the form's fields; arguments of the page's `own` are none.

    Raises InputError for an unknown column or operation.
    """
    pairs = [pair for pair in parse_qsl(request.query_string, keep_blank_values=True) if pair[0] not in own]
    named = web.conditions(pairs, target.columns) if target.columns else _none(target, pairs)
    from_form = any(name.startswith("_filter_") and "__" not in name for name, _ in pairs) and bool(target.columns)
    added = web.edited(request.args, target.columns) if from_form else ()
    return Filters(target.columns, tuple(dict.fromkeys((*named, *added))), from_form)


def _none(target: Target, pairs: web.Pairs) -> tuple[Condition, ...]:
    """No filters. Raises InputError if the URL has one, because words have no columns to filter by."""
    named = next((name for name, _ in pairs if name not in web.RESERVED and name and not name.startswith("_")), None)
    if named is not None:
        name = target.collection.name
        raise InputError(
            f"{name} contains {target.collection.of}s, which cannot be filtered: remove the argument {named[:80]!r}"
        )
    return ()


def words(condition: Condition) -> str:
    """A filter in words: `pages is more than 80`."""
    text = f"{condition.column} {OPERATION_NAMES.get(condition.op, condition.op)}"
    return text if condition.op in WITHOUT_VALUE else f"{text} {condition.value or '(empty text)'}"
