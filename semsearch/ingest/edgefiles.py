"""Readers of edges: delimited rows, JSON lines, edge lists and adjacency lists. Each edge is an item with two ends."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import Fault, ItemOrFault, Reader, ReadOptions
from semsearch.ingest.columns import match_column
from semsearch.ingest.streams import Lines
from semsearch.records import Item
from semsearch.storage.columns import is_number

# Usual names of columns, in lower case, best first.
SOURCES = ("source", "src", "from", "start", "head", "node1", "node_1", "id1", "from_id", "source_id")
TARGETS = ("target", "dst", "dest", "to", "end", "tail", "node2", "node_2", "id2", "to_id", "target_id")
WEIGHTS = ("weight", "w", "count", "value", "strength", "n")
_SAMPLE_LINES = 50  # lines that the first line is compared with, to see whether it is a header


@dataclass
class EdgeColumns:
    """The columns of the two ends and the weight, by name, and whether the first line is a header; None is guessed.

    `remarks` collects what was guessed, for the user.
    """

    source: str | None = None
    target: str | None = None
    weight: str | None = None
    header: bool | None = None
    remarks: list[str] = field(default_factory=list)

    def positions(self, names: Sequence[str], where: str) -> tuple[int, int, int | None]:
        """The positions of source, target and weight among these names.

        Raises NotFoundError for a named column that is missing, InputError if there are fewer than two columns.
        """
        source = _position(self.source, SOURCES, names, where)
        target = _position(self.target, TARGETS, names, where)
        weight = _position(self.weight, WEIGHTS, names, where)
        others = [position for position in range(len(names)) if position not in (source, target, weight)]
        if source is None:
            source = others.pop(0) if others else None
        if target is None:
            target = others.pop(0) if others else None
        if source is None or target is None:
            raise InputError(f"{where} has the columns {', '.join(names)}: two columns of nodes are needed")
        return source, target, weight


def _position(given: str | None, usual: Sequence[str], names: Sequence[str], where: str) -> int | None:
    if given is not None:
        return names.index(match_column(given, names, where))
    lowered = [name.lower() for name in names]
    return next((lowered.index(name) for name in usual if name in lowered), None)


def edge_readers(columns: EdgeColumns) -> dict[str, Reader]:
    """The readers of edges by name, which all read these columns."""
    readers: list[Reader] = [
        EdgeRows("csv", (".csv",), columns, _delimiter),
        EdgeRows("tsv", (".tsv", ".tab"), columns, lambda line: "\t"),
        EdgeLines("jsonl", (".jsonl", ".ndjson"), columns),
        EdgeRows("edgelist", (".edgelist", ".edges", ".el", ".txt"), columns, None),
        AdjacencyLists("adjlist", (".adjlist", ".adj"), columns),
    ]
    return {reader.name: reader for reader in readers}


@dataclass
class EdgeRows:
    """One edge per row: source, target and perhaps a weight. Without a delimiter, cells are separated by white space.

    The first line is a header if a column is named by the user, if its cells are usual names, or if it has no number in
    a column where all other rows have one.
    """

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns
    delimiter: Callable[[str], str] | None

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per row. Raises InputError for an empty file; a row with too few cells is a Fault."""
        rows = self._rows(Lines(stream, options))
        sample = list(islice(rows, _SAMPLE_LINES))
        if not sample:
            raise InputError(f"{options.name} is empty: each line must hold an edge")
        first = sample[0][1]
        source, target, weight = 0, 1, 2 if len(first) > 2 else None
        if self._has_header(sample, options.name):
            source, target, weight = self.columns.positions(first, options.name)
            sample = sample[1:]
        for number, cells in chain(sample, rows):
            place = f"line {number} of {options.name}"
            if len(cells) <= max(source, target):
                yield Fault(f"L{place[1:]} has {len(cells)} cell: an edge needs two ends", is_row=True)
                continue
            value = cells[weight] if weight is not None and weight < len(cells) else None
            yield edge(cells[source], cells[target], value, place)

    def _rows(self, lines: Lines) -> Iterator[tuple[int, list[str]]]:
        for line in lines:
            lines.item_done()
            if not line.strip() or line.startswith(("#", "%")):
                continue
            if self.delimiter is None:
                yield lines.number, line.split()
            else:
                yield lines.number, [cell.strip() for cell in next(csv.reader([line], delimiter=self.delimiter(line)))]

    def _has_header(self, sample: Sequence[tuple[int, list[str]]], name: str) -> bool:
        number, first = sample[0]
        cells = " and ".join(map(repr, first[:3]))
        if self.columns.header is not None:
            return self.columns.header
        if any((self.columns.source, self.columns.target, self.columns.weight)):
            return True
        usual = len(first) > 1 and first[0].lower() in SOURCES and first[1].lower() in TARGETS
        if usual or _differs(first, [row for _, row in sample[1:]]):
            self.columns.remarks.append(
                f"Line {number} of {name} was read as column names: {cells} (--no-header reads it as an edge)"
            )
            return True
        self.columns.remarks.append(
            f"Line {number} of {name} was read as an edge: {cells} (--header reads it as column names)"
        )
        return False


def _delimiter(line: str) -> str:
    return next((mark for mark in (",", ";", "\t", "|") if mark in line), ",")


def _differs(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row lacks a number in one of its first three columns where all other rows have one."""
    return bool(others) and any(
        not is_number(cell) and all(column < len(row) and is_number(row[column]) for row in others)
        for column, cell in enumerate(first[:3])
    )


@dataclass
class EdgeLines:
    """One JSON object or array on each line, with the two ends and perhaps a weight."""

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per line. A line that is not an edge is a Fault."""
        lines = Lines(stream, options)
        for line in lines:
            lines.item_done()
            if not line.strip():
                continue
            place = f"line {lines.number} of {options.name}"
            try:
                yield self._edge(json.loads(line), place)
            except (ValueError, TypeError, RecursionError) as error:
                yield Fault(f"L{place[1:]} is not an edge: {error}; fix that line", is_row=True)

    def _edge(self, value: Any, place: str) -> ItemOrFault:
        """The edge in an object, by the names of its fields, or in an array, by position."""
        values = list(value.values()) if isinstance(value, dict) else value
        names = list(value) if isinstance(value, dict) else [str(position) for position in range(len(values))]
        source, target, weight = self.columns.positions(names, place)
        if not isinstance(value, dict):
            source, target, weight = 0, 1, 2 if len(values) > 2 else None
        return edge(values[source], values[target], None if weight is None else values[weight], place)


@dataclass
class AdjacencyLists:
    """A node and all its neighbours on each line, separated by white space; a node alone has no edges."""

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per neighbour, and one for a node without neighbours."""
        lines = Lines(stream, options)
        for line in lines:
            lines.item_done()
            if line.startswith("#"):
                continue
            ends = line.split()
            place = f"line {lines.number} of {options.name}"
            for other in ends[1:]:
                yield edge(ends[0], other, None, place)
            if len(ends) == 1:
                yield Item(None, {"source": ends[0], "target": None, "weight": 0.0}, place)


def edge(source: Any, target: Any, weight: Any, place: str) -> ItemOrFault:
    """An edge as an item: its ends as text, and the weight 1 if none is given. A Fault for an invalid end or weight."""
    ends = [str(end).strip() if isinstance(end, str | int | float) else "" for end in (source, target)]
    for end, what in zip(ends, ("source", "target"), strict=True):
        if not end:
            return Fault(f"The edge at {place} has no {what}: both ends are needed", is_row=True)
    number = _weight(weight)
    if number is None:
        return Fault(f"The edge at {place} has the weight {weight!r}: a number of 0 or more is needed", is_row=True)
    return Item(None, {"source": ends[0], "target": ends[1], "weight": number}, place)


def _weight(given: Any) -> float | None:
    if given is None or given == "":
        return 1.0
    try:
        number = float(given)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
