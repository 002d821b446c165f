"""Items into a dataset: one ordinary table, all or nothing, in memory that does not grow with the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from semsearch.errors import InputError, NameTakenError
from semsearch.ingest.base import Fault, ItemOrFault, Loaded, Remarks, Skipped, next_batch, quantity
from semsearch.ingest.columns import (
    Columns,
    describe_table,
    fill_from_dataset,
    guess_columns,
    guess_missing,
    match_columns,
    mean_text_lengths,
    register_table,
)
from semsearch.ingest.keying import check_existing, choose_keying
from semsearch.ingest.markup import has_markup, without_markup
from semsearch.records import Dataset, Item, Kind, Report, silent
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import check_new_name, draft, find_dataset, save
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of, table_kind
from semsearch.storage.tables import SeenKeys, Upserts, count_above, storable

__all__ = ["Columns", "Loaded", "describe_table", "guess_columns", "load_documents", "register_table"]


def load_documents(
    db: Connection,
    name: str,
    items: Iterable[ItemOrFault],
    *,
    source: str,
    columns: Columns | None = None,
    skip_errors: bool = False,
    report: Report = silent,
) -> Loaded:
    """Write items into the dataset `name`, which is created, or updated by key if it exists.

    Everything is one transaction: an error or Ctrl-C leaves the file as it was. `report` gets (rows so far, 0). Raises
    InputError for unreadable files and rows (`skip_errors` leaves them out), for missing or repeated keys and if there
    are no items; NameTakenError for a table that ingest did not create; NotFoundError for a missing column.
    """
    stream = iter(items)
    batches = _Batches(stream, skip_errors)
    try:
        with transaction(db):
            loading = _Loading(db, name, source, batches)
            loading.begin(columns or Columns())
            while batches.current:
                loading.write()
                report(batches.passed, 0)
                batches.advance()
            return loading.finish()
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()  # closes the open file now, not at the next garbage collection


class _Batches:
    """Items in batches, each with its row number; faults are raised, or counted as skipped.

    A skipped row keeps its number, so that the numbers of the other rows stay the same once it is fixed.
    """

    def __init__(self, stream: Iterator[ItemOrFault], skip_errors: bool) -> None:
        self.current: list[tuple[int, Item]] = []
        self.passed = 0  # items in all batches so far
        self.rows = 0  # rows so far, the skipped ones included
        self.skipped = Skipped(skip_errors)
        self.remarks = Remarks()
        self._stream = stream

    def advance(self) -> None:
        """Make the next batch with an item in it the current one; empty at the end."""
        self.current = []
        while not self.current and (results := next_batch(self._stream)):
            for result in results:
                if isinstance(result, Item):
                    self.rows += 1
                    self.current.append((self.rows, result))
                elif isinstance(result, Fault) and result.is_skipped:
                    self.skipped.add(result.message, "", allowed=True)
                elif isinstance(result, Fault):
                    self.rows += result.is_row
                    self.skip(result.message, "rows" if result.is_row else "files")
                else:
                    self.remarks.add(result.message)
        self.passed += len(self.current)

    def skip(self, message: str, what: str = "rows") -> None:
        """Count what is left out. Raises InputError without --skip-errors."""
        self.skipped.add(message, f"--skip-errors leaves such {what} out")


class _Loading:
    """One ingest. The first batch decides keys and columns; then every batch is written."""

    def __init__(self, db: Connection, name: str, source: str, batches: _Batches) -> None:
        self.db, self.name, self.source, self.batches = db, name, source, batches
        advice = "choose another name, or search that table in place with `semsearch ingest table`"
        self.existing = dataset_to_update(db, name, f"that ingest did not create: {advice}")
        self.remarks: list[str] = []

    def begin(self, given: Columns) -> None:
        """Choose key, text, title and label from the first batch. Raises InputError if there is none."""
        self.batches.advance()
        items = [item for _, item in self.batches.current]
        if not items:
            raise InputError(self._nothing())
        names = list(dict.fromkeys(name for item in items for name in item.columns))
        self.keying, remarks = choose_keying(items, names, given, self.existing)
        self.remarks += remarks
        if self.existing is not None:
            check_existing(self.existing, self.keying, self.source)
        self.upserts = Upserts(self.db, self.name, self.keying.column, integer_key=self.keying.is_integer)
        self.columns = self._choose(given, items, names)
        cleaned = (*self.columns.text, self.columns.title) if self.keying.by != "own" else ()
        self.markup = _Markup(() if given.keep_html else [name for name in cleaned if name and name != given.id])
        self.seen = SeenKeys(self.db)
        self.repeated = 0  # rows that equal an earlier one, key and content

    def _nothing(self) -> str:
        return f"{self.source} holds nothing to ingest: {self.batches.skipped.why_empty('none of its files has a row')}"

    def _choose(self, given: Columns, items: list[Item], names: list[str]) -> Columns:
        known = list(dict.fromkeys([self.keying.column, *names]))
        if self.existing is not None and not self.upserts.is_new:
            known = list(shape_of(self.db, self.name).columns) + [name for name in known if not self.upserts.has(name)]
            given = fill_from_dataset(given, self.existing, known)
        chosen = match_columns(given, known, self.source)
        if self.keying.by == "own" and not chosen.text and "body" in names:  # whole documents: no guess, no remark
            return replace(chosen, text=("body",), title=(chosen.title or "title") if "title" in names else None)
        texts = mean_text_lengths(
            [item.columns for item in items], [name for name in names if name != self.keying.column]
        )
        chosen, remarks = guess_missing(chosen, texts, self.source)
        self.remarks += remarks
        return chosen

    def write(self) -> None:
        """Write the current batch. A bad or repeated key is an error or skipped."""
        rows = []
        for number, item in self.batches.current:
            try:
                row = self._row(number, item)
            except InputError as error:
                self.batches.skip(str(error))
            else:
                if row is not None:
                    rows.append(row)
        if rows:
            self.upserts.write(rows)

    def _row(self, number: int, item: Item) -> dict[str, Any] | None:
        """The row of an item; None for one that equals an earlier one, key and content."""
        row = {name if name.isascii() else storable(name): storable(value) for name, value in item.columns.items()}
        for name, value in row.items():
            if isinstance(value, str) and "\0" in value:
                raise InputError(f"{name!r} at {item.place} has a NUL character: remove it")
        key = self.keying.key_of(item, row, number)
        if self.keying.by != "number":
            content = [pair for pair in row.items() if pair[0] != "source" or self.keying.by != "own"]
            earlier = self.seen.claim(key, item.place, repr(sorted(content)).encode())
            if earlier == "":
                self.repeated += 1
                return None
            if earlier is not None:
                raise InputError(
                    f"The {self.keying.column} {key!r} occurs at {earlier} and again at {item.place} with other"
                    " content: make it unique, or choose another column with --id"
                )
        self.markup.clean(row)
        return {self.keying.column: key, **row, self.keying.column: key}

    def finish(self) -> Loaded:
        """Save the dataset in the catalogue and return what was done."""
        if self.upserts.is_empty:
            raise InputError(self._nothing())
        self.seen.close()
        described = draft(
            shape_of(self.db, self.name),
            text_columns=self.columns.text,
            title_column=self.columns.title,
            label_column=self.columns.label,
            made_by="ingest",
            source=self.source,
        )
        dataset = save(self.db, replace(described, asked_language=self.columns.language))
        self.remarks[:0] = self.batches.remarks.lines()
        self.remarks += self.markup.remarks() + self.upserts.remarks
        if self.repeated:
            verb = "row repeats" if self.repeated == 1 else "rows repeat"
            self.remarks.append(f"{self.repeated:,} {verb} an earlier one, key and content: each is stored once")
        if self.keying.by == "number":
            left = count_above(self.db, self.name, self.keying.column, self.batches.rows)
            if left:
                self.remarks.append(f"{left:,} rows of an earlier, longer version of the source stay in {self.name!r}")
        skipped = self.batches.skipped
        return Loaded(dataset, skipped.messages, skipped.count, self.remarks, *self.upserts.counts())


class _Markup:
    """Takes HTML out of the text columns of rows, and counts the cells."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._counts = dict.fromkeys(columns, 0)

    def clean(self, row: dict[str, Any]) -> None:
        """Replace each cell with HTML by its visible text; NULL if there is none."""
        for name in self._counts:
            value = row.get(name)
            if isinstance(value, str) and has_markup(value):
                row[name] = without_markup(value) or None
                self._counts[name] += 1

    def remarks(self) -> list[str]:
        """How many cells of which columns were changed."""
        return [
            f"HTML tags or entities were removed from {quantity(count, 'cell')} of {name!r} (--keep-html keeps them)"
            for name, count in self._counts.items()
            if count
        ]


def dataset_to_update(db: Connection, name: str, otherwise: str, *, kind: Kind | None = None) -> Dataset | None:
    """The dataset of this name that ingest created (and that is of this kind, if one is given); None for a new one.

    Raises NameTakenError, which ends with `otherwise`, for any other table or view of this name.
    """
    existing = find_dataset(db, name)
    is_taken = table_kind(db, name) is not None
    if existing is not None and existing.made_by == "ingest" and kind in (None, existing.kind):
        return existing if is_taken else None
    if is_taken:
        raise NameTakenError(f"{name!r} is already a table or view {otherwise}")
    check_new_name(db, name)
    return None
