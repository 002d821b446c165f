"""Measures of rankings, from the ranks of the relevant documents.

Functions of rankings take `relevant` (n,) bool, the ranked documents best first, and `total`, the number of relevant
documents in all: those missing in the ranking count as never found. Values are in 0..1, larger is better.
Definitions as in Manning, Raghavan & Schütze, "Introduction to Information Retrieval" (2008), chapter 8, and trec_eval.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError, out_of_range

BoolArray: TypeAlias = npt.NDArray[np.bool_]
Numbers: TypeAlias = npt.NDArray[np.floating[Any] | np.integer[Any]]


def average_precision(relevant: BoolArray, total: int) -> float:
    """The mean over all relevant documents of the precision at each one's rank, 0 for one never found."""
    ranks = _ranks(relevant, total)
    return float(np.sum(np.arange(1, len(ranks) + 1) / ranks) / total)


def interpolated_11pt(relevant: BoolArray, total: int) -> float:
    """The mean of interpolated precision at recall 0, 0.1 ... 1.

    Interpolated precision at a recall level is the best precision at any rank whose recall is at least that level.
    """
    ranks = _ranks(relevant, total)
    result = np.arange(1, len(ranks) + 1)
    # Precision has its maxima at relevant documents, so only their ranks matter.
    best = np.maximum.accumulate((result / ranks)[::-1])[::-1]
    # The first rank whose recall reaches level / 10, in whole numbers: 0.3 * 10 relevant documents is not 3 in floats.
    first = np.searchsorted(result * 10, np.arange(11) * total)
    return float(np.sum(best[first[first < len(best)]]) / 11)


def ndcg_at(relevant: BoolArray, total: int, k: int) -> float:
    """Discounted cumulative gain of the first k, over that of the best possible order; gains are 0 or 1.

    The discount is 1 / log2(rank + 1), as trec_eval and BEIR compute it: after Järvelin & Kekäläinen, "Cumulated
    gain-based evaluation of IR techniques" (2002).
    """
    ranks = _ranks(relevant, total, k)
    ideal = np.arange(1, min(total, k) + 1)
    return float(np.sum(1 / np.log2(ranks + 1)) / np.sum(1 / np.log2(ideal + 1)))


def recall_at(relevant: BoolArray, total: int, k: int) -> float:
    """The share of all relevant documents among the first k."""
    return len(_ranks(relevant, total, k)) / total


def _ranks(relevant: BoolArray, total: int, k: int | None = None) -> npt.NDArray[np.int64]:
    """The ranks, from 1, of the relevant documents among the first k. Raises InputError for invalid numbers."""
    if total < 1:
        raise InputError(f"There are {total} relevant documents: at least 1 is needed to measure a ranking")
    if k is not None and k < 1:
        raise out_of_range("k", k, least=1)
    ranks = np.flatnonzero(relevant) + 1
    if len(ranks) > total:
        raise InputError(f"{len(ranks)} relevant documents are ranked, but there are only {total}")
    return ranks if k is None else ranks[ranks <= k]


def spearman(one: Numbers, other: Numbers) -> float:
    """Spearman's rank correlation of (n,) and (n,) numbers, -1..1; ties share the mean of their ranks.

    It measures the agreement of two orders. 0 if all numbers of either are equal. Raises InputError for fewer than two.
    """
    if len(one) != len(other) or len(one) < 2:
        raise InputError(f"There are {len(one)} and {len(other)} numbers: a correlation needs two or more pairs")
    a, b = _mean_ranks(one), _mean_ranks(other)
    a, b = a - a.mean(), b - b.mean()
    lengths = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / lengths if lengths else 0.0


def _mean_ranks(values: Numbers) -> npt.NDArray[np.float64]:
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(times)
    return ((last - times + 1 + last) / 2)[place]


def auc(positive: Numbers, negative: Numbers) -> float:
    """The chance that one of `positive` (n,) scores above one of `negative` (m,), ties counting half: Mann-Whitney."""
    ranks = _mean_ranks(np.concatenate([positive, negative]))
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def f1_scores(truth: BoolArray, predicted: BoolArray) -> tuple[float, float]:
    """Micro and macro F1, 0..1, of labels (n, c): over all predictions, and the mean over labels that occur."""
    right, wrong = (truth & predicted).sum(axis=0), (~truth & predicted).sum(axis=0)
    missed = (truth & ~predicted).sum(axis=0)
    total = 2 * right + wrong + missed
    occurs = total > 0
    macro = (2 * right[occurs] / total[occurs]).mean() if occurs.any() else 0.0
    return float(2 * right.sum() / max(1, total.sum())), float(macro)
