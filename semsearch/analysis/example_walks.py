"""Some random walks from a node, as the sentences that DeepWalk and node2vec read."""

from __future__ import annotations

import numpy as np

from semsearch import registry
from semsearch.builders.base import make_options
from semsearch.builders.deepwalk import WIDE_WINDOW, DeepWalkOptions, Node2vecOptions, default_window, windows
from semsearch.maths.graphs import adjacency
from semsearch.maths.walks import random_walks
from semsearch.records import Graph, OpenCollection
from semsearch.storage import collections
from semsearch.storage.driver import Connection

WALKED = ("deepwalk", "node2vec", "netmf")  # builders that count on walks; netmf has their expected counts
WALKS, LENGTH = 3, 12  # of the example; a longer walk is cut
SEED = 0


def example_walks(graph: Graph, key: str, *, p: float = 1.0, q: float = 1.0) -> list[list[str]]:
    """WALKS random walks of at most LENGTH nodes that begin at a node, by key. The same seed gives the same walks."""
    A = adjacency(graph.source, graph.target, graph.weight, len(graph), directed=graph.directed)
    starts = np.full(WALKS, graph.keys.index(key), np.int64)
    stream, begins = random_walks(A, starts, LENGTH, seed=SEED, p=p, q=q)
    return [[graph.keys[node] for node in walk.tolist()] for walk in np.split(stream, begins[1:-1])]


def walk_parameters(db: Connection, opened: OpenCollection, graph: Graph) -> tuple[float, float, int, bool]:
    """p, q, the context window of the build, and whether half of its dimensions use the edges alone.

    NetMF has p = q = 1, as DeepWalk.
    """
    collection = opened.collection
    options = make_options(registry.load().builder(collection.builder), collections.get_run(db, collection.run).options)
    p, q = (options.p, options.q) if isinstance(options, Node2vecOptions) else (1.0, 1.0)
    wide = default_window(graph) if isinstance(options, DeepWalkOptions) else WIDE_WINDOW
    is_joined = len(windows(collection.dim, options.window, wide)) > 1
    return p, q, options.window or wide, is_joined
