"""Readers of files of other programs: PDF, Office, OpenDocument, books, Outlook. `semsearch.files` parses them.

The packages that this takes are the extra `files`. They are imported in another process, and only for such a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from semsearch.errors import InputError
from semsearch.files.parsing import parse
from semsearch.ingest.base import ItemOrFault, ReadOptions
from semsearch.ingest.members import Members, read_members
from semsearch.records import Item

FORMATS = {  # the name of each format: its parser (semsearch.files.worker) and suffixes
    "pdf": ("pdf", (".pdf",)),
    "docx": ("docx", (".docx", ".docm", ".dotx")),
    "pptx": ("pptx", (".pptx", ".pptm", ".ppsx")),
    "xlsx": ("sheets", (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")),
    "odt": ("opendocument", (".odt", ".odp", ".ott")),
    "rtf": ("rtf", (".rtf",)),
    "epub": ("epub", (".epub",)),
    "msg": ("msg", (".msg",)),
}
_PROGRAM = re.compile(r"^(?:Microsoft (?:Word|PowerPoint|Excel) - )|^(?:untitled|unbenannt|sans titre)$", re.IGNORECASE)


class FileReader:
    """One item per file: its text, and what it says about itself; attachments are items of their own."""

    skips_unreadable = True

    def __init__(self, name: str, parser: str, suffixes: tuple[str, ...]) -> None:
        self.name, self.suffixes = name, suffixes
        self._parser = parser

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """The item, then those of its attachments. Raises InputError if there is no text, CapabilityError without the
        packages of the extra `files`."""
        parsed = parse(self._parser, stream, options.name)
        if not parsed.text.strip() and not parsed.attachments:
            raise InputError(f"{options.name} has no text: leave the file out")
        title = _PROGRAM.sub("", str(parsed.facts.get("title", "")))
        columns: dict[str, Any] = {
            "title": title or options.title,
            "body": parsed.text.strip("\n"),
            "source": options.name,
        }
        for name in ("author", "date", "language", "pages"):
            if name in parsed.facts:
                columns[name] = parsed.facts[name]
        yield Item(options.key, columns, options.name)
        yield from read_members(Members(options, "attachment", rows_as_text=True), parsed.attachments)


def file_readers() -> list[FileReader]:
    """The readers of all formats in FORMATS."""
    return [FileReader(name, parser, suffixes) for name, (parser, suffixes) in FORMATS.items()]
