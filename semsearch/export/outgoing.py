"""What a writer gets: a collection, and its vectors in blocks at their original length."""

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
    """A collection to export, read from one state of the file."""

    db: Connection
    collection: Collection
    dataset: Dataset
    count: int  # vectors
    report: Report

    @property
    def has_integers(self) -> bool:
        """Whether its keys are integers."""
        return self.collection.key_type == "integer"

    def blocks(self) -> Iterator[Block]:
        """Its ids and vectors, in the order in which they were stored."""
        done = 0
        for block in at_full_length(self.db, self.collection):
            yield block
            done += len(block.keys)
            self.report(done, self.count)

    def keys(self, block: Block) -> Sequence[str]:
        """The ids of a block as text."""
        return [str(key) for key in block.keys]

    def checked_keys(self, block: Block, forbidden: str, what: str) -> Sequence[str]:
        """The ids of a block as text. Raises InputError for an empty id and for one with a forbidden character."""
        keys = self.keys(block)
        for key in keys:
            if not key or any(letter in key for letter in forbidden):
                raise InputError(
                    f"{self.collection.name!r} has the id {key!r}, which {what} cannot hold: export to .parquet or .npz"
                )
        return keys


@dataclass(frozen=True)
class Writer:
    """Writes one format. `write` gets the path and the path of a second file, which is the same if there is none."""

    write: Callable[[Outgoing, Path, Path], None]
    second_suffix: str | None = None  # replaces the suffix in the name of the second file
