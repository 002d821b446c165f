"""Readers of delimited rows: csv and tsv.

A file is read twice. The first time decides on the delimiter, the header and the types of the columns, by all rows.
docs/ingest.md has the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import BATCH_ROWS, Fault, ItemOrFault, ReadOptions
from semsearch.ingest.column_types import Cast, ColumnType
from semsearch.ingest.delimited import BadRow, Dialect, Row, Rows, find_dialect
from semsearch.ingest.front_door import rewindable
from semsearch.ingest.header import Header, read_header
from semsearch.ingest.streams import Lines
from semsearch.records import Item
from semsearch.storage.tables import MAX_COLUMNS

SAMPLE_ROWS = 200  # rows that the first is compared with, to see whether it is a header


@dataclass
class _Table:
    """What the first reading of a file finds out."""

    dialect: Dialect
    header: Header
    place: str  # of the first row
    casts: list[tuple[int, Cast]] = field(default_factory=list)  # by position, of the columns of numbers


class CsvReader:
    """Rows whose cells are separated by commas, or by semicolons, tabs or |, usually below a header."""

    name = "csv"
    suffixes: tuple[str, ...] = (".csv",)
    delimiter: str | None = None  # None: found out

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per row. Empty cells are None; a column is numeric if all its cells are.

        Raises InputError for an empty file; a row with too many or too few cells is a Fault.
        """
        with rewindable(stream) as source:
            dialect = find_dialect(Lines(source, options), options.name, self.delimiter)
            source.seek(0)
            table = _survey(Rows(Lines(source, options), dialect, options.name), dialect, options)
            source.seek(0)
            yield from dialect.remarks
            yield from table.header.remarks
            rows = Rows(Lines(source, options), dialect, options.name)
            yield from _items(rows, table, options)
            yield from rows.remarks()


class TsvReader(CsvReader):
    """Rows whose cells are separated by tabs; quotes that match have the same meaning as in csv."""

    name = "tsv"
    suffixes: tuple[str, ...] = (".tsv", ".tab")
    delimiter = "\t"


def _survey(rows: Rows, dialect: Dialect, options: ReadOptions) -> _Table:
    """The header and the types of the columns. An error in the middle is left to the reading that follows."""
    results = iter(rows)
    sample = list(islice(results, SAMPLE_ROWS))
    number, first = sample[0] if sample else (dialect.first_line, [])
    if isinstance(first, BadRow):
        raise InputError(f"The header at line {number} of {options.name} {first.reason}")
    if len(first) > MAX_COLUMNS:
        found = (
            f"Line {number} of {options.name} has {len(first):,} cells, but a table may have {MAX_COLUMNS:,} columns"
        )
        raise InputError(f"{found}: are rows given as columns, or is the delimiter another?")
    others = [cells for _, cells in sample[1:] if isinstance(cells, list) and len(cells) == len(first)]
    place = f"line {number} of {options.name}"
    table = _Table(dialect, read_header(first, others, place, options.table), place)
    types = [ColumnType() for _ in first]
    batch = sample[1:] if table.header.is_in_file else sample
    with suppress(Exception):  # truncated data: what is before it is read, then the error is raised again
        while batch:
            _see(types, [cells for _, cells in batch if isinstance(cells, list) and len(cells) == len(first)])
            batch = list(islice(results, BATCH_ROWS))
    casts = ((position, kind.cast) for position, kind in enumerate(types))
    table.casts = [(position, cast) for position, cast in casts if cast is not None]
    return table


def _see(types: Sequence[ColumnType], rows: Sequence[list[str]]) -> None:
    for position, kind in enumerate(types):
        if not kind.is_text:
            kind.see([row[position] for row in rows if row[position]])


def _items(rows: Rows, table: _Table, options: ReadOptions) -> Iterator[ItemOrFault]:
    """Rows as items with typed cells, None for empty ones; unreadable rows as Faults."""
    results: Iterator[Row] = iter(rows)
    if table.header.is_in_file:
        next(results)
    count = 0
    names = table.header.names
    for number, cells in results:
        count += 1
        if isinstance(cells, BadRow):
            yield Fault(f"Line {number} of {options.name} {cells.reason}", is_row=True)
            continue
        if len(cells) != len(names):
            there = "header" if table.header.is_in_file else "first row"
            message = f"Line {number} of {options.name} has {len(cells)} cells, but the {there} has {len(names)}"
            yield Fault(f"{message}: fix that row", is_row=True)
            continue
        values: list[object] = [cell or None for cell in cells]
        for position, cast in table.casts:
            if cells[position]:
                values[position] = cast(cells[position])
        yield Item(None, dict(zip(names, values, strict=True)), f"line {number} of {options.name}")
    if not count:
        raise InputError(
            f"{options.name} has a header but no rows: there is nothing to ingest (--no-header reads it as a row)"
        )
