"""Readers of edges: delimited rows, JSON lines, edge lists and adjacency lists. Each edge is an item of two ends."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import Fault, Read, Reader, ReadOptions
from semsearch.ingest.streams import Lines
from semsearch.records import Item
from semsearch.storage.columns import is_number

SOURCES = ("source", "src", "from", "start", "head", "node1", "node_1", "id1", "from_id", "source_id")
TARGETS = ("target", "dst", "dest", "to", "end", "tail", "node2", "node_2", "id2", "to_id", "target_id")
WEIGHTS = ("weight", "w", "count", "value", "strength", "n")
_SAMPLE = 50  # lines that a first line is compared with


@dataclass
class EdgeColumns:
    """Which columns hold the ends and the weight, by name, and whether the first line names them; None: found out.

    `remarks` gathers what was found out, for people.
    """

    source: str | None = None
    target: str | None = None
    weight: str | None = None
    header: bool | None = None
    remarks: list[str] = field(default_factory=list)

    def wanted(self, names: Sequence[str], where: str) -> tuple[int, int, int | None]:
        """The places of source, target and weight among these names; InputError for one that is not there."""
        source = _place(self.source, SOURCES, names, where)
        target = _place(self.target, TARGETS, names, where)
        weight = _place(self.weight, WEIGHTS, names, where)
        rest = [place for place in range(len(names)) if place not in (source, target, weight)]
        if source is None:
            source = rest.pop(0) if rest else None
        if target is None:
            target = rest.pop(0) if rest else None
        if source is None or target is None:
            raise InputError(f"{where} has the columns {', '.join(names)}: two columns of nodes are needed")
        return source, target, weight


def _place(given: str | None, usual: Sequence[str], names: Sequence[str], where: str) -> int | None:
    lowered = [name.lower() for name in names]
    if given is not None:
        if given.lower() not in lowered:
            raise InputError(f"{where} has no column {given!r}: it has {', '.join(names)}")
        return lowered.index(given.lower())
    return next((lowered.index(name) for name in usual if name in lowered), None)


def edge_readers(columns: EdgeColumns) -> dict[str, Reader]:
    """The readers of edges by name, each told which columns to read."""
    readers: list[Reader] = [
        EdgeRows("csv", (".csv",), columns, _commas),
        EdgeRows("tsv", (".tsv", ".tab"), columns, lambda line: "\t"),
        EdgeLines("jsonl", (".jsonl", ".ndjson"), columns),
        EdgeRows("edgelist", (".edgelist", ".edges", ".el", ".txt"), columns, None),
        AdjacencyLists("adjlist", (".adjlist", ".adj"), columns),
    ]
    return {reader.name: reader for reader in readers}


@dataclass
class EdgeRows:
    """Rows of cells, an edge each: source, target and perhaps a weight. Without a delimiter, parts between blanks.

    Whether the first line names the columns is found out: it does if a column is asked for by name, if its cells are
    usual names, or if it has no number where all the others have one.
    """

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns
    delimiter: Callable[[str], str] | None

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Read]:
        """One item per row; InputError for an empty file. A row with too few cells is a Fault."""
        rows = self._rows(Lines(stream, options))
        sample = [row for _, row in zip(range(_SAMPLE), rows, strict=False)]
        if not sample:
            raise InputError(f"{options.name} is empty: it needs an edge on each line")
        number, first = sample[0]
        width = len(first)
        if self._has_header(sample, options.name):
            places = self.columns.wanted(first, options.name)
            sample = sample[1:]
        else:
            places = (0, 1, 2 if width > 2 else None)
        for number, cells in chain(sample, rows):
            place = f"line {number} of {options.name}"
            if len(cells) <= max(places[:2]):
                yield Fault(f"L{place[1:]} has {len(cells)} cell: an edge needs two ends", is_row=True)
                continue
            weight = cells[places[2]] if places[2] is not None and places[2] < len(cells) else None
            yield edge(cells[places[0]], cells[places[1]], weight, place)

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
        told = " and ".join(first[:3])
        if self.columns.header is not None:
            return self.columns.header
        if any((self.columns.source, self.columns.target, self.columns.weight)):
            return True
        usual = len(first) > 1 and first[0].lower() in SOURCES and first[1].lower() in TARGETS
        if usual or _differs(first, [cells for _, cells in sample[1:]]):
            self.columns.remarks.append(
                f"Line {number} of {name} was read as names of columns, {told} (--no-header: as an edge)"
            )
            return True
        self.columns.remarks.append(
            f"Line {number} of {name} was read as an edge, {told} (--header: as names of columns)"
        )
        return False


def _commas(line: str) -> str:
    return next((mark for mark in (",", ";", "\t", "|") if mark in line), ",")


def _differs(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has no number in a column where all others have one."""
    return bool(others) and any(
        not is_number(cell) and all(place < len(row) and is_number(row[place]) for row in others)
        for place, cell in enumerate(first[:3])
    )


@dataclass
class EdgeLines:
    """One JSON object on each line, with the two ends and perhaps a weight; or an array of them."""

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Read]:
        """One item per line; a line that is no edge is a Fault."""
        lines = Lines(stream, options)
        for line in lines:
            lines.item_done()
            if not line.strip():
                continue
            place = f"line {lines.number} of {options.name}"
            try:
                found = json.loads(line)
                names = list(found) if isinstance(found, dict) else [str(at) for at in range(len(found))]
                values = list(found.values()) if isinstance(found, dict) else found
                source, target, weight = self.columns.wanted(names, place)
            except (ValueError, TypeError, RecursionError) as error:
                yield Fault(f"L{place[1:]} is no edge: {error}; mend that line", is_row=True)
                continue
            if not isinstance(found, dict):
                source, target, weight = 0, 1, 2 if len(values) > 2 else None
            yield edge(values[source], values[target], None if weight is None else values[weight], place)


@dataclass
class AdjacencyLists:
    """On each line a node and all its neighbours, between blanks; a node alone is one without an edge."""

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Read]:
        """One item per neighbour, and one for a node without any."""
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


def edge(source: Any, target: Any, weight: Any, place: str) -> Read:
    """An edge as an item, its ends as text, 1 as its weight where there is none; a Fault for what is none."""
    ends = [str(end).strip() if isinstance(end, str | int | float) else "" for end in (source, target)]
    for end, what in zip(ends, ("source", "target"), strict=True):
        if not end:
            return Fault(f"The edge at {place} has no {what}: both of its ends must be named", is_row=True)
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
