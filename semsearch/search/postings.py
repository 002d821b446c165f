"""The text index in memory: for each word or phrase of a query, all items that contain it, and its BM25 in each.

FTS5's BM25 of several phrases is the sum of the scores of each. So the lists of a query's phrases, kept for later
queries, add up to its scores. A word is read from the file once (16,000 items take 30 ms). Then a query of common words
takes a fraction of a millisecond, while FTS5 counts them again for each query. A command that runs one query keeps
nothing and uses FTS5. The keys of the item numbers are kept too.
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
from semsearch.storage.connect import memory_of
from semsearch.storage.driver import Connection

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Postings:
    """The items that contain a phrase, `items` (n,) ascending, and its BM25 in each, `scores` (n,)."""

    items: npt.NDArray[np.int64]
    scores: Doubles

    @property
    def nbytes(self) -> int:
        """Bytes in memory; an empty list needs some too."""
        return int(self.items.nbytes + self.scores.nbytes) + 256

    def only(self, items: npt.NDArray[np.int64]) -> Postings:
        """The postings of these items only."""
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
        """The keys of these items, without deleted ones."""
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
        """Bytes in memory."""
        return int(self.items.nbytes) + self.table.nbytes

    def keys(self, numbers: npt.NDArray[np.int64]) -> dict[int, str]:
        """As `InFile`."""
        places = np.searchsorted(self.items, numbers)
        inside = places < len(self.items)
        here = numbers[inside][self.items[places[inside]] == numbers[inside]]
        return dict(zip(here.tolist(), self.table.at(np.searchsorted(self.items, here)), strict=True))

    def numbers(self, keys: Sequence[str]) -> npt.NDArray[np.int64]:
        """As `InFile`."""
        return self.items[self.table.positions(keys)]


_FEW = 32  # ratio of the range of item numbers to the items, from which sorting is faster than a dense sum
_ITEM_BYTES = 48  # about the bytes of an item's number and key
_kept: LruCache[Postings] = LruCache(0, attrgetter("nbytes"))
_items: LruCache[Numbered] = LruCache(0, attrgetter("nbytes"))


def hold(limit_bytes: int) -> None:
    """Keep the lists of this process in memory, up to `limit_bytes`, and the keys of items up to as many. 0 discards
    them."""
    _kept.set_limit(limit_bytes)
    _items.set_limit(limit_bytes)


def is_held() -> bool:
    """Whether this process keeps lists."""
    return _kept.limit > 0


def summed(db: Connection, dataset: Dataset, phrases: Sequence[Phrase]) -> Postings:
    """All items that contain any of the phrases, and the sum of the BM25 of the phrases in each."""
    if not phrases or not fulltext.exists(db, dataset):
        return Postings(np.empty(0, np.int64), np.empty(0))
    stamp = _stamp(db, dataset)
    return _summed([_postings(db, dataset, phrase, stamp) for phrase in phrases])


def _stamp(db: Connection, dataset: Dataset) -> Hashable:
    """A key for these items, different for another file or another revision."""
    return (*memory_of(db, dataset.token), dataset.id)


def _postings(db: Connection, dataset: Dataset, phrase: Phrase, stamp: Hashable) -> Postings:
    return _kept.get_or_compute((stamp, phrase), lambda: Postings(*fulltext.holding(db, dataset, phrase)))


def best(
    postings: Postings, items: Numbered | InFile, limit: int, among: Sequence[str] | None = None
) -> list[tuple[str, float]]:
    """As `storage.fulltext.best`, from postings; `items` knows the keys of the items."""
    if among is not None:
        postings = postings.only(items.numbers(among))
    order = largest(postings.scores, len(postings.scores) if limit < 0 else limit)
    numbers = postings.items[order]
    keys = items.keys(numbers)
    scores = zip(numbers.tolist(), postings.scores[order].tolist(), strict=True)
    return [(keys[number], score) for number, score in scores if number in keys]


def items(db: Connection, dataset: Dataset) -> Numbered | InFile:
    """The dataset's items in memory, read now if they were not; in the file if they are too many or another thread is
    reading them."""

    def read() -> Numbered:
        numbers, keys = fulltext.all_items(db, dataset)
        return Numbered(numbers, key_table([keys]))

    stamp = _stamp(db, dataset)
    numbered = _items.get(stamp)
    if numbered is None and _ITEM_BYTES * fulltext.highest_item(db) <= _items.limit:
        numbered = _items.compute_unless_busy(stamp, read)
    return numbered or InFile(db, dataset)


def _summed(lists: Sequence[Postings]) -> Postings:
    """The items of all lists, each once, with the sum of their scores."""
    items = np.concatenate([each.items for each in lists])
    if len(lists) == 1 or not len(items):
        return lists[0]
    scores = np.concatenate([each.scores for each in lists])
    first = int(items.min())
    if _FEW * len(items) < items.max() - first:
        result, places = np.unique(items, return_inverse=True)
        return Postings(result, np.bincount(places, scores).astype(np.float64))
    dense: Doubles = np.bincount(items - first, scores).astype(np.float64)
    places = np.flatnonzero(dense > 0).astype(np.int64)
    return Postings(places + first, dense[places])
