"""From lines to rows of cells: which character separates them, and what becomes of quotes that do not match."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from semsearch.errors import InputError
from semsearch.ingest.base import MAX_ITEM_CHARS, Remark, quantity
from semsearch.ingest.streams import Lines

DELIMITERS = (",", ";", "\t", "|")  # in the order in which equally good ones are preferred
SAMPLE_LINES = 100  # lines that decide on the delimiter
SAMPLE_CHARS = 1 << 20  # characters of them; the rest of long lines is not looked at
MAX_ROW_LINES = 300_000  # lines of one row; a longer one has a quote that is never closed
MAX_REREAD_CHARS = 64 << 20  # characters read again after quotes that do not match, before a file is given up
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*")  # Excel writes and reads this first line


@dataclass(frozen=True)
class Dialect:
    """The character between cells, and the number of the first line that holds cells."""

    delimiter: str
    first_line: int = 1
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read, and why."""

    reason: str


Row = tuple[int, "list[str] | BadRow"]  # the number of its first line, its cells


def raise_field_limit() -> None:
    """The csv module's default of 128 KB is too little for documents; it is a global. Lines has a limit of its own."""
    csv.field_size_limit(2 * MAX_ITEM_CHARS)


def find_dialect(lines: Lines, name: str, delimiter: str | None = None) -> Dialect:
    """The dialect of a file, from its first lines, if no delimiter is given.

    A first line sep=; names the delimiter. Otherwise it is the one that splits the most lines into the same number of
    cells as the first line, of several the one with more cells. Raises InputError for an empty file.
    """
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise InputError(f"{name} is empty: its first line must name the columns")
    number = lines.number
    lines.item_done()
    named = _SEPARATOR_LINE.fullmatch(first)
    if named and delimiter in (None, named[1]):
        return Dialect(named[1], number + 1, (Remark(f"Line {number} of {name} names the delimiter, {named[1]!r}"),))
    if delimiter is not None:
        return Dialect(delimiter, number)
    sample, size = [first], len(first)
    for line in islice(lines, SAMPLE_LINES):
        lines.item_done()
        sample.append(line)
        size += len(line)
        if size > SAMPLE_CHARS:
            break
    chosen = max(DELIMITERS, key=lambda mark: (*_agreement(sample, mark), -DELIMITERS.index(mark)))
    width = len(_cells(first, chosen))
    said = (
        (Remark(f"The cells of {name} are separated by {chosen!r}, as line {number} shows"),)
        if chosen != "," and width > 1
        else ()
    )
    return Dialect(chosen if width > 1 else ",", number, said)


def _agreement(sample: Sequence[str], mark: str) -> tuple[float, int]:
    """The share of rows with as many cells as the first, in tenths, and that number of cells; zeros for one cell."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=mark) if row]
    except csv.Error:
        rows = [_cells(line, mark) for line in sample]
    width = len(rows[0])
    if width < 2:
        return 0.0, 0
    equal = sum(len(row) == width for row in rows)
    return round(equal / len(rows), 1), width


def _cells(line: str, mark: str) -> list[str]:
    """The cells of one line; split at every mark if its quotes do not match."""
    try:
        return next(csv.reader([line], delimiter=mark, strict=True), [])
    except csv.Error:
        return line.rstrip("\n").split(mark)


class Rows:
    """The rows of a file. A quote that is never closed spoils the row it is in, not those below it.

    In a file of tabs, where many programs write quotes as they are, a row whose quotes do not match is split at the
    tabs, if that gives it the right number of cells.
    """

    def __init__(self, lines: Lines, dialect: Dialect, name: str) -> None:
        raise_field_limit()
        self.width = 0  # cells in the first row
        self.literal = 0  # rows whose quotes were read as characters
        self.doubtful = 0  # quoted cells over several lines, each of which looks like a row
        self.first_doubtful = 0  # the line of the first such row, of either kind
        self._dialect, self._name, self._lines = dialect, name, lines
        self._ahead: deque[tuple[int, str]] = deque()  # lines to be read again
        self._taken: list[tuple[int, str]] = []  # the lines of the current row
        self._reread = 0
        self._reader = csv.reader(self._feed(), delimiter=dialect.delimiter, strict=True)

    def _feed(self) -> Iterator[str]:
        while True:
            if self._ahead:
                taken = self._ahead.popleft()
            else:
                line = next(self._lines, None)
                if line is None:
                    return
                taken = self._lines.number, line
                if taken[0] < self._dialect.first_line:
                    continue
            self._taken.append(taken)
            if len(self._taken) > MAX_ROW_LINES:
                raise csv.Error("end of data is not in sight")
            yield taken[1]

    def __iter__(self) -> Iterator[Row]:
        while True:
            self._lines.item_done()
            self._taken.clear()
            try:
                found = next(self._reader)
                cells: list[str] | BadRow = self._over_lines(found) if len(self._taken) > 1 else found
            except StopIteration:
                if not self._ahead:
                    return
                self._reader = csv.reader(self._feed(), delimiter=self._dialect.delimiter, strict=True)
                continue
            except csv.Error as error:
                cells = self._unmatched(str(error))
            if cells or isinstance(cells, BadRow):
                self.width = self.width or (len(cells) if isinstance(cells, list) else 0)
                yield self._taken[0][0], cells

    def _unmatched(self, reason: str) -> list[str] | BadRow:
        """The first line of a row whose quotes do not match; the other lines are read again."""
        literal = self._split(self._taken[0][1])
        self._read_again()
        if self._dialect.delimiter == "\t" and len(literal) == self.width:
            return self._doubt("literal", literal)
        if "end of data" in reason or len(self._taken) > 1:
            reason = "a quote is not closed in its row"
        return BadRow(f"cannot be read as csv ({reason}): check its quotes")

    def _over_lines(self, cells: list[str]) -> list[str] | BadRow:
        """A row over several lines, if it is one: lines that look like rows themselves make it doubtful."""
        look_like_rows = self.width > 1 and all(len(self._split(line)) == self.width for _, line in self._taken)
        if look_like_rows and (self._dialect.delimiter == "\t" or len(cells) != self.width):
            return self._unmatched("")
        if look_like_rows and len(self._taken) > 2:
            return self._doubt("doubtful", cells)
        return cells

    def _doubt(self, kind: str, cells: list[str]) -> list[str]:
        self.first_doubtful = self.first_doubtful or self._taken[0][0]
        setattr(self, kind, getattr(self, kind) + 1)
        return cells

    def _split(self, line: str) -> list[str]:
        return line.rstrip("\n").split(self._dialect.delimiter)

    def _read_again(self) -> None:
        again = self._taken[1:]
        self._reread += sum(len(line) for _, line in again)
        if self._reread > MAX_REREAD_CHARS:
            raise InputError(
                f"The quotes of {self._name} do not match from line {self._taken[0][0]} on: check them there"
            )
        self._ahead.extendleft(reversed(again))

    def remarks(self) -> Iterator[Remark]:
        """What was read otherwise than quotes say, and where to check it."""
        line = f"from line {self.first_doubtful} of {self._name} on"
        if self.literal:
            rows = quantity(self.literal, "row")
            yield Remark(f"Quotes that do not match were read as characters in {rows}, {line}")
        if self.doubtful:
            yield Remark(f"{self.doubtful:,} quoted cells span lines that look like rows, {line}: check their quotes")
