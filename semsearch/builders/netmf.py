"""Node vectors from the matrix that random walks sample, in closed form: nothing is drawn, so nothing is noise.

    M           ln⁺( vol / (b T) · (Σ_{r=1..T} P^r) D⁻¹ ), P = D⁻¹A a step of the walk, T the window
    vectors     the strongest directions of M, stretched by their eigenvalues to a power

Qiu, Dong, Ma, Li, Wang & Tang, "Network Embedding as Matrix Factorization" (WSDM 2018): DeepWalk, LINE and node2vec all
factor a matrix of this kind; theirs is had exactly for small graphs and windows, else from the strongest eigenpairs
of the normalised graph. M holds n² numbers, 1.6 GB at 20,000 nodes, from where on `prone` is the default.
A directed graph is read as if each edge led both ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.base import option, timed
from semsearch.builders.deepwalk import default_dim
from semsearch.builders.operators import matrix_on
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.maths.graphs import adjacency
from semsearch.maths.netmf import netmf_approximated, netmf_exact
from semsearch.maths.spectral_factors import factor_sides
from semsearch.records import Device, Embeddings, Fitted, Graph, Report

EXACT = 5_000  # nodes up to which the matrix is made by multiplying: 10 powers of it take seconds
LARGEST = 60_000  # nodes whose matrix takes 14 GB


@dataclass(frozen=True)
class NetmfOptions:
    """What `build netmf` can be told."""

    dim: int | None = option(None, "dimensions; by default 128, in small graphs fewer")
    window: int = option(10, "steps of the walk that count as near; 1 is the edges alone")
    negative: float = option(1.0, "word2vec's number of negative samples: more keeps only the nearest")
    rank: int = option(256, "eigenpairs for a large graph's matrix")
    exact: bool | None = option(None, "make the matrix exactly; by default up to 5,000 nodes")
    power: float = option(0.8, "power of the spectrum in the vectors; 0.5, as published, gives back the matrix")

    def __post_init__(self) -> None:
        for name, value in {"dim": self.dim, "window": self.window, "rank": self.rank}.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if not self.negative > 0:
            raise ValueError(f"negative is {self.negative:g}: choose above 0")
        if not 0 <= self.power <= 2:
            raise ValueError(f"power is {self.power:g}: choose 0 to 2")


class Netmf:
    """The builder `netmf`: vectors of nodes from the matrix of all walks at once."""

    name = "netmf"
    reads: Literal["graph"] = "graph"
    Options = NetmfOptions
    faster_with = ("torch",)
    most_items = 20_000  # up to which it is the default

    def fit(
        self, corpus: Graph, options: NetmfOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Nodes (n, k), k the options' dim or what the rank allows; zero rows for nodes without an edge."""
        n = len(corpus)
        if n > LARGEST:
            raise BuildError(f"netmf's matrix of {n:,} nodes would take {4e-9 * n * n:,.0f} GB: use `build prone`")
        metrics: dict[str, float] = {"nodes": float(n), "edges": float(len(corpus.weight))}
        A = adjacency(corpus.source, corpus.target, corpus.weight, n, directed=False)
        exact = options.exact if options.exact is not None else n <= EXACT
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
            raise BuildError("No two nodes are nearer than chance: nothing to tell them apart; try a lower --negative")
        report(1, 2)
        with timed(metrics, "factoring"):
            k = options.dim or default_dim(n)
            sides = factor_sides(operator(M), k, power=options.power, symmetric=True, rng=rng)
        vectors = sides.left
        vectors[np.diff(A.indptr) == 0] = 0  # what rounding leaves there is no direction
        metrics |= {"exact": float(exact), "nonzeros": float(np.count_nonzero(M))} | sides.facts()
        return Fitted([Embeddings("node", corpus.keys, vectors)], {}, metrics)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Netmf())
