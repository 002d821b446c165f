"""A document opened at one of its passages: the page of its text around it, and the passages before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.errors import NotFoundError
from semsearch.records import Dataset, OpenCollection
from semsearch.search.by_document import holds_passages
from semsearch.storage import datasets, passages
from semsearch.storage.driver import Connection

MAX_SHOWN = 20_000  # characters of a page that are shown; of longer ones those around the passage
BEFORE = 4_000  # characters of these before the passage


@dataclass(frozen=True)
class Reading:
    """A page of a document. `start` to `end` are places in the document's text, as are those of `passage`.

    `text` is the whole text between `start` and `end`; `passage` has id, position, page, heading, start and end.
    """

    dataset: Dataset
    row: dict[str, Any]
    page: int
    pages: int
    start: int
    end: int
    text: str
    is_cut: bool  # whether the page is longer
    passage: dict[str, Any] | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    is_changed: bool  # whether the document has changed since it was cut


def open_document(
    db: Connection, opened: OpenCollection, document: str, *, passage: str | None = None, page: int | None = None
) -> Reading:
    """A document at a passage, else at a page, else at its beginning.

    Raises NotFoundError for a document or passage that does not exist, and for a page that the document does not have.
    """
    is_of_passages = holds_passages(opened)
    source = datasets.get_dataset(db, str(opened.dataset.source)) if is_of_passages else opened.dataset
    row = datasets.rows_by_key(db, source, [document]).get(document)
    if row is None:
        raise NotFoundError(f"{source.name} has no row {document!r}")
    text = datasets.text_of(source, row)[1]
    listed = passages.of_document(db, opened.dataset, document) if is_of_passages else []
    at = _position(listed, document, passage, page)
    chosen = listed[at] if at is not None else None
    pages = _pages(text)
    number = min(page or (chosen["page"] if chosen else 1), len(pages)) if chosen else page or 1
    if not 1 <= number <= len(pages):
        raise NotFoundError(f"{document} has {len(pages):,} pages, there is no page {number:,}")
    start, end = _window(text, pages[number - 1], chosen)
    return Reading(
        source,
        row,
        number,
        len(pages),
        start,
        end,
        text[start:end],
        (start, end) != pages[number - 1],
        chosen,
        listed[at - 1] if at else None,
        listed[at + 1] if at is not None and at + 1 < len(listed) else None,
        bool(listed) and listed[-1]["end"] > len(text),
    )


def _position(listed: Sequence[dict[str, Any]], document: str, passage: str | None, page: int | None) -> int | None:
    """Which of the passages is opened: the one asked for, the first of a page, or the first."""
    if passage is not None:
        found = next((number for number, one in enumerate(listed) if one["id"] == passage), None)
        if found is None:
            raise NotFoundError(f"{document} has no passage {passage!r}: it may have changed since")
        return found
    if page is None:
        return 0 if listed else None
    return next((number for number, one in enumerate(listed) if one["page"] == page), None)


def _pages(text: str) -> list[tuple[int, int]]:
    pages, start = [], 0
    for content in text.split("\f"):
        pages.append((start, start + len(content)))
        start += len(content) + 1
    return pages


def _window(text: str, page: tuple[int, int], passage: dict[str, Any] | None) -> tuple[int, int]:
    """The part of a page that is shown: all, or MAX_SHOWN characters around the passage, cut at lines or words."""
    first, last = page
    if last - first <= MAX_SHOWN:
        return page
    centre = passage["start"] if passage and first <= passage["start"] < last else first
    start = max(first, centre - BEFORE)
    if start > first:
        start = max(text.find("\n", start, centre), text.find(" ", start, centre), start)
        start += text[start].isspace()
    end = min(last, start + MAX_SHOWN)
    if end < last and (space := text.rfind(" ", start, end)) > start:
        end = space
    return start, end
