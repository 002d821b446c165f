"""Readers of edges: delimited rows, JSON lines, edge lists and adjacency lists. Each edge is an item with two ends."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO

from semsearch.errors import InputError
from semsearch.ingest import json_values
from semsearch.ingest.base import (
    INTEGER,
    EdgeBlock,
    EdgeResult,
    Fault,
    ItemOrFault,
    Reader,
    ReadOptions,
    Remark,
)
from semsearch.ingest.columns import match_column
from semsearch.ingest.delimited import BadRow, Dialect, Row, Rows, find_dialect
from semsearch.ingest.front_door import rewindable
from semsearch.ingest.regular_lines import EdgeFileLines, RegularLines
from semsearch.ingest.streams import Lines
from semsearch.ingest.structured import kind_of
from semsearch.records import Item
from semsearch.storage.columns import is_number
from semsearch.storage.tables import storable

# Usual names of columns, in lower case, best first.
SOURCES = ("source", "src", "from", "start", "head", "node1", "node_1", "id1", "from_id", "source_id")
TARGETS = ("target", "dst", "dest", "to", "end", "tail", "node2", "node_2", "id2", "to_id", "target_id")
WEIGHTS = ("weight", "w", "count", "value", "strength", "n")
MARKET_MAGIC = b"%%MatrixMarket"  # the first bytes of a Matrix Market file, which Unix tools call .txt too
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_WEIGHT_ATTRIBUTE = re.compile(r"['\"]weight['\"]\s*:\s*([^\s,}]+)")
_SAMPLE_LINES = 50  # lines that the first line is compared with, to see whether it is a header


@dataclass
class EdgeColumns:
    """The columns of the two ends and the weight, by name, and whether the first line is a header; None is guessed.

    `names` are the names of the columns, in place of those in the file. `remarks` collects what was guessed. With
    `in_blocks`, lines that are as regular as most are become edges many at a time.
    """

    source: str | None = None
    target: str | None = None
    weight: str | None = None
    header: bool | None = None
    names: tuple[str, ...] = ()
    remarks: list[str] = field(default_factory=list)
    in_blocks: bool = False

    def positions(
        self, names: Sequence[str], where: str, rows: Sequence[Sequence[str]] = ()
    ) -> tuple[int, int, int | None]:
        """The positions of source, target and weight among these names; `rows` is a sample of the cells below them.

        Without a usual name, the weight is the only other column, if it holds numbers. Raises NotFoundError for a named
        column that is missing, InputError if there are fewer than two columns.
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
        if weight is None and len(others) == 1 and _are_weights(rows, others[0]):
            weight = others.pop()
            self.remarks.append(f"The column {names[weight]!r} was chosen as the weight (--weight chooses another)")
        if weight is None and rows and others:
            unused = ", ".join(repr(names[position]) for position in others)
            self.remarks.append(f"Each edge weighs 1; not used: {unused} (--weight chooses a column)")
        return source, target, weight


def _are_weights(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether all filled cells of a column are numbers, with a point or a comma."""
    cells = [row[column] for row in rows if column < len(row) and row[column]]
    return bool(cells) and all(is_number(cell) or _DECIMAL_COMMA.fullmatch(cell) for cell in cells)


def _position(given: str | None, usual: Sequence[str], names: Sequence[str], where: str) -> int | None:
    if given is not None:
        return names.index(match_column(given, names, where))
    lowered = [name.lower() for name in names]
    return next((lowered.index(name) for name in usual if name in lowered), None)


def edge_readers(columns: EdgeColumns) -> dict[str, Reader]:
    """The readers of edges by name, which all read these columns. With `in_blocks` they also yield EdgeBlocks."""
    readers: list[Any] = [
        EdgeRows("csv", (".csv",), columns),
        EdgeRows("tsv", (".tsv", ".tab"), columns, "\t"),
        EdgeLines("jsonl", (".jsonl", ".ndjson"), columns),
        EdgeRows("edgelist", (".edgelist", ".edges", ".el", ".txt"), columns, " "),
        AdjacencyLists("adjlist", (".adjlist", ".adj"), columns),
        MatrixMarket("mtx", (".mtx",), columns),
    ]
    return {reader.name: reader for reader in readers}


@dataclass
class EdgeRows:
    """One edge per row: source, target and perhaps a weight. The delimiter " " stands for any white space.

    The first line is a header if a column is named by the user, if its cells are usual names, or if it has no number in
    a column where all other rows have one.
    """

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns
    delimiter: str | None = None  # None: found out

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[EdgeResult]:
        """Items or blocks of edges; a row with too few cells is a Fault. Raises InputError for an empty file."""
        with rewindable(stream) as source:
            begin = source.read(len(MARKET_MAGIC))
            source.seek(0)
            if begin == MARKET_MAGIC:
                yield from MatrixMarket(self.name, self.suffixes, self.columns).read(source, options)
                return
            dialect = None
            if self.delimiter != " ":
                dialect = find_dialect(EdgeFileLines(source, options), options.name, self.delimiter)
                yield from dialect.remarks
                source.seek(0)
            lines = EdgeFileLines(source, options)
            yield from self._edges(self._rows(lines, dialect, options.name), lines, dialect, options.name)
            yield from lines.remarks(options.name)

    def _edges(
        self, rows: Iterator[Row], lines: EdgeFileLines, dialect: Dialect | None, name: str
    ) -> Iterator[EdgeResult]:
        """The edges of the rows, which are read from the lines. Regular blocks of lines are taken past the rows."""
        sample = list(islice(rows, _SAMPLE_LINES))
        if not sample:
            raise InputError(f"{name} is empty: each line must hold an edge")
        source, target, weight, has_header = self._layout(sample, name)
        commas = 0
        first = sample[1:] if has_header else sample
        if self.columns.in_blocks and len(sample) == _SAMPLE_LINES:
            taken = RegularLines(lines, dialect.delimiter if dialect else None, (source, target, weight))
            results = chain(first, taken.blocks_or(rows))
        else:
            results = chain(first, rows)
        for result in results:
            if isinstance(result, EdgeBlock):
                yield result
                continue
            number, cells = result
            place = f"line {number} of {name}"
            if isinstance(cells, BadRow):
                yield Fault(f"L{place[1:]} {cells.reason}", is_row=True)
                continue
            if len(cells) <= max(source, target):
                yield Fault(f"L{place[1:]} has {len(cells)} cell: an edge needs two ends", is_row=True)
                continue
            value = cells[weight] if weight is not None and weight < len(cells) else None
            if value and self.delimiter != " " and _DECIMAL_COMMA.fullmatch(value):
                value, commas = value.replace(",", "."), commas + 1
            yield edge(cells[source], cells[target], value, place)
        if commas:
            yield Remark(f"{commas:,} weights of {name} with a comma were read as decimal fractions: 1,5 is 1.5")

    def _layout(self, sample: Sequence[Row], name: str) -> tuple[int, int, int | None, bool]:
        """The positions of source, target and weight, and whether the first row is a header."""
        rows = [(number, cells) for number, cells in sample if isinstance(cells, list)]
        if not rows or isinstance(sample[0][1], BadRow):
            return 0, 1, 2, False
        first = rows[0][1]
        cells_below = [cells for _, cells in rows[1:]]
        has_header = self._has_header(rows, name)
        names = list(self.columns.names) or (first if has_header else [])
        if names:
            below = cells_below if has_header else [first, *cells_below]
            return *self.columns.positions(names, name, below), has_header
        with_third = [cells for _, cells in rows if len(cells) > 2]
        if with_third and not any(_are_weights([cells], 2) for cells in with_third):
            self.columns.remarks.append(f"The third column of {name} holds no numbers: each edge weighs 1")
            return 0, 1, None, False
        return 0, 1, 2, False

    def _rows(self, lines: EdgeFileLines, dialect: Dialect | None, name: str) -> Iterator[Row]:
        if dialect is not None:
            for number, cells in Rows(lines, dialect, name):
                if isinstance(cells, BadRow) or any(cell.strip() for cell in cells):
                    yield number, cells if isinstance(cells, BadRow) else [cell.strip() for cell in cells]
            return
        for line in lines:
            lines.item_done()
            cells = line.split(None, 2)
            if len(cells) > 2:
                cells[2:] = [_weight_in(cells[2])] if cells[2].startswith("{") else cells[2].split()
            if cells:
                yield lines.number, cells

    def _has_header(self, sample: Sequence[tuple[int, list[str]]], name: str) -> bool:
        number, first = sample[0]
        cells = " and ".join(map(repr, first[:3]))
        if self.columns.header is not None:
            return self.columns.header
        if not self.columns.names and any((self.columns.source, self.columns.target, self.columns.weight)):
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


def _weight_in(attributes: str) -> str:
    """The weight in the attributes that networkx writes behind an edge, such as {'weight': 2.5}; 1 without one."""
    match = _WEIGHT_ATTRIBUTE.search(attributes)
    return match[1] if match else "1"


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
                value = json_values.loads(line)
                if not isinstance(value, (dict, list)):
                    raise TypeError(f"it is {kind_of(value)}, not an object or an array")
                result = self._edge(value, place)
            except (ValueError, TypeError, RecursionError, InputError) as error:
                result = Fault(f"L{place[1:]} is not an edge: {error}; fix that line", is_row=True)
            yield result

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
        lines = EdgeFileLines(stream, options)
        for line in lines:
            lines.item_done()
            ends = line.split()
            place = f"line {lines.number} of {options.name}"
            for other in ends[1:]:
                yield edge(ends[0], other, None, place)
            if len(ends) == 1:
                yield Item(None, {"source": ends[0], "target": None, "weight": 0.0}, place)
        yield from lines.remarks(options.name)


@dataclass
class MatrixMarket:
    """The entries of a sparse matrix as edges from row to column, in NIST's Matrix Market format.

    https://math.nist.gov/MatrixMarket/formats.html
    """

    name: str
    suffixes: tuple[str, ...]
    columns: EdgeColumns

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per entry. Raises InputError for a dense or complex matrix and for too few entries."""
        lines = Lines(stream, options)
        words = next(lines, "").lower().split()
        if len(words) != 5 or words[:3] != ["%%matrixmarket", "matrix", "coordinate"] or words[3] == "complex":
            raise InputError(
                f"{options.name} is no sparse matrix of numbers in Matrix Market format: its first line must be"
                " '%%MatrixMarket matrix coordinate real|integer|pattern general|symmetric'"
            )
        declared, count = None, 0
        for line in lines:
            lines.item_done()
            cells = line.split()
            if not cells or line.startswith("%"):
                continue
            place = f"line {lines.number} of {options.name}"
            if declared is None:
                declared = _entries(cells, place)
                continue
            count += 1
            if len(cells) < 2 or not all(INTEGER.fullmatch(cell) for cell in cells[:2]):
                yield Fault(f"L{place[1:]} is no entry of a matrix: row, column and value are needed", is_row=True)
            else:
                yield edge(cells[0], cells[1], cells[2] if len(cells) > 2 else None, place)
        if declared is None or count < declared:
            raise InputError(f"{options.name} declares {declared or 0:,} entries but has {count:,}: it is truncated")
        if count > declared:
            yield Remark(f"{options.name} declares {declared:,} entries but has {count:,}: all were read")


def _entries(cells: Sequence[str], place: str) -> int:
    """The number of entries, from the line of sizes."""
    if len(cells) != 3 or not all(INTEGER.fullmatch(cell) for cell in cells):
        raise InputError(f"L{place[1:]} must hold the numbers of rows, columns and entries of the matrix")
    return int(cells[2])


def edge(source: Any, target: Any, weight: Any, place: str) -> ItemOrFault:
    """An edge as an item: its ends as text, and the weight 1 if none is given. A Fault for an invalid end or weight."""
    ends = [storable(str(end)).strip() if isinstance(end, str | int | float) else "" for end in (source, target)]
    for end, what in zip(ends, ("source", "target"), strict=True):
        if not end or "\0" in end:
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
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None
