"""Test predicted labels on held-out items: from vectors, and from a bag of words for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsearch.arrays import IntArray
from semsearch.labels import labelled_items
from semsearch.labels.labelled_items import Labelled
from semsearch.maths import classifier
from semsearch.maths.counts import count_terms
from semsearch.maths.metrics import f1_scores
from semsearch.maths.text import Analyzer
from semsearch.maths.weighting import idf, log_tfidf
from semsearch.storage.driver import Connection

VECTORS, WORDS = "vectors", "bag of words"
SAMPLED = "vectors, on a sample"  # vectors on the sample on which the bag of words is tested


@dataclass(frozen=True)
class PredictionScores:
    """How well the labels of held-out items are predicted from one kind of features."""

    features: str  # VECTORS, WORDS or SAMPLED
    accuracy: float  # 0..1
    low: float  # of the 95 % confidence interval of the accuracy (Wilson)
    high: float
    macro_f1: float  # 0..1
    judged: int  # held-out items
    C: float  # the median of the regularisation strengths chosen in the folds

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def scores_of(features: str, predictions: classifier.HeldOut, y: IntArray, c: int) -> PredictionScores:
    """The scores of predictions against the true labels `y` (n,), each 0..c-1."""
    predicted, truth = predictions.probabilities.argmax(axis=1), y[predictions.rows]
    correct = int((predicted == truth).sum())
    low, high = classifier.wilson(correct, len(truth))
    classes = np.arange(c)
    _, macro = f1_scores(truth[:, None] == classes, predicted[:, None] == classes)
    return PredictionScores(
        features, correct / len(truth), low, high, macro, len(truth), float(np.median(predictions.C))
    )


def compare_words(
    db: Connection, items: Labelled, rows: IntArray, c: int, most: int | None, seed: int
) -> list[PredictionScores]:
    """The scores of a bag of words on the items `rows`, or on a random sample of `most` of them.

    On a sample the vectors are tested too, and their scores come first. Empty for items without text.
    """
    sample = rows if most is None else classifier.subsample(rows, np.random.default_rng(seed), most)
    texts = labelled_items.texts_of(db, items, sample)
    y, is_sampled = items.y[sample], len(sample) < len(rows)
    words = [] if texts is None else _bag_of_words(texts, y, c, seed, once=is_sampled)
    if not words or not is_sampled:
        return words
    predictions = classifier.held_out(items.X[sample], y, c, np.random.default_rng(seed), once=True)
    return [scores_of(SAMPLED, predictions, y, c), *words]


def _bag_of_words(texts: Sequence[str], y: IntArray, c: int, seed: int, *, once: bool) -> list[PredictionScores]:
    """The scores of the same regression on tf-idf of all words, unstemmed; empty if the texts hold no words."""
    counts = count_terms(texts, Analyzer(stem=False, stop=False))
    if not counts.terms:
        return []
    X = log_tfidf(counts.matrix, idf(len(texts), counts.documents))
    return [scores_of(WORDS, classifier.held_out(X, y, c, np.random.default_rng(seed), once=once), y, c)]
