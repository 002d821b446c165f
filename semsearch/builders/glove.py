"""GloVe: word vectors whose products, with a bias for each word, are the logarithms of how often the words meet.

Pennington, Socher & Manning, "GloVe: Global Vectors for Word Representation" (EMNLP 2014): a weighted least-squares
problem over the pairs that were seen, in which rare pairs weigh less, solved by gradient. The training is
nets/wordfactors.py's; what is counted and where it starts, trained.py's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.base import option
from semsearch.builders.gradient_words import FactoringOptions, Start, fit_words
from semsearch.builders.words import MeansOfWords
from semsearch.hookspecs import hookimpl
from semsearch.maths.vocabulary import Words
from semsearch.records import Device, Documents, Fitted, Report


@dataclass(frozen=True)
class GloveOptions(FactoringOptions):
    """What `build glove` can be told."""

    x_max: float = option(10.0, "a pair met so often weighs in full, a rarer one less")
    alpha: float = option(0.75, "how much less: (times met / x-max) to this power")
    side: Literal["left", "sum"] = option(
        "left", "the vectors of words, or those and their contexts' added, as in the paper", choices=("left", "sum")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.x_max > 0:
            raise ValueError(f"x_max is {self.x_max:g}: above 0 is needed")
        if not 0 <= self.alpha <= 2:
            raise ValueError(f"alpha is {self.alpha:g}: choose 0 to 2")


class Glove(MeansOfWords):
    """The builder `glove`: vectors of words by weighted least squares on the logarithms of counts (needs torch)."""

    name = "glove"
    reads: Literal["documents"] = "documents"
    Options = GloveOptions
    needs = ("torch",)

    def fit(
        self, corpus: Documents, options: GloveOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Words (v, dim), commonest first."""
        from semsearch.nets import word_factors
        from semsearch.nets.pair_products import Pairs

        def task(start: Start, words: Words, how: Any) -> word_factors.Glove:
            pairs = Pairs(start.counts, device)
            return word_factors.Glove(pairs, how, start.sides, start.totals, enough=options.x_max, power=options.alpha)

        return fit_words(corpus, options, task, rng=rng, device=device, report=report)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Glove())
