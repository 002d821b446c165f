"""Readers of files that are one item each: plain text, Markdown, HTML."""

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
    """A plain text file: the title is the file's name without its suffix."""

    name = "txt"
    suffixes: tuple[str, ...] = (".txt", ".text")

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        """One item; InputError if there is no text."""
        yield _document(options, None, whole_text(stream, options))


class MarkdownReader:
    """A Markdown file, kept as it is: the title is its first heading."""

    name = "md"
    suffixes: tuple[str, ...] = (".md", ".markdown")

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        """One item; InputError if there is no text."""
        text = whole_text(stream, options)
        yield _document(options, heading_of_markdown(text), text)


class HtmlReader:
    """An HTML page as the text a visitor sees: the title is its <title>, else its first <h1>."""

    name = "html"
    suffixes: tuple[str, ...] = (".html", ".htm", ".xhtml")

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Item]:
        """One item; InputError if there is no text beside the tags."""
        title, body = text_of_html(whole_text(stream, options))
        if not body:
            raise InputError(f"{options.name} is empty: it has tags but no text")
        yield _document(options, title, body)
