"""Readers of JSON: an array of objects, or one object per line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson

from semsearch.errors import InputError
from semsearch.ingest.base import Fault, ItemOrFault, ReadOptions
from semsearch.ingest.streams import Lines, Utf8
from semsearch.records import Item

_KINDS = {dict: "an object", list: "an array", str: "a string", bool: "true or false", type(None): "null"}


def kind_of(value: Any) -> str:
    """What a JSON value is, for messages."""
    return _KINDS.get(type(value), "a number")


class JsonLinesReader:
    """One JSON object on each line; blank lines are ignored."""

    name = "jsonl"
    suffixes: tuple[str, ...] = (".jsonl", ".ndjson")

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per line. Raises InputError for a file without any; a line that is not an object is a Fault."""
        lines = Lines(stream, options)
        empty = True
        for line in lines:
            lines.item_done()
            line = line.strip()
            if line:
                empty = False
                yield _item(line, lines.number, options.name)
        if empty:
            raise InputError(f"{options.name} is empty: each line must hold a JSON object")


def _item(line: str, number: int, name: str) -> ItemOrFault:
    place = f"line {number} of {name}"
    try:
        # NaN is not JSON, but pandas writes it for a missing value.
        value = json.loads(line, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        return Fault(f"L{place[1:]} is not JSON ({error.msg} at column {error.colno}): fix that line", is_row=True)
    except (ValueError, RecursionError) as error:  # a number with thousands of digits, brackets nested thousands deep
        return Fault(f"L{place[1:]} cannot be read ({error}): fix that line", is_row=True)
    if not isinstance(value, dict):
        return Fault(f"L{place[1:]} is {kind_of(value)}, not an object like {{...}}: fix that line", is_row=True)
    return Item(None, value, place)


class JsonReader:
    """A file that is one JSON array of objects, parsed as a stream."""

    name = "json"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per object; other values are Faults. Raises InputError for anything but a whole, non-empty array."""
        source = Utf8(stream, options)
        self._check_begin(source.first(), options.name)
        number = 0
        try:
            for number, value in enumerate(ijson.items(source, "item", use_float=True), 1):
                source.item_done()
                place = f"item {number} of {options.name}"
                if isinstance(value, dict):
                    yield Item(None, value, place)
                else:
                    yield Fault(f"I{place[1:]} is {kind_of(value)}, not an object like {{...}}: fix it", is_row=True)
        except (ijson.JSONError, ValueError) as error:
            raise InputError(
                f"{options.name} is not JSON after item {number} ({_one_line(error)}): fix it there"
            ) from None
        if number == 0:
            raise InputError(f"{options.name} is an empty array: there is nothing to ingest")

    def _check_begin(self, first: str, name: str) -> None:
        if not first:
            raise InputError(f"{name} is empty: it must hold a JSON array of objects")
        if first == "{":
            raise InputError(
                f"{name} is one JSON object, not an array of objects: give --format jsonl if each line is an object, "
                "or extract the array first (`jq .key`)"
            )
        if first != "[":
            raise InputError(f"{name} begins with {first!r}, but a JSON array begins with '[': give --format")


def _one_line(error: Exception) -> str:
    """The parser's message and the text it points to, without its drawn arrow."""
    text = error.args[0] if error.args else ""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    lines = [line.strip() for line in str(text).splitlines() if line.strip() and "(right here)" not in line]
    return ", near ".join(line[:80].rstrip(".") for line in lines[:2]) or type(error).__name__
