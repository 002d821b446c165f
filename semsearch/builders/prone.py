"""Node vectors in seconds for large graphs: the edges alone are factored, and the result is spread along the graph.

    factor       F_ij = ln p_ij - ln c_j for every edge, p the chance of that step, c the context's; F ≈ U S Vᵀ
    propagate    vectors pass through a band of the graph's own spectrum, as ten Chebyshev terms

Zhang, Dong, Wang, Tang & Ding, "ProNE: Fast and Scalable Network Representation Learning" (IJCAI 2019). The first stage
knows neighbours only; the second brings in the wider surroundings that walks would find, without walking, since every
term is a product of the graph and the vectors. A directed graph is read as if each edge led both ways.

Three things are not as in the paper, since they measured better (benchmarks/README.md): U and V are added up, they are
stretched by S^¾, and the band is at 0 with a sharpness of 2 (theirs: U alone, S^½, `--mu 0.2 --theta 0.5`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.base import option, timed
from semsearch.builders.deepwalk import default_dim
from semsearch.builders.operators import matrix_on
from semsearch.hookspecs import hookimpl
from semsearch.maths.graphs import adjacency
from semsearch.maths.prone import factor_graph, propagate
from semsearch.records import Device, Embeddings, Fitted, Graph, Report


@dataclass(frozen=True)
class ProneOptions:
    """What `build prone` can be told."""

    dim: int | None = option(None, "dimensions; by default 128, in small graphs fewer")
    order: int = option(10, "Chebyshev terms of the propagation; 0 leaves it out")
    mu: float = option(0.0, "where in the graph's spectrum the band lies; lower is smoother")
    theta: float = option(2.0, "how sharp the band is")

    def __post_init__(self) -> None:
        if self.dim is not None and self.dim < 1:
            raise ValueError(f"dim is {self.dim}: at least 1 is needed")
        if self.order < 0 or self.order == 1 or self.order > 100:
            raise ValueError(f"order is {self.order}: choose 2 to 100, or 0 to leave the propagation out")
        if not -10 <= self.mu <= 10:
            raise ValueError(f"mu is {self.mu:g}: choose -10 to 10")
        if not 0 < self.theta <= 100:
            raise ValueError(f"theta is {self.theta:g}: choose above 0, up to 100")


class Prone:
    """The builder `prone`: vectors of the nodes of large graphs, by a sparse factoring and a spectral filter."""

    name = "prone"
    reads: Literal["graph"] = "graph"
    Options = ProneOptions
    faster_with = ("torch",)

    def fit(
        self, corpus: Graph, options: ProneOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Nodes (n, k), of unit length; k the options' dim or what the rank allows; zero rows where no edge is."""
        n = len(corpus)
        metrics: dict[str, float] = {"nodes": float(n), "edges": float(len(corpus.weight))}
        A = adjacency(corpus.source, corpus.target, corpus.weight, n, directed=False)
        report(0, 2)
        with timed(metrics, "factoring"):
            vectors, svd = factor_graph(A, options.dim or default_dim(n), rng=rng, operator=matrix_on(device))
        report(1, 2)
        if options.order:
            with timed(metrics, "propagating"):
                vectors = propagate(A, vectors, order=options.order, mu=options.mu, theta=options.theta)
        metrics |= {"dim": float(vectors.shape[1]), "residual": svd.residual, "krylov_steps": float(svd.steps)}
        return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Prone())
