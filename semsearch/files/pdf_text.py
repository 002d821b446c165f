"""From the lines of a page to its text: paragraphs joined, hyphens at line ends removed, headings marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from statistics import median

from semsearch.files.parts import SOFT_HYPHEN, joined
from semsearch.files.pdf_layout import Line

MAX_LEADING = 1.45  # usual distances of two lines, above which a paragraph ends
MAX_SIZES = 1.15  # ratio of the heights of two lines of a paragraph
SHORT = 0.85  # share of the column's width up to which a line is short
_HYPHENATED = re.compile(r"\b[^\W\d_]+-[^\W\d_]+\b")
_AT_END = re.compile(r"([^\W\d_]+)[-\u2010\u00ad]$")
_AND = frozenset(["and", "or", "und", "oder", "et", "ou", "y", "o", "e", "en", "of", "och", "og"])  # as in "pre- and"
_AT_START = re.compile(r"[^\W\d_]+")
_ENDS = (".", "!", "?", ":", ";", "”", '"', "»", ")")


def known_hyphenated(pages: Iterable[Sequence[Line]]) -> Set[str]:
    """The words with a hyphen inside a line, in lower case: `well-known` keeps its hyphen at a line's end too."""
    return {match.lower() for lines in pages for line in lines for match in _HYPHENATED.findall(line.text)}


def page_text(lines: Sequence[Line], titles: Sequence[str], hyphenated: Set[str]) -> str:
    """The text of a page. `titles` are the headings of the outline on it, with their `#`."""
    headings = {title.lstrip("# ").casefold(): title for title in titles}
    leading = _usual_leading(lines)
    blocks: list[str] = []
    last: Line | None = None
    for line in lines:
        heading = headings.pop(" ".join(line.text.split()).casefold(), None)
        if heading is not None:
            blocks.append(heading)
            last = None
        elif last is None or _begins_paragraph(last, line, leading):
            blocks.append(line.text)
            last = line
        else:
            glue = "\n" if line.is_table and last.is_table else None
            blocks[-1] = f"{blocks[-1]}\n{line.text}" if glue else _with_next(blocks[-1], line.text, hyphenated)
            last = line
    return joined(blocks).replace(SOFT_HYPHEN, "")


def _usual_leading(lines: Sequence[Line]) -> float:
    """The median distance of two lines below each other, in points."""
    pairs = zip(lines, lines[1:], strict=False)
    steps = [one.bottom - two.bottom for one, two in pairs if one.bottom > two.bottom]
    return median(steps) if steps else 0


def _begins_paragraph(last: Line, line: Line, leading: float) -> bool:
    if not line.height or not last.height:  # positions are unknown
        return last.text.endswith(_ENDS) and len(last.text) < 60
    if line.is_table or last.is_table:
        return not (line.is_table and last.is_table)
    if max(line.height, last.height) > MAX_SIZES * min(line.height, last.height):
        return True
    ends = last.text.endswith(_ENDS)
    left, right = last.edges
    is_short = last.right < left + SHORT * (right - left)
    if line.bottom > last.bottom:  # the next column
        return ends and is_short
    is_far = last.bottom - line.bottom > MAX_LEADING * max(leading, line.height)
    is_indented = line.left - line.edges[0] > 0.8 * line.height and last.left - left < 0.4 * last.height
    return is_far or (ends and (is_short or is_indented))


def _with_next(text: str, line: str, hyphenated: Set[str]) -> str:
    """A paragraph with its next line; a word that was divided is made whole."""
    before = _AT_END.search(text[-60:])
    after = _AT_START.match(line)
    if before is None or after is None:
        return f"{text.rstrip(SOFT_HYPHEN)} {line}"
    if after[0] in _AND:
        return f"{text[:-1]}- {line}"
    if not after[0][0].islower() or f"{before[1]}-{after[0]}".lower() in hyphenated:
        return f"{text[:-1]}-{line}"
    return text[:-1] + line
