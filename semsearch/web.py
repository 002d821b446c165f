"""Request arguments to search arguments, and errors to status codes. Knows no Datasette."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from semsearch.errors import CapabilityError, DatabaseError, InputError, NotFoundError, SemsearchError
from semsearch.search.query import MODES, check_query

MAX_K = 200
DEFAULT_K = 10


@dataclass(frozen=True)
class Paging:
    """Which stretch of a list a page shows: `k` of it, after the first `after`."""

    k: int
    after: int

    @property
    def depth(self) -> int:
        """How many results to ask for, one more than is shown where that tells whether the list goes on.

        Never more than 200 in all: hybrid ranks are made from lists that long, so deeper pages would rank otherwise.
        """
        return min(self.after + self.k + 1, MAX_K)

    def next_after(self, found: int) -> int | None:
        """Where the next page begins, if the list of `found` results goes on."""
        end = self.after + self.k
        return end if found > end else None


@dataclass(frozen=True)
class SearchArguments:
    """What a search page was asked: `q` is empty where nothing has been asked yet."""

    q: str
    mode: str
    paging: Paging


def search_arguments(arguments: Mapping[str, str]) -> SearchArguments:
    """Read `q`, `mode`, `k` and `after`; InputError names the argument and its limit."""
    mode, q = arguments.get("mode") or "hybrid", (arguments.get("q") or "").strip()
    if q:
        check_query(q, mode, 1)
    elif mode not in MODES:
        raise InputError(f"mode is {mode[:40]!r}: choose one of {', '.join(MODES)}")
    return SearchArguments(q, mode, paging(arguments))


def paging(arguments: Mapping[str, str], default_k: int = DEFAULT_K) -> Paging:
    """Read `k` and `after`; InputError names the argument and its limit."""
    k = _number("k", arguments.get("k") or str(default_k), 1, MAX_K)
    return Paging(k, _number("after", arguments.get("after") or "0", 0, 10_000))


def _number(name: str, text: str, least: int, most: int) -> int:
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
