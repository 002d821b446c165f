"""Where a long text is cut into passages: at pages, headings, paragraphs and sentences, as places in the text.

The conventions are those of semsearch.files.parts: a form feed begins a page, a line that begins a block with `#` is a
heading, an empty line ends a block, and a block in which every line has ` | ` is a table. Text without any of these is
cut at sentences only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from semsearch.maths.sentences import sentences

MOST_WORDS = 200  # of a passage; a sentence or row of a table that is longer is a passage of its own
USUAL_WORDS = 140  # of a passage in a long section
MOST_OVERLAP = 50  # words of a sentence that is repeated at the beginning of the next passage
LONGEST_SENTENCE = 800  # characters; a longer one is cut at spaces
MAX_HEADING = 200  # characters of a line that may be a heading
_BLOCKS = re.compile(r"\n[ \t]*\n\s*")
_HEADING = re.compile(r"(#{1,6})[ \t]+(\S[^\n]*)")
_WORD = re.compile(r"\w+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
LONGEST_WORD = 12  # characters of a word on average, at most: where words are longer, each 12 characters are one
CHARS_OF_A_WORD = 2  # characters of scripts without spaces that count as a word


class Cut(NamedTuple):
    """A passage: its place in the text, its page (from 1), and the headings above it, the outermost first."""

    start: int
    end: int
    page: int
    headings: tuple[str, ...]


class _Unit(NamedTuple):
    """What is not divided: a sentence, a table or a row of a large one."""

    start: int
    end: int
    words: int


@dataclass
class _Section:
    """The text below one heading on one page."""

    page: int
    headings: tuple[str, ...]
    units: list[_Unit] = field(default_factory=list)


def count_words(text: str) -> int:
    """The words of a text; in scripts without spaces two characters count as one."""
    unspaced = 0 if text.isascii() else len(_UNSPACED.findall(text))
    if not unspaced:
        return max(len(_WORD.findall(text)), len(text) // LONGEST_WORD)
    return len(_WORD.findall(_UNSPACED.sub(" ", text))) + -(-unspaced // CHARS_OF_A_WORD)


def cut(text: str) -> list[Cut]:
    """The passages of a text in order. One of up to MOST_WORDS without pages and headings is one passage."""
    cuts: list[Cut] = []
    for section in _sections(text):
        cuts += _passages(section)
    return cuts


def _sections(text: str) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    start = 0
    for page, content in enumerate(text.split("\f"), 1):
        section, heading = _Section(page, _titles(path)), None
        is_empty = True
        for first, last in _blocks(content, start):
            heading = _HEADING.match(text, first, min(last, first + MAX_HEADING))
            if heading is not None:
                yield section
                level = len(heading[1])
                path = [(depth, title) for depth, title in path if depth < level]
                path.append((level, heading[2].strip(" #")))
                section = _Section(page, _titles(path))
                first = heading.end()
            units = list(_units(text, first, last))
            section.units += units
            is_empty = is_empty and not units
        if is_empty and heading is not None:  # a slide with nothing but a title
            section.units.append(_Unit(heading.start(2), heading.end(2), count_words(heading[2])))
        yield section
        start += len(content) + 1


def _titles(path: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    return tuple(title for _, title in path)


def _blocks(content: str, start: int) -> Iterator[tuple[int, int]]:
    """The places of the blocks of a page that begins at `start`."""
    first = 0
    for match in _BLOCKS.finditer(content):
        yield start + first, start + match.start()
        first = match.end()
    yield start + first, start + len(content)


def _units(text: str, first: int, last: int) -> Iterator[_Unit]:
    """The sentences of a block, or a table as a whole, or its rows if it is large."""
    block = text[first:last]
    if not block.strip():
        return
    rows = block.strip().split("\n")
    if len(rows) > 1 and all(" | " in row for row in rows):
        words = count_words(block)
        begin = first + len(block) - len(block.lstrip())
        if words <= MOST_WORDS:
            yield _Unit(begin, begin + len(block.strip()), words)
            return
        for row in rows:
            if row.strip():
                yield _Unit(begin, begin + len(row), count_words(row))
            begin += len(row) + 1
        return
    for start, end in sentences(block, LONGEST_SENTENCE):
        yield _Unit(first + start, first + end, count_words(block[start:end]))


def _passages(section: _Section) -> Iterator[Cut]:
    """The passages of a section, of about equal length. Each begins with the last sentence of the one before."""
    units = section.units
    total = sum(unit.words for unit in units)
    if not units:
        return
    count = 1 if total <= MOST_WORDS else max(-(-total // MOST_WORDS), round(total / USUAL_WORDS))
    goal, done, first = total / count, 0.0, 0
    for number, unit in enumerate(units):
        done += unit.words
        is_last = number + 1 == len(units)
        following = 0 if is_last else units[number + 1].words
        if is_last or done + following / 2 > goal:
            yield Cut(units[_with_overlap(units, first)].start, unit.end, section.page, section.headings)
            total -= int(done)
            count = max(1, count - 1)
            goal, done, first = total / count, 0.0, number + 1


def _with_overlap(units: Sequence[_Unit], first: int) -> int:
    """The number of the unit that a passage begins with: the one before its first, if it is short."""
    return first - 1 if first and units[first - 1].words <= MOST_OVERLAP else first
