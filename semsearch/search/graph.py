"""One node among its neighbours: whom it is joined to, whom its vector is near, and whom it might be joined to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from semsearch.errors import InputError, NotFoundError
from semsearch.maths import layout
from semsearch.records import Hit, OpenCollection
from semsearch.search.query import MAX_K, similar, vector_of
from semsearch.search.scorers import VectorScorer
from semsearch.storage import datasets, node_edges
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection
from semsearch.storage.node_edges import Tie

__all__ = ["MOST_DRAWN", "Around", "Near", "around", "arranged"]
MOST_DRAWN = 60
_LOOKED = 64  # nearest vectors looked through at first for those that are not joined
_OF_EACH = 8
_NAMED = 6  # common neighbours


@dataclass(frozen=True)
class Near:
    """A node beside another: its row and the cosine of the two, its rank among the nearest if it is one that was looked
    at, what joins them if anything does, how many nodes both are joined to, and the first of these."""

    hit: Hit
    rank: int | None = None
    tie: Tie | None = None
    shared: int = 0
    common: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return str(self.hit.id)


@dataclass(frozen=True)
class Around:
    """A node's surroundings.

    `nearest` by their vectors, `suggested` those of them that no edge joins to it, best first; `neighbours` are joined
    to it, the nearest and heaviest first, `degree` in all. `drawn` is the most that a picture holds, the node itself
    left out, and `edges` what joins these and the node, by keys. `remark` says why there is no vector or no edge.
    """

    nearest: tuple[Near, ...] = ()
    suggested: tuple[Near, ...] = ()
    neighbours: tuple[Near, ...] = ()
    degree: int = 0
    drawn: tuple[Near, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    titles: Mapping[str, Hit] = field(default_factory=dict)  # of nodes in common that are not drawn
    remark: str | None = None


def around(db: Connection, opened: OpenCollection, id: str, *, k: int = _OF_EACH, drawn: int = MOST_DRAWN) -> Around:
    """The k nearest and the k best suggestions beside a node, and its neighbours, `drawn` nodes in all.

    Raises InputError for a collection that is not of nodes.
    """
    if opened.of != "node" or opened.dataset.edges is None:
        raise InputError(f"{opened.name} holds {opened.of}s: only nodes have neighbours")
    with snapshot(db):
        result = _Surroundings(db, opened, id)
        nearest = list(result.ranks)[:k]
        suggested = [key for key in result.ranks if key not in result.ties][:k]
        apart = list(dict.fromkeys([*suggested, *(key for key in nearest if key not in result.ties)]))
        last = len(result.ranks) + 1
        # Python's sort keeps the order of ties by weight
        neighbours = sorted(result.ties, key=lambda key: result.ranks.get(key, last))[: max(0, drawn - 1 - len(apart))]
        shown = [*neighbours, *apart]
        edges = result.edges_of(shown)
        made = result.described([*shown, *nearest], edges)
        here = {id, *(key for key in shown if key in made)}
        return Around(
            tuple(made[key] for key in nearest),
            tuple(made[key] for key in suggested),
            tuple(made[key] for key in neighbours if key in made),
            len(result.ties),
            tuple(made[key] for key in shown if key in made),
            tuple(sorted((a, b) for a, b in edges if a in here and b in here)),
            result.rows_of({key for one in made.values() for key in one.common} - made.keys()),
            result.remark,
        )


class _Surroundings:
    """What is known of a node, gathered in few questions."""

    def __init__(self, db: Connection, opened: OpenCollection, id: str) -> None:
        self.db, self.opened, self.id = db, opened, id
        self.remark: str | None = None
        self.ties: dict[str, Tie] = {}
        self.ranks: dict[str, int] = {}
        self.hits: dict[str, Hit] = {}
        try:
            self.ties = {tie.key: tie for tie in node_edges.ties_of(self.db, opened.dataset, id)}
        except (InputError, NotFoundError) as error:
            self.remark = str(error)
        try:
            self._look()
        except NotFoundError:
            self.remark = self.remark or "It has no vector: it was added since the last build, or it has no edges"

    def _look(self) -> None:
        """The nearest nodes: so many that there are enough among them which are not joined."""
        most = min(MAX_K, self.opened.collection.count)
        wanted = min(_LOOKED, most)
        while wanted:
            result = similar(self.db, self.opened, [self.id], k=wanted).hits
            self.hits = {str(hit.id): hit for hit in result}
            if wanted == most or len(self.hits.keys() - self.ties.keys()) >= _OF_EACH:
                break
            wanted = min(4 * wanted, most)
        self.ranks = {key: rank for rank, key in enumerate(self.hits, 1)}

    def edges_of(self, keys: Sequence[str]) -> set[tuple[str, str]]:
        """The edges of some nodes with each other, with the node and with its neighbours."""
        edges = self.opened.dataset.edges
        if edges is None or not self.ties:
            return set()
        return node_edges.joined_between(self.db, edges, keys, {self.id, *keys, *self.ties})

    def described(self, keys: Sequence[str], edges: set[tuple[str, str]]) -> dict[str, Near]:
        """Each of some nodes whose row is there."""
        keys = list(dict.fromkeys(keys))
        common = self._common(keys, edges)
        hits = self._hits(keys)
        return {
            key: Near(hits[key], self.ranks.get(key), self.ties.get(key), len(common[key]), tuple(common[key][:_NAMED]))
            for key in keys
            if key in hits
        }

    def _common(self, keys: Sequence[str], edges: set[tuple[str, str]]) -> dict[str, list[str]]:
        """The neighbours that the node and each of the others share, the node's heaviest first."""
        beside: dict[str, set[str]] = defaultdict(set)
        for a, b in edges:
            beside[a].add(b)
            beside[b].add(a)
        place = {key: number for number, key in enumerate(self.ties)}
        return {key: sorted(beside[key] & place.keys() - {key}, key=place.__getitem__) for key in keys}

    def _hits(self, keys: Sequence[str]) -> dict[str, Hit]:
        result = {key: self.hits[key] for key in keys if key in self.hits}
        missing = [key for key in keys if key not in result]
        if not missing:
            return result
        cosines: Mapping[str, float] = {}
        if self.ranks:
            vector = vector_of(self.db, self.opened.collection, self.id)
            cosines = VectorScorer(self.db, self.opened.collection, vector).of(missing)
        rows = self.rows_of(missing)
        for key, hit in rows.items():
            cosine = cosines.get(key)
            result[key] = hit if cosine is None else Hit(hit.id, cosine, vector_score=cosine, row=hit.row)
        return result

    def rows_of(self, keys: Sequence[str] | set[str]) -> dict[str, Hit]:
        """The rows of some nodes, where they are there."""
        dataset = self.opened.dataset
        typed = self.opened.collection.typed
        rows = datasets.rows_by_key(self.db, dataset, sorted(keys))
        return {key: Hit(typed(key), 0.0, row=row) for key, row in rows.items()}


def arranged(
    id: str, found: Around, boxes: Mapping[str, tuple[float, float, float, float]], size: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """Where the node and those drawn with it stand in a picture of this size, as far apart as edges between them say.

    `boxes` is how far the room that each needs reaches from its place to the left, up, right and down.
    """
    keys = [id, *(one.key for one in found.drawn)]
    place = {key: row for row, key in enumerate(keys)}
    joined = np.zeros((len(keys), len(keys)), np.bool_)
    for a, b in found.edges:
        joined[place[a], place[b]] = joined[place[b], place[a]] = True
    places = layout.fit_without_overlap(
        layout.stress_layout(joined), np.array([boxes[key] for key in keys], np.float64), size
    )
    return {key: (round(x, 1), round(y, 1)) for key, (x, y) in zip(keys, places.tolist(), strict=True)}
