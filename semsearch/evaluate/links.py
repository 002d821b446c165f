"""Evaluate link prediction: hide a share of the edges, fit vectors to the others, and predict the hidden ones.

Pairs are scored by a model of links (maths.links.link_scorer) that is fitted to the visible edges too. The edges of a
random spanning forest are never hidden, so components stay connected. As many pairs without an edge are drawn; AUC is
the probability that a hidden edge scores above one of them. Precision@k is the share of hidden edges among the k
best-scored pairs without a visible edge. As in `predict-links` these have a similarity of at least MIN_SIMILARITY; AUC
scores all pairs. Common neighbours and Adamic-Adar (2003) are scored for comparison.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsearch import registry
from semsearch.arrays import FloatArray, IntArray
from semsearch.builders.base import make_options
from semsearch.building import corpora
from semsearch.errors import InputError, out_of_range
from semsearch.maths.graphs import adjacency
from semsearch.maths.links import (
    MIN_SIMILARITY,
    Scorer,
    SimilarLinks,
    adamic_adar,
    best_pairs,
    common_neighbours,
    link_scorer,
    sample_non_edges,
    spanning_forest,
)
from semsearch.maths.metrics import auc
from semsearch.maths.sparse import sp
from semsearch.records import Device, Graph, Report, silent
from semsearch.storage import collections, datasets
from semsearch.storage.driver import Connection

HIDDEN = 0.2  # share of the edges


@dataclass(frozen=True)
class LinkScores:
    """The scores of one link predictor."""

    by: str  # its name
    auc: float  # 0..1
    precision: float  # at k, 0..1
    k: int
    hidden: int  # hidden edges
    left_out: float = 0.0  # share of the hidden edges that predict-links leaves out for their similarity

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self)


@dataclass(frozen=True)
class EdgeSplit:
    """A graph of n nodes whose edges are split into visible and hidden ones."""

    seen: Graph  # the visible edges
    A: sp.csr_matrix  # (n, n) adjacency matrix of the visible edges, symmetric
    hidden: IntArray  # (2, h) nodes of the hidden edges
    unjoined: IntArray  # (2, h) pairs of nodes without an edge


def hide_edges(graph: Graph, share: float, rng: np.random.Generator) -> EdgeSplit:
    """Hide a share of the edges, or as many as possible without disconnecting a component.

    Raises InputError for a share outside 0..1, and if no edge can be hidden.
    """
    if not 0 < share < 1:
        raise out_of_range("--hidden-share", share, above=0, below=1)
    n = len(graph)
    A = adjacency(graph.source, graph.target, graph.weight, n, directed=False)
    upper = sp.triu(A, 1).tocoo()
    edges = np.stack([upper.row, upper.col]).astype(np.int64)
    order = rng.permutation(edges.shape[1])
    free = order[~spanning_forest(edges[:, order], n)]
    hidden = free[: round(share * edges.shape[1])]
    if not len(hidden):
        raise InputError("No edge can be hidden: without it its component would fall apart")
    visible = np.setdiff1d(np.arange(edges.shape[1]), hidden)
    seen = Graph(graph.keys, edges[0, visible], edges[1, visible], upper.data[visible].astype(np.float64))
    rest = adjacency(seen.source, seen.target, seen.weight, n, directed=False)
    unjoined = sample_non_edges(A, len(hidden), rng)
    if not unjoined.shape[1]:
        raise InputError("Every two nodes are joined by an edge: there are no other pairs to compare edges with")
    return EdgeSplit(seen, rest, edges[:, hidden], unjoined)


def score_links(split: EdgeSplit, vectors: FloatArray, *, rng: np.random.Generator, k: int = 100) -> list[LinkScores]:
    """The scores of vectors (n, dim) that were fitted to the visible edges, and of the two heuristics."""
    similar = SimilarLinks(link_scorer(vectors, split.A, rng=rng), MIN_SIMILARITY)
    predictors: dict[str, Scorer] = {
        "vectors": similar,
        "common neighbours": common_neighbours(split.A),
        "Adamic-Adar": adamic_adar(split.A),
    }
    hidden = set(map(tuple, np.sort(split.hidden, axis=0).T.tolist()))
    scores = []
    for by, scorer in predictors.items():
        top = best_pairs(scorer, split.A, k)[0]
        correct = sum(pair in hidden for pair in map(tuple, top.T.tolist()))
        area = auc(scorer.pairs(split.hidden), scorer.pairs(split.unjoined))
        left_out = float(np.mean(~similar.are_listed(split.hidden))) if scorer is similar else 0.0
        scores.append(LinkScores(by, area, correct / max(1, top.shape[1]), k, split.hidden.shape[1], left_out))
    return scores


def evaluate_links(
    db: Connection, name: str, *, share: float = HIDDEN, k: int = 100, seed: int = 0, report: Report = silent
) -> list[LinkScores]:
    """The scores of a collection's builder and options, fitted to the graph without the hidden edges.

    Raises InputError for a collection that does not hold nodes, and what `hide_edges` raises.
    """
    opened = collections.open_collection(db, name)
    if opened.of != "node":
        raise InputError(f"{name} contains {opened.of}s, not nodes: `semsearch build netmf` makes vectors of nodes")
    run = collections.get_run(db, opened.collection.run)
    builder = registry.load().builder(run.builder)
    dataset = opened.dataset
    options = make_options(builder, run.options)
    graph = corpora.graph(db, dataset, options, list(datasets.read_items(db, dataset)))
    rng = np.random.default_rng(seed)
    split = hide_edges(graph, share, rng)
    fitted = builder.fit(split.seen, options, rng=rng, device=Device(), report=report)
    return score_links(split, fitted.embeddings[0].vectors, rng=rng, k=k)
