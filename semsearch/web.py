"""Request arguments to search arguments, and errors to status codes. Knows no Datasette."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from semsearch.errors import CapabilityError, DatabaseError, InputError, NotFoundError, SemsearchError
from semsearch.search import query
from semsearch.search.query import MODES, Condition, check_query, check_weight
from semsearch.storage.filters import OPERATORS

MAX_K = 200
MAX_DEPTH = query.MAX_K  # results in all, page after page
DEFAULT_K = 10
MAX_CONDITIONS = 20
MAX_VALUE = 1000  # characters a filter compares with
# A column of such a name is reached as `q__exact`.
OURS = frozenset({"q", "mode", "k", "weight", "after", "explain", "picture"})
NEW = ("_filter_column", "_filter_op", "_filter_value")  # Datasette's own names for the fields of a new filter

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Paging:
    """Which stretch of a list a page shows: `k` of it, after the first `after`."""

    k: int
    after: int

    @property
    def depth(self) -> int:
        """How many results to ask for, one more than is shown where that tells whether the list goes on."""
        return min(self.after + self.k + 1, MAX_DEPTH)

    def next_after(self, found: int) -> int | None:
        """Where the next page begins, if the list of `found` results goes on and search reaches that far."""
        end = self.after + self.k
        return end if found > end and end + self.k <= MAX_DEPTH else None


@dataclass(frozen=True)
class SearchArguments:
    """What a search page was asked: `q` is empty where nothing has been asked yet, `explain` asks why each is here."""

    q: str
    mode: str
    paging: Paging
    weight: float | None = None
    explain: bool = False


def search_arguments(arguments: Mapping[str, str]) -> SearchArguments:
    """Read `q`, `mode`, `k`, `after`, `weight` and `explain`; InputError names the argument and its limit."""
    mode, q = arguments.get("mode") or "hybrid", (arguments.get("q") or "").strip()
    if q:
        check_query(q, mode, 1)
    elif mode not in MODES:
        raise InputError(f"mode is {mode[:40]!r}: choose one of {', '.join(MODES)}")
    given = arguments.get("weight") or ""
    weight = share("weight", given, 0, 1) if given else None
    check_weight(weight, mode)
    return SearchArguments(q, mode, paging(arguments), weight, _switch("explain", arguments.get("explain") or "0"))


def paging(arguments: Mapping[str, str], default_k: int = DEFAULT_K) -> Paging:
    """Read `k` and `after`; InputError names the argument and its limit."""
    k = number("k", arguments.get("k") or str(default_k), 1, MAX_K)
    after = number("after", arguments.get("after") or "0", 0, MAX_DEPTH)
    if after + k > MAX_DEPTH:
        raise InputError(f"after + k is {after + k:,}: the limit is {MAX_DEPTH:,}")
    return Paging(k, after)


def _switch(name: str, text: str) -> bool:
    """1 or 0, or InputError."""
    if text not in ("0", "1"):
        raise InputError(f"{name} is {text[:40]!r}: it must be 1 or 0")
    return text == "1"


def share(name: str, text: str, least: float, most: float) -> float:
    """A number in ASCII within limits, as 0.3 or .3, or InputError."""
    whole, dot, rest = text.partition(".")
    plain = text.isascii() and len(text) <= 20 and (whole + rest).isdecimal() and (not dot or rest)
    if not plain:
        raise InputError(f"{name} is {text[:40]!r}: it must be a number from {least:g} to {most:g}")
    if not least <= float(text) <= most:
        raise InputError(f"{name} is {text}: the limit is {least:g} to {most:g}")
    return float(text)


def conditions(pairs: Pairs, columns: Sequence[str]) -> tuple[Condition, ...]:
    """The filters among a URL's arguments, in Datasette's spelling: `column__op=value`, `column=value` for exact.

    Arguments of ours, and those that begin with `_` but name no operation, are no filters. InputError names a column
    or an operation that is not there, and the limits.
    """
    found = []
    for name, value in pairs:
        if not name or name in OURS or (name.startswith("_") and "__" not in name[1:]):
            continue
        column, op = _split(name, columns)
        found.append(_condition(column, op, value, columns))
    return _within_limits(found)


def new_condition(arguments: Mapping[str, str], columns: Sequence[str]) -> tuple[Condition, ...]:
    """The filter that the form's fields add; none where no column is chosen."""
    column, op, value = (arguments.get(name) or "" for name in NEW)
    return (_condition(column, op or "exact", value, columns),) if column else ()


def edited(arguments: Mapping[str, str], columns: Sequence[str]) -> tuple[Condition, ...]:
    """The filters as the form's rows have them, the one to be added last; a row without a column is left out."""
    found: list[Condition] = []
    for row in range(1, MAX_CONDITIONS + 1):
        numbered = {name: arguments.get(f"{name}_{row}") or "" for name in NEW}
        found += new_condition(numbered, columns)
    return _within_limits([*found, *new_condition(arguments, columns)])


def spelled(condition: Condition) -> tuple[str, str]:
    """A filter as an argument of a URL: its name and its value. The operation is always named, so nothing collides."""
    return f"{condition.column}__{condition.op}", condition.value


def _split(name: str, columns: Sequence[str]) -> tuple[str, str]:
    """An argument's column and operation; the whole name where that is a column and its beginning is none."""
    column, mark, op = name.rpartition("__")
    if not mark or (name in columns and column not in columns):
        return name, "exact"
    return column, op


def _condition(column: str, op: str, value: str, columns: Sequence[str]) -> Condition:
    if column not in columns:
        raise InputError(f"There is no column {column[:80]!r} to filter by: the columns are {', '.join(columns)}")
    if op not in OPERATORS:
        raise InputError(f"{op[:40]!r} is not a filter operation: choose one of {', '.join(OPERATORS)}")
    if len(value) > MAX_VALUE:
        raise InputError(f"The value for {column[:80]!r} has {len(value):,} characters: the limit is {MAX_VALUE:,}")
    return Condition(column, op, value)


def _within_limits(found: Sequence[Condition]) -> tuple[Condition, ...]:
    """Without those that say the same again; InputError for more than a page takes."""
    different = tuple(dict.fromkeys(found))
    if len(different) > MAX_CONDITIONS:
        raise InputError(f"There are {len(different):,} filters: the limit is {MAX_CONDITIONS}")
    return different


def number(name: str, text: str, least: int, most: int) -> int:
    """A whole number in ASCII digits within limits, or InputError."""
    if not (text.isascii() and text.isdecimal()):
        raise InputError(f"{name} is {text[:40]!r}: it must be a number from {least:,} to {most:,}")
    if len(text) > 9 or not least <= int(text) <= most:
        raise InputError(f"{name} is {text[:40]}: the limit is {least:,} to {most:,}")
    return int(text)


def status_of(error: SemsearchError) -> int:
    """The HTTP status that says what kind of error this is."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, InputError):
        return 400
    return 503 if isinstance(error, CapabilityError | DatabaseError) else 500
