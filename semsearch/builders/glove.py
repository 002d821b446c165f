"""GloVe: word vectors by weighted least squares on the logarithms of co-occurrence counts.

    loss    Σ f(n_ij) (w_i·c_j + b_i + d_j - ln n_ij)²,  f(n) = min(1, n / x_max)^alpha

n_ij is the co-occurrence count of words i and j, w_i and c_j are word and context vectors, b_i and d_j biases.
Pennington, Socher & Manning, "GloVe: Global Vectors for Word Representation" (EMNLP 2014). The sum runs over pairs with
a count above 0. f gives rare pairs a lower weight. The optimiser is Adagrad (nets/glove.py). The initial vectors are
those of `pmi`, or random (builders/gradient_words.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.gradient_words import GradientOptions, Start, fit_words
from semsearch.builders.options import option
from semsearch.builders.words import MeansOfWords
from semsearch.hookspecs import hookimpl
from semsearch.maths.vocabulary import Words
from semsearch.records import Device, Documents, Fitted, Report


@dataclass(frozen=True)
class GloveOptions(GradientOptions):
    """Options of `build glove`."""

    x_max: float = option(10.0, "co-occurrence count from which a pair has full weight", above=0)
    alpha: float = option(0.75, "exponent of the weight of rarer pairs: (count / x-max) ^ alpha", least=0, most=2)
    side: Literal["left", "sum"] = option(
        "left", "vectors: left (words) or sum (words and contexts added, as in the paper)", choices=("left", "sum")
    )


class Glove(MeansOfWords):
    """GloVe: word vectors by weighted least squares (needs torch)."""

    name = "glove"
    reads: Literal["documents"] = "documents"
    Options = GloveOptions
    needs = ("torch",)

    def fit(
        self, corpus: Documents, options: GloveOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Word vectors (v, dim), most frequent words first."""
        from semsearch.nets import glove
        from semsearch.nets.pair_products import Pairs

        def task(start: Start, words: Words, plan: Any) -> glove.Glove:
            pairs = Pairs(start.counts, device)
            return glove.Glove(pairs, plan, start.sides, start.totals, x_max=options.x_max, alpha=options.alpha)

        return fit_words(corpus, options, task, rng=rng, device=device, report=report)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Glove())
