"""What `glove` and `sgns` share: co-occurrence counts, initial vectors, training and the rescaled result.

Both count as `pmi` does. By default training starts from the factors U|Λ|^½ of `pmi`, whose products approximate in the
least-squares sense what both losses aim at. A few epochs are then enough, and rare words, which are rarely updated,
have sensible vectors. `--init random` is the papers' start.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import timed
from semsearch.builders.cooccurrence_factors import Sentences, check_cooccurring
from semsearch.builders.options import option
from semsearch.builders.words import WordOptions, default_dim, read_words, word_fit, word_sentences
from semsearch.maths.cooccurrence import cooccurrences
from semsearch.maths.sparse import sp
from semsearch.maths.spectral_factors import factor_sides
from semsearch.maths.vocabulary import Words
from semsearch.maths.weighting import associations
from semsearch.records import Device, Documents, Fitted, Report

MIN_STEPS = 200  # of a training, by default
INIT_SMOOTHING = 0.75  # context-distribution smoothing of the PPMI matrix whose factors are the initial vectors


@dataclass(frozen=True)
class GradientOptions(WordOptions):
    """Options that glove and sgns share, besides those about texts and windows."""

    epochs: int | None = option(None, "passes over all pairs", least=1, default_text="3, more for small vocabularies")
    lr: float = option(0.05, "learning rate (Adagrad)", above=0, most=10, was=("rate",))
    batch_size: int = option(1024, "words per step, each with all its contexts", least=1, was=("rows",))
    power: float = option(
        0.5, "exponent of the trained vectors' singular values; 1 leaves them unchanged", above=0, most=2
    )
    init: Literal["svd", "random"] = option(
        "svd", "initial vectors: svd (those of pmi) or random", choices=("svd", "random"), was=("start",)
    )


def default_epochs(n_words: int, batch_size: int) -> int:
    """3, or for small vocabularies as many as make MIN_STEPS steps. On 17 million words 3 epochs are 255 steps."""
    return max(3, math.ceil(MIN_STEPS / math.ceil(n_words / batch_size)))


@dataclass(frozen=True)
class Start:
    """What a training starts from.

    counts  (v, v) co-occurrence counts
    totals  (v,) their row sums
    dim     of the vectors
    sides   initial word and context vectors, (v, dim) each; None for random ones
    """

    counts: sp.csr_matrix
    totals: FloatArray
    dim: int
    sides: tuple[FloatArray, FloatArray] | None


@dataclass(frozen=True)
class StartOptions:
    """How co-occurrences are counted, and the dimension and kind of the initial vectors."""

    dim: int
    window: int
    distance_weighting: Literal["flat", "harmonic"]
    random: bool = False


# Makes a training task (nets/glove.py, nets/sgns.py) of a Start, the words, and a FactorPlan.
TaskFactory: TypeAlias = Callable[[Start, Words, Any], Any]


def prepare(
    sentences: Sentences,
    options: StartOptions,
    *,
    rng: np.random.Generator,
    report: Report,
    metrics: dict[str, float],
    if_empty: str,
) -> Start:
    """Counts co-occurrences, and factorises them for the initial vectors unless these are random.

    Adds the seconds to `metrics`. Raises BuildError with the text `if_empty` if no two ids co-occur.
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
    metrics["pairs"] = float(counts.nnz)
    totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)
    if options.random:
        return Start(counts, totals, options.dim, None)
    with timed(metrics, "starting"):
        M = associations(counts, "ppmi", smoothing=INIT_SMOOTHING, shift=1.0, symmetric=True)
        sides = factor_sides(
            M, options.dim, power=0.5, symmetric=True, rng=rng, progress=lambda done, total: report(done, total)
        )
    return Start(counts, totals, sides.left.shape[1], (sides.left, sides.right))


def rescale_spectrum(vectors: FloatArray, power: float) -> FloatArray:
    """Vectors U S Qᵀ (v, k) with their singular values raised to a power: U S^p Qᵀ. A power of 1 changes nothing.

    Below 1 the strongest directions dominate less, which serves similarity in trained vectors as it does in factorised
    ones (Levy, Goldberg & Dagan 2015, section 3.3).
    """
    if power == 1:
        return vectors
    squares, Q = np.linalg.eigh(vectors.T.astype(np.float64) @ vectors)
    singular_values = np.sqrt(np.maximum(squares, 1e-12 * squares[-1]))
    return np.asarray(vectors @ ((Q * singular_values ** (power - 1)) @ Q.T), np.float32)


def train_factors(
    task: Any, seed: int, *, device: Device, report: Report, metrics: dict[str, float]
) -> tuple[FloatArray, FloatArray]:
    """Trains a factorisation task; returns word and context vectors (v, dim). Adds to `metrics`."""
    from semsearch.nets.loop import TrainOptions, train

    with timed(metrics, "training"):
        trained = train(task, TrainOptions(seed=seed), device=device, report=report)
    metrics |= {"epochs": float(trained.epochs), "steps": float(trained.steps)}
    metrics |= {"dim": float(task.left.shape[1]), **trained.metrics}
    sides: tuple[FloatArray, FloatArray] = task.sides()
    return sides


def fit_words(
    corpus: Documents,
    options: Any,
    task: TaskFactory,
    *,
    rng: np.random.Generator,
    device: Device,
    report: Report,
) -> Fitted:
    """The fit of glove and sgns: word vectors (v, dim), most frequent words first."""
    from semsearch.nets.factors import FactorPlan

    metrics: dict[str, float] = {}
    with timed(metrics, "reading"):
        words = read_words(corpus, options, report)
    start = prepare(
        word_sentences(words, options, rng),
        StartOptions(
            dim=options.dim or default_dim(len(words.words)),
            window=options.window,
            distance_weighting=options.used_weighting,
            random=options.init == "random",
        ),
        rng=rng,
        report=report,
        metrics=metrics,
        if_empty=options.no_pairs_message,
    )
    plan = FactorPlan(
        dim=start.dim,
        epochs=options.epochs or default_epochs(len(words.words), options.batch_size),
        lr=options.lr,
        batch_size=options.batch_size,
        seed=int(rng.integers(1 << 31)),
    )
    left, right = train_factors(task(start, words, plan), plan.seed, device=device, report=report, metrics=metrics)
    vectors = rescale_spectrum(left + right if options.side == "sum" else left, options.power)
    return word_fit(words, start.counts, vectors, options, metrics)
