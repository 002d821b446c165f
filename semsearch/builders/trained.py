"""What `glove` and `sgns` have in common: counts to factor by gradient, and where the gradient starts.

They count as `pmi` does, and by default they start where `pmi` ends: its two sides U|Λ|^½ have the products that both
are after, as far as squares weighed alike can find them. From there a few times over all pairs are enough, and rare
words, which are hardly ever moved, have sensible vectors; `--start random` is the papers' start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray
from semsearch.builders.base import option, timed
from semsearch.builders.company import check_met
from semsearch.builders.words import WordOptions, default_dim, read_words, word_sentences
from semsearch.maths.cooccurrence import cooccurrences
from semsearch.maths.sides import factor_sides
from semsearch.maths.vocabulary import Words
from semsearch.maths.weighting import associations
from semsearch.records import Device, Documents, Report

SMOOTHING = 0.75  # of the contexts, where `pmi` starts it


@dataclass(frozen=True)
class FactoringOptions(WordOptions):
    """What both builders can be told beside how texts are read."""

    epochs: int = option(5, "times over all pairs")
    rate: float = option(0.05, "how long the strides are (Adagrad's rate)")
    rows: int = option(1024, "words of a step, each with all its contexts")
    start: Literal["svd", "random"] = option(
        "svd", "start from the vectors of pmi, or from small numbers drawn by chance", choices=("svd", "random")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("epochs", self.epochs), ("rows", self.rows)):
            if value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if not 0 < self.rate <= 10:
            raise ValueError(f"rate is {self.rate:g}: choose above 0, such as 0.05")


@dataclass(frozen=True)
class Start:
    """The words, how often they met (v, v), the sums of that (v,), and where both sides begin if not by chance."""

    words: Words
    counts: sp.csr_matrix
    totals: FloatArray
    dim: int
    sides: tuple[FloatArray, FloatArray] | None


def prepare(
    corpus: Documents,
    options: FactoringOptions,
    *,
    rng: np.random.Generator,
    report: Report,
    metrics: dict[str, float],
) -> Start:
    """Read and count, and factor at once for a start; adds to `metrics` the seconds of each. BuildError as `pmi`."""
    with timed(metrics, "reading"):
        words = read_words(corpus, options, report)
    read = word_sentences(words, options, rng)
    with timed(metrics, "counting"):
        counts = cooccurrences(read.stream, read.starts, read.width, window=options.window, weights=options.by_distance)
    check_met(counts, options.nobody)
    metrics["pairs"] = float(counts.nnz)
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)
    dim = options.dim or default_dim(len(words.words))
    if options.start == "random":
        return Start(words, counts, totals, dim, None)
    with timed(metrics, "starting"):
        M = associations(counts, "ppmi", smoothing=SMOOTHING, shift=1.0, symmetric=True)
        sides = factor_sides(M, dim, power=0.5, symmetric=True, rng=rng, progress=lambda at, of: report(at, of))
    return Start(words, counts, totals, sides.left.shape[1], (sides.left, sides.right))


def learn(
    task: Any, seed: int, *, device: Device, report: Report, metrics: dict[str, float]
) -> tuple[FloatArray, FloatArray]:
    """Train a task of nets.wordfactors; its two sides (v, dim). Adds the seconds, the steps and the last losses."""
    from semsearch.nets.loop import Rules, train

    with timed(metrics, "training"):
        trained = train(task, Rules(seed=seed), device=device, report=report)
    metrics |= {"steps": float(trained.steps), "dim": float(task.left.shape[1]), **trained.metrics}
    sides: tuple[FloatArray, FloatArray] = task.sides()
    return sides
