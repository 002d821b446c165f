"""How well vectors tell which nodes are joined: a share of the edges is hidden, vectors are learned from the rest.

Vectors answer through the odds of a link (maths.links.link_scorer), which are learned from the rest as they are.
Hidden edges never take a component apart: those of a random spanning forest stay. As many pairs that are not joined are
drawn, and AUC says how often a hidden edge scores above one of them. Precision@k is that of the best k of all pairs
which the rest does not join: how many are hidden edges. Common neighbours and Adamic-Adar (2003) are asked the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from semsearch import registry
from semsearch.arrays import FloatArray, IntArray
from semsearch.builders.base import make_options
from semsearch.building import corpora
from semsearch.errors import InputError
from semsearch.maths.graphs import adjacency
from semsearch.maths.links import (
    Scorer,
    adamic_adar,
    best_pairs,
    common_neighbours,
    link_scorer,
    spanning_forest,
    unjoined_pairs,
)
from semsearch.maths.metrics import auc
from semsearch.records import Device, Graph, Report, silent
from semsearch.storage import collections, datasets
from semsearch.storage.driver import Connection

HIDDEN = 0.2


@dataclass(frozen=True)
class LinkScores:
    """AUC and precision@k of one way to score pairs, both 0..1."""

    by: str
    auc: float
    precision: float
    k: int
    hidden: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self)


@dataclass(frozen=True)
class Split:
    """A graph without its hidden edges, those (2, h), and as many pairs that are not joined (2, h)."""

    seen: Graph
    A: sp.csr_matrix
    hidden: IntArray
    unjoined: IntArray


def hide_edges(graph: Graph, share: float, rng: np.random.Generator) -> Split:
    """Hide a share of the edges, or as many as can be without taking a component apart.

    Raises InputError for a share outside 0..1 and where no edge can be hidden.
    """
    if not 0 < share < 1:
        raise InputError(f"the share to hide is {share:g}: choose above 0, below 1")
    n = len(graph)
    A = adjacency(graph.source, graph.target, graph.weight, n, directed=False)
    upper = sp.triu(A, 1).tocoo()
    edges = np.stack([upper.row, upper.col]).astype(np.int64)
    order = rng.permutation(edges.shape[1])
    free = order[~spanning_forest(edges[:, order], n)]
    hidden = free[: round(share * edges.shape[1])]
    if not len(hidden):
        raise InputError("No edge can be hidden: each one holds its component together")
    kept = np.setdiff1d(np.arange(edges.shape[1]), hidden)
    seen = Graph(graph.keys, edges[0, kept], edges[1, kept], upper.data[kept].astype(np.float64))
    rest = adjacency(seen.source, seen.target, seen.weight, n, directed=False)
    unjoined = unjoined_pairs(A, len(hidden), rng)
    if not unjoined.shape[1]:
        raise InputError("Every two nodes are joined: there is nothing to tell edges from")
    return Split(seen, rest, edges[:, hidden], unjoined)


def judge_links(split: Split, vectors: FloatArray, *, rng: np.random.Generator, k: int = 100) -> list[LinkScores]:
    """The scores of the vectors (n, dim), learned from `split.seen`, and of the two heuristics."""
    ways: dict[str, Scorer] = {
        "vectors": link_scorer(vectors, split.A, rng=rng),
        "common neighbours": common_neighbours(split.A),
        "Adamic-Adar": adamic_adar(split.A),
    }
    hidden = set(map(tuple, np.sort(split.hidden, axis=0).T.tolist()))
    found = []
    for by, scorer in ways.items():
        top = best_pairs(scorer, split.A, k)[0]
        right = sum(pair in hidden for pair in map(tuple, top.T.tolist()))
        area = auc(scorer.pairs(split.hidden), scorer.pairs(split.unjoined))
        found.append(LinkScores(by, area, right / max(1, top.shape[1]), k, split.hidden.shape[1]))
    return found


def evaluate_links(
    db: Connection, name: str, *, share: float = HIDDEN, k: int = 100, seed: int = 0, report: Report = silent
) -> list[LinkScores]:
    """The scores of a collection's builder and options, fitted anew to the graph without the hidden edges.

    Raises InputError for a collection that is not of nodes, and what `hide_edges` raises.
    """
    opened = collections.open_collection(db, name)
    if opened.of != "node":
        raise InputError(f"{name} holds {opened.of}s, not nodes: `semsearch build netmf` makes vectors of nodes")
    run = collections.get_run(db, opened.collection.run)
    builder = registry.load().builder(run.builder)
    dataset = opened.dataset
    options = make_options(builder, run.options)
    graph = corpora.graph(db, dataset, options, list(datasets.read_items(db, dataset)))
    rng = np.random.default_rng(seed)
    split = hide_edges(graph, share, rng)
    fitted = builder.fit(split.seen, options, rng=rng, device=Device(), report=report)
    return judge_links(split, fitted.embeddings[0].vectors, rng=rng, k=k)
