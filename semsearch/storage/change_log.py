"""What is noted of each row's text, so that a collection can tell which rows it has not seen.

A dataset has a revision, which goes up when a build or an update finds its rows changed. Each item carries the hash of
its text and the revision that text dates from; a key whose row went is kept, with the revision, until every collection
has passed it. A collection carries the revision it has seen: what it lacks are the items and deletions of later ones.
That is one small number a row, however many collections there are.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, zip_longest
from typing import Any

import numpy as np

from semsearch.records import Dataset
from semsearch.storage.connect import has_catalogue
from semsearch.storage.datasets import BATCH, TextItem, marks, read_items
from semsearch.storage.driver import Connection

_NOTE = "insert into _semsearch_items (item, dataset, key, row_hint, hash, revision) values (?, ?, ?, ?, ?, ?)"


@dataclass
class Changes:
    """How a table's rows differ from what is noted of them.

    `added` are rows of keys not noted, `changed` those of another text than noted, with their item numbers, `gone` the
    numbers and keys without a row. `unseen` are rows as they are noted, of a revision later than was asked for, with
    that revision. `moved` are item numbers with new row numbers, for tables without a key.
    """

    added: list[TextItem] = field(default_factory=list)
    changed: list[tuple[int, TextItem]] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)
    unseen: list[tuple[int, TextItem]] = field(default_factory=list)
    moved: list[tuple[int | None, int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether any row differs."""
        return bool(self.added or self.changed or self.gone)

    def since(self, revision: int) -> list[TextItem]:
        """The rows whose text a collection of this revision has not seen."""
        return [
            *self.added,
            *(item for _, item in self.changed),
            *(item for dated, item in self.unseen if dated > revision),
        ]


def compare(db: Connection, dataset: Dataset, since: int) -> Changes:
    """How the rows differ from what is noted of them; `since` is the earliest revision to find `unseen` from.

    Reads every row once. Memory grows with the differences, and by eight bytes a row. Raises NotFoundError for a table
    or column that is gone.
    """
    changes, met = Changes(), array("q")
    rows = read_items(db, dataset)
    while batch := list(islice(rows, BATCH)):
        noted = _noted(db, dataset, [item.key for item in batch])
        for item in batch:
            if item.key not in noted:
                changes.added.append(item)
                continue
            number, hint, digest, revision = noted[item.key]
            met.append(number)
            if item.hash() != digest:
                changes.changed.append((number, item))
            elif revision > since:
                changes.unseen.append((revision, item))
            if item.row_hint != hint:
                changes.moved.append((item.row_hint, number))
    changes.gone += _unmet(db, dataset, met)
    return changes


def _noted(db: Connection, dataset: Dataset, keys: Sequence[str]) -> dict[str, tuple[int, int | None, bytes, int]]:
    rows = db.execute(
        "select key, item, row_hint, hash, revision from _semsearch_items"
        f" where dataset = ? and key in ({marks(keys)})",
        [dataset.id, *keys],
    )
    return {row[0]: row[1:] for row in rows}


def _unmet(db: Connection, dataset: Dataset, met: array[int]) -> list[tuple[int, str]]:
    """Numbers and keys of the items noted whose number was not met."""
    noted = db.execute("select count(*) from _semsearch_items where dataset = ?", [dataset.id]).fetchone()[0]
    if noted == len(met):
        return []
    rows = db.execute("select item from _semsearch_items where dataset = ?", [dataset.id])
    numbers = np.fromiter((row[0] for row in rows), np.int64, noted)
    missing = np.setdiff1d(numbers, np.frombuffer(met, np.int64)).tolist()
    ask = "select item, key from _semsearch_items where item = ?"
    return [tuple(db.execute(ask, [number]).fetchone()) for number in missing]


def note(db: Connection, dataset: Dataset, changes: Changes) -> tuple[Dataset, dict[str, int]]:
    """Note the changes under a new revision; returns the dataset as it is now, and the numbers of what was written.

    Where nothing changed the revision stays.
    """
    db.executemany("update _semsearch_items set row_hint = ? where item = ?", changes.moved)
    if not changes:
        return dataset, {}
    revision = dataset.revision + 1
    db.executemany("delete from _semsearch_items where item = ?", ((number,) for number, _ in changes.gone))
    record_deletions(db, dataset, revision, (key for _, key in changes.gone))
    db.executemany(
        "update _semsearch_items set hash = ?, row_hint = ?, revision = ? where item = ?",
        ((item.hash(), item.row_hint, revision, number) for number, item in changes.changed),
    )
    first = next_number(db)
    db.executemany(_NOTE, _rows(dataset, changes.added, first, revision))
    numbers = {item.key: number for number, item in changes.changed}
    numbers |= {item.key: first + place for place, item in enumerate(changes.added)}
    return bump_revision(db, dataset, revision), numbers


def note_all(db: Connection, dataset: Dataset, items: Sequence[TextItem]) -> tuple[Dataset, dict[str, int]]:
    """Note all items anew, in their order; returns the dataset as it is now, and the number of each key.

    An item whose text is as it was noted keeps its revision, so that other collections need not see it again.
    """
    before = db.execute("select key, hash, revision from _semsearch_items where dataset = ?", [dataset.id])
    dated = {row[0]: (row[1], row[2]) for row in before}
    revision = dataset.revision + 1
    first = next_number(db)
    numbers = {item.key: first + place for place, item in enumerate(items)}
    db.execute("delete from _semsearch_items where dataset = ?", [dataset.id])
    db.executemany(
        _NOTE,
        (
            (number, dataset.id, item.key, item.row_hint, digest, was[1] if was[0] == digest else revision)
            for number, item in enumerate(items, first)
            for digest in [item.hash()]
            for was in [dated.get(item.key, (b"", 0))]
        ),
    )
    record_deletions(db, dataset, revision, (key for key in dated if key not in numbers))
    return bump_revision(db, dataset, revision), numbers


def are_noted(db: Connection, dataset: Dataset, items: Sequence[TextItem]) -> bool:
    """Whether these are all of the items noted, in the same order, with the same texts."""
    noted = db.execute("select key, row_hint, hash from _semsearch_items where dataset = ? order by item", [dataset.id])
    return all(
        row is not None and item is not None and tuple(row) == (item.key, item.row_hint, item.hash())
        for row, item in zip_longest(noted, items)
    )


def _rows(dataset: Dataset, items: Iterable[TextItem], first: int, revision: int) -> Iterator[tuple[Any, ...]]:
    for number, item in enumerate(items, first):
        yield number, dataset.id, item.key, item.row_hint, item.hash(), revision


def next_number(db: Connection) -> int:
    """The number of the next item to be stored, unless another connection stores one before."""
    if not has_catalogue(db):
        return 1
    return int(db.execute("select coalesce(max(item), 0) + 1 from _semsearch_items").fetchone()[0])


def record_deletions(db: Connection, dataset: Dataset, revision: int, keys: Iterable[str]) -> None:
    """Note that the rows of these keys are gone since this revision."""
    db.executemany(
        "insert or replace into _semsearch_deleted (dataset, key, revision) values (?, ?, ?)",
        ((dataset.id, key, revision) for key in keys),
    )


def bump_revision(db: Connection, dataset: Dataset, revision: int) -> Dataset:
    """The dataset at this revision. Notes of deletions whose rows came back are removed."""
    renewed = "update _semsearch_datasets set revision = ?, token = hex(randomblob(8)) where id = ? returning token"
    token = db.execute(renewed, [revision, dataset.id]).fetchone()[0]
    back = "select 1 from _semsearch_items i where i.dataset = d.dataset and i.key = d.key"  # rows that came back
    db.execute(f"delete from _semsearch_deleted as d where dataset = ? and exists ({back})", [dataset.id])
    return replace(dataset, revision=revision, token=token)


def deleted_since(db: Connection, dataset: Dataset, revision: int) -> list[str]:
    """Keys whose rows went after this revision, as far as has been noted."""
    asked = "select key from _semsearch_deleted where dataset = ? and revision > ?"
    return [row[0] for row in db.execute(asked, [dataset.id, revision])]


def count_since(db: Connection, dataset: Dataset, revision: int) -> int:
    """How many of the items noted have a text that is later than this revision."""
    asked = "select count(*) from _semsearch_items where +dataset = ? and revision > ?"  # one pass, no index
    return int(db.execute(asked, [dataset.id, revision]).fetchone()[0])


def noted_keys(db: Connection, dataset: Dataset) -> set[str]:
    """The keys of all items noted."""
    return {row[0] for row in db.execute("select key from _semsearch_items where dataset = ?", [dataset.id])}


def prune_deletions(db: Connection, dataset: Dataset) -> None:
    """Drop the record of deletions that every collection of the dataset has seen."""
    db.execute(
        "delete from _semsearch_deleted where dataset = ? and revision <= coalesce("
        "(select min(revision) from _semsearch_collections where dataset = ?"
        " and id in (select min(id) from _semsearch_collections group by run)), revision)",  # the words of a run stay
        [dataset.id, dataset.name],
    )
