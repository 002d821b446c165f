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

from semsearch.builders.base import option, timed
from semsearch.builders.trained import FactoringOptions, Near, default_epochs, evened, learn, prepare
from semsearch.builders.words import MeansOfWords, default_dim, read_words, word_fit, word_sentences
from semsearch.hookspecs import hookimpl
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
        from semsearch.nets import wordfactors
        from semsearch.nets.pairs import Pairs

        metrics: dict[str, float] = {}
        with timed(metrics, "reading"):
            words = read_words(corpus, options, report)
        start = prepare(
            word_sentences(words, options, rng),
            Near(options.dim or default_dim(len(words.words)), options.window, options.by_distance),
            by_chance=options.start == "random",
            rng=rng,
            report=report,
            metrics=metrics,
            nobody=options.nobody,
        )
        epochs = options.epochs or default_epochs(len(words.words), options.rows)
        how = wordfactors.How(start.dim, epochs, options.rate, options.rows, int(rng.integers(1 << 31)))
        pairs = Pairs(start.counts, device)
        task = wordfactors.Glove(pairs, how, start.sides, start.totals, enough=options.x_max, power=options.alpha)
        left, right = learn(task, how.seed, device=device, report=report, metrics=metrics)
        vectors = evened(left + right if options.side == "sum" else left, options.power)
        return word_fit(words, start.counts, vectors, options, metrics)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Glove())
