"""Readers of delimited rows: csv and tsv."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO, TypeAlias

from semsearch.errors import InputError
from semsearch.ingest.base import INTEGER, MAX_ITEM_CHARS, Fault, ItemOrFault, ReadOptions, next_batch
from semsearch.ingest.streams import Lines
from semsearch.records import Item

Cast: TypeAlias = Callable[[str], Any]
# A number as a program writes it. With a leading zero or a plus sign it is a code and stays text.
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_DELIMITERS = (",", ";", "\t", "|")  # in the order in which a header is searched for them


class CsvReader:
    """Comma-separated rows below a header; a header without a comma may use semicolon, tab or |."""

    name = "csv"
    suffixes: tuple[str, ...] = (".csv",)

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """One item per row. Empty cells are None; a column is numeric if its sample is.

        Raises InputError for an empty file and an invalid header; a row with too many or too few cells is a Fault.
        """
        lines = Lines(stream, options)
        first = next((line for line in lines if line.strip()), None)
        if first is None:
            raise InputError(f"{options.name} is empty: its first line must name the columns")
        header_line = lines.number
        # A global of the csv module: its default of 128 KB is too little for documents. Lines has a limit of its own.
        csv.field_size_limit(2 * MAX_ITEM_CHARS)
        cells = csv.reader(chain([first], lines), delimiter=self._delimiter(first), strict=True)
        try:
            header = [name.strip() for name in next(cells)]
        except csv.Error as error:
            raise InputError(
                f"The header at line {header_line} of {options.name} cannot be read ({error}): check its quotes"
            ) from None
        _check_header(header, header_line, options.name)
        rows = _rows(cells, lines, header, options.name)
        sample = next_batch(rows)
        if not sample:
            raise InputError(f"{options.name} has a header but no rows: there is nothing to ingest")
        casts = _casts(header, sample)
        for row in chain(sample, rows):
            yield row if isinstance(row, Fault) else _typed(row, casts)

    def _delimiter(self, first: str) -> str:
        return next((mark for mark in _DELIMITERS if mark in first), ",")


class TsvReader(CsvReader):
    """Tab-separated rows below a header; quotes have the same meaning as in csv."""

    name = "tsv"
    suffixes: tuple[str, ...] = (".tsv", ".tab")

    def _delimiter(self, first: str) -> str:
        return "\t"


def _check_header(header: Sequence[str], line: int, name: str) -> None:
    where = f"The header at line {line} of {name}"
    for position, column in enumerate(header, 1):
        if not column:
            raise InputError(f"{where} has no name for column {position} of {len(header)}: name every column")
    counts = Counter(column.lower() for column in header)
    repeated = [column for column in header if counts[column.lower()] > 1]
    if repeated:
        raise InputError(
            f"{where} names the column {repeated[0]!r} {counts[repeated[0].lower()]} times: give each its own name"
        )


def _rows(cells: Iterator[list[str]], lines: Lines, header: Sequence[str], name: str) -> Iterator[ItemOrFault]:
    """Rows as items of text, with None for empty cells; unreadable rows as Faults."""
    while True:
        lines.item_done()
        line = lines.number + 1
        try:
            row = next(cells)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(f"Line {line} of {name} cannot be read as csv ({error}): check its quotes", is_row=True)
            continue
        if not row:
            continue
        if len(row) != len(header):
            message = f"Line {line} of {name} has {len(row)} cells, but the header has {len(header)}: fix that row"
            yield Fault(message, is_row=True)
            continue
        values = {column: cell or None for column, cell in zip(header, row, strict=True)}
        yield Item(None, values, f"line {line} of {name}")


def _typed(item: Item, casts: Sequence[tuple[str, Cast]]) -> Item:
    columns = dict(item.columns)
    for column, cast in casts:
        if columns[column] is not None:
            columns[column] = cast(columns[column])
    return Item(None, columns, item.place)


def _casts(header: Sequence[str], sample: Sequence[ItemOrFault]) -> list[tuple[str, Cast]]:
    """The casts of the columns whose filled cells in the sample are all numbers."""
    rows = [row.columns for row in sample if isinstance(row, Item)]
    casts: list[tuple[str, Cast]] = []
    for column in header:
        values = [row[column] for row in rows if row[column] is not None]
        if values and all(INTEGER.fullmatch(value) for value in values):
            casts.append((column, _integer))
        elif values and _are_numbers(values):
            casts.append((column, _number))
    return casts


def _are_numbers(values: Sequence[str]) -> bool:
    """Whether floats keep all information: each is as Python writes it, or all have the same number of decimals.

    Prices have the same number of decimals. 3.9 and 3.10 together are versions and stay text.
    """
    if not all(_NUMBER.fullmatch(value) for value in values):
        return False
    if len({len(value.partition(".")[2]) for value in values}) == 1:
        return all(len(value) <= 16 for value in values)
    return all(INTEGER.fullmatch(value) or repr(float(value)) == value for value in values)


def _integer(cell: str) -> int | str:
    return int(cell) if INTEGER.fullmatch(cell) else cell


def _number(cell: str) -> float | str:
    return float(cell) if _NUMBER.fullmatch(cell) else cell
