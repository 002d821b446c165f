"""Predict missing edges, from the similarity and the common neighbours of two nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.building import corpora
from semsearch.errors import InputError, out_of_range
from semsearch.maths.graphs import adjacency
from semsearch.maths.links import MIN_SIMILARITY, SimilarLinks, best_pairs, common_neighbours, link_scorer
from semsearch.maths.sparse import sp
from semsearch.maths.vectors import as_cosine
from semsearch.records import Graph, OpenCollection
from semsearch.storage import chunks, datasets
from semsearch.storage.driver import Connection
from semsearch.storage.results import Link


@dataclass(frozen=True)
class LinkModel:
    """A graph of n nodes, without the direction of its edges in `A` (n, n), the unit vectors of its nodes (n, k), zero
    rows for nodes without a vector, and the scorer of pairs of nodes. `place` is the row of each key."""

    graph: Graph
    A: sp.csr_matrix
    vectors: FloatArray
    scorer: SimilarLinks
    place: Mapping[str, int]


def link_model(db: Connection, opened: OpenCollection, *, seed: int = 0) -> LinkModel:
    """The model of links (maths.links.link_scorer) of a node collection.

    Raises InputError for a collection that does not hold nodes, and if every two nodes have an edge.
    """
    if opened.of != "node":
        raise InputError(
            f"{opened.name} contains {opened.of}s, not nodes: `semsearch build netmf` makes vectors of nodes"
        )
    graph = corpora.graph(db, opened.dataset, None, list(datasets.read_items(db, opened.dataset)))
    A = adjacency(graph.source, graph.target, graph.weight, len(graph), directed=False)
    node = {key: row for row, key in enumerate(graph.keys)}
    keys, matrix = chunks.everything(db, opened.collection)
    present = [row for row, key in enumerate(keys) if key in node]
    vectors = np.zeros((len(graph), matrix.shape[1]), np.float32)
    vectors[[node[keys[row]] for row in present]] = matrix[present]
    scorer = link_scorer(vectors, A, rng=np.random.default_rng(seed))
    return LinkModel(graph, A, vectors, SimilarLinks(scorer, MIN_SIMILARITY), node)


def predict_links(db: Connection, opened: OpenCollection, *, k: int = 1000, seed: int = 0) -> list[Link]:
    """The k most likely missing edges of a node collection, best first. Nothing is written: see storage.results.

    Every pair without an edge is scored by similarity and degrees; pairs with a similarity below MIN_SIMILARITY are
    left out. Raises what `link_model` raises, and InputError for k below 1.
    """
    if k < 1:
        raise out_of_range("-k", k, least=1)
    model = link_model(db, opened, seed=seed)
    vectors, keys = model.vectors, model.graph.keys
    pairs, scores = best_pairs(model.scorer, model.A, k)
    common = common_neighbours(model.A).pairs(pairs).astype(int).tolist()
    cosines = [as_cosine(each) for each in np.einsum("ij,ij->i", vectors[pairs[0]], vectors[pairs[1]]).tolist()]
    ends = [(keys[i], keys[j]) for i, j in pairs.T.tolist()]
    facts = zip(ends, scores.tolist(), cosines, common, strict=True)
    return [Link(*both, score, cosine, count) for both, score, cosine, count in facts]


def suggested_links(model: LinkModel, key: str, k: int) -> list[str]:
    """The k nodes that `predict_links` would connect to a node first, best first; none for a node without edges."""
    row = model.place.get(key)
    if row is None or model.A.indptr[row] == model.A.indptr[row + 1]:
        return []
    scores = np.asarray(model.scorer.rows(row, row + 1)[0], np.float32)
    scores[model.A.indices[model.A.indptr[row] : model.A.indptr[row + 1]]] = -np.inf
    scores[np.diff(model.A.indptr) == 0] = -np.inf
    scores[row] = -np.inf
    order = np.argsort(-scores, kind="stable")[:k]
    return [model.graph.keys[other] for other in order.tolist() if np.isfinite(scores[other])]
