"""DeepWalk and node2vec: node vectors from random walks, which are treated as sentences whose words are nodes.

    walks       `num_walks` from every node, `walk_length` nodes each
    counts      n_ij, the co-occurrence count of nodes i and j within a context window on the walks
    vectors     by factorising the PPMI of the counts, as in `pmi`, or by word2vec's skip-gram (`--algorithm skipgram`)

Perozzi, Al-Rfou & Skiena, "DeepWalk" (KDD 2014), train skip-gram on the walks, which needs torch. Skip-gram factorises
the PMI matrix of the counts (Levy & Goldberg 2014; Qiu et al. 2018), so the default factorises that matrix directly.
A walk never leaves its connected component, so nodes of different components never co-occur.

On a large graph each node meets thousands of others, most of them once, and all pairs take gigabytes. So each node
keeps its `pairs_per_node` pairs of highest association; a pair stays if either node keeps it (maths/strongest.py).

`node2vec` (Grover & Leskovec, KDD 2016) biases the walks. After a step t → v, the weight of the edge from v to x is
multiplied by 1/p if x = t, by 1 if x is adjacent to t, and by 1/q otherwise. A high return parameter p avoids going
back. With a low in-out parameter q the walks move outward, and the vectors show communities. With a high q the walks
stay local, and the vectors show structural roles. With p = q = 1 the walks are those of DeepWalk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.builders.base import MemoryNeed, timed
from semsearch.builders.cooccurrence_factors import FactorOptions, Sentences, check_cooccurring, factor_counts
from semsearch.builders.gradient_words import StartOptions, prepare, train_factors
from semsearch.builders.options import BuilderOptions, option
from semsearch.hookspecs import hookimpl
from semsearch.maths.cooccurrence import Ids, occurrences, with_boundaries
from semsearch.maths.graphs import adjacency
from semsearch.maths.sparse import sp
from semsearch.maths.spectral_factors import SIDES, side_by_side
from semsearch.maths.strongest import Doubles, cooccurrence_totals, in_either_row, strongest_cooccurrences
from semsearch.maths.walks import random_walks, start_nodes
from semsearch.maths.weighting import MEASURES, association_order
from semsearch.records import Device, Embeddings, Fitted, Graph, Report

NO_STEPS = "No walk leads from one node to another: all edges have weight 0"
BATCH_NODES = 1024  # nodes per step of skip-gram
WIDE_WINDOW, EDGES = 10, 1  # nodes on either side
NARROW_WINDOW = 2  # instead of the wide one in graphs of high degree
MAX_WIDE_DEGREE = 64  # mean degree above which the narrow window is the default
ADVICE = "use a lower --num-walks, --walk-length or --pairs-per-node, or `build prone`"
SKIPGRAM_ADVICE = "use a lower --window, --num-walks or --walk-length, --algorithm factor, or `build prone`"
SKIPGRAM_PAIR_BYTES = 24  # of a pair, its weighted copy and its place in a batch
MARGIN = 1.25  # of the estimated memory, for what is held briefly and for fragments
BASES = 12  # arrays of the size of the vectors, while they are computed
TOTAL_PAIRS, LEAST_PAIRS = (
    50_000_000,
    256,
)  # pairs that all nodes keep together by default; that each node keeps at least


@dataclass(frozen=True)
class DeepWalkOptions(BuilderOptions):
    """Options of `build deepwalk`."""

    dim: int | None = option(None, "dimensions", least=1, default_text="128, fewer for small graphs")
    num_walks: int = option(10, "random walks per node", least=1, was=("walks",))
    walk_length: int = option(80, "length of a walk", least=2, unit="nodes", was=("length",))
    window: int | None = option(
        None,
        "context window, in nodes on either side",
        least=1,
        default_text=f"half of the dimensions from {EDGES}, half from {WIDE_WINDOW},"
        f" or from {NARROW_WINDOW} if the mean degree is above {MAX_WIDE_DEGREE}",
    )
    distance_weighting: Literal["flat", "harmonic"] = option(
        "flat",
        "weight of a pair at distance d: 1 (flat) or 1/d (harmonic)",
        choices=("flat", "harmonic"),
        was=("weights",),
    )
    measure: str = option("ppmi", "association measure, by which co-occurrence counts are weighted", choices=MEASURES)
    smoothing: float = option(0.75, "exponent of context-distribution smoothing; 1 turns it off", above=0, most=1)
    shift: float = option(
        5.0, "with --measure shifted: k, whose logarithm is subtracted from PMI (word2vec's negative samples)", least=1
    )
    pairs_per_node: int | None = option(
        None,
        "pairs kept per node, those of highest association",
        least=1,
        default_text=f"{TOTAL_PAIRS // 1_000_000} million over the number of nodes, at least {LEAST_PAIRS}",
    )
    side: str = option(
        "left", "vectors: left (nodes), right (contexts), their sum, or both concatenated", choices=SIDES
    )
    power: float = option(
        0.5, "exponent of the eigenvalues in the vectors; 0.5 approximates the matrix", least=0, most=2
    )
    algorithm: Literal["factor", "skipgram"] = option(
        "factor",
        "factorise the PMI matrix (factor), or train word2vec's skip-gram (needs torch)",
        choices=("factor", "skipgram"),
        was=("learn",),
    )
    epochs: int = option(5, "with skipgram: epochs", least=1)
    lr: float = option(0.05, "with skipgram: learning rate (Adagrad)", above=0, most=10, was=("rate",))
    negative: float = option(5.0, "with skipgram: negative samples per positive pair", least=1, was=("negatives",))


@dataclass(frozen=True)
class Node2vecOptions(DeepWalkOptions):
    """Options of `build node2vec`."""

    p: float = option(
        1.0, "return parameter p; a higher value returns to the previous node less often", least=1e-3, most=1e3
    )
    q: float = option(
        0.5, "in-out parameter q; below 1 walks move outward, above 1 they stay local", least=1e-3, most=1e3
    )


def default_dim(n_nodes: int) -> int:
    """128, as in the papers, from 2,560 nodes on; below, one per twenty nodes, at least 32, at most half of them."""
    return max(1, min(128, max(32, n_nodes // 20), n_nodes // 2))


def default_window(graph: Graph) -> int:
    """10, as in the papers; 2 if the mean degree is above 64, where ten steps lead far away."""
    return WIDE_WINDOW if 2 * len(graph.source) <= MAX_WIDE_DEGREE * len(graph) else NARROW_WINDOW


def windows(dim: int, window: int | None, wide: int) -> list[tuple[int, int]]:
    """(window, dimensions) of each part of the vectors: the window alone if it is given, else edges and a wide one.

    Edges tell roles, many steps tell communities. Which of them labels follow differs from graph to graph: on Wikipedia
    (POS) a window of 1 has 9 points of micro-F1 more than one of 10, on Cora 14 points fewer. Both together are near
    the better one (benchmarks/graphs.py).
    """
    if window is not None or dim < 2:
        return [(window or wide, dim)]
    return [(EDGES, dim // 2), (wide, dim - dim // 2)]


class DeepWalk:
    """DeepWalk: node vectors from random walks."""

    name = "deepwalk"
    reads: Literal["graph"] = "graph"
    Options: type = DeepWalkOptions
    faster_with = ("torch",)

    def needs_with(self, options: DeepWalkOptions) -> tuple[str, ...]:
        """torch, for skip-gram."""
        return ("torch",) if options.algorithm == "skipgram" else ()

    def fit(
        self, corpus: Graph, options: DeepWalkOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Node vectors (n, k), k options.dim, the rank, or twice that; zero rows for nodes that no walk visits."""
        metrics: dict[str, float] = {"nodes": float(len(corpus)), "edges": float(len(corpus.weight))}
        metrics["window"] = float(options.window or default_window(corpus))
        if options.algorithm == "skipgram":
            vectors = _skip_gram(corpus, options, rng=rng, device=device, report=report, metrics=metrics)
            return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)
        counted = _counted(corpus, options, rng, metrics)
        parts = []
        for factoring, counts, totals in counted:
            part = factor_counts(
                counts, factoring, rng=rng, device=device, report=report, metrics=metrics, totals=totals
            )
            parts.append(part)
        sides = side_by_side(parts)
        metrics |= sides.facts()
        vectors = sides.joined(options.side)
        # Nodes without a count in the widest window have only rounding errors there.
        vectors[totals == 0] = 0
        return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)

    def memory_need(self, corpus: Graph, options: DeepWalkOptions) -> MemoryNeed:
        """The memory for walks, pairs and factors, from the numbers of nodes and walks."""
        n, dim = len(corpus), options.dim or default_dim(len(corpus))
        steps = n * options.num_walks * options.walk_length
        window = options.window or default_window(corpus)
        pairs = min(n * n, 2 * window * steps)
        if options.algorithm == "skipgram":
            return MemoryNeed(12 * steps + SKIPGRAM_PAIR_BYTES * pairs, SKIPGRAM_ADVICE)
        kept = min(pairs, n * _pairs_per_node(corpus, options))
        # Walks, walks with boundaries and their order; then the order and the counts of rows; then these, turned, and
        # both together; then the weighted counts and the bases of the factorisation.
        stages = (12 * steps, 8 * steps + 8 * kept, 32 * kept, 16 * kept + 4 * n * BASES * dim)
        return MemoryNeed(int(MARGIN * max(stages)), ADVICE)


class Node2vec(DeepWalk):
    """node2vec: node vectors from biased random walks."""

    name = "node2vec"
    Options: type = Node2vecOptions


def _planned(corpus: Graph, options: DeepWalkOptions) -> list[tuple[int, int]]:
    return windows(options.dim or default_dim(len(corpus)), options.window, default_window(corpus))


def _factor_options(options: DeepWalkOptions, window: int, dim: int) -> FactorOptions:
    return FactorOptions(
        dim=dim,
        window=window,
        distance_weighting=options.distance_weighting,
        measure=options.measure,
        smoothing=options.smoothing,
        shift=options.shift,
        symmetric=True,
        power=options.power,
    )


def _pairs_per_node(corpus: Graph, options: DeepWalkOptions) -> int:
    return options.pairs_per_node or max(LEAST_PAIRS, TOTAL_PAIRS // max(1, len(corpus)))


def _counted(
    corpus: Graph, options: DeepWalkOptions, rng: np.random.Generator, metrics: dict[str, float]
) -> list[tuple[FactorOptions, sp.csr_matrix, Doubles]]:
    """For each window how to factorise it, the counts that nodes keep, and the sums of all counts.

    All windows are counted before any is factorised, so that the walks need no memory then. Raises BuildError if no
    two nodes co-occur.
    """
    with timed(metrics, "walking"):
        stream, starts = _walks(corpus, options, rng)
        metrics["walked"] = float(len(stream))
        separated = with_boundaries(stream, starts)
        del stream
        where = occurrences(separated, len(corpus))
    counted = []
    keep = _pairs_per_node(corpus, options)
    metrics["pairs_per_node"] = float(keep)
    with timed(metrics, "counting"):
        for window, dim in _planned(corpus, options):
            how = _factor_options(options, window, dim)
            totals = cooccurrence_totals(where, window=window, weights=options.distance_weighting)
            order = association_order(totals, options.measure, smoothing=options.smoothing, shift=options.shift)
            counts, pairs = strongest_cooccurrences(
                where, *order, window=window, keep=keep, weights=options.distance_weighting
            )
            metrics["counted_pairs"] = float(pairs)
            counted.append((how, counts, totals))
        del where, separated
        counted = [(how, in_either_row(counts), totals) for how, counts, totals in counted]
    check_cooccurring(counted[-1][1], NO_STEPS)
    return counted


def _walks(corpus: Graph, options: DeepWalkOptions, rng: np.random.Generator) -> tuple[Ids, IntArray]:
    """Random walks as one stream of node ids, and the start of each. They follow the direction of directed edges."""
    A = adjacency(corpus.source, corpus.target, corpus.weight, len(corpus), directed=corpus.directed)
    starts = start_nodes(A, options.num_walks, rng)
    p, q = (options.p, options.q) if isinstance(options, Node2vecOptions) else (1.0, 1.0)
    return random_walks(A, starts, options.walk_length, seed=int(rng.integers(1 << 62)), p=p, q=q)


def _skip_gram(
    corpus: Graph,
    options: DeepWalkOptions,
    *,
    rng: np.random.Generator,
    device: Device,
    report: Report,
    metrics: dict[str, float],
) -> FloatArray:
    """Node vectors (n, k) by skip-gram with negative sampling (builders/sgns.py), with walks as sentences."""
    from semsearch.nets.factors import FactorPlan
    from semsearch.nets.pair_products import Pairs
    from semsearch.nets.sgns import Sgns

    start_options = StartOptions(
        dim=options.dim or default_dim(len(corpus)),
        window=options.window or default_window(corpus),
        distance_weighting=options.distance_weighting,
    )
    with timed(metrics, "walking"):
        walks = Sentences(*_walks(corpus, options, rng), len(corpus))
    metrics["walked"] = float(len(walks.stream))
    start = prepare(walks, start_options, rng=rng, report=report, metrics=metrics, if_empty=NO_STEPS)
    plan = FactorPlan(start.dim, options.epochs, options.lr, BATCH_NODES, seed=int(rng.integers(1 << 31)))
    sampling = {"negative": options.negative, "ns_exponent": options.smoothing}
    task = Sgns(Pairs(start.counts, device), plan, start.sides, start.totals, **sampling)
    left, right = train_factors(task, plan.seed, device=device, report=report, metrics=metrics)
    joined = {"left": lambda: left, "right": lambda: right, "sum": lambda: left + right}
    vectors = joined.get(options.side, lambda: np.hstack([left, right]))()
    vectors[start.totals == 0] = 0  # never counted, so never trained
    return vectors


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(DeepWalk())
    register(Node2vec())
