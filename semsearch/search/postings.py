"""The text side in memory: for each word or phrase that was asked, all items that hold it and what it gives each.

FTS5's BM25 of several phrases is the sum of what each gives by itself, so the lists of a question's phrases, kept from
question to question, add up to its scores. A word is read from the file once (16,000 items take 30 ms); then a question
of any common words takes a fraction of a millisecond, where FTS5 counts them again each time. A command that asks once
keeps nothing and lets FTS5 do it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semsearch.maths.vectors import largest
from semsearch.records import Dataset
from semsearch.search.kept import Kept
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
        items = np.sort(items)
        places = np.searchsorted(self.items, items)
        inside = places < len(self.items)
        places = places[inside][self.items[places[inside]] == items[inside]]
        return Postings(self.items[places], self.scores[places])


_kept: Kept[Postings] = Kept()


def hold(limit_bytes: int) -> None:
    """From now on keep the lists of this process in memory, up to so many bytes; 0 forgets them."""
    _kept.set_limit(limit_bytes)


def is_held() -> bool:
    """Whether this process keeps lists."""
    return _kept.limit > 0


def summed(db: Connection, dataset: Dataset, phrases: Sequence[str]) -> Postings:
    """All items that hold any of the phrases, and their BM25 for all of them together."""
    if not phrases or not fulltext.exists(db, dataset):
        return Postings(np.empty(0, np.int64), np.empty(0))
    made = (*file_of(db), dataset.id, dataset.created, dataset.revision)
    return _summed([_postings(db, dataset, phrase, made) for phrase in phrases])


def _postings(db: Connection, dataset: Dataset, phrase: str, made: Hashable) -> Postings:
    found = _kept.get((made, phrase))
    if found is None:
        found = Postings(*fulltext.holding(db, dataset, phrase))
        _kept.put((made, phrase), found)
    return found


def best(
    db: Connection, dataset: Dataset, held: Postings, limit: int, among: Sequence[str] | None = None
) -> list[tuple[str, float]]:
    """As `storage.fulltext.best`, of these postings."""
    if among is not None:
        held = held.only(fulltext.items_of(db, dataset, among))
    order = largest(held.scores, len(held.scores) if limit < 0 else limit)
    numbers = held.items[order].tolist()
    keys = fulltext.keys_of(db, numbers)
    return [(keys[one], score) for one, score in zip(numbers, held.scores[order].tolist(), strict=True) if one in keys]


def _summed(lists: Sequence[Postings]) -> Postings:
    """All items of the lists, each once, with the sum of their scores."""
    items = np.concatenate([each.items for each in lists])
    if len(lists) == 1 or not len(items):
        return lists[0]
    first = int(items.min())
    dense: Doubles = np.bincount(items - first, np.concatenate([each.scores for each in lists])).astype(np.float64)
    found = np.flatnonzero(dense > 0).astype(np.int64)
    return Postings(found + first, dense[found])
