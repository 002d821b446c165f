"""The built-in readers, registered through the same hook as those of plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from semsearch.hookspecs import hookimpl
from semsearch.ingest.base import Reader
from semsearch.ingest.documents import HtmlReader, MarkdownReader, TextReader
from semsearch.ingest.mail import MboxReader
from semsearch.ingest.rows import CsvReader, TsvReader
from semsearch.ingest.structured import JsonLinesReader, JsonReader


def builtin_readers() -> list[Reader]:
    """The readers that semsearch brings, in the order in which messages list them."""
    return [
        TextReader(),
        MarkdownReader(),
        HtmlReader(),
        CsvReader(),
        TsvReader(),
        JsonReader(),
        JsonLinesReader(),
        MboxReader(),
    ]


@hookimpl
def register_readers(register: Callable[[Any], None]) -> None:
    """Register the built-in readers."""
    for reader in builtin_readers():
        register(reader)
