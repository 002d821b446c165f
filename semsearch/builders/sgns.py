"""word2vec's skip-gram with negative sampling (SGNS), trained on co-occurrence counts.

    loss    -Σ n_ij ln σ(w_i·c_j - ln k) - k Σ n_i E_j ln σ(ln k - w_i·c_j)

n_ij is the co-occurrence count of word i and context j, and k is the number of negative samples. E_j is the mean over
contexts drawn with a probability proportional to count^ns_exponent. Mikolov, Sutskever, Chen, Corrado & Dean,
"Distributed Representations of Words and Phrases and their Compositionality" (NIPS 2013).

In word2vec, with enough dimensions, the optimum is w_i·c_j = PMI_ij - ln k (Levy & Goldberg, NIPS 2014). Here the shift
ln k is part of the loss, so that w_i·c_j approximates PMI_ij itself. SGNS is therefore a factorisation of the matrix
that `pmi` factorises. It weights each entry by its count, and `pmi` weights all entries alike. word2vec sums the loss
over the words of the text. Here the same sum is taken over the counts. The optimiser is Adagrad (nets/sgns.py). The
initial vectors are those of `pmi`, or random (builders/gradient_words.py).
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
from semsearch.maths.vocabulary import Words, keep_probabilities, thin_pairs
from semsearch.records import Device, Documents, Fitted, Report


@dataclass(frozen=True)
class SgnsOptions(GradientOptions):
    """Options of `build sgns`."""

    negative: float = option(5.0, "negative samples per positive pair", least=1, was=("negatives",))
    ns_exponent: float = option(
        0.75,
        "exponent of the counts in the negative-sampling distribution",
        above=0,
        most=1,
        was=("smoothing",),
    )
    sample: float = option(
        0.001,
        "threshold that scales the pair counts of frequent words, after counting; 0 turns it off",
        least=0,
        below=1,
        was=("thin",),
    )
    side: Literal["left", "sum"] = option(
        "left", "vectors: left (words, as in word2vec) or sum (words and contexts added)", choices=("left", "sum")
    )


class Sgns(MeansOfWords):
    """word2vec: skip-gram with negative sampling (needs torch)."""

    name = "sgns"
    reads: Literal["documents"] = "documents"
    Options = SgnsOptions
    needs = ("torch",)

    def fit(
        self, corpus: Documents, options: SgnsOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Word vectors (v, dim), most frequent words first."""
        from semsearch.nets import sgns
        from semsearch.nets.pair_products import Pairs

        def task(start: Start, words: Words, plan: Any) -> sgns.Sgns:
            counts = (
                thin_pairs(start.counts, keep_probabilities(words.counts, options.sample))
                if options.sample
                else start.counts
            )
            totals = np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)
            sampling = {"negative": options.negative, "ns_exponent": options.ns_exponent}
            return sgns.Sgns(Pairs(counts, device), plan, start.sides, totals, **sampling)

        return fit_words(corpus, options, task, rng=rng, device=device, report=report)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Sgns())
