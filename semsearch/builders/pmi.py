"""Word vectors by factoring who appears near whom.

    counts      n_ij, how often words i and j stand within a window of each other
    measure     M_ij = ln(n_ij / what chance would give), its positive part: PPMI
    vectors     the strongest directions of M, stretched by their eigenvalues to a power

Levy & Goldberg, "Neural Word Embedding as Implicit Matrix Factorization" (NIPS 2014): word2vec's skip-gram with k
negative samples, given room enough, finds w_i · c_j = PMI_ij - ln k, that is a factoring of this very matrix, shifted.
What word2vec finds by going through the text many times is had here by counting it once. The defaults are those that
Levy, Goldberg & Dagan, "Improving Distributional Similarity" (TACL 2015), found to matter: contexts smoothed by the
power 0.75 (they say where word2vec hides it: in how it draws its samples), no shift, an exponent well below 1. Harmonic
weights (GloVe's) measured better than flat ones; word2vec's random window sizes come to nearly the same. The spectrum
is shrunk, for noise is a little of every direction and most of the weakest (maths.sides, `default_shrink`).

The matrix is kept symmetric (`--no-symmetric`: smoothed on one side alone, as in the papers), so that one product a
step is enough; its negative eigenvalues, which no vectors can stand for alone, are reported as `negative_mass`.

With `--measure count --window 0 --power 0.5` the matrix is XᵀX, X how often each word stands in each document, and the
vectors are those that LSA gives words, up to rotation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.base import option, timed
from semsearch.builders.cooccurrence_factors import CooccurrenceFactors, learn_company
from semsearch.builders.words import MeansOfWords, WordOptions, default_dim, read_words, word_fit, word_sentences
from semsearch.hookspecs import hookimpl
from semsearch.maths.spectral_factors import SIDES
from semsearch.maths.weighting import MEASURES, MEASURES_WITHOUT_SMOOTHING
from semsearch.records import Device, Documents, Fitted, Report


@dataclass(frozen=True)
class PmiOptions(WordOptions):
    """What `build pmi` can be told."""

    measure: str = option("ppmi", "what a count is worth", choices=MEASURES)
    smoothing: float = option(0.75, "power of the contexts' counts; 1 is no smoothing")
    shift: float = option(5.0, "with measure shifted: word2vec's number of negative samples")
    symmetric: bool = option(
        True, "smooth both sides alike, for one eigendecomposition; else contexts alone, for an SVD"
    )
    side: str = option("left", "which side's vectors: words', contexts', or both", choices=SIDES)
    power: float = option(0.25, "power of the spectrum in the vectors; 0.5, without shrinking, gives back the matrix")
    shrink: float | None = option(
        None, "share of the weakest direction's strength taken off all; by default 0.8, with measure count or log 0"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.smoothing <= 1:
            raise ValueError(f"smoothing is {self.smoothing:g}: choose above 0, up to 1")
        if not 0 <= self.power <= 2:
            raise ValueError(f"power is {self.power:g}: choose 0 to 2")
        if self.shrink is not None and not 0 <= self.shrink < 1:
            raise ValueError(f"shrink is {self.shrink:g}: choose 0, for none, or more, below 1")
        if not self.shift >= 1:
            raise ValueError(f"shift is {self.shift:g}: at least 1, which is none")


def default_shrink(measure: str) -> float:
    """0.8; none for counts and their logarithms, whose vectors are to give back the matrix.

    On the mean of six similarity sets and two of analogies 0.8 is worth a point with 17 million words of Wikipedia and
    two with 3 million; WS-353 and MEN gain, SimLex loses .007 there and gains here. 0.95 gives the analogies another
    point and takes as much again from SimLex.
    """
    return 0.0 if measure in MEASURES_WITHOUT_SMOOTHING else 0.8


class Pmi(MeansOfWords):
    """The builder `pmi`: vectors of words from who appears near whom; a text is embedded as the mean of its words."""

    name = "pmi"
    reads: Literal["documents"] = "documents"
    Options = PmiOptions
    faster_with = ("torch",)

    def fit(
        self, corpus: Documents, options: PmiOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Words (v, k), commonest first; k is the options' dim, what the rank allows, or twice that for both sides."""
        metrics: dict[str, float] = {}
        with timed(metrics, "reading"):
            words = read_words(corpus, options, report)
        counts, sides = learn_company(
            word_sentences(words, options, rng),
            CooccurrenceFactors(
                options.dim or default_dim(len(words.words)),
                options.window,
                options.by_distance,
                options.measure,
                options.smoothing,
                options.shift,
                options.symmetric,
                options.power,
                default_shrink(options.measure) if options.shrink is None else options.shrink,
            ),
            rng=rng,
            device=device,
            report=report,
            metrics=metrics,
            nobody=options.nobody,
        )
        return word_fit(words, counts, sides.joined(options.side), options, metrics)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Pmi())
