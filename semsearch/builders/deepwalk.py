"""Node vectors from random walks: a walk is a sentence of nodes, and who appears near whom in it is counted.

    walks       from every node, `walks` times, `length` nodes long
    counts      how often nodes i and j stand within a window of each other on a walk
    measure     ln of that over what chance would give, its positive part
    vectors     the strongest directions of the matrix, stretched by their eigenvalues to a power

Perozzi, Al-Rfou & Skiena, "DeepWalk" (KDD 2014), read walks with word2vec's skip-gram (`--learn skipgram`, which
needs torch); that factors this very matrix (Levy & Goldberg 2014; Qiu et al. 2018), which is had here by counting.
From the walks on it is what `pmi` does with text, by the same function (builders/company.py); a walk never leaves its
component, so neither do vectors.

`node2vec` (Grover & Leskovec, KDD 2016) draws the walks otherwise: after t → v, a node x next to v has its
weight times 1/p if x is t, 1 if t is joined to x too, else 1/q. A low q walks away and finds communities; a high q
stays, and finds nodes with the same part in them. With p = q = 1 the two are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import option, timed
from semsearch.builders.cooccurrence_factors import CooccurrenceFactors, Sentences, learn_company
from semsearch.builders.gradient_words import StartVectors, learn, prepare
from semsearch.hookspecs import hookimpl
from semsearch.maths.graphs import adjacency
from semsearch.maths.spectral_factors import SIDES
from semsearch.maths.walks import random_walks, start_nodes
from semsearch.maths.weighting import MEASURES
from semsearch.records import Device, Embeddings, Fitted, Graph, Report

NOBODY = "No walk leads from one node to another: the edges have weight 0"
ROWS = 1024  # nodes of a step of skip-gram
WIDE, NARROW = 10, 2  # windows
CROWDED = 64  # neighbours of a node, on average, above which the window is narrow


@dataclass(frozen=True)
class DeepWalkOptions:
    """What `build deepwalk` can be told."""

    dim: int | None = option(None, "dimensions; by default 128, in small graphs fewer")
    walks: int = option(10, "walks from every node")
    length: int = option(80, "nodes of a walk")
    window: int | None = option(None, "nodes looked at on either side of a walk's node; by default 10, or 2")
    weights: Literal["flat", "harmonic"] = option(
        "flat", "a pair at distance d counts 1, or 1/d", choices=("flat", "harmonic")
    )
    measure: str = option("ppmi", "what a count is worth", choices=MEASURES)
    smoothing: float = option(0.75, "power of the contexts' counts; 1 is no smoothing")
    shift: float = option(5.0, "with measure shifted: word2vec's number of negative samples")
    side: str = option("left", "which side's vectors: nodes', contexts', or both", choices=SIDES)
    power: float = option(0.5, "power of the spectrum in the vectors; 0.5 gives back the matrix")
    learn: Literal["factor", "skipgram"] = option(
        "factor",
        "how vectors are learnt from the counts: at once, or by word2vec's gradient",
        choices=("factor", "skipgram"),
    )
    epochs: int = option(5, "with skipgram: times over all pairs")
    rate: float = option(0.05, "with skipgram: how long the strides are (Adagrad's rate)")
    negatives: float = option(5.0, "with skipgram: nodes drawn by chance for each pair that was met")

    def __post_init__(self) -> None:
        least = {"dim": self.dim, "walks": self.walks, "length": self.length, "window": self.window}
        least["epochs"] = self.epochs
        for name, value in least.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if self.length < 2:
            raise ValueError(f"length is {self.length}: a walk of one node says nothing; at least 2 are needed")
        if not 0 < self.smoothing <= 1:
            raise ValueError(f"smoothing is {self.smoothing:g}: choose above 0, up to 1")
        if not 0 <= self.power <= 2:
            raise ValueError(f"power is {self.power:g}: choose 0 to 2")
        if not self.shift >= 1:
            raise ValueError(f"shift is {self.shift:g}: at least 1, which is none")
        if not self.negatives >= 1:
            raise ValueError(f"negatives is {self.negatives:g}: at least 1 is needed")
        if not 0 < self.rate <= 10:
            raise ValueError(f"rate is {self.rate:g}: choose above 0, such as 0.05")


@dataclass(frozen=True)
class Node2vecOptions(DeepWalkOptions):
    """What `build node2vec` can be told."""

    p: float = option(1.0, "how little a walk turns straight back: 4 seldom, 0.25 often")
    q: float = option(0.5, "how little a walk moves away: below 1 it roams, above 1 it stays near")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("p", "q"):
            value = getattr(self, name)
            if not 1e-3 <= value <= 1e3:
                raise ValueError(f"{name} is {value:g}: choose 0.001 to 1000")


def default_dim(n_nodes: int) -> int:
    """128, the number of the papers, from 2,560 nodes on; below, one for every twenty, at least 32, at most half."""
    return max(1, min(128, max(32, n_nodes // 20), n_nodes // 2))


def default_window(graph: Graph) -> int:
    """10, the papers' number; 2 where nodes have more than 64 neighbours on average.

    There ten steps are far: on BlogCatalog (65 edges a node) micro-F1 is 41 with a window of 2 and 35 with 10; on PPI
    (20) both give 24, and on Cora (2) 58 and 72 % are right.
    """
    return WIDE if 2 * len(graph.source) <= CROWDED * len(graph) else NARROW


class DeepWalk:
    """The builder `deepwalk`: vectors of nodes from who appears near whom on random walks."""

    name = "deepwalk"
    reads: Literal["graph"] = "graph"
    Options: type = DeepWalkOptions
    faster_with = ("torch",)

    def needs_with(self, options: DeepWalkOptions) -> tuple[str, ...]:
        """torch, where vectors are learnt by gradient."""
        return ("torch",) if options.learn == "skipgram" else ()

    def fit(
        self, corpus: Graph, options: DeepWalkOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Nodes (n, k), k the options' dim, what the rank allows, or twice that; zero rows where no walk goes."""
        metrics: dict[str, float] = {"nodes": float(len(corpus)), "edges": float(len(corpus.weight))}
        with timed(metrics, "walking"):
            walks = _walks(corpus, options, rng)
        metrics["walked"] = float(len(walks.stream))
        if options.learn == "skipgram":
            vectors = _skip_gram(walks, corpus, options, rng=rng, device=device, report=report, metrics=metrics)
            return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)
        how = CooccurrenceFactors(
            options.dim or default_dim(len(corpus)),
            options.window or default_window(corpus),
            options.weights,
            options.measure,
            options.smoothing,
            options.shift,
            True,
            options.power,
        )
        counts, sides = learn_company(walks, how, rng=rng, device=device, report=report, metrics=metrics, nobody=NOBODY)
        vectors = sides.joined(options.side)
        vectors[np.diff(counts.indptr) == 0] = 0  # what rounding leaves there is no direction
        return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)


class Node2vec(DeepWalk):
    """The builder `node2vec`: as `deepwalk`, with walks that are drawn back or away."""

    name = "node2vec"
    Options: type = Node2vecOptions


def _walks(corpus: Graph, options: DeepWalkOptions, rng: np.random.Generator) -> Sentences:
    """Where the ids come from: walks that follow the edges, by direction where they have one."""
    A = adjacency(corpus.source, corpus.target, corpus.weight, len(corpus), directed=corpus.directed)
    starts = start_nodes(A, options.walks, rng)
    p, q = (options.p, options.q) if isinstance(options, Node2vecOptions) else (1.0, 1.0)
    stream, begins = random_walks(A, starts, options.length, seed=int(rng.integers(1 << 62)), p=p, q=q)
    return Sentences(stream, begins, len(corpus))


def _skip_gram(
    walks: Sentences,
    corpus: Graph,
    options: DeepWalkOptions,
    *,
    rng: np.random.Generator,
    device: Device,
    report: Report,
    metrics: dict[str, float],
) -> FloatArray:
    """What the papers do, by the trainer of word2vec's loss (builders/sgns.py): a walk is a sentence there too."""
    from semsearch.nets import word_factors
    from semsearch.nets.pair_products import Pairs

    near = StartVectors(
        options.dim or default_dim(len(corpus)), options.window or default_window(corpus), options.weights
    )
    start = prepare(walks, near, by_chance=False, rng=rng, report=report, metrics=metrics, nobody=NOBODY)
    how = word_factors.How(start.dim, options.epochs, options.rate, ROWS, int(rng.integers(1 << 31)))
    task = word_factors.Sgns(
        Pairs(start.counts, device),
        how,
        start.sides,
        start.totals,
        negatives=options.negatives,
        smoothing=options.smoothing,
    )
    left, right = learn(task, how.seed, device=device, report=report, metrics=metrics)
    joined = {"left": lambda: left, "right": lambda: right, "sum": lambda: left + right}
    vectors = joined.get(options.side, lambda: np.hstack([left, right]))()
    vectors[start.totals == 0] = 0  # never met, never moved
    return vectors


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(DeepWalk())
    register(Node2vec())
