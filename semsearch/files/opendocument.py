"""odt and odp by zipfile and lxml: paragraphs, headings, lists and tables; slides are pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from semsearch.errors import InputError
from semsearch.files.package import Package, attribute, child_texts, local
from semsearch.files.parts import PAGE, Part, Text, cleaned, facts, heading, joined, pages_of, table_row

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DROPPED = frozenset(["tracked-changes", "annotation", "annotation-end", "note-citation", "sequence-decls", "forms"])
_MARKS = {"tab": "\t", "line-break": "\n", "soft-page-break": PAGE}
MAX_SPACES = 100  # spaces that one element may stand for
MAX_REPEATED = 100  # equal cells that one element may stand for


def parse_opendocument(path: str, name: str) -> Iterator[Part]:
    """The text and facts of an odt or odp. Raises InputError if it is encrypted or damaged."""
    with closing(Package(path, name)) as package:
        if any(local(one) == "encryption-data" for one in package.optional("META-INF/manifest.xml").iter()):
            raise InputError(f"{name} is protected by a password: remove it and ingest the file again")
        yield facts(**_facts(package))
        for number, child in enumerate(package.children("content.xml", f"{_OFFICE}body")):
            text = joined(_blocks(child))
            yield Text((PAGE if number else "") + PAGE.join(pages_of(text)))


def _facts(package: Package) -> dict[str, object]:
    root = package.optional("meta.xml")
    texts = child_texts(root)
    statistic = next(root.iter("{*}document-statistic"), None)
    pages = (attribute(statistic, "page-count") or "") if statistic is not None else ""
    return {
        "title": texts.get("title"),
        "author": texts.get("initial-creator") or texts.get("creator"),
        "date": (texts.get("creation-date") or texts.get("date") or "").partition(".")[0].replace("T", " "),
        "language": texts.get("language"),
        "pages": int(pages) if pages.isdecimal() and len(pages) < 9 else None,
    }


def _blocks(element: Any) -> Iterator[str]:
    """The paragraphs, headings and tables below an element."""
    for child in element:
        name = local(child)
        if name == "h":
            level = attribute(child, "outline-level") or "1"
            yield heading("".join(_pieces(child)), int(level[:2]) if level.isdecimal() else 1)
        elif name == "p":
            yield "".join(_pieces(child))
        elif name == "table":
            yield "\n".join(filter(None, map(_row, child.iter("{*}table-row"))))
        elif name == "page":
            yield from [PAGE, *_blocks(child)]
        elif name == "soft-page-break":
            yield PAGE
        elif name not in _DROPPED:
            yield from _blocks(child)


def _row(row: Any) -> str:
    cells: list[str] = []
    for cell in row.iterfind("{*}table-cell"):
        repeated = attribute(cell, "number-columns-repeated") or "1"
        text = " ".join(_blocks(cell))
        cells += [text] * (min(int(repeated[:4]), MAX_REPEATED) if repeated.isdecimal() else 1)
    return table_row(cells)


def _pieces(element: Any) -> Iterator[str]:
    """The texts of a paragraph in order, with its notes in brackets."""
    yield cleaned(element.text or "")
    for child in element:
        name = local(child)
        if name == "s":
            count = attribute(child, "c") or "1"
            yield " " * (min(int(count[:4]), MAX_SPACES) if count.isdecimal() else 1)
        elif name in _MARKS:
            yield _MARKS[name]
        elif name == "note":
            yield f" ({' '.join(' '.join(_blocks(child)).split())})"
        elif name not in _DROPPED and name:
            yield from _pieces(child)
        yield cleaned(child.tail or "")
