"""The text side in memory: for each word or phrase that was asked, all items that hold it and what it gives each.

FTS5's BM25 of several phrases is the sum of what each gives by itself, so the lists of a question's phrases, kept from
question to question, add up to its scores. A word is read from the file once (16,000 items take 30 ms); then a question
of any common words takes a fraction of a millisecond, where FTS5 counts them again each time. A command that asks once
keeps nothing and lets FTS5 do it. Which key an item number stands for is kept beside the lists.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from semsearch.lru_cache import LruCache
from semsearch.maths.vectors import largest
from semsearch.records import Dataset, Phrase
from semsearch.search.keytable import KeyTable, key_table
from semsearch.storage import fulltext
from semsearch.storage.connect import file_of
from semsearch.storage.driver import Connection

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Postings:
    """The items that hold a phrase, `items` (n,) ascending, and its BM25 in each, `scores` (n,)."""

    items: npt.NDArray[np.int64]
    scores: Doubles

    @property
    def nbytes(self) -> int:
        """What is held in memory; an empty list is not free either."""
        return int(self.items.nbytes + self.scores.nbytes) + 256

    def only(self, items: npt.NDArray[np.int64]) -> Postings:
        """What is known of these items."""
        items = np.unique(items)
        places = np.searchsorted(self.items, items)
        inside = places < len(self.items)
        places = places[inside][self.items[places[inside]] == items[inside]]
        return Postings(self.items[places], self.scores[places])


@dataclass(frozen=True)
class InFile:
    """A dataset's items, looked up in the file."""

    db: Connection
    dataset: Dataset

    def keys(self, numbers: npt.NDArray[np.int64]) -> dict[int, str]:
        """The keys of these items; of those that are gone none."""
        return fulltext.keys_of(self.db, numbers.tolist())

    def numbers(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """The numbers of the items of these keys."""
        return fulltext.items_of(self.db, self.dataset, keys)


@dataclass(frozen=True)
class Numbered:
    """A dataset's items in memory: their numbers, `items` (n,) ascending, and their keys in the same order."""

    items: npt.NDArray[np.int64]
    table: KeyTable

    @property
    def nbytes(self) -> int:
        """What is held in memory."""
        return int(self.items.nbytes) + self.table.nbytes

    def keys(self, numbers: npt.NDArray[np.int64]) -> dict[int, str]:
        """As of `InFile`."""
        places = np.searchsorted(self.items, numbers)
        inside = places < len(self.items)
        here = numbers[inside][self.items[places[inside]] == numbers[inside]]
        return dict(zip(here.tolist(), self.table.at(np.searchsorted(self.items, here)), strict=True))

    def numbers(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """As of `InFile`."""
        return self.items[self.table.positions(keys)]


_FEW = 32  # times as many places as items: sorting the items takes less than going through the places
_ITEM_BYTES = 48  # about what an item's number and key take
_kept: LruCache[Postings] = LruCache(0, attrgetter("nbytes"))
_items: LruCache[Numbered] = LruCache(0, attrgetter("nbytes"))


def hold(limit_bytes: int) -> None:
    """From now on keep the lists of this process in memory, up to so many bytes, and as many of the keys of items; 0
    forgets them."""
    _kept.set_limit(limit_bytes)
    _items.set_limit(limit_bytes)


def is_held() -> bool:
    """Whether this process keeps lists."""
    return _kept.limit > 0


def summed(db: Connection, dataset: Dataset, phrases: Sequence[Phrase]) -> Postings:
    """All items that hold any of the phrases, and their BM25 for all of them together."""
    if not phrases or not fulltext.exists(db, dataset):
        return Postings(np.empty(0, np.int64), np.empty(0))
    made = _made(db, dataset)
    return _summed([_postings(db, dataset, phrase, made) for phrase in phrases])


def _made(db: Connection, dataset: Dataset) -> Hashable:
    """What tells these items from those of another file or another revision."""
    return (*file_of(db), dataset.id, dataset.created, dataset.revision)


def _postings(db: Connection, dataset: Dataset, phrase: Phrase, made: Hashable) -> Postings:
    return _kept.get_or_compute((made, phrase), lambda: Postings(*fulltext.holding(db, dataset, phrase)))


def best(
    held: Postings, named: Numbered | InFile, limit: int, among: Sequence[str] | None = None
) -> list[tuple[str, float]]:
    """As `storage.fulltext.best`, of these postings; `named` knows the keys of the items."""
    if among is not None:
        held = held.only(named.numbers(among))
    order = largest(held.scores, len(held.scores) if limit < 0 else limit)
    numbers = held.items[order]
    keys = named.keys(numbers)
    scores = zip(numbers.tolist(), held.scores[order].tolist(), strict=True)
    return [(keys[number], score) for number, score in scores if number in keys]


def items(db: Connection, dataset: Dataset) -> Numbered | InFile:
    """The dataset's items in memory, read now if they were not; in the file where they are too many, or another thread
    is reading them."""

    def read() -> Numbered:
        numbers, keys = fulltext.all_items(db, dataset)
        return Numbered(numbers, key_table([keys]))

    made = _made(db, dataset)
    numbered = _items.get(made)
    if numbered is None and _ITEM_BYTES * fulltext.highest_item(db) <= _items.limit:
        numbered = _items.compute_unless_busy(made, read)
    return numbered or InFile(db, dataset)


def _summed(lists: Sequence[Postings]) -> Postings:
    """All items of the lists, each once, with the sum of their scores."""
    items = np.concatenate([each.items for each in lists])
    if len(lists) == 1 or not len(items):
        return lists[0]
    scores = np.concatenate([each.scores for each in lists])
    first = int(items.min())
    if _FEW * len(items) < items.max() - first:
        result, places = np.unique(items, return_inverse=True)
        return Postings(result, np.bincount(places, scores).astype(np.float64))
    dense: Doubles = np.bincount(items - first, scores).astype(np.float64)
    held = np.flatnonzero(dense > 0).astype(np.int64)
    return Postings(held + first, dense[held])
