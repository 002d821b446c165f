"""Read search arguments from a request, and map errors to HTTP status codes, without Datasette."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from semsearch.errors import (
    MAX_SHOWN,
    CapabilityError,
    DatabaseError,
    InputError,
    NotFoundError,
    SemsearchError,
    not_a_choice,
    out_of_range,
)
from semsearch.search import query
from semsearch.search.query import MODES, Condition, check_query, check_weight
from semsearch.storage.filters import OPERATORS

MAX_K = 200
MAX_DEPTH = query.MAX_K  # results over all pages
DEFAULT_K = 10
MAX_CONDITIONS = 20
MAX_UNLIKE = 20  # items that similar ones are to be unlike
MAX_VALUE = 1000  # characters of the value of a filter
# Arguments of the search itself; a column of such a name is filtered by `q__exact`.
RESERVED = frozenset(
    {"q", "mode", "k", "weight", "after", "explain", "typos", "unlike", "picture", "picture_inverse", "picture_copy"}
)
FILTER_FIELDS = ("_filter_column", "_filter_op", "_filter_value")  # of the form, named as in Datasette

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Paging:
    """The part of a list that a page shows: `k` results after the first `after`."""

    k: int
    after: int

    @property
    def depth(self) -> int:
        """How many results to request: one more than is shown, to know whether there is a next page."""
        return min(self.after + self.k + 1, MAX_DEPTH)

    def next_after(self, count: int) -> int | None:
        """Where the next page begins; None if the `count` results end before, or the next page exceeds MAX_DEPTH."""
        end = self.after + self.k
        return end if count > end and end + self.k <= MAX_DEPTH else None


@dataclass(frozen=True)
class SearchArguments:
    """The arguments of a search page."""

    q: str  # empty: no query yet
    mode: str
    paging: Paging
    weight: float | None = None  # of the vector score, 0..1
    explain: bool = False  # whether each result is explained
    typos: bool = True  # whether misspelled words are replaced


def search_arguments(arguments: Mapping[str, str]) -> SearchArguments:
    """Read `q`, `mode`, `k`, `after`, `weight`, `explain` and `typos`.

    Raises InputError with the argument and its limit.
    """
    mode, q = arguments.get("mode") or "hybrid", (arguments.get("q") or "").strip()
    if q:
        check_query(q, mode, 1)
    elif mode not in MODES:
        raise not_a_choice("mode", mode, MODES)
    given = arguments.get("weight") or ""
    weight = share("weight", given, 0, 1) if given else None
    check_weight(weight, mode)
    explain, typos = switch("explain", arguments.get("explain") or "0"), switch("typos", arguments.get("typos") or "1")
    return SearchArguments(q, mode, paging(arguments), weight, explain, typos)


def paging(arguments: Mapping[str, str], default_k: int = DEFAULT_K) -> Paging:
    """Read `k` and `after`. Raises InputError, which names the argument and its limit."""
    k = number("k", arguments.get("k") or str(default_k), 1, MAX_K)
    after = number("after", arguments.get("after") or "0", 0, MAX_DEPTH)
    if after + k > MAX_DEPTH:
        raise out_of_range("after + k", after + k, most=MAX_DEPTH)
    return Paging(k, after)


def switch(name: str, text: str) -> bool:
    """Whether an argument is 1. Raises InputError unless it is 1 or 0."""
    if text not in ("0", "1"):
        raise not_a_choice(name, text, (1, 0))
    return text == "1"


def share(name: str, text: str, least: float, most: float) -> float:
    """A decimal number, such as 0.3 or .3. Raises InputError for anything else, and outside of the limits."""
    whole, dot, rest = text.partition(".")
    plain = text.isascii() and len(text) <= 20 and (whole + rest).isdecimal() and (not dot or rest)
    if not plain:
        raise InputError(f"{name} must be a number between {least:g} and {most:g}, not {text[:MAX_SHOWN]!r}")
    if not least <= float(text) <= most:
        raise out_of_range(name, text, least=least, most=most)
    return float(text)


def conditions(pairs: Pairs, columns: Sequence[str]) -> tuple[Condition, ...]:
    """The filters among the arguments of a URL, spelled as in Datasette: `column__op=value`, `column=value` for exact.

    Reserved arguments are skipped, and those that begin with `_` without an operation. Raises InputError, which names
    an unknown column or operation, or the limits.
    """
    filters = []
    for name, value in pairs:
        if not name or name in RESERVED or (name.startswith("_") and "__" not in name[1:]):
            continue
        column, op = _split(name, columns)
        filters.append(_condition(column, op, value, columns))
    return _within_limits(filters)


def new_condition(arguments: Mapping[str, str], columns: Sequence[str]) -> tuple[Condition, ...]:
    """The filter that the form adds; none if no column is chosen."""
    column, op, value = (arguments.get(name) or "" for name in FILTER_FIELDS)
    return (_condition(column, op or "exact", value, columns),) if column else ()


def edited(arguments: Mapping[str, str], columns: Sequence[str]) -> tuple[Condition, ...]:
    """The filters in the rows of the form, the added one last; rows without a column are left out."""
    filters: list[Condition] = []
    for row in range(1, MAX_CONDITIONS + 1):
        fields = {name: arguments.get(f"{name}_{row}") or "" for name in FILTER_FIELDS}
        filters += new_condition(fields, columns)
    return _within_limits([*filters, *new_condition(arguments, columns)])


def spelled(condition: Condition) -> tuple[str, str]:
    """The name and value of a filter in a URL; with its operation, the name never equals a reserved one."""
    return f"{condition.column}__{condition.op}", condition.value


def _split(name: str, columns: Sequence[str]) -> tuple[str, str]:
    """The column and the operation of an argument; a column whose own name contains `__` is recognised."""
    column, mark, op = name.rpartition("__")
    if not mark or (name in columns and column not in columns):
        return name, "exact"
    return column, op


def _condition(column: str, op: str, value: str, columns: Sequence[str]) -> Condition:
    if column not in columns:
        raise InputError(f"There is no column {column[:80]!r} to filter by: the columns are {', '.join(columns)}")
    if op not in OPERATORS:
        raise not_a_choice("The operation of a filter", op, OPERATORS)
    if len(value) > MAX_VALUE:
        raise InputError(f"The value for {column[:80]!r} has {len(value):,} characters: the limit is {MAX_VALUE:,}")
    return Condition(column, op, value)


def _within_limits(filters: Sequence[Condition]) -> tuple[Condition, ...]:
    """The filters without repetitions. Raises InputError for more than MAX_CONDITIONS."""
    different = tuple(dict.fromkeys(filters))
    if len(different) > MAX_CONDITIONS:
        raise out_of_range("The number of filters", len(different), most=MAX_CONDITIONS)
    return different


def number(name: str, text: str, least: int, most: int) -> int:
    """A whole number in ASCII digits. Raises InputError for anything else, and outside of the limits."""
    if not (text.isascii() and text.isdecimal()):
        raise InputError(f"{name} must be a number between {least:,} and {most:,}, not {text[:MAX_SHOWN]!r}")
    if len(text) > 9 or not least <= int(text) <= most:
        raise out_of_range(name, int(text) if len(text) <= 9 else text[:MAX_SHOWN], least=least, most=most)
    return int(text)


def status_of(error: SemsearchError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, InputError):
        return 400
    return 503 if isinstance(error, CapabilityError | DatabaseError) else 500
