"""Filters on the table's own columns: from a page's URL or its form, as chips in words, as rows of the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from semsearch import web
from semsearch.errors import InputError
from semsearch.search.query import Condition, Filter
from semsearch_datasette import links
from semsearch_datasette.target import Target

SAYS_ALL = ("isnull", "notnull", "isblank", "notblank")  # operations without a value
WORDS: Mapping[str, str] = {
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
    "date": "is on the day",
    "like": "is like",
    "notlike": "is not like",
    "glob": "matches",
    "isnull": "is null",
    "notnull": "is not null",
    "isblank": "is blank",
    "notblank": "is not blank",
}


@dataclass(frozen=True)
class Filters:
    """The filters of one request; `from_form` where some are fields of the form."""

    columns: tuple[str, ...]
    conditions: tuple[Condition, ...]
    from_form: bool

    @property
    def only(self) -> Filter:
        """What search is told."""
        return Filter(conditions=self.conditions)

    @property
    def pairs(self) -> links.Pairs:
        """The filters as arguments of a URL."""
        return [web.spelled(condition) for condition in self.conditions]

    def context(self, here: Callable[[links.Pairs], str]) -> dict[str, Any]:
        """What the template shows: `here` makes this page's URL with other filters."""
        pairs = self.pairs
        chips = [
            {"words": words(condition), "remove_url": here([pair for pair in pairs if pair != pairs[place]])}
            for place, condition in enumerate(self.conditions)
        ]
        rows = [
            {"at": f"_{place}", "number": place, "column": one.column, "op": one.op, "value": one.value}
            for place, one in enumerate(self.conditions, 1)
        ]
        return {
            "filter_columns": self.columns,
            "filter_words": WORDS,
            "chips": chips,
            "filter_rows": [*rows, {"at": "", "number": len(rows) + 1, "column": "", "op": "exact", "value": ""}],
            "unfiltered_url": here([]),
        }


def filters_of(target: Target, request: Any) -> Filters:
    """The filters that a URL or the form's fields name. InputError names what cannot be."""
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    named = web.conditions(pairs, target.columns) if target.columns else _none(target, pairs)
    from_form = any(name.startswith("_filter_") and "__" not in name for name, _ in pairs) and bool(target.columns)
    added = web.edited(request.args, target.columns) if from_form else ()
    return Filters(target.columns, tuple(dict.fromkeys((*named, *added))), from_form)


def _none(target: Target, pairs: web.Pairs) -> tuple[Condition, ...]:
    """Words have no row of the table to filter by."""
    named = next((name for name, _ in pairs if name not in web.RESERVED and name and not name.startswith("_")), None)
    if named is not None:
        name = target.collection.name
        raise InputError(f"{name} holds {target.collection.of}s, which take no filters: {named[:80]!r} cannot be used")
    return ()


def words(condition: Condition) -> str:
    """A filter for people: `pages is more than 80`."""
    said = f"{condition.column} {WORDS.get(condition.op, condition.op)}"
    return said if condition.op in SAYS_ALL else f"{said} {condition.value or '(nothing)'}"
