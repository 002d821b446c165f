"""What `glove` and `sgns` have in common: counts to factor by gradient, and where the gradient starts.

They count as `pmi` does, and by default they start where `pmi` ends: its two sides U|Λ|^½ have the products that both
are after, as far as squares weighed alike can find them. From there a few times over all pairs are enough, and rare
words, which are hardly ever moved, have sensible vectors; `--start random` is the papers' start.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray
from semsearch.builders.base import option, timed
from semsearch.builders.cooccurrence_factors import Sentences, check_met
from semsearch.builders.words import WordOptions, default_dim, read_words, word_fit, word_sentences
from semsearch.maths.cooccurrence import cooccurrences
from semsearch.maths.spectral_factors import factor_sides
from semsearch.maths.vocabulary import Words
from semsearch.maths.weighting import associations
from semsearch.records import Device, Documents, Fitted, Report

ENOUGH = 200  # steps of a training
SMOOTHING = 0.75  # of the contexts, where `pmi` starts it


@dataclass(frozen=True)
class FactoringOptions(WordOptions):
    """What both builders can be told beside how texts are read."""

    epochs: int | None = option(None, "times over all pairs; by default 3, in small vocabularies more")
    rate: float = option(0.05, "how long the strides are (Adagrad's rate)")
    rows: int = option(1024, "words of a step, each with all its contexts")
    power: float = option(0.5, "power of the trained vectors' spectrum; 1 leaves them as they are")
    start: Literal["svd", "random"] = option(
        "svd", "start from the vectors of pmi, or from small numbers drawn by chance", choices=("svd", "random")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in (("epochs", self.epochs), ("rows", self.rows)):
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if not 0 < self.power <= 2:
            raise ValueError(f"power is {self.power:g}: choose above 0, up to 2")
        if not 0 < self.rate <= 10:
            raise ValueError(f"rate is {self.rate:g}: choose above 0, such as 0.05")


def default_epochs(n_words: int, rows: int) -> int:
    """3, and in small vocabularies as many as make ENOUGH steps: on 17 million words 3 are 255 steps."""
    return max(3, math.ceil(ENOUGH / math.ceil(n_words / rows)))


@dataclass(frozen=True)
class Start:
    """What is trained on: how often ids met (v, v), the sums of that (v,), and where both sides begin, (v, dim)."""

    counts: sp.csr_matrix
    totals: FloatArray
    dim: int
    sides: tuple[FloatArray, FloatArray] | None  # None: by chance


@dataclass(frozen=True)
class StartVectors:
    """Who counts as near whom, and in how many dimensions that is to be told."""

    dim: int
    window: int
    weights: Literal["flat", "harmonic"]


# What makes a training (nets.wordfactors) from where it starts, the words, and how it is to be run (its How).
MakesTask: TypeAlias = Callable[[Start, Words, Any], Any]


def prepare(
    sentences: Sentences,
    near: StartVectors,
    *,
    by_chance: bool,
    rng: np.random.Generator,
    report: Report,
    metrics: dict[str, float],
    nobody: str,
) -> Start:
    """Count, and factor at once for a start unless it is to be drawn by chance; adds the seconds to `metrics`.

    Raises BuildError, with `nobody` as its text, where no two ids are near each other.
    """
    with timed(metrics, "counting"):
        read = sentences.stream, sentences.starts, sentences.width
        counts = cooccurrences(*read, window=near.window, weights=near.weights)
    check_met(counts, nobody)
    metrics["pairs"] = float(counts.nnz)
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)
    if by_chance:
        return Start(counts, totals, near.dim, None)
    with timed(metrics, "starting"):
        M = associations(counts, "ppmi", smoothing=SMOOTHING, shift=1.0, symmetric=True)
        sides = factor_sides(M, near.dim, power=0.5, symmetric=True, rng=rng, progress=lambda at, of: report(at, of))
    return Start(counts, totals, sides.left.shape[1], (sides.left, sides.right))


def rescale_spectrum(vectors: FloatArray, power: float) -> FloatArray:
    """The vectors (v, k) with their spectrum to a power: U S^p Qᵀ of U S Qᵀ. 1 leaves them as they are.

    Below 1 the strongest directions dominate less, which serves similarity in trained vectors as it does in factored
    ones (Levy, Goldberg & Dagan 2015, section 3.3).
    """
    if power == 1:
        return vectors
    squares, Q = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    strength = np.sqrt(np.maximum(squares, 1e-12 * squares[-1]))
    return np.asarray(vectors @ ((Q * strength ** (power - 1)) @ Q.T), np.float32)


def learn(
    task: Any, seed: int, *, device: Device, report: Report, metrics: dict[str, float]
) -> tuple[FloatArray, FloatArray]:
    """Train a task of nets.wordfactors; its two sides (v, dim). Adds the seconds and how many steps it took."""
    from semsearch.nets.loop import TrainOptions, train

    with timed(metrics, "training"):
        trained = train(task, TrainOptions(seed=seed), device=device, report=report)
    metrics |= {"steps": float(trained.steps), "dim": float(task.left.shape[1]), **trained.metrics}
    sides: tuple[FloatArray, FloatArray] = task.sides()
    return sides


def fit_words(
    corpus: Documents,
    options: Any,
    task: MakesTask,
    *,
    rng: np.random.Generator,
    device: Device,
    report: Report,
) -> Fitted:
    """The fit of a builder of word vectors whose training `task` makes: words (v, dim), commonest first."""
    from semsearch.nets.word_factors import How

    metrics: dict[str, float] = {}
    with timed(metrics, "reading"):
        words = read_words(corpus, options, report)
    start = prepare(
        word_sentences(words, options, rng),
        StartVectors(options.dim or default_dim(len(words.words)), options.window, options.by_distance),
        by_chance=options.start == "random",
        rng=rng,
        report=report,
        metrics=metrics,
        nobody=options.nobody,
    )
    epochs = options.epochs or default_epochs(len(words.words), options.rows)
    how = How(start.dim, epochs, options.rate, options.rows, int(rng.integers(1 << 31)))
    left, right = learn(task(start, words, how), how.seed, device=device, report=report, metrics=metrics)
    vectors = rescale_spectrum(left + right if options.side == "sum" else left, options.power)
    return word_fit(words, start.counts, vectors, options, metrics)
