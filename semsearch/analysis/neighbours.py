"""The nearest items of every item of a collection, kept in a table that updates bring up to date.

A search for one item's neighbours reads all vectors. Maps, topics and SQL users need those of all items, so they are
computed once. An update compares each stored cosine with the vectors. An item whose cosines all differ is new or has
changed, and is compared with all others, in both directions. An item that has lost a neighbour gets a new list. So the
table is what a new computation would write, whatever has changed since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError, out_of_range
from semsearch.maths.neighbours import nearest_rows
from semsearch.maths.vectors import COSINE_DECIMALS
from semsearch.records import Collection, OpenCollection, Report, silent
from semsearch.storage import chunks
from semsearch.storage import neighbours as table
from semsearch.storage.connect import snapshot, transaction
from semsearch.storage.driver import Connection

DEFAULT_K = 15
MAX_K = 100
_TOLERANCE = 2e-5  # between a cosine and the same cosine stored with six decimals, computed in another order
_BLOCK = 1024  # rows compared at a time


@dataclass(frozen=True)
class Neighbours:
    """The k nearest items of each of n items, nearest first: `numbers` (n, k) are places in `keys`."""

    collection: Collection
    keys: Sequence[str]  # (n,)
    numbers: IntArray  # (n, k)
    cosines: FloatArray  # (n, k)

    @property
    def k(self) -> int:
        """How many neighbours each item has."""
        return int(self.numbers.shape[1])

    def lists(self, rows: Sequence[int] | None = None) -> Iterator[tuple[str, list[str], list[float]]]:
        """The key of each item, or of some, with the keys of its neighbours and their cosines."""
        cosines = np.clip(self.cosines.astype(np.float64), -1, 1).round(COSINE_DECIMALS)
        for row in range(len(self.keys)) if rows is None else rows:
            yield self.keys[row], [self.keys[other] for other in self.numbers[row].tolist()], cosines[row].tolist()


def neighbours(db: Connection, opened: OpenCollection, k: int = DEFAULT_K, *, report: Report = silent) -> Neighbours:
    """The k nearest items of each item of a collection. Nothing is written: see `write`.

    Of fewer than k other items, all are listed. Raises InputError for k outside 1..100, or fewer than 2 items.
    """
    collection = opened.collection
    if not 1 <= k <= MAX_K:
        raise out_of_range("-k", k, least=1, most=MAX_K)
    if collection.count < 2:
        raise InputError(f"{opened.name} has {collection.count} items: neighbours need at least 2")
    table.check_free(db, collection)
    with snapshot(db):
        keys, vectors = chunks.everything(db, collection)
    return Neighbours(collection, keys, *nearest_rows(vectors, k, progress=report))


def write(db: Connection, found: Neighbours, k: int) -> str:
    """Write the table COLLECTION_neighbours (id, rank, neighbour, score); returns its name."""
    with transaction(db):
        table.write(db, found.collection, found.lists(), k)
    return table.table_of(found.collection)


def stored(db: Connection, collection: Collection, keys: Sequence[str]) -> Neighbours | None:
    """The neighbours in the table, for items in this order; None unless the table represents the collection as it is.

    Lists of different lengths, as with few items, are not used either.
    """
    if not table.is_current(db, collection):
        return None
    place = {key: row for row, key in enumerate(keys)}
    lists = list(table.stored(db, collection))
    lengths = {len(others) for _, others, _ in lists}
    if len(lengths) != 1 or len(lists) != len(keys) or not {key for key, _, _ in lists} <= place.keys():
        return None
    numbers = np.zeros((len(keys), lengths.pop()), np.int64)
    cosines = np.zeros(numbers.shape, np.float32)
    for key, others, scores in lists:
        numbers[place[key]] = [place[other] for other in others]
        cosines[place[key]] = scores
    return Neighbours(collection, keys, numbers, cosines)


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did: the number of lists that it wrote, and the keys of new and changed items."""

    lists: int
    changed: tuple[str, ...]


def refresh(db: Connection, collection: Collection, *, report: Report = silent) -> Refreshed | None:
    """Bring the table up to date with the collection.

    None if there is no table, or it is up to date. A table of an earlier run is computed anew.
    """
    k = table.count_of(db, collection)
    if k is None or not table.is_written(db, collection) or table.is_current(db, collection):
        return None
    with snapshot(db):
        keys, vectors = chunks.everything(db, collection)
        gone, before = _before(db, collection, keys, k)
    with_k = min(k, max(0, len(keys) - 1))
    changed, hit = _states(vectors, before, with_k)
    numbers, cosines = before
    for rows in (changed, hit):
        numbers[rows, :with_k], cosines[rows, :with_k] = nearest_rows(vectors, with_k, rows, progress=report)
    moved = _insert(vectors, changed, np.setdiff1d(np.arange(len(keys)), np.concatenate([changed, hit])), before)
    written = np.unique(np.concatenate([changed, hit, moved])).tolist()
    found = Neighbours(collection, keys, numbers[:, :with_k], cosines[:, :with_k])
    with transaction(db):
        table.change(db, collection, [*gone, *(keys[row] for row in written)], found.lists(written), k)
    return Refreshed(len(written), tuple(keys[row] for row in changed.tolist()))


def _before(
    db: Connection, collection: Collection, keys: Sequence[str], k: int
) -> tuple[list[str], tuple[IntArray, FloatArray]]:
    """The keys in the table without a vector, and its lists as (n, k) places, -1 for none, and cosines."""
    place = {key: row for row, key in enumerate(keys)}
    numbers, cosines = np.full((len(keys), k), -1), np.full((len(keys), k), -np.inf, np.float32)
    gone = []
    for key, others, scores in table.stored(db, collection):
        row = place.get(key)
        if row is None:
            gone.append(key)
            continue
        numbers[row, : len(others)] = [place.get(other, -1) for other in others[:k]]
        cosines[row, : len(others)] = scores[:k]
    return gone, (numbers, cosines)


def _states(vectors: FloatArray, before: tuple[IntArray, FloatArray], k: int) -> tuple[IntArray, IntArray]:
    """The rows that are new or changed, and the others that have lost a neighbour."""
    numbers, cosines = before[0][:, :k], before[1][:, :k]
    right = np.zeros(numbers.shape, np.bool_)
    for start in range(0, len(vectors), _BLOCK):
        part = slice(start, start + _BLOCK)
        now = np.einsum("ij,ikj->ik", vectors[part], vectors[numbers[part]])
        right[part] = (np.abs(now - cosines[part]) < _TOLERANCE) & (numbers[part] >= 0)
    return np.flatnonzero(~right.any(axis=1)), np.flatnonzero(right.any(axis=1) & ~right.all(axis=1))


def _insert(vectors: FloatArray, changed: IntArray, intact: IntArray, lists: tuple[IntArray, FloatArray]) -> IntArray:
    """Insert changed rows into the lists of the intact rows that they are nearer to than the last of them; these
    rows."""
    numbers, cosines = lists
    moved: list[int] = []
    for start in range(0, len(intact) if len(changed) else 0, _BLOCK):
        rows = intact[start : start + _BLOCK]
        products = vectors[rows] @ vectors[changed].T
        for at in np.flatnonzero((products > cosines[rows, -1:] + _TOLERANCE).any(axis=1)).tolist():
            row = rows[at]
            nearer = np.flatnonzero(products[at] > cosines[row, -1] + _TOLERANCE)
            joined = (
                np.concatenate([numbers[row], changed[nearer]]),
                np.concatenate([cosines[row], products[at, nearer]]),
            )
            order = np.lexsort((joined[0], -joined[1]))[: numbers.shape[1]]
            numbers[row], cosines[row] = joined[0][order], joined[1][order]
            moved.append(int(row))
    return np.array(moved, np.int64)
