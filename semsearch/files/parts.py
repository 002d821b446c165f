"""What a parser yields about a file, and the conventions of its text.

The text is all that is stored, so that passages, pages and headings can be found in it again: a form feed begins a new
page, sheet, slide or chapter; a heading is a line that begins with one to six `#` and a space, as in Markdown; an empty
line ends a paragraph; the cells of a table's row are separated by ` | `, one row a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from semsearch.errors import InputError

MAX_TEXT_CHARS = 32 << 20  # characters of a file's text: the limit of one item
PAGE = "\f"  # between two pages
SOFT_HYPHEN = "\u00ad"  # where a word was divided
CELL = " | "  # between two cells of a table
FACTS = ("title", "author", "date", "language", "pages")  # what a parser may know about a file
MAX_FACT_CHARS = 1_000  # characters of such a value
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\u2028\u2029]")
_BLANKS = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


@dataclass(frozen=True)
class Facts:
    """What a file says about itself: `title`, `author`, `date`, `language` (text) and `pages` (a number)."""

    values: dict[str, str | int]


@dataclass(frozen=True)
class Text:
    """The next piece of the text."""

    text: str


@dataclass(frozen=True)
class Attachment:
    """A file inside a file."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Progress:
    """A sign that the parser is alive, where it has nothing to show yet."""


Part: TypeAlias = Facts | Text | Attachment | Progress


def facts(**values: object) -> Facts:
    """The facts that are known, each on one line."""
    known: dict[str, str | int] = {}
    for name, value in values.items():
        if isinstance(value, int):
            known[name] = value
        elif value and (line := " ".join(_CONTROL.sub(" ", str(value)).split())):
            known[name] = line[:MAX_FACT_CHARS]
    return Facts(known)


def cleaned(text: str) -> str:
    """Text without control characters, with \\n as line end."""
    return _CONTROL.sub("", _LINE_ENDS.sub("\n", text))


def heading(text: str, level: int) -> str:
    """A heading as a line; empty where the text is."""
    line = " ".join(text.split())
    return f"{'#' * max(1, min(level, 6))} {line}" if line else ""


def table_row(cells: Iterable[str]) -> str:
    """The cells of a row in one line, without empty cells at its end."""
    return CELL.join(" ".join(cell.split()) for cell in cells).rstrip(" |")


def joined(blocks: Iterable[str]) -> str:
    """Paragraphs, headings and tables of a page, with an empty line between two."""
    return "\n\n".join(filter(None, (block.strip("\n ") for block in blocks)))


def pages_of(text: str) -> list[str]:
    """The pages of a text in which parsers wrote form feeds, without empty ones."""
    return [page for page in (_BLANKS.sub("\n\n", part.strip()) for part in text.split(PAGE)) if page]


def bounded(parts: Iterable[Part], name: str) -> Iterator[Part]:
    """The parts. Raises InputError if their text is longer than one item may be, or if there is none."""
    size = 0
    for part in parts:
        if isinstance(part, Text):
            size += len(part.text)
            if size > MAX_TEXT_CHARS:
                limit = f"{MAX_TEXT_CHARS >> 20} MB"
                raise InputError(f"{name} has more than {limit} of text, the limit of one item: split it into parts")
        yield part
