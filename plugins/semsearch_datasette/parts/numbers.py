"""Numbers as text on pages: a true minus sign, and no line break between a number and its unit."""

from __future__ import annotations

import re

_NEGATIVE = re.compile(r"(?<![\w.])-(?=\.?\d)")


def with_minus(text: str) -> str:
    """A text whose negative numbers have a true minus sign; hyphens in words and exponents stay."""
    return _NEGATIVE.sub("\N{MINUS SIGN}", text)


def unbroken(text: str) -> str:
    """A number and its unit on one line: `44.2 s`, `98 %`."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")
