"""Co-occurrence counts of token ids, weighted by an association measure and factorised.

`pmi` counts the words of texts, `deepwalk` the nodes of random walks. Both share everything after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import IntArray
from semsearch.builders.base import timed
from semsearch.builders.operators import matrix_on
from semsearch.errors import BuildError
from semsearch.maths.cooccurrence import Ids, cooccurrences
from semsearch.maths.spectral_factors import Sides, factor_sides
from semsearch.maths.weighting import UNSMOOTHED, associations
from semsearch.records import Device, Report


@dataclass(frozen=True)
class Sentences:
    """Token ids in sequences: sentences, documents or walks.

    stream  (s,) int32 ids below `width`
    starts  (m + 1,) where each of m sequences begins in the stream
    width   number of distinct ids
    """

    stream: Ids
    starts: IntArray
    width: int


@dataclass(frozen=True)
class FactorOptions:
    """How ids are counted (maths.cooccurrence), weighted (maths.weighting) and factorised (maths.spectral_factors)."""

    dim: int
    window: int
    distance_weighting: Literal["flat", "harmonic"]
    measure: str
    smoothing: float
    shift: float
    symmetric: bool
    power: float
    shrinkage: float = 0.0


def factor_cooccurrences(
    sentences: Sentences,
    options: FactorOptions,
    *,
    rng: np.random.Generator,
    device: Device,
    report: Report,
    metrics: dict[str, float],
    if_empty: str,
) -> tuple[sp.csr_matrix, Sides]:
    """The counts (width, width), and the left and right factors of the weighted matrix. Adds figures to `metrics`.

    Raises BuildError with the text `if_empty` if no two ids co-occur.
    """
    with timed(metrics, "counting"):
        counts = cooccurrences(
            sentences.stream,
            sentences.starts,
            sentences.width,
            window=options.window,
            weights=options.distance_weighting,
        )
    check_cooccurring(counts, if_empty)
    with timed(metrics, "weighting"):
        M = associations(
            counts,
            options.measure,
            smoothing=options.smoothing,
            shift=options.shift,
            symmetric=options.symmetric,
        )
    with timed(metrics, "factoring"):
        sides = factor_sides(
            matrix_on(device)(M),
            options.dim,
            power=options.power,
            shrink=options.shrinkage,
            symmetric=options.symmetric or options.measure in UNSMOOTHED,
            rng=rng,
            progress=lambda done, total: report(done, total),
        )
    metrics |= {"pairs": float(counts.nnz), "nonzeros": float(M.nnz)} | sides.facts()
    return counts, sides


def check_cooccurring(counts: sp.csr_matrix, if_empty: str) -> None:
    """Raises BuildError with this text if no two ids co-occur."""
    if counts.nnz == 0:
        raise BuildError(if_empty)
