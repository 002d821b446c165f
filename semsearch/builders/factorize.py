"""Vectors of items by factorising any pairwise similarity.

    pairs       (item, item, similarity), from SQL, a table or a CSV file
    measure     the similarities unchanged, or weighted like co-occurrence counts, by PPMI for example
    vectors     M ≈ U Λ Uᵀ, where M is the matrix of similarities; vectors are U |Λ|^power

With power 0.5 the scalar products of left and right vectors are the best approximation of the similarities in that
many dimensions (Eckart & Young 1936). Items that are similar to the same items get similar vectors, even if they are
not a pair themselves.

A pair counts in both directions unless --directed is given. If both directions are given, their mean is used. The
similarities of a repeated pair are summed. Undirected similarities are factorised by an eigendecomposition, and
`negative_mass` reports the share of negative eigenvalues. Scalar products of one set of vectors cannot represent them.
With --directed an SVD gives each item a left and a right vector.

    people who share meetings      select a.person, b.person, count(*) from attended a join attended b
                                   on a.meeting = b.meeting and a.person < b.person group by 1, 2
    products in the same baskets   the same query over lines of orders, with --measure ppmi
    words with similar spelling    select a.word, b.word, 1.0 / (1 + edits(a.word, b.word)) from words a, words b

If the items are keys of the dataset's rows, the collection contains these rows. Otherwise it contains the items as
words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.base import timed
from semsearch.builders.operators import matrix_on
from semsearch.builders.options import BuilderOptions, option
from semsearch.errors import BuildError, InputError
from semsearch.hookspecs import hookimpl
from semsearch.maths.sparse import sp
from semsearch.maths.spectral_factors import SIDES, factor_sides
from semsearch.maths.weighting import MEASURES, associations
from semsearch.records import Device, Embeddings, Fitted, Report, Similarities


@dataclass(frozen=True)
class FactorizeOptions(BuilderOptions):
    """Options of `build factorize`."""

    sql: str | None = option(None, "SQL query whose columns are item, item, similarity")
    table: str | None = option(None, "table or view whose first three columns are item, item, similarity")
    csv: str | None = option(None, "CSV file of item, item, similarity, with or without a header")
    dim: int | None = option(
        None, "dimensions", least=1, default_text="chosen from the data: a fifth of the items, at most 300"
    )
    measure: str = option("count", "association measure; count uses the similarities unchanged", choices=MEASURES)
    smoothing: float = option(
        1.0, "exponent of context-distribution smoothing, 0.75 in pmi; 1 turns it off", above=0, most=1
    )
    shift: float = option(5.0, "with --measure shifted: k, whose logarithm is subtracted from PMI", least=1)
    power: float = option(
        0.5, "exponent of the eigenvalues in the vectors; 0.5 approximates the similarities", least=0, most=2
    )
    side: str = option(
        "left", "vectors: left (first items), right (second items), their sum, or both concatenated", choices=SIDES
    )
    directed: bool = option(False, "a pair counts from its first item to its second only")

    def __post_init__(self) -> None:
        super().__post_init__()
        given = [f"--{name}" for name in ("sql", "table", "csv") if getattr(self, name) is not None]
        if len(given) > 1:
            raise InputError(f"{' and '.join(given)} are given: choose one source of similarities")


def default_dim(n_items: int) -> int:
    """A fifth of the items, at least 2 and at most 300: few items support few directions."""
    return max(1, min(300, max(2, n_items // 5), n_items - 1))


class Factorize:
    """Vectors of items by factorising any pairwise similarity."""

    name = "factorize"
    reads: Literal["similarities"] = "similarities"
    Options = FactorizeOptions
    faster_with = ("torch",)

    def fit(
        self,
        corpus: Similarities,
        options: FactorizeOptions,
        *,
        rng: np.random.Generator,
        device: Device,
        report: Report,
    ) -> Fitted:
        """Items (n, k), k options.dim or the rank; zero rows for items that are similar to none."""
        if len(corpus) < 2:
            raise BuildError(f"The similarities are of {len(corpus)} item: give pairs of different items")
        metrics: dict[str, float] = {"items": float(len(corpus)), "pairs": float(len(corpus.values))}
        n = len(corpus)
        A = sp.csr_matrix((corpus.values, (corpus.first, corpus.second)), shape=(n, n))
        A.sum_duplicates()
        if not options.directed:
            A = _symmetrised(A)
        with timed(metrics, "weighting"):
            M = associations(
                A,
                options.measure,
                smoothing=options.smoothing,
                shift=options.shift,
                symmetric=not options.directed,
            )
        if not M.nnz or not np.any(M.data):
            raise BuildError(
                f"All similarities are 0 after weighting by --measure {options.measure}: nothing is left to factorise"
            )
        with timed(metrics, "factoring"):
            sides = factor_sides(
                matrix_on(device)(M),
                options.dim or default_dim(n),
                power=options.power,
                symmetric=not options.directed,
                rng=rng,
                progress=lambda done, total: report(done, total),
            )
        metrics |= {"nonzeros": float(M.nnz)} | sides.facts()
        vectors = sides.joined(options.side)
        if corpus.known:
            return Fitted([Embeddings("document", corpus.keys, vectors)], {}, metrics)
        counts = np.bincount(np.concatenate([corpus.first, corpus.second]), minlength=n)
        return Fitted([Embeddings("word", corpus.keys, vectors, {"count": counts.tolist()})], {}, metrics)


def _symmetrised(A: sp.csr_matrix) -> sp.csr_matrix:
    """The mean of both directions of a similarity if both are given, else the one that is given."""
    given = A.copy()
    given.data = np.ones_like(given.data)
    directions = (given + given.T).tocsr()
    total = (A + A.T).tocsr()
    directions.data = 1 / directions.data
    return total.multiply(directions).tocsr()


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Factorize())
