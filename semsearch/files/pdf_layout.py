"""The reading order of a page: columns are found by the white space between them, from left to right.

A gutter is a vertical strip that few lines cross and that has filled lines of prose on both sides. Lines that cross it,
such as a title over both columns, divide the page into bands. Tables have short cells, so their columns are no gutter.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from semsearch.files.parts import CELL, SOFT_HYPHEN

MIN_LINES = 4  # lines in a column
MIN_GUTTER = 5  # width of a gutter in points
MAX_CROSSING = 0.2  # share of the lines beside a gutter that may cross it
MIN_FILLED = 0.55  # median width of a column's lines, as a share of the column's width
MIN_WORDS = 2.5  # mean number of words in a column's lines
TABLE_GAP = 2.5  # height of a letter, the gap between two cells of a table
MAX_COLUMNS_DEEP = 3  # gutters inside gutters


class Segment(NamedTuple):
    """Words without a gap between them: their box in points, from the lower left corner of the page."""

    left: float
    right: float
    bottom: float
    height: float
    text: str

    def with_next(self, word: Segment) -> Segment:
        """This segment with a word behind it."""
        height = max(self.height, word.height)
        divided = self.text.endswith(SOFT_HYPHEN)
        text = f"{self.text[:-1]}{word.text}" if divided else f"{self.text} {word.text}"
        return Segment(self.left, max(self.right, word.right), self.bottom, height, text)


class Line(NamedTuple):
    """A line of a column."""

    left: float
    right: float
    bottom: float
    height: float
    text: str
    edges: tuple[float, float]  # the left and the right edge of its column
    is_table: bool


def in_reading_order(lines: Sequence[Sequence[Segment]], width: float) -> list[Line]:
    """The lines of a page of this width (points), column after column."""
    segments = [segment for line in lines for segment in line]
    ordered = _columns(segments, 0, width, MAX_COLUMNS_DEEP)
    if ordered is not None:
        return ordered
    edges = _edges(segments)
    return [_row(line, edges) for line in lines]


def _edges(segments: Sequence[Segment]) -> tuple[float, float]:
    return (min((one.left for one in segments), default=0), max((one.right for one in segments), default=0))


def _row(segments: Sequence[Segment], edges: tuple[float, float]) -> Line:
    """Segments beside each other as one line; a row of a table where the gaps are wide."""
    text, is_table = segments[0].text, False
    for last, segment in zip(segments, segments[1:], strict=False):
        is_cell = segment.left - last.right > TABLE_GAP * max(segment.height, 1)
        is_table = is_table or is_cell
        text += (CELL if is_cell else " ") + segment.text
    height = max(segment.height for segment in segments)
    right = max(segment.right for segment in segments)
    return Line(segments[0].left, right, segments[0].bottom, height, text, edges, is_table)


def _columns(segments: Sequence[Segment], left: float, right: float, depth: int) -> list[Line] | None:
    """The segments by column; None where there is no gutter between `left` and `right`."""
    gutter = _gutter(segments, left, right) if depth else None
    if gutter is None:
        return None
    crossing = sorted((one for one in segments if one.left < gutter < one.right), key=lambda one: -one.bottom)
    beside = [one for one in segments if not one.left < gutter < one.right]
    ordered: list[Line] = []
    for line in [*crossing, None]:
        band = [one for one in beside if line is None or one.bottom > line.bottom]
        beside = [one for one in beside if line is not None and one.bottom <= line.bottom]
        ordered += _column([one for one in band if one.right <= gutter], left, gutter, depth)
        ordered += _column([one for one in band if one.right > gutter], gutter, right, depth)
        if line is not None:
            ordered.append(_row([line], _edges(segments)))
    return ordered


def _column(segments: Sequence[Segment], left: float, right: float, depth: int) -> list[Line]:
    """The lines of one column, which may have columns itself."""
    inner = _columns(segments, left, right, depth - 1)
    if inner is not None:
        return inner
    rows: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda one: (-one.bottom, one.left)):
        if rows and abs(rows[-1][0].bottom - segment.bottom) < 0.3 * max(segment.height, 1):
            rows[-1].append(segment)
        else:
            rows.append([segment])
    edges = _edges(segments)
    return [_row(sorted(row), edges) for row in rows]


def _gutter(segments: Sequence[Segment], left: float, right: float) -> float | None:
    """The middle of the widest strip that few segments cross, if there is a column on both sides of it."""
    if len(segments) < 2 * MIN_LINES:
        return None
    size = int(right - left)
    if not 50 <= size <= 20_000:
        return None
    changes = [0] * (size + 2)
    for one in segments:
        changes[max(0, min(size, int(one.left - left)))] += 1
        changes[max(0, min(size, int(one.right - left) + 1))] -= 1
    crossing, covered = 0, []
    for change in changes:
        crossing += change
        covered.append(crossing)
    allowed = MAX_CROSSING * max(covered) if max(covered) > 0 else 0
    for start, end in sorted(_strips(covered[: size + 1], allowed), key=lambda strip: strip[0] - strip[1]):
        middle = left + (start + end) / 2
        sides = ([one for one in segments if one.right <= middle], [one for one in segments if one.left >= middle])
        if all(_is_prose(side) for side in sides):
            return middle
    return None


def _strips(covered: Sequence[int], allowed: float) -> list[tuple[int, int]]:
    """Runs of positions, between the first and the last covered one, that few segments cross."""
    inside = [place for place, count in enumerate(covered) if count > allowed]
    gaps = zip(inside, inside[1:], strict=False)
    return [(start, end) for start, end in gaps if end - start >= MIN_GUTTER]


def _is_prose(segments: Sequence[Segment]) -> bool:
    """Whether segments are the lines of a column of prose."""
    if len(segments) < MIN_LINES:
        return False
    first, last = _edges(segments)
    widths = median(one.right - one.left for one in segments)
    words = sum(one.text.count(" ") + 1 for one in segments) / len(segments)
    return widths >= MIN_FILLED * (last - first) and words >= MIN_WORDS
