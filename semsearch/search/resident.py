"""Collections held in memory, for a process that answers many questions: exact floats, one matrix-vector product away.

sqlite-vec reads 100,000 vectors of 256 numbers in 30-50 ms; a matrix in memory takes 6. A command that asks once reads
nothing into memory, since reading costs more than the one search; a server says `hold()` when it starts. What is held
is bounded, oldest use goes first, and a rebuild by whatever process is another run, an update another revision, and
so each another entry.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.records import Collection
from semsearch.storage import vectors
from semsearch.storage.connect import file_of
from semsearch.storage.driver import Connection


@dataclass(frozen=True)
class Resident:
    """One collection: `keys` (n,), their unit `vectors` (n, dim) float32, and the row `where` each key stands."""

    keys: Sequence[str]
    vectors: FloatArray
    where: Mapping[str, int]

    def nearest(self, vector: FloatArray, n: int, among: Sequence[str] | None = None) -> dict[str, float]:
        """Cosines of the n nearest items, nearest first, ties in the order written; of some keys or of all."""
        rows = None if among is None else np.array([self.where[key] for key in among if key in self.where], int)
        cosines = (self.vectors if rows is None else self.vectors[rows]) @ vector
        order = _largest(cosines, n)
        chosen = order if rows is None else rows[order]
        return {self.keys[row]: float(cosines[at]) for row, at in zip(chosen.tolist(), order.tolist(), strict=True)}

    def cosines(self, vector: FloatArray, keys: Sequence[str]) -> dict[str, float]:
        """Cosines of these items; keys without a vector are absent."""
        known = [key for key in keys if key in self.where]
        found = self.vectors[[self.where[key] for key in known]] @ vector
        return dict(zip(known, found.tolist(), strict=True))


def _largest(values: FloatArray, n: int) -> np.ndarray[Any, np.dtype[np.intp]]:
    """Positions of the n largest values, largest first, ties by position."""
    if n < len(values):
        # All that reach the nth largest value: position, not chance, decides which of several equal ones come.
        least = values[np.argpartition(values, -n)[-n:]].min()
        some = np.flatnonzero(values >= least)
    else:
        some = np.arange(len(values))
    return some[np.argsort(-values[some], kind="stable")][:n]


class _Held:
    """What is in memory, by file and run."""

    def __init__(self) -> None:
        self.limit = 0
        self.lock = Lock()
        self.entries: OrderedDict[tuple[Any, ...], Resident] = OrderedDict()

    def get(self, key: tuple[Any, ...]) -> Resident | None:
        with self.lock:
            if key in self.entries:
                self.entries.move_to_end(key)
            return self.entries.get(key)

    def put(self, key: tuple[Any, ...], entry: Resident) -> None:
        with self.lock:
            self.entries[key] = entry
            while sum(held.vectors.nbytes for held in self.entries.values()) > self.limit:
                self.entries.popitem(last=False)


_held = _Held()


def hold(limit_bytes: int = 512 << 20) -> None:
    """From now on keep collections of this process in memory, up to so many bytes of vectors; 0 forgets them."""
    _held.limit = limit_bytes
    with _held.lock:
        while sum(entry.vectors.nbytes for entry in _held.entries.values()) > limit_bytes:
            _held.entries.popitem(last=False)


def resident(db: Connection, collection: Collection) -> Resident | None:
    """The collection in memory, read now if it was not; None in a process that holds nothing, or if it is too large.

    No lock is held while reading or searching: two threads may read the same collection once each.
    """
    if collection.count * collection.dim * 4 > _held.limit:
        return None
    key = (*file_of(db), collection.run, collection.vector_table, collection.created, collection.revision)
    entry = _held.get(key)
    if entry is None:
        keys, matrix = vectors.everything(db, collection)
        entry = Resident(keys, matrix, {item: row for row, item in enumerate(keys)})
        _held.put(key, entry)
    return entry
