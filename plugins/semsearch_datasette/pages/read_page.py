"""`…/read/DOCUMENT?passage=ID&q=`: a document opened at a passage, with the passage and the query's words marked."""

from __future__ import annotations

from typing import Any

from datasette import NotFound

from semsearch import present
from semsearch.errors import NotFoundError
from semsearch.records import Hit
from semsearch.search.reading import Reading, open_document
from semsearch.web import number
from semsearch_datasette import links
from semsearch_datasette.respond import Answer
from semsearch_datasette.target import Target, frame, id_of, look, target_of

MAX_PAGES = 1_000_000  # the last page that can be asked for
MAX_QUERY = 4_096  # characters of a query
Pieces = list[tuple[str, bool]]


async def read(datasette: Any, request: Any) -> Answer:
    """A page of a document, or 404 if there is no such document, passage or page."""
    target, document = await target_of(datasette, request), id_of(request)
    if target.collection.of != "document":
        raise NotFound(f"{target.collection.name} has no documents to read")
    query = (request.args.get("q") or "").strip()[:MAX_QUERY]
    asked = request.args.get("page")
    page = number("page", asked, 1, MAX_PAGES) if asked else None
    passage = request.args.get("passage") or None
    try:
        reading = await look(
            target, lambda conn, opened: open_document(conn, opened, document, passage=passage, page=page)
        )
    except NotFoundError as error:
        raise NotFound(str(error)) from error
    base = links.collection(datasette, target.database.name, target.collection.name)
    here = links.of_item(base, "read", document)
    title = present.title_of(reading.dataset, Hit(document, 0.0, row=reading.row))

    def context() -> dict[str, Any]:
        return {
            **frame(datasette, target, "read"),
            **_text(target, reading, query),
            "title": title,
            "heading": _heading(reading, title),
            "reading": reading,
            "pager": [_to_page(here, query, reading, step) for step in (-1, 1)],
            "passage_urls": [_to_passage(here, query, one) for one in (reading.before, reading.after)],
            "similar_url": links.of_item(base, "similar", reading.passage["id"]) if reading.passage else None,
            "row_url": links.row(datasette, target.database.name, reading.dataset, document),
            "source_table": reading.dataset.name,
            "q": query,
            "results_url": links.with_arguments(base, {"q": query}) if query else None,
        }

    data = _data(target, document, title, reading) | {"next_url": _to_page(f"{here}.json", query, reading, 1)}
    return Answer("read.html", context, data, target.private)


def _text(target: Target, reading: Reading, query: str) -> dict[str, Pieces]:
    """The text before the passage, the passage, and the text after it, with the query's words."""
    start, end = (reading.passage["start"], reading.passage["end"]) if reading.passage else (reading.end, reading.end)
    if not reading.start <= start <= end <= reading.end:  # it is on another page
        start = end = reading.end
    language = target.dataset.language

    def marked(first: int, last: int) -> Pieces:
        return present.marked(reading.text[first - reading.start : last - reading.start], query, language)

    return {
        "before": marked(reading.start, start),
        "inside": marked(start, end),
        "behind": marked(end, reading.end),
    }


def _heading(reading: Reading, title: str) -> str:
    """The headings above the passage, without the document's title."""
    heading = str(reading.passage["heading"] or "") if reading.passage else ""
    return "" if heading == title else heading.removeprefix(f"{title} › ")


def _to_page(here: str, query: str, reading: Reading, step: int) -> str | None:
    page = reading.page + step
    return links.with_arguments(here, {"page": page, "q": query}) if 1 <= page <= reading.pages else None


def _to_passage(here: str, query: str, passage: dict[str, Any] | None) -> str | None:
    return links.with_arguments(here, {"passage": passage["id"], "q": query}) + "#passage" if passage else None


def _data(target: Target, document: str, title: str, reading: Reading) -> dict[str, Any]:
    """The page for JSON; places are those in the document's text."""
    return {
        "collection": target.collection.name,
        "document": document,
        "title": title,
        "page": reading.page,
        "pages": reading.pages,
        "start": reading.start,
        "end": reading.end,
        "text": reading.text,
        "passage": reading.passage,
        "previous": reading.before,
        "next": reading.after,
    }
