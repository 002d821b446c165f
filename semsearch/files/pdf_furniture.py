"""Headers, footers and page numbers: lines that neighbouring pages repeat at the same place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from semsearch.files.pdf_layout import Line

EDGE_LINES = 3  # lines at the top and at the bottom of a page that may repeat
NEIGHBOURS = 4  # pages before and after that are compared
MIN_REPEATS = 2  # of these that have the same line
MIN_GAP = 1.5  # heights of a line between a header and the text
MAX_SHIFT = 4.0  # points between two places that count as the same
_NUMBER = re.compile(r"\d+")


def without_furniture(pages: Sequence[list[Line]]) -> list[list[Line]]:
    """The pages without repeated lines at their edges. A page that would be empty stays whole."""
    ordered = [_by_height(lines) for lines in pages]
    edges = [[*lines[:EDGE_LINES], *lines[max(EDGE_LINES, len(lines) - EDGE_LINES) :]] for lines in ordered]
    kept = []
    for number, lines in enumerate(pages):
        repeated = {id(line) for line in edges[number] if _repeats(line, number, edges) >= MIN_REPEATS}
        apart = _apart(ordered[number], repeated) | _apart(ordered[number][::-1], repeated)
        rest = [line for line in lines if id(line) not in apart]
        kept.append(rest or lines)
    return kept


def _by_height(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page from its top; none where positions are unknown."""
    known = any(line.height for line in lines)
    return sorted(lines, key=lambda line: -line.bottom) if known else []


def _apart(lines: Sequence[Line], repeated: set[int]) -> set[int]:
    """The repeated lines from one edge of the page up to the last one that has white space behind it."""
    block = list(takewhile(lambda line: id(line) in repeated, lines[:EDGE_LINES]))
    while block:
        rest = lines[len(block) : len(block) + 1]
        if not rest or abs(rest[0].bottom - block[-1].bottom) > MIN_GAP * max(block[-1].height, rest[0].height):
            return {id(line) for line in block}
        block.pop()
    return set()


def _repeats(line: Line, number: int, edges: Sequence[Sequence[Line]]) -> int:
    """How many neighbouring pages have this line at this place, with equal numbers or page numbers."""
    pattern, numbers = _NUMBER.sub("#", line.text), _NUMBER.findall(line.text)
    return sum(
        any(_is_same(pattern, numbers, line.bottom, other, distance) for other in edges[number + distance])
        for distance in _distances(number, len(edges))
    )


def _distances(number: int, count: int) -> Iterator[int]:
    for distance in range(-NEIGHBOURS, NEIGHBOURS + 1):
        if distance and 0 <= number + distance < count:
            yield distance


def _is_same(pattern: str, numbers: Sequence[str], bottom: float, other: Line, distance: int) -> bool:
    if abs(other.bottom - bottom) > MAX_SHIFT or _NUMBER.sub("#", other.text) != pattern:
        return False
    pairs = zip(numbers, _NUMBER.findall(other.text), strict=True)
    return all(one == two or int(two[:9]) - int(one[:9]) == distance for one, two in pairs)
