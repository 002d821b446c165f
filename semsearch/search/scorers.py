"""The two scorers of a collection's items: the vector score (cosine) and the text score (BM25)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from semsearch.arrays import FloatArray
from semsearch.records import Collection, Dataset, Phrase
from semsearch.search import postings
from semsearch.search.resident import Resident, resident
from semsearch.storage import fulltext, vectors
from semsearch.storage.driver import Connection


@dataclass(frozen=True)
class VectorScorer:
    """Cosine with a unit vector (dim,), of all items or those `among`, without those in `out`."""

    db: Connection
    collection: Collection
    vector: FloatArray
    among: Sequence[str] | None = None
    out: frozenset[str] = field(default_factory=frozenset)

    def top(self, n: int) -> Mapping[str, float]:
        """The n nearest items with their cosines.

        From memory if the collection is cached, else by a vec0 search, or by a full scan beyond the largest k of vec0.
        """
        deep = n + len(self.out)
        held = self._resident
        near = held.nearest(self.vector, deep, self.among, self._in_file) if held is not None else None
        if near is not None:
            return dict([(key, cosine) for key, cosine in near.items() if key not in self.out][:n])
        if deep > vectors.MAX_K:
            neighbours = vectors.distances(self.db, self.collection, self.vector, self.among)
            neighbours.sort(key=lambda neighbour: neighbour.distance)
        else:
            neighbours = vectors.nearest(self.db, self.collection, self.vector, deep, self.among)
        cosines = [(near.key, 1 - near.distance) for near in neighbours if near.key not in self.out]
        return dict(cosines[:n])

    def of(self, keys: Sequence[str]) -> Mapping[str, float]:
        """The cosines of these items."""
        held = self._resident
        if held is not None:
            return held.cosines(self.vector, keys, self._in_file)
        return self._in_file(keys)

    @cached_property
    def _resident(self) -> Resident | None:
        return resident(self.db, self.collection)

    def _in_file(self, keys: Sequence[str]) -> Mapping[str, float]:
        neighbours = vectors.distances(self.db, self.collection, self.vector, keys)
        return {near.key: 1 - near.distance for near in neighbours}


@dataclass(frozen=True)
class TextScorer:
    """BM25 of words and phrases, of all items or those `among`. A repeated phrase counts each time."""

    db: Connection
    dataset: Dataset
    phrases: Sequence[Phrase]
    among: Sequence[str] | None = None

    def top(self, n: int) -> Mapping[str, float]:
        """The n best of the items that contain any of the phrases."""
        return dict(self._best(n, self.among))

    def of(self, keys: Sequence[str]) -> Mapping[str, float]:
        """The scores of those of these items that contain any of the phrases."""
        return dict(self._best(-1, keys))

    def _best(self, n: int, among: Sequence[str] | None) -> list[tuple[str, float]]:
        if postings.is_held():
            return postings.best(self._postings, self._items, n, among)
        return fulltext.best(self.db, self.dataset, self.phrases, n, among)

    @cached_property
    def _postings(self) -> postings.Postings:
        return postings.summed(self.db, self.dataset, self.phrases)

    @cached_property
    def _items(self) -> postings.Numbered | postings.InFile:
        return postings.items(self.db, self.dataset)
