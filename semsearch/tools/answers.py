"""Answers of bounded size, and cursors that continue them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from semsearch import present
from semsearch.errors import InputError

MOST_CHARACTERS = 8_000  # of an answer, as JSON
_ROOM = 200  # characters kept for the cursor and the brackets
TITLE = 200  # characters
KEY = 500  # characters of a key, which can be a whole text

Answer = dict[str, Any]


def as_json(answer: Mapping[str, Any]) -> str:
    """The answer as its caller gets it."""
    return json.dumps(answer, ensure_ascii=False, default=str)


def cut(text: str, length: int) -> str:
    """The beginning of a text, with a mark where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def bounded(answer: Answer, name: str, items: Sequence[Any], start: int, question: object, *, more: bool) -> Answer:
    """The answer with as many of the items under `name` as fit, and a cursor if there are more.

    `items` begin at `start` of a list that has `more` after them. `question` is what the cursor belongs to. The long
    texts of a first item that does not fit are cut.
    """
    room = MOST_CHARACTERS - _ROOM - len(as_json(answer)) - len(name)
    kept: list[Any] = []
    for item in items:
        shown = item if kept else _fitting(item, room)
        room -= len(as_json({"": shown}))
        if room < 0:
            break
        kept.append(shown)
    result = {**answer, name: kept}
    if kept and (more or len(kept) < len(items)):
        result["cursor"] = _cursor(question, start + len(kept))
    return result


def _fitting(item: Any, room: int) -> Any:
    """An item whose texts are cut until it fits."""
    length = MOST_CHARACTERS
    while len(as_json({"": item})) > room and length > 20:
        length //= 2
        item = _with_short_texts(item, length)
    return item


def _with_short_texts(value: Any, length: int) -> Any:
    if isinstance(value, str):
        return cut(value, length)
    if isinstance(value, Mapping):
        return {name: _with_short_texts(each, length) for name, each in value.items()}
    return [_with_short_texts(each, length) for each in value] if isinstance(value, list) else value


def with_text(answer: Answer, text: str, start: int, question: object) -> Answer:
    """The answer with as much of a text as fits, from `start` on, and a cursor if there is more."""
    room = MOST_CHARACTERS - _ROOM - len(as_json(answer))
    length = room
    while length > 0 and len(json.dumps(text[start : start + length], ensure_ascii=False)) > room:
        length -= max(1, length // 8)
    end = start + max(1, length)
    result = {**answer, "text": text[start:end]}
    if end < len(text):
        result["cursor"] = _cursor(question, end)
    return result


def start_of(cursor: str, question: object) -> int:
    """Where the next part of an answer begins: 0 without a cursor.

    Raises InputError for a cursor that an answer to this question has not given.
    """
    if not cursor:
        return 0
    start, _, mark = cursor.partition(".")
    if not (start.isascii() and start.isdecimal() and len(start) <= 9) or _cursor(question, int(start)) != cursor:
        raise InputError(
            f"The cursor {cut(cursor, 40)!r} belongs to another question: repeat the arguments of the answer that gave"
            " it, or leave it out"
        )
    return int(start)


def _cursor(question: object, start: int) -> str:
    text = json.dumps([question, start], sort_keys=True, default=str)
    return f"{start}.{hashlib.blake2b(text.encode(), digest_size=5).hexdigest()}"


def shown_key(key: str | int) -> str | int:
    """A key, cut if it is a long text."""
    return key if isinstance(key, int) else cut(key, KEY)


def shown_row(row: Mapping[str, Any], length: int) -> dict[str, Any]:
    """The values of a row, long texts cut."""
    values = {column: present.plain(value) for column, value in row.items()}
    return {column: cut(value, length) if isinstance(value, str) else value for column, value in values.items()}


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value is not None and value != []}
