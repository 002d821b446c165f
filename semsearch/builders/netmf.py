"""NetMF: node vectors by factorising the matrix that random walks sample, in closed form and so without sampling noise.

    M           ln⁺( vol / (b T) · (Σ_{r=1..T} P^r) D⁻¹ ), P = D⁻¹A the transition matrix, T the window, b --negative
    vectors     M ≈ U Λ Uᵀ; node vectors are U |Λ|^power

Qiu, Dong, Ma, Li, Wang & Tang, "Network Embedding as Matrix Factorization" (WSDM 2018): DeepWalk, LINE and node2vec all
factorise a matrix of this kind. M is computed exactly for small graphs, else from the strongest eigenpairs of the
normalised graph. It holds n² numbers, 1.6 GB at 20,000 nodes, from where on `prone` is the default.
A directed graph is read as undirected.
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
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.maths.graphs import adjacency
from semsearch.maths.netmf import netmf_approximated, netmf_exact
from semsearch.maths.spectral_factors import factor_sides
from semsearch.records import Device, Embeddings, Fitted, Graph, Report

MAX_EXACT_NODES = 5_000  # the exact matrix takes 10 products of matrices of this size: seconds
MAX_NODES = 60_000  # the matrix then takes 14 GB


@dataclass(frozen=True)
class NetmfOptions(BuilderOptions):
    """Options of `build netmf`."""

    dim: int | None = option(None, "dimensions", least=1, default_text="128, fewer for small graphs")
    window: int = option(10, "context window, in steps of the walk; 1 takes the edges alone", least=1)
    negative: float = option(1.0, "negative samples (b of the paper); more keep only the nearest nodes", above=0)
    rank: int = option(256, "eigenpairs that approximate the matrix of a large graph", least=1)
    exact: bool | None = option(
        None, "compute the matrix exactly", default_text=f"on for up to {MAX_EXACT_NODES:,} nodes"
    )
    power: float = option(
        0.8, "exponent of the eigenvalues in the vectors; 0.5, as published, reproduces the matrix", least=0, most=2
    )


class Netmf:
    """NetMF: node vectors by factorising the random-walk matrix."""

    name = "netmf"
    reads: Literal["graph"] = "graph"
    Options = NetmfOptions
    faster_with = ("torch",)
    most_items = 20_000  # nodes up to which it is the default

    def fit(
        self, corpus: Graph, options: NetmfOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Node vectors (n, k), k options.dim or the rank; zero rows for nodes without an edge."""
        n = len(corpus)
        if n > MAX_NODES:
            raise BuildError(f"netmf's matrix of {n:,} nodes would take {4e-9 * n * n:,.0f} GB: use `build prone`")
        metrics: dict[str, float] = {"nodes": float(n), "edges": float(len(corpus.weight))}
        A = adjacency(corpus.source, corpus.target, corpus.weight, n, directed=False)
        exact = options.exact if options.exact is not None else n <= MAX_EXACT_NODES
        operator = matrix_on(device)
        report(0, 2)
        with timed(metrics, "matrix"):
            if exact:
                M = netmf_exact(A, options.window, negative=options.negative)
            else:
                M = netmf_approximated(
                    A, options.window, rank=options.rank, negative=options.negative, rng=rng, operator=operator
                )
        if not M.any():
            raise BuildError("No two nodes co-occur more often than by chance: try a lower --negative")
        report(1, 2)
        with timed(metrics, "factoring"):
            k = options.dim or default_dim(n)
            sides = factor_sides(operator(M), k, power=options.power, symmetric=True, rng=rng)
        vectors = sides.left
        vectors[np.diff(A.indptr) == 0] = 0  # nodes without an edge have only rounding errors there
        metrics |= {"exact": float(exact), "nonzeros": float(np.count_nonzero(M))} | sides.facts()
        return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Netmf())
