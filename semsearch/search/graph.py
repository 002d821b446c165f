"""The neighbourhood of a node: its neighbours, the nodes with similar vectors, and suggested edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from semsearch.errors import InputError, NotFoundError
from semsearch.maths import layout
from semsearch.maths.links import MIN_SIMILARITY
from semsearch.records import Hit, OpenCollection
from semsearch.search.query import MAX_K, similar, vector_of
from semsearch.search.scorers import VectorScorer
from semsearch.storage import datasets, node_edges
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection
from semsearch.storage.node_edges import Tie

__all__ = ["MOST_DRAWN", "Around", "Near", "around", "arranged"]
MOST_DRAWN = 60  # nodes of a drawing
_LOOKED = 64  # nearest vectors among which nodes without an edge are looked for at first
_OF_EACH = 8  # similar nodes, and suggested ones
_NAMED = 6  # common neighbours that are named


@dataclass(frozen=True)
class Near:
    """A node in relation to another: its row with their cosine, its rank by similarity if it is among those compared,
    the edges between the two, the number of their common neighbours, and the first of these."""

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
    """The neighbourhood of a node.

    `nearest` have the most similar vectors; `suggested` have no edge to the node but may get one. `neighbours`
    have an edge to it, the most similar and heaviest first; there are `degree` in all. `drawn` are the nodes of a
    drawing, without the node itself, and `edges` are those between them and the node, by keys. `remark` says why there
    is no vector or no edge.
    """

    nearest: tuple[Near, ...] = ()
    suggested: tuple[Near, ...] = ()
    neighbours: tuple[Near, ...] = ()
    degree: int = 0
    drawn: tuple[Near, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    titles: Mapping[str, Hit] = field(default_factory=dict)  # of common neighbours that are not drawn
    remark: str | None = None


def around(
    db: Connection,
    opened: OpenCollection,
    id: str,
    *,
    k: int = _OF_EACH,
    drawn: int = MOST_DRAWN,
    suggested: Sequence[str] | None = None,
) -> Around:
    """The k most similar nodes, the suggestions and the neighbours of a node, at most `drawn` nodes in all.

    Without `suggested` keys the suggestions are the k most similar nodes without an edge to the node, and none with a
    similarity below MIN_SIMILARITY.

    Raises InputError for a collection that does not contain nodes.
    """
    if opened.of != "node" or opened.dataset.edges is None:
        raise InputError(f"{opened.name} contains {opened.of}s, not nodes: choose a collection of nodes")
    with snapshot(db):
        result = _Surroundings(db, opened, id)
        nearest = list(result.ranks)[:k]
        if suggested is None:
            suggested = result.similar_apart(k)
        apart = list(dict.fromkeys([*suggested, *(key for key in nearest if key not in result.ties)]))
        last = len(result.ranks) + 1
        # Python's sort keeps the order of ties by weight
        neighbours = sorted(result.ties, key=lambda key: result.ranks.get(key, last))[: max(0, drawn - 1 - len(apart))]
        shown = [*neighbours, *apart]
        edges = result.edges_of(shown)
        near = result.described([*shown, *nearest], edges)
        here = {id, *(key for key in shown if key in near)}
        return Around(
            tuple(near[key] for key in nearest),
            tuple(near[key] for key in suggested if key in near),
            tuple(near[key] for key in neighbours if key in near),
            len(result.ties),
            tuple(near[key] for key in shown if key in near),
            tuple(sorted((a, b) for a, b in edges if a in here and b in here)),
            result.rows_of({key for each in near.values() for key in each.common} - near.keys()),
            result.remark,
        )


def relations(db: Connection, opened: OpenCollection, id: str, keys: Sequence[str]) -> dict[str, Near]:
    """These nodes in relation to a node, by key: their edges with it and their common neighbours."""
    with snapshot(db):
        result = _Surroundings(db, opened, id)
        return result.described(keys, result.edges_of(keys))


class _Surroundings:
    """The edges, similar nodes and rows around a node, read with few queries."""

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
        """Find the nearest nodes, enough of them without an edge to the node."""
        most = min(MAX_K, self.opened.collection.count)
        wanted = min(_LOOKED, most)
        while wanted:
            result = similar(self.db, self.opened, [self.id], k=wanted).hits
            self.hits = {str(hit.id): hit for hit in result}
            if wanted == most or len(self.hits.keys() - self.ties.keys()) >= _OF_EACH:
                break
            wanted = min(4 * wanted, most)
        self.ranks = {key: rank for rank, key in enumerate(self.hits, 1)}

    def similar_apart(self, k: int) -> list[str]:
        """The k most similar nodes without an edge to the node."""
        apart = [key for key in self.ranks if key not in self.ties and self.hits[key].score >= MIN_SIMILARITY]
        return apart[:k]

    def edges_of(self, keys: Sequence[str]) -> set[tuple[str, str]]:
        """The edges between some nodes, and between them and the node and its neighbours."""
        edges = self.opened.dataset.edges
        if edges is None or not self.ties:
            return set()
        return node_edges.joined_between(self.db, edges, keys, {self.id, *keys, *self.ties})

    def described(self, keys: Sequence[str], edges: set[tuple[str, str]]) -> dict[str, Near]:
        """These nodes by key, without those whose row was deleted."""
        keys = list(dict.fromkeys(keys))
        common = self._common(keys, edges)
        hits = self._hits(keys)
        return {
            key: Near(hits[key], self.ranks.get(key), self.ties.get(key), len(common[key]), tuple(common[key][:_NAMED]))
            for key in keys
            if key in hits
        }

    def _common(self, keys: Sequence[str], edges: set[tuple[str, str]]) -> dict[str, list[str]]:
        """The common neighbours of the node and each of the others, the node's heaviest first."""
        adjacent: dict[str, set[str]] = defaultdict(set)
        for a, b in edges:
            adjacent[a].add(b)
            adjacent[b].add(a)
        place = {key: number for number, key in enumerate(self.ties)}
        return {key: sorted(adjacent[key] & place.keys() - {key}, key=place.__getitem__) for key in keys}

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
        """The rows of some nodes as hits, without deleted ones."""
        dataset = self.opened.dataset
        typed = self.opened.collection.typed
        rows = datasets.rows_by_key(self.db, dataset, sorted(keys))
        return {key: Hit(typed(key), 0.0, row=row) for key, row in rows.items()}


def arranged(
    id: str, found: Around, boxes: Mapping[str, tuple[float, float, float, float]], size: tuple[float, float]
) -> dict[str, tuple[float, float]]:
    """The places of the node and of the drawn ones in a drawing of this size, as distant as the paths between them.

    `boxes` are the extents of each node with its label to the left, up, right and down, in pixels.
    """
    keys = [id, *(near.key for near in found.drawn)]
    place = {key: row for row, key in enumerate(keys)}
    is_edge = np.zeros((len(keys), len(keys)), np.bool_)
    for a, b in found.edges:
        is_edge[place[a], place[b]] = is_edge[place[b], place[a]] = True
    places = layout.fit_without_overlap(
        layout.stress_layout(is_edge), np.array([boxes[key] for key in keys], np.float64), size
    )
    return {key: (round(x, 1), round(y, 1)) for key, (x, y) in zip(keys, places.tolist(), strict=True)}
