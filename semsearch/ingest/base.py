"""What a reader is, what passes between readers, sources and loaders, and what an ingest returns."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError, out_of_range
from semsearch.ingest.front_door import printable
from semsearch.records import Dataset, Item

# An integer as a program writes it. With a leading zero it is a code; -0 would lose its sign.
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
MAX_ITEM_CHARS = 32 << 20  # characters in one item or line: a file that is one endless line must not fill the memory
BATCH_ROWS = 1_000  # rows in a batch: the cost of a statement vanishes; the first batch is the sample for all guesses
BATCH_CHARS = 16 << 20  # characters in a batch: long documents close it sooner, so that memory stays flat
MAX_SKIPPED_MESSAGES = 1_000  # messages kept about what was skipped; the rest are only counted
MAX_REMARKS = 20  # remarks of readers that are kept, such as one for each file; the rest are only counted


@dataclass(frozen=True)
class Fault:
    """Something that could not be read. The loader raises it as an error, or lists it as skipped."""

    message: str
    is_row: bool = False  # one row of a source whose other rows can be read
    is_skipped: bool = False  # a file that is left out, counted and listed, unless the user asks for --strict


@dataclass(frozen=True)
class Remark:
    """Something that a reader guessed, changed or left out, in one sentence for the user."""

    message: str


ItemOrFault: TypeAlias = Item | Fault | Remark


@dataclass(frozen=True)
class EdgeBlock:
    """Many edges read at once: the keys of both ends, neither of them empty, and weights of 0 or more, each (m,)."""

    sources: Sequence[str]
    targets: Sequence[str]
    weights: npt.NDArray[np.float64]


EdgeResult: TypeAlias = ItemOrFault | EdgeBlock


@dataclass(frozen=True)
class TableOptions:
    """How rows of cells are read. Formats that name their fields, such as JSON, ignore it."""

    header: bool | None = None  # whether the first line names the columns; None: found out
    columns: tuple[str, ...] = ()  # the names of the columns, in place of those in the file
    expected: tuple[str, ...] = ()  # names that the user mentions elsewhere: a line with one of them is a header


@dataclass(frozen=True)
class ReadOptions:
    """What a reader needs to know about its stream. Formats with an encoding of their own (mbox) ignore `encoding`."""

    name: str  # the source in messages: a path, or STDIN
    key: str  # the key of a source that is one item
    title: str | None = None  # the title of a source that is one item and has none in its content
    encoding: str = "utf-8"
    table: TableOptions = TableOptions()
    readers: Mapping[str, Reader] = field(default_factory=dict)  # for files inside the file, such as attachments
    depth: int = 0  # of files inside files


class Reader(Protocol):
    """Turns one outside file into items. Register it with the hook `register_readers`.

    `suffixes` are lower case, with their dot and without `.gz`: streams arrive decompressed. `read` yields items one by
    one and never collects them; rows without a key of their own have `key=None`. It yields a Fault with `is_row` for
    one unreadable row, and raises InputError where the rest of the file is unreadable. Both messages say what was found
    and where. It yields a Remark about what it guessed, changed or left out. A reader with a true `skips_unreadable`
    has its unreadable files left out and listed; without it they end the ingest.
    """

    name: str
    suffixes: tuple[str, ...]

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]: ...


def reader_for(path: str, readers: Mapping[str, Reader]) -> Reader | None:
    """The first reader with this file's suffix, ignoring .gz."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return next((reader for reader in readers.values() if name.endswith(tuple(reader.suffixes))), None)


@dataclass
class Skipped:
    """What an ingest leaves out. Without `allowed`, the first such thing is an error."""

    allowed: bool
    count: int = 0
    messages: list[str] = field(default_factory=list)  # the first MAX_SKIPPED_MESSAGES

    def add(self, message: str, advice: str, *, allowed: bool | None = None) -> None:
        """Count one. Raises InputError with the message and the advice if skipping is not allowed."""
        message = printable(message)
        if not (self.allowed if allowed is None else allowed):
            raise InputError(f"{message} ({advice})")
        self.count += 1
        if len(self.messages) < MAX_SKIPPED_MESSAGES:
            self.messages.append(message)

    def why_empty(self, otherwise: str) -> str:
        """Why a source gave no item: the first message, or `otherwise` if nothing was skipped."""
        return f"everything was skipped; the first message is: {self.messages[0]}" if self.messages else otherwise


class Remarks:
    """The remarks of one ingest, each once and at most MAX_REMARKS of them."""

    def __init__(self) -> None:
        self._messages: dict[str, None] = {}
        self._left_out = 0

    def add(self, message: str) -> None:
        """Keep a remark that is new."""
        if message in self._messages:
            return
        if len(self._messages) < MAX_REMARKS:
            self._messages[message] = None
        else:
            self._left_out += 1

    def lines(self) -> list[str]:
        """The remarks, and how many more there were."""
        more = [f"… and {self._left_out:,} more remarks like these"] if self._left_out else []
        return [*self._messages, *more]


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


def first_items(results: Iterable[ItemOrFault], limit: int | None) -> Iterator[ItemOrFault]:
    """The results up to the `limit`-th item; nothing after it is read. Raises InputError for a limit below 1."""
    check_limit(limit)
    return iter(results) if limit is None else _up_to(results, limit)


def _up_to(results: Iterable[ItemOrFault], limit: int) -> Iterator[ItemOrFault]:
    count = 0
    for result in results:
        yield result
        count += isinstance(result, Item)
        if count >= limit:
            yield Remark(f"Only the first {limit:,} items were read (--limit)")
            return


def check_limit(limit: int | None) -> None:
    """Raise InputError for a limit below 1."""
    if limit is not None and limit < 1:
        raise out_of_range("--limit", limit, least=1)


def check_strictness(*, strict: bool, skip_errors: bool) -> None:
    """Raise InputError where both are asked for."""
    if strict and skip_errors:
        raise InputError("--strict and --skip-errors contradict each other: give one of them")


def quantity(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
