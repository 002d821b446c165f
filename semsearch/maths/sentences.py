"""Sentences of a text, and passages of whole sentences, as places in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Span = tuple[int, int]
LONGEST = 400  # characters of a passage, some 65 words of English
# After a full stop of any script and the quotation marks and brackets that follow it, or at an empty line.
_END = re.compile(r"(?:[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？।॥؟۔]+[”’」』）]*|\n\s*\n)")


def sentences(text: str, longest: int = LONGEST) -> list[Span]:
    """Start and end of each sentence, without the space around it. One that is longer is cut at spaces."""
    result: list[Span] = []
    start = 0
    for end in [*(match.end() for match in _END.finditer(text)), len(text)]:
        result += _pieces(text, start, end, longest)
        start = end
    return result


def _pieces(text: str, start: int, end: int, longest: int) -> Iterator[Span]:
    """A stretch of text without the space around it, in pieces of at most `longest` characters."""
    while start < end:
        while start < end and text[start].isspace():
            start += 1
        if end - start <= longest:
            stop = end
        else:
            space = text.rfind(" ", start + longest // 2, start + longest)
            stop = space if space > 0 else start + longest
        last = stop
        while last > start and text[last - 1].isspace():
            last -= 1
        if last > start:
            yield start, last
        start = stop


def passages(spans: Sequence[Span], longest: int = LONGEST) -> list[Span]:
    """For each sentence the passage of up to `longest` characters that begins with it, without those inside others."""
    result: list[Span] = []
    last = 0
    for first in range(len(spans)):
        last = max(last, first)
        while last + 1 < len(spans) and spans[last + 1][1] - spans[first][0] <= longest:
            last += 1
        span = spans[first][0], spans[last][1]
        if not result or span[1] > result[-1][1]:
            result.append(span)
    return result
