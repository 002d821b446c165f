"""What a reader is, and what passes between readers, sources and the loader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeAlias

from semsearch.records import Item

MAX_ITEM = 32 << 20  # characters of one item or line: a file that is one endless line must not fill the memory
BATCH_ROWS = 1_000  # enough that the cost of a statement vanishes; also the sample that types and guesses rest on
BATCH_TEXT = 16 << 20  # long documents close a batch sooner, so that memory stays flat


@dataclass(frozen=True)
class Fault:
    """Something that could not be read. The loader decides: an error, or a line in the list of what was skipped."""

    message: str
    is_row: bool = False  # one row of a source whose other rows can be read


Read: TypeAlias = Item | Fault


@dataclass(frozen=True)
class ReadOptions:
    """What a reader is told about its stream. `encoding` is ignored by formats that declare their own (mbox)."""

    name: str  # the source in messages: a path, or "standard input"
    key: str  # the key of a source that is one item
    title: str | None = None  # its title, where the content has none
    encoding: str = "utf-8"


class Reader(Protocol):
    """Turns one outside file into items. Register it with the hook `register_readers`.

    `suffixes` are lower case with their dot and without `.gz`: streams arrive decompressed. Items are yielded one by
    one, never gathered; rows without a key of their own have `key=None`. What spoils one row is yielded as a Fault with
    `is_row`, what spoils the rest of the file is raised as InputError. Both say what was found, and where.
    """

    name: str
    suffixes: tuple[str, ...]

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[Read]: ...


def next_batch(things: Iterator[Read]) -> list[Read]:
    """Up to BATCH_ROWS things, fewer when they hold much text; empty at the end."""
    batch: list[Read] = []
    size = 0
    for thing in things:
        batch.append(thing)
        if isinstance(thing, Item):
            size += sum(len(value) for value in thing.columns.values() if isinstance(value, (str, bytes)))
        if len(batch) >= BATCH_ROWS or size >= BATCH_TEXT:
            break
    return batch
