"""JSON values as they stand: numbers that no float or 64-bit integer holds stay text, NaN is NULL, depth is bounded."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from semsearch.errors import InputError
from semsearch.ingest.streams import Text

MAX_DEPTH = 100  # brackets inside one another
MAX_INTEGER_CHARS = 19  # characters of an integer that is read as a number; Python refuses 4,300 digits
_SPACE = re.compile(r"[ \t\r\n]*")


class RepeatedName(ValueError):
    """An object that has two values of one name, of which a parser would keep the last."""


def loads(text: str) -> Any:
    """The value of a JSON text. Raises ValueError for invalid JSON, a repeated name, and more than MAX_DEPTH levels."""
    return _checked(_DECODER.decode(text), text)


def _checked(value: Any, text: str) -> Any:
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValueError(f"it is nested more than {MAX_DEPTH} levels deep")
    return value


def _depth(value: Any) -> int:
    """How many levels of arrays and objects there are, level by level: no recursion."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, (dict, list))]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        raise RepeatedName(f"it has the name {next(name for name in names if names.count(name) > 1)!r} twice")
    return result


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= MAX_INTEGER_CHARS else text


def _float(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


def _constant(text: str) -> float | None:
    """NaN is no JSON, but pandas writes it for a missing value."""
    return None if text == "NaN" else float(text)


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def array_items(source: Text, name: str) -> Iterator[Any]:
    """The items of a JSON array, one by one. A ValueError among them is an item that could not be read.

    Raises InputError where the array itself is damaged, and for an item that is too long.
    """
    text = _Buffer(source, name)
    text.expect("[", 0)
    if text.skip_space() == "]":
        text.take()
    else:
        for number in range(1, 1 << 62):
            yield text.value(number)
            found = text.skip_space()
            if found not in (",", "]"):
                raise InputError(
                    f"{name} is not JSON after item {number} ({_found(found)} where ',' or ']' is needed): fix it there"
                )
            text.take()
            source.item_done()
            if found == "]":
                break
    if rest := text.skip_space():
        raise InputError(
            f"{name} has {rest!r} after the end of its array: remove it, or give --format jsonl for one value per line"
        )


def _found(character: str) -> str:
    return repr(character) if character else "it ends"


class _Buffer:
    """The text that has been read but not used, and the place in it."""

    def __init__(self, source: Text, name: str) -> None:
        self._source, self._name = source, name
        self._text, self._at = "", 0

    def _more(self, wanted: int) -> bool:
        """Read at least `wanted` more characters, fewer at the end; whether there were any."""
        parts = [self._text[self._at :]]
        size = 0
        while size < wanted and (content := self._source.read()):
            parts.append(content)
            size += len(content)
        self._text, self._at = "".join(parts), 0
        return size > 0

    def skip_space(self) -> str:
        """The next character that is not white space, which stays; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(1):
                return ""

    def take(self) -> None:
        """Use the next character."""
        self._at += 1

    def expect(self, character: str, number: int) -> None:
        """Use this character. Raises InputError for another."""
        if (found := self.skip_space()) != character:
            raise InputError(f"{self._name} is not JSON after item {number} ({_found(found)}): fix it there")
        self.take()

    def value(self, number: int) -> Any:
        """The next value, or the ValueError that it is. Each attempt has at least twice the text of the one before."""
        self.skip_space()
        while True:
            error: Exception
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RepeatedName as repeated:  # the rest of the object is unknown: read it without the check
                return self._without_check(number, repeated)
            except json.JSONDecodeError as problem:
                error = problem
                is_final = problem.pos < len(self._text) - 16 and not problem.msg.startswith("Unterminated")
            except RecursionError as problem:
                raise InputError(
                    f"Item {number} of {self._name} is nested more than {MAX_DEPTH} levels deep: simplify it"
                ) from problem
            else:
                if end < len(self._text) or not self._more(1):
                    return self._take(value, end)
                continue
            if is_final or not self._more(len(self._text) - self._at + 1):
                raise InputError(
                    f"{self._name} is not JSON after item {number - 1} ({_where(error, self._text, self._at)}): "
                    "fix it there"
                )

    def _take(self, value: Any, end: int) -> Any:
        text, self._at = self._text[self._at : end], end
        try:
            return _checked(value, text)
        except ValueError as error:
            return error

    def _without_check(self, number: int, error: RepeatedName) -> Any:
        while True:
            try:
                _, self._at = json.JSONDecoder(parse_int=str).raw_decode(self._text, self._at)
                return error
            except (json.JSONDecodeError, RecursionError) as problem:
                if not self._more(len(self._text) - self._at + 1):
                    raise InputError(f"{self._name} is not JSON after item {number - 1}: fix it there") from problem


def _where(error: Exception, text: str, at: int) -> str:
    if isinstance(error, json.JSONDecodeError):
        near = " ".join(text[max(at, error.pos - 30) : error.pos + 30].split())
        return f"{error.msg}, near {near!r}"
    return str(error)
