"""EPUB by zipfile and lxml: the chapters in the order of the spine, each a page. Scripts are left out, never run."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import unquote

from semsearch.errors import InputError
from semsearch.files.package import Package, child_texts, local
from semsearch.files.parts import PAGE, Part, Text, cleaned, facts, heading, joined, table_row

_DROPPED = frozenset(["script", "style", "head", "template", "noscript", "svg", "math", "iframe", "object", "nav"])
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "aside",
        "blockquote",
        "ul",
        "ol",
        "li",
        "dl",
        "dt",
        "dd",
        "figure",
        "figcaption",
    ]
    + ["body", "main", "header", "footer", "pre", "hr", "table", *_HEADINGS]
)
MAX_DEPTH = 200  # elements inside elements


def parse_epub(path: str, name: str) -> Iterator[Part]:
    """The text and facts of an EPUB. Raises InputError if it is damaged or encrypted."""
    with closing(Package(path, name)) as package:
        roots = (one.get("full-path", "") for one in package.xml("META-INF/container.xml").iter("{*}rootfile"))
        described = next(roots, "")
        book = package.xml(described)
        texts = child_texts(book)
        known = {"title": texts.get("title"), "author": texts.get("creator"), "date": texts.get("date")}
        yield facts(**known, language=texts.get("language"))
        locked = _encrypted(package)
        first = True
        for chapter in _spine(book, posixpath.dirname(described)):
            if chapter in locked:
                raise InputError(f"{name} is encrypted: only its seller's program can read it")
            if chapter in package.names and (text := html_text(package.content(chapter))):
                yield Text(("" if first else PAGE) + text)
                first = False


def _encrypted(package: Package) -> set[str]:
    """The members that are encrypted; fonts may be."""
    references = package.optional("META-INF/encryption.xml").iter("{*}CipherReference")
    return {unquote(one.get("URI", "")) for one in references}


def _spine(book: Any, folder: str) -> Iterator[str]:
    """The members of the chapters, in reading order."""
    hrefs = {one.get("id"): one.get("href", "") for one in book.iter("{*}item")}
    for one in book.iter("{*}itemref"):
        href = unquote(hrefs.get(one.get("idref"), "").partition("#")[0])
        yield posixpath.normpath(posixpath.join(folder, href))


def html_text(content: bytes) -> str:
    """The text of a page of HTML, with its headings."""
    return joined(_blocks(_parsed(content), 0))


def _parsed(content: bytes) -> Any:
    from lxml import html

    parser = html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding=_encoding(content))
    return html.document_fromstring(content or b"<p/>", parser=parser)


def _encoding(content: bytes) -> str | None:
    """UTF-8 unless the content declares another encoding."""
    return None if b"encoding=" in content[:200] or b"charset=" in content[:2_000] else "utf-8"


def _blocks(element: Any, depth: int) -> Iterator[str]:
    """The paragraphs, headings and tables below an element. Text between blocks is a paragraph too."""
    inline: list[str] = [element.text or ""]
    for child in element:
        name = local(child)
        if name in _BLOCKS and depth < MAX_DEPTH:
            yield _line(inline)
            inline = []
            if name in _HEADINGS:
                yield heading(cleaned("".join(_inline(child))), _HEADINGS[name])
            elif name == "table":
                yield "\n".join(filter(None, map(_row, child.iter("tr"))))
            else:
                yield from _blocks(child, depth + 1)
        elif name and name not in _DROPPED:
            inline += _inline(child)
        inline.append(child.tail or "")
    yield _line(inline)


def _line(pieces: list[str]) -> str:
    return " ".join(cleaned("".join(pieces)).split())


def _row(row: Any) -> str:
    return table_row("".join(_inline(cell)) for cell in row if local(cell) in ("td", "th"))


def _inline(element: Any) -> Iterator[str]:
    """The texts of an element, without scripts."""
    if local(element) in _DROPPED:
        return
    yield " " if local(element) == "br" else element.text or ""
    for child in element:
        if local(child):
            yield from _inline(child)
        yield child.tail or ""
