"""How well held-back labels are told: by vectors, and beside them by a bag of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsearch.arrays import IntArray
from semsearch.labels import labelled
from semsearch.labels.labelled import Labelled
from semsearch.maths import classifier
from semsearch.maths.counts import count_terms
from semsearch.maths.metrics import f1_scores
from semsearch.maths.text import Analyzer
from semsearch.maths.weighting import idf, log_tfidf
from semsearch.storage.driver import Connection

VECTORS, WORDS = "vectors", "bag of words"
SAMPLED = "vectors, on the same rows"  # as those that words were judged on, where that was not all


@dataclass(frozen=True)
class Judged:
    """How often the labels of items that were not learnt from were told right: the share, its 95 % interval by Wilson,
    macro F1, 0..1; how many items that is of, and C (the middle one of those chosen)."""

    features: str
    accuracy: float
    low: float
    high: float
    macro_f1: float
    judged: int
    C: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def judge(features: str, told: classifier.HeldOut, y: IntArray, c: int) -> Judged:
    """What was told (`told`) against what is so, `y` (n,), one of `c` labels."""
    best, truth = told.probabilities.argmax(axis=1), y[told.rows]
    right = int((best == truth).sum())
    low, high = classifier.wilson(right, len(truth))
    every = np.arange(c)
    _, macro = f1_scores(truth[:, None] == every, best[:, None] == every)
    return Judged(features, right / len(truth), low, high, macro, len(truth), float(np.median(told.C)))


def compared(db: Connection, found: Labelled, rows: IntArray, c: int, most: int | None, seed: int) -> list[Judged]:
    """Words judged on these items, or on at most so many of them, and then vectors once more on the same ones."""
    some = rows if most is None else classifier.subsample(rows, np.random.default_rng(seed), most)
    texts = labelled.texts_of(db, found, some)
    y, sampled = found.y[some], len(some) < len(rows)
    words = [] if texts is None else _bag_of_words(texts, y, c, seed, once=sampled)
    if not words or not sampled:
        return words
    told = classifier.held_out(found.X[some], y, c, np.random.default_rng(seed), once=True)
    return [judge(SAMPLED, told, y, c), *words]


def _bag_of_words(texts: Sequence[str], y: IntArray, c: int, seed: int, *, once: bool) -> list[Judged]:
    """The same regression on tf-idf of all words as they are written; nothing where the texts hold none."""
    counts = count_terms(texts, Analyzer(stem=False, stop=False))
    if not counts.terms:
        return []
    X = log_tfidf(counts.matrix, idf(len(texts), counts.documents))
    return [judge(WORDS, classifier.held_out(X, y, c, np.random.default_rng(seed), once=once), y, c)]
