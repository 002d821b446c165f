"""Co-occurrence counts of token ids, weighted by an association measure and factorised.

`pmi` counts the words of texts, `deepwalk` the nodes of random walks. Both share everything after that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.builders.base import timed
from semsearch.builders.operators import matrix_on
from semsearch.errors import BuildError
from semsearch.maths.cooccurrence import Ids, cooccurrences
from semsearch.maths.sparse import sp
from semsearch.maths.spectral_factors import SpectralFactors, factor_sides
from semsearch.maths.weighting import MEASURES_WITHOUT_SMOOTHING, associations
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
) -> tuple[sp.csr_matrix, SpectralFactors]:
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
    return counts, factor_counts(counts, options, rng=rng, device=device, report=report, metrics=metrics)


def factor_counts(
    counts: sp.csr_matrix,
    options: FactorOptions,
    *,
    rng: np.random.Generator,
    device: Device,
    report: Report,
    metrics: dict[str, float],
    totals: npt.NDArray[np.float64] | None = None,
) -> SpectralFactors:
    """The left and right factors of the weighted counts. Adds figures to `metrics`.

    `totals` (width,) are the sums of the rows before they were cut (maths.strongest).
    """
    with timed(metrics, "weighting"):
        M = associations(
            counts,
            options.measure,
            smoothing=options.smoothing,
            shift=options.shift,
            symmetric=options.symmetric,
            totals=totals,
        )
    with timed(metrics, "factoring"):
        sides = factor_sides(
            matrix_on(device)(M),
            options.dim,
            power=options.power,
            shrink=options.shrinkage,
            symmetric=options.symmetric or options.measure in MEASURES_WITHOUT_SMOOTHING,
            rng=rng,
            progress=lambda done, total: report(done, total),
        )
    metrics |= {"pairs": float(counts.nnz), "nonzeros": float(M.nnz)} | sides.facts()
    return sides


def check_cooccurring(counts: sp.csr_matrix, if_empty: str) -> None:
    """Raises BuildError with this text if no two ids co-occur."""
    if counts.nnz == 0:
        raise BuildError(if_empty)
