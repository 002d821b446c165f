"""The general recipe: any similarity that can be written as pairs becomes vectors.

    pairs       (item, item, similarity), from SQL, a table or a csv file
    measure     as they are, or weighed as word counts are: PPMI and its relatives
    vectors     the strongest directions of the matrix of similarities, stretched by the spectrum to a power

With power 0.5 the scalar product of two items' vectors is the best approximation of their similarity that so few
numbers allow (Eckart & Young 1936); what matters here is that items with the same company come to lie together even if
no pair says so. A pair counts both ways unless --directed is given: where it stands in both directions, their mean is
taken; where it stands several times in one, their sum. Then there is one eigendecomposition, and `negative_mass` tells
how much of the similarity is no scalar product of anything; with --directed, an SVD with a vector for each side.

    people who share meetings      select a.person, b.person, count(*) from attended a join attended b
                                   on a.meeting = b.meeting and a.person < b.person group by 1, 2
    products in the same baskets   the same query over lines of orders, with --measure ppmi
    words spelled alike            select a.word, b.word, 1.0 / (1 + edits(a.word, b.word)) from words a, words b

Where the items are keys of the dataset's rows, the collection is of those rows; else of the values themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from semsearch.builders.base import option, timed
from semsearch.builders.operators import matrix_on
from semsearch.errors import BuildError
from semsearch.hookspecs import hookimpl
from semsearch.maths.spectral_factors import SIDES, factor_sides
from semsearch.maths.weighting import MEASURES, associations
from semsearch.records import Device, Embeddings, Fitted, Report, Similarities


@dataclass(frozen=True)
class FactorizeOptions:
    """What `build factorize` can be told."""

    sql: str | None = option(None, "a query that returns item, item, similarity")
    table: str | None = option(None, "a table or view whose first three columns are those")
    csv: str | None = option(None, "a file of three columns, with or without a header")
    dim: int | None = option(None, "dimensions; by default a fifth of the items, at most 300")
    measure: str = option("count", "what a similarity is worth: itself, or weighed as counts are", choices=MEASURES)
    smoothing: float = option(1.0, "power of the sums in ratio, pmi, ppmi and shifted; 0.75 for words; 1 is none")
    shift: float = option(5.0, "with measure shifted: what is taken off is the logarithm of this")
    power: float = option(0.5, "power of the spectrum in the vectors; 0.5 gives back the similarities")
    side: str = option("left", "which side's vectors: first items', second items', or both", choices=SIDES)
    directed: bool = option(False, "a pair counts from its first item to its second alone")

    def __post_init__(self) -> None:
        given = [name for name in ("sql", "table", "csv") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"both {' and '.join(given)} are given: one source of similarities is needed")
        if self.dim is not None and self.dim < 1:
            raise ValueError(f"dim is {self.dim}: at least 1 is needed")
        if not 0 < self.smoothing <= 1:
            raise ValueError(f"smoothing is {self.smoothing:g}: choose above 0, up to 1")
        if not 0 <= self.power <= 2:
            raise ValueError(f"power is {self.power:g}: choose 0 to 2")
        if not self.shift >= 1:
            raise ValueError(f"shift is {self.shift:g}: at least 1, which is none")


def default_dim(n_items: int) -> int:
    """A fifth of the items, at least 2 and at most 300: few items have few directions worth keeping."""
    return max(1, min(300, max(2, n_items // 5), n_items - 1))


class Factorize:
    """The builder `factorize`: vectors of items from any similarity of pairs, written in SQL or a file."""

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
        """Items (n, k), k the options' dim or what the rank allows; zero rows for items similar to nothing."""
        if len(corpus) < 2:
            raise BuildError(
                f"The similarities are of {len(corpus)} item: nothing to tell apart; give pairs of different items"
            )
        metrics: dict[str, float] = {"items": float(len(corpus)), "pairs": float(len(corpus.values))}
        n = len(corpus)
        A = sp.csr_matrix((corpus.values, (corpus.first, corpus.second)), shape=(n, n))
        A.sum_duplicates()
        if not options.directed:
            A = _both_ways(A)
        with timed(metrics, "weighting"):
            M = associations(
                A,
                options.measure,
                smoothing=options.smoothing,
                shift=options.shift,
                symmetric=not options.directed,
            )
        if not M.nnz or not np.any(M.data):
            raise BuildError(f"No similarity is left to factor by measure {options.measure}: all are 0")
        with timed(metrics, "factoring"):
            sides = factor_sides(
                matrix_on(device)(M),
                options.dim or default_dim(n),
                power=options.power,
                symmetric=not options.directed,
                rng=rng,
                progress=lambda at, of: report(at, of),
            )
        metrics |= {"nonzeros": float(M.nnz)} | sides.facts()
        vectors = sides.joined(options.side)
        if corpus.known:
            return Fitted([Embeddings("document", corpus.keys, vectors)], {}, metrics)
        times = np.bincount(np.concatenate([corpus.first, corpus.second]), minlength=n)
        return Fitted([Embeddings("word", corpus.keys, vectors, {"count": times.tolist()})], {}, metrics)


def _both_ways(A: sp.csr_matrix) -> sp.csr_matrix:
    """The mean of a similarity's two directions where both are given, the one that is where one is."""
    given = A.copy()
    given.data = np.ones_like(given.data)
    times = (given + given.T).tocsr()
    total = (A + A.T).tocsr()
    times.data = 1 / times.data
    return total.multiply(times).tocsr()


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Factorize())
