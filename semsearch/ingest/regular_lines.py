"""The lines of a file of edges, and the blocks of them that are read at once because nothing in them is special."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from semsearch.ingest.base import EdgeBlock, ReadOptions, Remark, quantity
from semsearch.ingest.delimited import Row
from semsearch.ingest.streams import Lines
from semsearch.storage.tables import storable

_SPACES = " \t\v\f\r\x1c\x1d\x1e\x1f"  # white space of ASCII within a line
_SPECIAL = ('"', "#", "%", "{")  # quotes, comments and attributes: such lines are read one by one


class EdgeFileLines(Lines):
    """The lines of a file of edges without comments, which are counted.

    Lines at the beginning that start with # or % are comments. Further down, only one whose sign is followed by white
    space is: #bread may be a node.
    """

    def __init__(self, stream: BinaryIO, options: ReadOptions) -> None:
        super().__init__(stream, options)
        self.comments = 0
        self._begun = False

    def __next__(self) -> str:
        while True:
            line = super().__next__()
            is_comment = line.startswith(("#", "%")) and (not self._begun or line[1:2].isspace())
            if not is_comment:
                self._begun = self._begun or bool(line.strip())
                return line
            self.comments += 1
            self.item_done()

    def remarks(self, name: str) -> Iterator[Remark]:
        """How many lines were taken for comments."""
        if self.comments:
            yield Remark(f"{quantity(self.comments, 'line')} of {name} that begin with # or % were read as comments")


class RegularLines:
    """Takes blocks of lines that all have the same cells: two ends, and perhaps a valid weight.

    `delimiter` None stands for white space. `positions` are those of source, target and weight among the cells; without
    a weight, or where the rows end before it, each edge weighs 1.
    """

    def __init__(self, lines: EdgeFileLines, delimiter: str | None, positions: tuple[int, int, int | None]) -> None:
        self._lines, self._delimiter, self._positions = lines, delimiter, positions

    def blocks_or(self, rows: Iterator[Row]) -> Iterator[EdgeBlock | Row]:
        """Regular blocks of lines as edges; in their places among them, the rows of all other blocks.

        `rows` reads the same lines, one row at a time.
        """
        while lines := self._lines.block():
            block = self._edges(lines)
            if block is not None:
                self._lines.take(len(lines))
                yield block
                continue
            end = self._lines.number + len(lines)
            for row in rows:
                yield row
                # After a quote that is never closed, rows are behind the lines: these are read again.
                if row[0] == self._lines.number >= end:
                    break
        yield from rows

    def _edges(self, lines: Sequence[str]) -> EdgeBlock | None:
        """The edges of all these lines; None if one of them is special, has other cells, or holds no valid edge."""
        text = "".join(lines)
        widths = {0} if any(mark in text for mark in _SPECIAL) else self._widths(lines)
        source, target, weight = self._positions
        width = widths.pop()
        if widths or width <= max(source, target):
            return None
        cells = self._cells(text)
        sources, targets = cells[source::width], cells[target::width]
        weights = np.ones(len(lines)) if weight is None or weight >= width else _numbers(cells[weight::width])
        if weights is None or not (all(sources) and all(targets)):
            return None
        return EdgeBlock(sources, targets, weights)

    def _widths(self, lines: Sequence[str]) -> set[int]:
        """The numbers of cells in these lines, which hold no quote."""
        if self._delimiter is None:
            return {len(line.split()) for line in lines}
        return {line.count(self._delimiter) + 1 for line in lines}

    def _cells(self, text: str) -> list[str]:
        """All cells of the lines, which have equally many."""
        if self._delimiter is None:
            cells = text.split()
        else:
            cells = text.removesuffix("\n").replace("\n", self._delimiter).split(self._delimiter)
            if not text.isascii() or any(space in text for space in _SPACES if space != self._delimiter):
                cells = list(map(str.strip, cells))
        return cells if text.isascii() else list(map(storable, cells))


def _numbers(cells: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """The weights in these cells; None unless all are finite and at least 0."""
    try:
        weights = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None
    return weights if bool((np.isfinite(weights) & (weights >= 0)).all()) else None
