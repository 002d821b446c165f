"""What a metric is: its name, one sentence, its unit and range, which direction is better, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Better = Literal["higher", "lower"]
COUNT = "a count"  # the range of whole numbers, which the number itself shows
SIGNIFICANT = 3  # digits of a number whose decimals are not declared


@dataclass(frozen=True)
class Metric:
    """The declaration of one metric.

    key       as it is stored, and in JSON
    name      in the terms of the field
    what      one sentence: what it measures
    range     the values it can have, in words, such as "0 to 1"
    unit      written after the number, such as "s"
    better    which direction is better; None if neither is
    decimals  after the point; None for three significant digits. Whole numbers are written whole
    is_choice whether it is the value of an option that the builder chose: it is then shown with the options
    is_flag   whether it is yes (1) or no (0)
    term      the key of the glossary's entry that explains more; empty for none
    """

    key: str
    name: str
    what: str
    range: str = ""
    unit: str = ""
    better: Better | None = None
    decimals: int | None = None
    is_choice: bool = False
    is_flag: bool = False
    term: str = ""

    @property
    def direction(self) -> str:
        """`higher is better`, `lower is better`, or nothing."""
        return f"{self.better} is better" if self.better else ""

    @property
    def scale(self) -> str:
        """Range and direction: `0 to 1, higher is better`."""
        return ", ".join(filter(None, (self.range, self.direction)))

    @property
    def meaning(self) -> str:
        """The sentence, then range and direction: all that a reader of the number needs."""
        scale = self.direction if self.range == COUNT else self.scale
        return f"{self.what} {scale[0].upper()}{scale[1:]}." if scale else self.what

    def text(self, value: float) -> str:
        """The number with the digits that mean something, and its unit."""
        if self.is_flag:
            return "yes" if value else "no"
        return f"{self._number(value)} {self.unit}".rstrip()

    def _number(self, value: float) -> str:
        if value != value or value in (float("inf"), float("-inf")):
            return str(value)
        if self.decimals is not None and value == round(value, self.decimals) == int(value):
            return f"{value:,.0f}"
        if self.decimals is None:
            return number_text(value, SIGNIFICANT)
        least = 10.0**-self.decimals
        if 0 < abs(value) < least / 2:
            return f"under {least:.{self.decimals}f}" if value > 0 else f"-{least:.{self.decimals}f} to 0"
        return f"{value:,.{self.decimals}f}"


def number_text(value: Any, significant: int = 4) -> str:
    """A value for people: whole numbers whole, others to some digits, yes or no, and "none" for None."""
    if value is None or isinstance(value, bool):
        return "none" if value is None else "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.{significant}g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
