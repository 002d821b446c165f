"""The built-in readers, registered through the same hook as those of plugins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from semsearch.hookspecs import hookimpl
from semsearch.ingest.archives import TarReader, ZipReader
from semsearch.ingest.base import Reader
from semsearch.ingest.documents import HtmlReader, MarkdownReader, TextReader
from semsearch.ingest.files import file_readers
from semsearch.ingest.mail import MboxReader
from semsearch.ingest.mail_files import EmlReader
from semsearch.ingest.rows import CsvReader, TsvReader
from semsearch.ingest.source_code import CodeReader
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
        EmlReader(),
        *file_readers(),
        ZipReader(),
        TarReader(),
        CodeReader(),
    ]


@hookimpl
def register_readers(register: Callable[[Any], None]) -> None:
    """Register the built-in readers."""
    for reader in builtin_readers():
        register(reader)
