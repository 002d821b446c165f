"""NetMF: node vectors by factorising the matrix that DeepWalk estimates from random walks, computed in closed form.

    M           ln⁺( vol / (b T) · (Σ_{r=1..T} P^r) D⁻¹ ), where ln⁺ x = ln max(x, 1)
    symbols     A adjacency, D degrees, P = D⁻¹A, vol = Σ A, T the window, b the negative samples
    vectors     M ≈ U Λ Uᵀ; node vectors are U |Λ|^power

Qiu, Dong, Ma, Li, Wang & Tang, "Network Embedding as Matrix Factorization" (WSDM 2018), showed that DeepWalk, LINE and
node2vec factorise matrices of this kind. No walks are sampled, so there is no sampling noise. M is computed exactly for
small graphs, and otherwise from the largest eigenpairs of the normalised graph. It has n² entries, which take 1.6 GB
for 20,000 nodes. Above that size `prone` is the default. A directed graph is read as undirected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import timed
from semsearch.builders.deepwalk import EDGES, WIDE_WINDOW, default_dim, windows
from semsearch.builders.operators import matrix_on
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.maths.graphs import adjacency
from semsearch.maths.netmf import netmf_approximated, netmf_edges, netmf_exact
from semsearch.maths.operator import Operator
from semsearch.maths.sparse import sp
from semsearch.maths.spectral_factors import factor_sides, side_by_side
from semsearch.records import Device, Embeddings, Fitted, Graph, Report

MAX_EXACT_NODES = 5_000  # the exact matrix takes 10 products of matrices of this size: seconds
MAX_NODES = 60_000  # the matrix then takes 14 GB


@dataclass(frozen=True)
class NetmfOptions(BuilderOptions):
    """Options of `build netmf`."""

    dim: int | None = option(None, "dimensions", least=1, default_text="128, fewer for small graphs")
    window: int | None = option(
        None,
        "context window T, in steps of a random walk; 1 uses the edges only",
        least=1,
        default_text=f"half of the dimensions from {EDGES}, half from {WIDE_WINDOW}",
    )
    negative: float = option(
        1.0, "number b of negative samples; a higher value sets more weak entries of the matrix to 0", above=0
    )
    rank: int = option(256, "number of eigenpairs that approximate the matrix, with --no-exact", least=1)
    exact: bool | None = option(
        None, "compute the matrix exactly", default_text=f"on for up to {MAX_EXACT_NODES:,} nodes"
    )
    power: float = option(
        0.8,
        "exponent of the eigenvalues in the vectors; 0.5, as in the paper, approximates the matrix",
        least=0,
        most=2,
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
        planned = windows(options.dim or default_dim(n), options.window, WIDE_WINDOW)
        parts, nonzeros = [], 0
        for done, (window, k) in enumerate(planned):
            report(done, len(planned))
            with timed(metrics, "matrix"):
                M = _matrix(A, window, exact, options, rng, operator)
            found = int(np.count_nonzero(M.data if isinstance(M, sp.csr_matrix) else M))
            if not found:
                continue
            nonzeros += found
            with timed(metrics, "factoring"):
                parts.append(factor_sides(operator(M), k, power=options.power, symmetric=True, rng=rng))
        if not parts:
            raise BuildError("No two nodes co-occur more often than by chance: try a lower --negative")
        sides = side_by_side(parts)
        vectors = sides.left
        vectors[np.diff(A.indptr) == 0] = 0  # nodes without an edge have only rounding errors there
        metrics |= {"exact": float(exact), "nonzeros": float(nonzeros)} | sides.facts()
        return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)


def _matrix(
    A: sp.csr_matrix,
    window: int,
    exact: bool,
    options: NetmfOptions,
    rng: np.random.Generator,
    operator: Callable[[Any], Operator],
) -> FloatArray | sp.csr_matrix:
    """NetMF's matrix (n, n) of one window. That of the edges alone is sparse and always exact."""
    if window == EDGES:
        return netmf_edges(A, negative=options.negative)
    if exact:
        return netmf_exact(A, window, negative=options.negative)
    return netmf_approximated(A, window, rank=options.rank, negative=options.negative, rng=rng, operator=operator)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Netmf())
