"""What a writer gets: a collection, how many vectors it has, and those block by block at the length they had."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from semsearch.errors import InputError
from semsearch.records import Collection, Dataset, Report
from semsearch.storage.chunks import Block, at_full_length
from semsearch.storage.driver import Connection


@dataclass(frozen=True)
class Outgoing:
    """A collection on its way out, in one state of the file."""

    db: Connection
    collection: Collection
    dataset: Dataset
    count: int
    report: Report

    @property
    def has_integers(self) -> bool:
        """Whether its keys are integers."""
        return self.collection.key_type == "integer"

    def blocks(self) -> Iterator[Block]:
        """Its items in the order they were written."""
        done = 0
        for block in at_full_length(self.db, self.collection):
            yield block
            done += len(block.keys)
            self.report(done, self.count)

    def keys(self, block: Block) -> Sequence[str]:
        """The keys of a block as text."""
        return [str(key) for key in block.keys]

    def checked(self, block: Block, holds: str, what: str) -> Sequence[str]:
        """The keys of a block as text; InputError for one that holds a character the format cannot."""
        keys = self.keys(block)
        for key in keys:
            if not key or any(letter in key for letter in holds):
                raise InputError(
                    f"{self.collection.name} has the id {key!r}, which {what} cannot hold: export to .parquet or .npz"
                )
        return keys


@dataclass(frozen=True)
class Writer:
    """Writes one format: `write` gets the file and, where the format has one, the second file beside it."""

    write: Callable[[Outgoing, Path, Path], None]
    beside: str | None = None  # what takes the suffix's place in the second file's name
