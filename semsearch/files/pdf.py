"""PDF by pypdfium2: the lines of each page with their positions, put into reading order by `pdf_layout`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from semsearch.errors import InputError
from semsearch.files.parts import PAGE, SOFT_HYPHEN, Facts, Part, Progress, Text, cleaned, facts
from semsearch.files.pdf_furniture import without_furniture
from semsearch.files.pdf_layout import Line, Segment, in_reading_order
from semsearch.files.pdf_text import known_hyphenated, page_text

MAX_LINES = 3_000_000  # lines of a document
MAX_OUTLINE = 20_000  # entries of an outline that are read
MAX_MEANINGLESS = 0.5  # share of characters without a meaning in text of fonts without Unicode maps
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?")
_LIGATURES = re.compile("[\ufb00-\ufb06]")
_SHOWN = {  # PDFium marks a hyphen at a line's end and then leaves out the line end; control characters are spaces
    **{code: " " for code in range(32) if chr(code) not in "\r\n"},
    **dict.fromkeys((0x02, 0xFFFE), SOFT_HYPHEN),
}
_WORD = re.compile(rf"[^\s{SOFT_HYPHEN}]+{SOFT_HYPHEN}?|{SOFT_HYPHEN}")
Contents = dict[int, list[str]]  # the titles in the outline by page


def parse_pdf(path: str, name: str) -> Iterator[Part]:
    """The text and facts of a PDF. Raises InputError if it is encrypted, damaged or without text."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        raise InputError(_unreadable(str(error), name)) from error
    with closing(document):
        yield _facts(document)
        pages: list[list[Line]] = []
        count = 0
        for number in range(len(document)):
            lines = _lines(document, number)
            pages.append(lines)
            count += len(lines)
            if count > MAX_LINES:
                raise InputError(f"{name} has more than {MAX_LINES:,} lines: split it into parts")
            yield Progress()
        if not count:
            raise InputError(f"{name} has {_pages(len(pages))} without text: it is a scan, run OCR on it first")
        _check_meaning(pages, name)
        contents = _outline(document)
    yield from _texts(without_furniture(pages), contents)


def _pages(count: int) -> str:
    return f"{count:,} page{'' if count == 1 else 's'}"


def _unreadable(reason: str, name: str) -> str:
    if "password" in reason.lower():
        return f"{name} is protected by a password: remove it and ingest the file again"
    return f"{name} is damaged, or not a PDF ({reason}): download it again"


def _facts(document: Any) -> Facts:
    known = document.get_metadata_dict(skip_empty=True)
    match = _DATE.match(known.get("CreationDate", ""))
    date = "-".join(filter(None, match.groups()[:3])) if match else None
    if match and match[4]:
        date = f"{date} {match[4]}:{match[5]}:{match[6] or '00'}"
    return facts(title=known.get("Title"), author=known.get("Author"), date=date, pages=len(document))


def _lines(document: Any, number: int) -> list[Line]:
    """The lines of a page in reading order; none of a page that is damaged."""
    import pypdfium2

    try:
        with closing(document[number]) as page, closing(page.get_textpage()) as text:
            width = page.get_width()
            return in_reading_order(_segments(text), width)
    except pypdfium2.PdfiumError:
        return []


def _segments(textpage: Any) -> list[list[Segment]]:
    """The lines that PDFium finds, each split where there is a gap between two words."""
    import pypdfium2.raw as pdfium

    text = textpage.get_text_range().translate(_SHOWN)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if not text or units != len(text) or textpage.count_chars() != len(text):
        return [[Segment(0, 0, 0, 0, line)] for line in cleaned(text).split("\n") if line.strip()]
    box = pdfium.FS_RECTF()
    measure, handle = pdfium.FPDFText_GetLooseCharBox, textpage.raw
    lines: list[list[Segment]] = []
    for match in re.finditer(r"[^\r\n]+", text):
        segments: list[Segment] = []
        for word in _WORD.finditer(match[0]):
            start = match.start() + word.start()
            measure(handle, start, box)
            left, bottom, height = box.left, box.bottom, box.top - box.bottom
            if word.end() - word.start() > 1:
                measure(handle, match.start() + word.end() - 1, box)
            segments.append(Segment(left, max(left, box.right), bottom, height, _expanded(word[0])))
        lines += _on_lines(_gathered(segments))
    return lines


def _expanded(word: str) -> str:
    """A word with ligatures as letters."""
    return word if word.isascii() or not _LIGATURES.search(word) else unicodedata.normalize("NFKC", word)


def _gathered(words: list[Segment]) -> list[Segment]:
    """Words joined to segments, unless a gap wider than a letter's height is between them."""
    segments: list[Segment] = []
    for word in words:
        last = segments[-1] if segments else None
        if last is not None and -last.height < word.left - last.right < 1.2 * max(last.height, word.height, 1):
            segments[-1] = last.with_next(word)
        else:
            segments.append(word)
    return segments


def _on_lines(segments: list[Segment]) -> list[list[Segment]]:
    """Segments of one line each, where PDFium joined two lines at a hyphen."""
    lines: list[list[Segment]] = []
    for segment in segments:
        last = lines[-1][-1] if lines else None
        if last is not None and segment.left > last.left and abs(last.bottom - segment.bottom) < 0.7 * last.height:
            lines[-1].append(segment)
        else:
            lines.append([segment])
    return lines


def _check_meaning(pages: list[list[Line]], name: str) -> None:
    """Raise InputError for a document most of whose characters are private, unassigned or replaced."""
    text = "".join(line.text for lines in pages[:20] for line in lines)[:100_000]
    letters = [letter for letter in text if not letter.isspace()]
    meaningless = sum(unicodedata.category(letter) in ("Co", "Cn", "Cc") or letter == "\ufffd" for letter in letters)
    if meaningless > MAX_MEANINGLESS * len(letters):
        raise InputError(f"{name} has fonts without Unicode maps, so its text cannot be decoded: run OCR on it first")


def _outline(document: Any) -> Contents:
    """The titles in the outline by page; those that are damaged are left out."""
    import pypdfium2

    contents: Contents = {}
    try:
        for count, entry in enumerate(document.get_toc(max_depth=6)):
            target = entry.get_dest()
            if count > MAX_OUTLINE:
                break
            if target is not None and target.get_index() is not None:
                title = " ".join(entry.get_title().split())
                contents.setdefault(target.get_index(), []).append(f"{'#' * min(6, entry.level + 1)} {title}")
    except (pypdfium2.PdfiumError, UnicodeError):
        pass  # an outline only helps
    return contents


def _texts(pages: list[list[Line]], contents: Contents) -> Iterator[Part]:
    hyphenated = known_hyphenated(pages)
    for number, lines in enumerate(pages):
        text = page_text(lines, contents.get(number, []), hyphenated)
        yield Text((PAGE if number else "") + text)
