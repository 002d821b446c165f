"""What words of texts and nodes of walks have in common: ids in a row are counted, weighed and factored.

`pmi` reads sentences and `deepwalk` walks through a graph; from there on they are the same, and it stands here.
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
from semsearch.maths.spectral_factors import SpectralFactors, factor_sides
from semsearch.maths.weighting import MEASURES_WITHOUT_SMOOTHING, associations
from semsearch.records import Device, Report


@dataclass(frozen=True)
class Sentences:
    """Ids (s,) int32 below `width`, and where each sentence, document or walk begins (m + 1,)."""

    stream: Ids
    starts: IntArray
    width: int


@dataclass(frozen=True)
class CooccurrenceFactors:
    """Who counts as near whom (maths.cooccurrence), what that is worth (maths.weighting), what is kept of it."""

    dim: int
    window: int
    weights: Literal["flat", "harmonic"]
    measure: str
    smoothing: float
    shift: float
    symmetric: bool
    power: float
    shrink: float = 0.0


def learn_company(
    sentences: Sentences,
    how: CooccurrenceFactors,
    *,
    rng: np.random.Generator,
    device: Device,
    report: Report,
    metrics: dict[str, float],
    nobody: str,
) -> tuple[sp.csr_matrix, SpectralFactors]:
    """The counts (width, width) and both sides of what they were factored into; adds to `metrics` what it measured.

    Raises BuildError, with `nobody` as its text, where no two ids are near each other.
    """
    with timed(metrics, "counting"):
        counts = cooccurrences(
            sentences.stream, sentences.starts, sentences.width, window=how.window, weights=how.weights
        )
    check_met(counts, nobody)
    with timed(metrics, "weighting"):
        M = associations(counts, how.measure, smoothing=how.smoothing, shift=how.shift, symmetric=how.symmetric)
    with timed(metrics, "factoring"):
        sides = factor_sides(
            matrix_on(device)(M),
            how.dim,
            power=how.power,
            shrink=how.shrink,
            symmetric=how.symmetric or how.measure in MEASURES_WITHOUT_SMOOTHING,
            rng=rng,
            progress=lambda at, of: report(at, of),
        )
    metrics |= {"pairs": float(counts.nnz), "nonzeros": float(M.nnz)} | sides.facts()
    return counts, sides


def check_met(counts: sp.csr_matrix, nobody: str) -> None:
    """BuildError, with `nobody` as its text, where no two ids are near each other."""
    if counts.nnz == 0:
        raise BuildError(nobody)
