"""Request arguments to search arguments, and errors to status codes. Knows no Datasette."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from semsearch.errors import CapabilityError, DatabaseError, InputError, NotFoundError, SemsearchError
from semsearch.search.query import MODES, check_query

MAX_K = 200


@dataclass(frozen=True)
class SearchArguments:
    """What a search page was asked: `q` is empty where nothing has been asked yet."""

    q: str
    mode: str
    k: int


def search_arguments(arguments: Mapping[str, str]) -> SearchArguments:
    """Read `q`, `mode` and `k`; InputError names the argument and its limit."""
    mode, q = arguments.get("mode") or "hybrid", arguments.get("q", "").strip()
    if q:
        check_query(q, mode, 1)
    elif mode not in MODES:
        raise InputError(f"mode is {mode!r}: choose one of {', '.join(MODES)}")
    return SearchArguments(q, mode, read_k(arguments.get("k") or "10"))


def read_k(text: str) -> int:
    """k as a number from 1 to 200, or InputError."""
    if not text.isdecimal() or len(text) > 9:
        raise InputError(f"k is {text[:40]!r}: it must be a number from 1 to {MAX_K}")
    if not 1 <= int(text) <= MAX_K:
        raise InputError(f"k is {int(text)}: the limit is 1 to {MAX_K}")
    return int(text)


def status_of(error: SemsearchError) -> int:
    """The HTTP status that says what kind of error this is."""
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, InputError):
        return 400
    return 503 if isinstance(error, CapabilityError | DatabaseError) else 500
