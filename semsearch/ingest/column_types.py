"""Which columns of text cells are numbers: decided on all cells of a column, so that nothing is lost by reading."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from semsearch.ingest.base import INTEGER

Cast: TypeAlias = Callable[[str], Any]
# A number as a program writes it. With a leading zero or a plus sign it is a code and stays text.
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
MAX_FIXED_CHARS = 16  # characters up to which a decimal fraction survives as a float (15 digits and the point)


class ColumnType:
    """Sees all filled cells of one column; `cast` then converts each without loss, or is None for text.

    Integers are whole numbers of at most 18 digits. Floats are decimal fractions that all have the same number of
    decimals, such as prices, or numbers that are all written as Python writes them. 3.9 and 3.10 together are versions
    and stay text, as do 1e400 and 007.
    """

    def __init__(self) -> None:
        self._any = False
        self._are_integers = self._are_fixed = self._are_canonical = True
        self._decimals: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether some cell is no number, so that further cells need not be looked at."""
        return not (self._are_integers or self._are_fixed or self._are_canonical)

    def see(self, cells: Sequence[str]) -> None:
        """More filled cells of the column."""
        if not cells or self.is_text:
            return
        self._any = True
        if self._are_integers and not all(map(INTEGER.fullmatch, cells)):
            self._are_integers = False
        if self._are_integers:
            self._are_fixed = False  # no decimals, so none of the same number
            self._are_canonical = self._are_canonical and all(map(_is_canonical, cells))
            return
        if not all(map(NUMBER.fullmatch, cells)):
            self._are_fixed = self._are_canonical = False
            return
        self._are_fixed = self._are_fixed and self._have_same_decimals(cells)
        self._are_canonical = self._are_canonical and all(map(_is_canonical, cells))

    def _have_same_decimals(self, cells: Sequence[str]) -> bool:
        if self._decimals is None:
            self._decimals = len(cells[0].partition(".")[2])
        return self._decimals > 0 and all(
            len(cell) <= MAX_FIXED_CHARS and len(cell.partition(".")[2]) == self._decimals and "e" not in cell.lower()
            for cell in cells
        )

    @property
    def cast(self) -> Cast | None:
        """The conversion of a cell; None for a column of text or without any cell."""
        if not self._any or self.is_text:
            return None
        return int if self._are_integers else float


def _is_canonical(cell: str) -> bool:
    """Whether a number is written as Python writes it, so that the float gives the same text again."""
    if INTEGER.fullmatch(cell):
        return len(cell) <= MAX_FIXED_CHARS
    value = float(cell)
    return math.isfinite(value) and repr(value) == cell
