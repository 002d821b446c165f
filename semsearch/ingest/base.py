"""What a reader is, what passes between readers, sources and loaders, and what an ingest returns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, TypeAlias

from semsearch.errors import InputError
from semsearch.records import Dataset, Item

STDIN = "standard input"  # its name in messages
GZIP_MAGIC = b"\x1f\x8b"  # the first bytes of gzip data (RFC 1952)
INTEGER = re.compile(r"-?(?:0|[1-9]\d{0,17})")  # an integer as a program writes it; with a leading zero it is a code
MAX_ITEM_CHARS = 32 << 20  # characters in one item or line: a file that is one endless line must not fill the memory
BATCH_ROWS = 1_000  # rows in a batch: the cost of a statement vanishes; the first batch is the sample for all guesses
BATCH_CHARS = 16 << 20  # characters in a batch: long documents close it sooner, so that memory stays flat
MAX_SKIPPED_MESSAGES = 1_000  # messages kept about what was skipped; the rest are only counted


@dataclass(frozen=True)
class Fault:
    """Something that could not be read. The loader raises it as an error, or lists it as skipped."""

    message: str
    is_row: bool = False  # one row of a source whose other rows can be read


ItemOrFault: TypeAlias = Item | Fault


@dataclass(frozen=True)
class ReadOptions:
    """What a reader needs to know about its stream. Formats with an encoding of their own (mbox) ignore `encoding`."""

    name: str  # the source in messages: a path, or STDIN
    key: str  # the key of a source that is one item
    title: str | None = None  # the title of a source that is one item and has none in its content
    encoding: str = "utf-8"


class Reader(Protocol):
    """Turns one outside file into items. Register it with the hook `register_readers`.

    `suffixes` are lower case, with their dot and without `.gz`: streams arrive decompressed. `read` yields items one by
    one and never collects them; rows without a key of their own have `key=None`. It yields a Fault with `is_row` for
    one unreadable row, and raises InputError where the rest of the file is unreadable. Both messages say what was found
    and where.
    """

    name: str
    suffixes: tuple[str, ...]

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]: ...


@dataclass
class Skipped:
    """What an ingest leaves out. Without `allowed`, the first such thing is an error."""

    allowed: bool
    count: int = 0
    messages: list[str] = field(default_factory=list)  # the first MAX_SKIPPED_MESSAGES

    def add(self, message: str, advice: str) -> None:
        """Count one. Raises InputError with the message and the advice if skipping is not allowed."""
        if not self.allowed:
            raise InputError(f"{message} ({advice})")
        self.count += 1
        if len(self.messages) < MAX_SKIPPED_MESSAGES:
            self.messages.append(message)

    def why_empty(self, otherwise: str) -> str:
        """Why a source gave no item: the first message, or `otherwise` if nothing was skipped."""
        return f"everything was skipped; the first message is: {self.messages[0]}" if self.messages else otherwise


@dataclass(frozen=True)
class Ingested:
    """What every ingest returns: the dataset, what was skipped, and remarks for the user."""

    dataset: Dataset
    skipped: list[str]  # the first MAX_SKIPPED_MESSAGES messages
    skipped_count: int
    remarks: list[str]


@dataclass(frozen=True)
class Loaded(Ingested):
    """What an ingest of rows or images returns: also the number of rows added, updated and unchanged."""

    added: int
    updated: int
    unchanged: int


def next_batch(results: Iterator[ItemOrFault]) -> list[ItemOrFault]:
    """The next BATCH_ROWS results, fewer when they hold much text; empty at the end."""
    batch: list[ItemOrFault] = []
    size = 0
    for result in results:
        batch.append(result)
        if isinstance(result, Item):
            size += sum(len(value) for value in result.columns.values() if isinstance(value, (str, bytes)))
        if len(batch) >= BATCH_ROWS or size >= BATCH_CHARS:
            break
    return batch
