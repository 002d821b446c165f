"""Readers of JSON: an array of objects, or one object per line."""

from __future__ import annotations

from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any, BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import Fault, ItemOrFault, ReadOptions
from semsearch.ingest.json_values import array_items, loads
from semsearch.ingest.streams import Lines, Text
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
        value = loads(line)
    except JSONDecodeError as error:
        return Fault(f"L{place[1:]} is not JSON ({error.msg} at column {error.colno}): fix that line", is_row=True)
    except RecursionError:
        return Fault(f"L{place[1:]} cannot be read, it is nested too deeply: simplify it", is_row=True)
    except ValueError as error:  # a repeated name, or nested too deeply
        return Fault(f"L{place[1:]} cannot be read, {error}: fix that line", is_row=True)
    if not isinstance(value, dict):
        return Fault(f"L{place[1:]} is {kind_of(value)}, not an object like {{...}}: fix that line", is_row=True)
    return Item(None, value, place)


class JsonReader:
    """A file that is one JSON array of objects, parsed as a stream."""

    name = "json"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per object; other values are Faults. Raises InputError for anything but a whole, non-empty array."""
        source = Text(stream, options)
        self._check_begin(source.first(), options.name)
        number = 0
        for number, value in enumerate(array_items(source, options.name), 1):
            place = f"item {number} of {options.name}"
            if isinstance(value, dict):
                yield Item(None, value, place)
            elif isinstance(value, ValueError):
                yield Fault(f"I{place[1:]} cannot be read, {value}: fix it", is_row=True)
            else:
                yield Fault(f"I{place[1:]} is {kind_of(value)}, not an object like {{...}}: fix it", is_row=True)
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
