"""ProNE: node vectors of large graphs in seconds, by sparse factorisation and spectral propagation.

    factorise    F_ij = ln p_ij - ln c_j for every edge, where p_ij is its transition probability and c_j that of
                 context j; F ≈ U S Vᵀ
    propagate    a band-pass filter of the graph's spectrum, as a Chebyshev expansion of ten terms

Zhang, Dong, Wang, Tang & Ding, "ProNE: Fast and Scalable Network Representation Learning" (IJCAI 2019). The first stage
uses direct edges only. The second adds information from the wider neighbourhood. Each term of the expansion is one
product of a sparse matrix and the vectors, so no random walks are needed. A directed graph is read as undirected.

Three choices differ from the paper, because they gave a higher accuracy (benchmarks/log.md). The vectors are U + V
instead of U. They are scaled by S^¾ instead of S^½. The band has centre 0 and sharpness 2 instead of `--mu 0.2
--theta 0.5`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.base import timed
from semsearch.builders.deepwalk import default_dim
from semsearch.builders.operators import matrix_on
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.graphs import adjacency
from semsearch.maths.prone import factor_graph, propagate
from semsearch.records import Device, Embeddings, Fitted, Graph, Report


@dataclass(frozen=True)
class ProneOptions(BuilderOptions):
    """Options of `build prone`."""

    dim: int | None = option(None, "dimensions", least=1, default_text="128, fewer for small graphs")
    order: int = option(10, "order of the Chebyshev expansion, not 1; 0 turns propagation off", least=0, most=100)
    mu: float = option(0.0, "centre of the spectral band; lower is smoother", least=-10, most=10)
    theta: float = option(2.0, "sharpness of the spectral band", above=0, most=100)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.order == 1:
            raise InputError("--order must be 0, for no propagation, or between 2 and 100, not 1")


class Prone:
    """ProNE: node vectors of large graphs, by spectral filtering."""

    name = "prone"
    reads: Literal["graph"] = "graph"
    Options = ProneOptions
    faster_with = ("torch",)

    def fit(
        self, corpus: Graph, options: ProneOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Node vectors (n, k) of unit length, k options.dim or the rank; zero rows for nodes without an edge."""
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
