"""Word vectors by factorising pointwise mutual information (PMI).

    counts      n_ij, the co-occurrence count of words i and j within a context window
    measure     M_ij = ln(n_ij N / (n_i n_j)) is the PMI; n_i are the row sums and N is their sum; PPMI = max(PMI, 0)
    vectors     M ≈ U Λ Uᵀ; word vectors are U |Λ|^power

Levy & Goldberg, "Neural Word Embedding as Implicit Matrix Factorization" (NIPS 2014). With enough dimensions,
word2vec's skip-gram with k negative samples has the optimum w_i · c_j = PMI_ij - ln k. It is therefore a factorisation
of a shifted PMI matrix. word2vec trains on the text for several epochs. Here the text is counted once.

The defaults follow Levy, Goldberg & Dagan, "Improving Distributional Similarity" (TACL 2015): context-distribution
smoothing with exponent 0.75, as in word2vec's negative sampling; no shift; and an exponent of the eigenvalues below 1.
Harmonic distance weighting, as in GloVe, gave better vectors than flat weighting. word2vec samples the size of each
window at random, which has nearly the same effect. The eigenvalues are shrunk, because noise enlarges all of them and
dominates the smallest (maths.spectral_factors, `default_shrinkage`).

The matrix is kept symmetric, so that an eigendecomposition is enough. `--no-symmetric` smooths contexts only, as in the
papers. The matrix is not positive semidefinite. `negative_mass` reports the share of its negative eigenvalues.
Scalar products of one set of vectors cannot represent them.

With `--measure count --window 0 --power 0.5` the matrix is XᵀX, where X holds the count of each word in each document.
The vectors are then the word vectors of LSA on these counts, up to rotation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from semsearch.builders.base import timed
from semsearch.builders.cooccurrence_factors import FactorOptions, factor_cooccurrences
from semsearch.builders.options import option
from semsearch.builders.words import MeansOfWords, WordOptions, default_dim, read_words, word_fit, word_sentences
from semsearch.hookspecs import hookimpl
from semsearch.maths.spectral_factors import SIDES
from semsearch.maths.weighting import MEASURES, MEASURES_WITHOUT_SMOOTHING
from semsearch.records import Device, Documents, Fitted, Report


@dataclass(frozen=True)
class PmiOptions(WordOptions):
    """Options of `build pmi`."""

    measure: str = option("ppmi", "association measure, by which co-occurrence counts are weighted", choices=MEASURES)
    smoothing: float = option(0.75, "exponent of context-distribution smoothing; 1 turns it off", above=0, most=1)
    shift: float = option(
        5.0, "with --measure shifted: k, whose logarithm is subtracted from PMI (word2vec's negative samples)", least=1
    )
    symmetric: bool = option(True, "smooth words and contexts alike (eigendecomposition), or contexts only (SVD)")
    side: str = option(
        "left", "vectors: left (words), right (contexts), their sum, or both concatenated", choices=SIDES
    )
    power: float = option(
        0.25,
        "exponent of the eigenvalues in the vectors; 0.5 with --shrinkage 0 approximates the matrix",
        least=0,
        most=2,
    )
    shrinkage: float | None = option(
        None,
        "share of the smallest kept eigenvalue that is subtracted from each (soft thresholding)",
        least=0,
        below=1,
        default_text="0.8, or 0 with --measure count or log",
        was=("shrink",),
    )


def default_shrinkage(measure: str) -> float:
    """0.8; 0 for counts and their logarithms, whose vectors are to reproduce the matrix.

    On the mean of six similarity sets and two of analogies 0.8 is worth one point with 17 million words of Wikipedia
    and two with 3 million. WS-353 and MEN gain; SimLex loses .007 with the former and gains with the latter. 0.95 adds
    another point on analogies and loses as much on SimLex.
    """
    return 0.0 if measure in MEASURES_WITHOUT_SMOOTHING else 0.8


class Pmi(MeansOfWords):
    """PMI: word vectors by factorising co-occurrence counts."""

    name = "pmi"
    reads: Literal["documents"] = "documents"
    Options = PmiOptions
    faster_with = ("torch",)

    def fit(
        self, corpus: Documents, options: PmiOptions, *, rng: np.random.Generator, device: Device, report: Report
    ) -> Fitted:
        """Word vectors (v, k), most frequent words first; k is options.dim or the rank, twice that with both sides."""
        metrics: dict[str, float] = {}
        shrinkage = default_shrinkage(options.measure) if options.shrinkage is None else options.shrinkage
        with timed(metrics, "reading"):
            words = read_words(corpus, options, report)
        counts, sides = factor_cooccurrences(
            word_sentences(words, options, rng),
            FactorOptions(
                dim=options.dim or default_dim(len(words.words)),
                window=options.window,
                distance_weighting=options.used_weighting,
                measure=options.measure,
                smoothing=options.smoothing,
                shift=options.shift,
                symmetric=options.symmetric,
                power=options.power,
                shrinkage=shrinkage,
            ),
            rng=rng,
            device=device,
            report=report,
            metrics=metrics,
            if_empty=options.no_pairs_message,
        )
        metrics["shrinkage"] = shrinkage
        return word_fit(words, counts, sides.joined(options.side), options, metrics)


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Pmi())
