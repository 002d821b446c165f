"""Items into a dataset: one ordinary table, all or nothing, in memory that does not grow with the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from semsearch.errors import InputError, NameTakenError
from semsearch.ingest.base import Read, next_batch
from semsearch.ingest.columns import (
    Columns,
    checked,
    completed,
    describe_table,
    guess_columns,
    mean_lengths,
    register_table,
    with_former,
)
from semsearch.ingest.keying import check_existing, choose_keying
from semsearch.records import Dataset, Item, Report, silent
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import check_new_name, find_dataset, register
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of, table_kind
from semsearch.storage.tables import SeenKeys, Upserts, count_above, storable

__all__ = ["Columns", "Loaded", "describe_table", "guess_columns", "load_documents", "register_table"]
LISTED = 1_000  # messages kept about what was skipped; the rest are only counted


@dataclass(frozen=True)
class Loaded:
    """What an ingest did: the dataset, its rows by what became of them, what was left out, what is worth saying."""

    dataset: Dataset
    added: int
    updated: int
    unchanged: int
    skipped: list[str]  # the first LISTED messages
    skipped_count: int
    remarks: list[str]


def load_documents(
    db: Connection,
    name: str,
    items: Iterable[Read],
    *,
    source: str,
    columns: Columns | None = None,
    skip_errors: bool = False,
    report: Report = silent,
) -> Loaded:
    """Write items into the dataset `name`: made if it is not there, updated by key if it is.

    All happens in one transaction: any error, or Ctrl-C, leaves the file as it was. `report` gets (rows so far, 0).
    Raises InputError for what cannot be read (with `skip_errors` such files and rows are left out), for missing or
    repeated ids and where there are no items; NameTakenError for a table that ingest did not make; NotFoundError for a
    column that is not there.
    """
    stream = iter(items)
    sieve = _Sieve(stream, skip_errors)
    try:
        with transaction(db):
            loading = _Loading(db, name, source, sieve)
            loading.begin(columns or Columns())
            while sieve.batch:
                loading.write()
                report(sieve.passed, 0)
                sieve.advance()
            return loading.finish()
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()  # the file being read, now and not when memory is next tidied


class _Sieve:
    """Lets items through in batches, numbered by row; faults raise, or are noted and left out.

    A row that is left out keeps its number, so that the others have theirs when it has been mended.
    """

    def __init__(self, stream: Iterator[Read], skip_errors: bool) -> None:
        self.batch: list[tuple[int, Item]] = []
        self.passed = 0
        self.rows = 0
        self.skipped: list[str] = []
        self.skipped_count = 0
        self._stream = stream
        self._skip_errors = skip_errors

    def advance(self) -> None:
        """The next batch that has an item in it; empty at the end."""
        self.batch = []
        while not self.batch and (things := next_batch(self._stream)):
            for thing in things:
                if isinstance(thing, Item):
                    self.rows += 1
                    self.batch.append((self.rows, thing))
                else:
                    self.rows += thing.is_row
                    self.refuse(thing.message, "rows" if thing.is_row else "files")
        self.passed += len(self.batch)

    def refuse(self, message: str, what: str = "rows") -> None:
        """Note what is left out, or raise it as InputError."""
        if not self._skip_errors:
            raise InputError(f"{message} (--skip-errors leaves such {what} out)")
        self.skipped_count += 1
        if len(self.skipped) < LISTED:
            self.skipped.append(message)


class _Loading:
    """One ingest: begun on the first batch, which settles keys and columns, then written batch by batch."""

    def __init__(self, db: Connection, name: str, source: str, sieve: _Sieve) -> None:
        self.db, self.name, self.source, self.sieve = db, name, source, sieve
        self.existing = _target(db, name)
        self.remarks: list[str] = []

    def begin(self, given: Columns) -> None:
        """Choose key, text, title and label from the first batch; InputError if there is none."""
        self.sieve.advance()
        items = [item for _, item in self.sieve.batch]
        if not items:
            raise InputError(f"{self.source} holds nothing to ingest: {self._why_nothing()}")
        names = list(dict.fromkeys(name for item in items for name in item.columns))
        self.keying, remarks = choose_keying(items, names, given, self.existing)
        self.remarks += remarks
        if self.existing is not None:
            check_existing(self.existing, self.keying, self.source)
        self.upserts = Upserts(self.db, self.name, self.keying.column, integer_key=self.keying.is_integer)
        self.columns = self._choose(given, items, names)
        self.seen = SeenKeys(self.db)

    def _why_nothing(self) -> str:
        count = self.sieve.skipped_count
        return f"all was skipped, first: {self.sieve.skipped[0]}" if count else "no file in it has a row"

    def _choose(self, given: Columns, items: list[Item], names: list[str]) -> Columns:
        known = list(dict.fromkeys([self.keying.column, *names]))
        if self.existing is not None and not self.upserts.is_new:
            known = list(shape_of(self.db, self.name).columns) + [name for name in known if not self.upserts.has(name)]
            given = with_former(given, self.existing, known)
        chosen = checked(given, known, self.source)
        if (
            self.keying.by == "own" and not chosen.text and "body" in names
        ):  # documents: nothing needs guessing or saying
            chosen = Columns(("body",), chosen.title or "title", chosen.id, chosen.label)
            return chosen if "title" in names else Columns(("body",), None, chosen.id, chosen.label)
        texts = mean_lengths([item.columns for item in items], [name for name in names if name != self.keying.column])
        chosen, remarks = completed(chosen, texts, self.source)
        self.remarks += remarks
        return chosen

    def write(self) -> None:
        """The current batch, with its keys; InputError for a bad or repeated key."""
        rows = []
        for number, item in self.sieve.batch:
            try:
                rows.append(self._row(number, item))
            except InputError as error:
                self.sieve.refuse(str(error))
        if rows:
            self.upserts.write(rows)

    def _row(self, number: int, item: Item) -> dict[str, Any]:
        row = {name: storable(value) for name, value in item.columns.items()}
        for name, value in row.items():
            if isinstance(value, str) and "\0" in value:
                raise InputError(f"The {name} at {item.place} has a NUL character in it: take it out")
        key = self.keying.key_of(item, row, number)
        if self.keying.by != "number":
            earlier = self.seen.claim(key, item.place)
            if earlier is not None:
                raise InputError(
                    f"The {self.keying.column} {key!r} stands at {earlier} and again at {item.place}: "
                    "make it unique, or choose another column with --id"
                )
        return {self.keying.column: key, **row, self.keying.column: key}

    def finish(self) -> Loaded:
        """Write the catalogue's row and say what was done."""
        if self.upserts.is_empty:
            raise InputError(f"{self.source} holds nothing to ingest: {self._why_nothing()}")
        self.seen.close()
        dataset = register(
            self.db,
            shape_of(self.db, self.name),
            text_columns=self.columns.text,
            title_column=self.columns.title,
            label_column=self.columns.label,
            made_by="ingest",
            source=self.source,
        )
        self.remarks += self.upserts.remarks
        if self.keying.by == "number":
            left = count_above(self.db, self.name, self.keying.column, self.sieve.rows)
            if left:
                self.remarks.append(f"{left:,} rows of an earlier, longer source stay in {self.name}")
        skipped = (self.sieve.skipped, self.sieve.skipped_count)
        return Loaded(dataset, *self.upserts.counts(), *skipped, self.remarks)


def _target(db: Connection, name: str) -> Dataset | None:
    """The dataset to update; None for a new one. NameTakenError for what ingest did not make."""
    existing = find_dataset(db, name)
    taken = table_kind(db, name) is not None
    if existing is not None and existing.made_by == "ingest":
        return existing if taken else None
    if taken:
        raise NameTakenError(
            f"{name} is already a table or view that ingest did not make: choose another name for the dataset, "
            "or search that table as it is with `semsearch ingest table`"
        )
    check_new_name(db, name)
    return None
