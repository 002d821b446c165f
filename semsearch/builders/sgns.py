"""word2vec's skip-gram with negative sampling: words that met are told from words drawn by chance.

Mikolov, Sutskever, Chen, Corrado & Dean, "Distributed Representations of Words and Phrases and their Compositionality"
(NIPS 2013). Given room enough, the products of its two sides are PMI - ln k (Levy & Goldberg, NIPS 2014): it factors
the matrix that `pmi` weighs, each entry by how sure the counts make it, where `pmi` weighs all alike. word2vec goes
through the text word by word; here the counts are gone through, which is the same sum. The training is
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
from semsearch.maths.vocabulary import Words, keep_probabilities, thin_pairs
from semsearch.records import Device, Documents, Fitted, Report


@dataclass(frozen=True)
class SgnsOptions(FactoringOptions):
    """What `build sgns` can be told."""

    negatives: float = option(5.0, "contexts drawn by chance for each pair that was met")
    smoothing: float = option(0.75, "they are drawn as often as they are written to this power")
    thin: float = option(
        0.001,
        "pairs of words more frequent than this share weigh less, as if they had been left out by chance; 0: none",
    )
    side: Literal["left", "sum"] = option(
        "left", "the vectors of words, as in word2vec, or those and their contexts' added", choices=("left", "sum")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.negatives >= 1:
            raise ValueError(f"negatives is {self.negatives:g}: at least 1 is needed")
        if not 0 <= self.thin < 1:
            raise ValueError(f"thin is {self.thin:g}: choose 0 to 1, such as 0.001")
        if not 0 < self.smoothing <= 1:
            raise ValueError(f"smoothing is {self.smoothing:g}: choose above 0, up to 1")


class Sgns(MeansOfWords):
    """The builder `sgns`: vectors of words by skip-gram with negative sampling, word2vec's own loss (needs torch)."""

    name = "sgns"
    reads: Literal["documents"] = "documents"
    Options = SgnsOptions
    needs = ("torch",)

    def fit(
        self, corpus: Documents, options: SgnsOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Words (v, dim), commonest first."""
        from semsearch.nets import word_factors
        from semsearch.nets.pair_products import Pairs

        def task(start: Start, words: Words, how: Any) -> word_factors.Sgns:
            counts = (
                thin_pairs(start.counts, keep_probabilities(words.counts, options.thin))
                if options.thin
                else start.counts
            )
            totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)
            more = {"negatives": options.negatives, "smoothing": options.smoothing}
            return word_factors.Sgns(Pairs(counts, device), how, start.sides, totals, **more)

        return fit_words(corpus, options, task, rng=rng, device=device, report=report)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Sgns())
