"""Readers of files that hold one item each: plain text, Markdown, HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import ReadOptions
from semsearch.ingest.markup import heading_of_markdown, text_of_html
from semsearch.ingest.streams import whole_text
from semsearch.records import Item


def _document(options: ReadOptions, title: str | None, body: str) -> Item:
    columns = {"title": title or options.title, "body": body, "source": options.name}
    return Item(options.key, columns, options.name)


class TextReader:
    """A plain text file. Its title is the file name without the suffix."""

    name = "txt"
    suffixes: tuple[str, ...] = (".txt", ".text")

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        """One item. Raises InputError if there is no text."""
        yield _document(options, None, whole_text(stream, options))


class MarkdownReader:
    """A Markdown file, stored unchanged. Its title is the first heading."""

    name = "md"
    suffixes: tuple[str, ...] = (".md", ".markdown")

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        """One item. Raises InputError if there is no text."""
        text = whole_text(stream, options)
        yield _document(options, heading_of_markdown(text), text)


class HtmlReader:
    """An HTML page, stored as its visible text. Its title is the <title>, else the first <h1>."""

    name = "html"
    suffixes: tuple[str, ...] = (".html", ".htm", ".xhtml")

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        """One item. Raises InputError if there is no text outside the tags."""
        title, body = text_of_html(whole_text(stream, options))
        if not body:
            raise InputError(f"{options.name} has no text: it holds only tags; leave the file out")
        yield _document(options, title, body)
