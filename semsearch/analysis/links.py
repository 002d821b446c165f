"""Predict missing edges, from the similarity and the common neighbours of two nodes."""

from __future__ import annotations

import numpy as np

from semsearch.building import corpora
from semsearch.errors import InputError, out_of_range
from semsearch.maths.graphs import adjacency
from semsearch.maths.links import best_pairs, common_neighbours, link_scorer
from semsearch.maths.vectors import as_cosine
from semsearch.records import OpenCollection
from semsearch.storage import chunks, datasets
from semsearch.storage.driver import Connection
from semsearch.storage.results import Link


def predict_links(db: Connection, opened: OpenCollection, *, k: int = 1000, seed: int = 0) -> list[Link]:
    """The k most likely missing edges of a node collection, best first. Nothing is written: see storage.results.

    Every pair without an edge is scored by similarity and common neighbours (maths.links.link_scorer). Raises
    InputError for a collection that does not hold nodes, or for k below 1.
    """
    if opened.of != "node":
        raise InputError(
            f"{opened.name} contains {opened.of}s, not nodes: `semsearch build netmf` makes vectors of nodes"
        )
    if k < 1:
        raise out_of_range("-k", k, least=1)
    graph = corpora.graph(db, opened.dataset, None, list(datasets.read_items(db, opened.dataset)))
    A = adjacency(graph.source, graph.target, graph.weight, len(graph), directed=False)
    node = {key: row for row, key in enumerate(graph.keys)}
    keys, matrix = chunks.everything(db, opened.collection)
    present = [row for row, key in enumerate(keys) if key in node]
    vectors = np.zeros((len(graph), matrix.shape[1]), np.float32)
    vectors[[node[keys[row]] for row in present]] = matrix[present]
    pairs, scores = best_pairs(link_scorer(vectors, A, rng=np.random.default_rng(seed)), A, k)
    common = common_neighbours(A).pairs(pairs).astype(int).tolist()
    cosines = [as_cosine(each) for each in np.einsum("ij,ij->i", vectors[pairs[0]], vectors[pairs[1]]).tolist()]
    ends = [(graph.keys[i], graph.keys[j]) for i, j in pairs.T.tolist()]
    facts = zip(ends, scores.tolist(), cosines, common, strict=True)
    return [Link(*both, score, cosine, count) for both, score, cosine, count in facts]
