"""Weighting of counts: idf and log-tf·idf of words in documents, PMI and its variants of co-occurring words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError, not_a_choice
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges

MEASURES = ("count", "ratio", "log", "pmi", "ppmi", "shifted")
MEASURES_WITHOUT_SMOOTHING = (
    "count",
    "log",
)  # they compare with no expected count, so a symmetric matrix stays symmetric
_BATCH_ENTRIES = 1 << 20  # entries weighted at a time, so that float64 buffers stay at 30 MB per thread


def idf(n_documents: int, documents: IntArray) -> FloatArray:
    """(n_terms,) ln((n + 1) / documents holding the term).

    The usual ln(n/df) (Spärck Jones 1972) with one more document, so that a term in every document keeps a small weight
    and a single document is not all zeros.
    """
    weights: FloatArray = np.log((n_documents + 1) / documents).astype(np.float32)
    return weights


def log_tfidf(counts: sp.csr_matrix, weights: FloatArray) -> sp.csr_matrix:
    """(1 + ln tf) · idf with rows of unit length, float32, in the same sparsity; rows without terms stay zero."""
    weighted = counts.astype(np.float32, copy=True)
    weighted.data = (1 + np.log(weighted.data)) * weights[weighted.indices]
    rows = np.repeat(np.arange(counts.shape[0], dtype=np.int32), np.diff(weighted.indptr))
    lengths = np.sqrt(np.bincount(rows, np.square(weighted.data), counts.shape[0]))
    weighted.data /= lengths.astype(np.float32)[rows]  # a row without terms has no entries
    return weighted


def associations(
    counts: sp.csr_matrix,
    measure: str,
    *,
    smoothing: float = 1.0,
    shift: float = 1.0,
    symmetric: bool = True,
    totals: npt.NDArray[np.float64] | None = None,
) -> sp.csr_matrix:
    """The association of every pair of ids that co-occurs, float32, without zeros.

    With n the count of a pair, r and c the sums of its row and column, and N the sum of all:
    `count` n; `log` ln(1 + n); `ratio` n N / (r c); `pmi` ln of the ratio (Church & Hanks 1990); `ppmi` its positive
    part (Bullinaria & Levy 2007); `shifted` the positive part of pmi - ln(shift), which word2vec factorises with
    `shift` negative samples (Levy & Goldberg 2014). Pairs that never co-occur are 0 in all measures.

    `smoothing` raises the sums of contexts to a power, which lowers the association with rare contexts (Levy, Goldberg
    & Dagan 2015: 0.75). Alone it makes a symmetric matrix asymmetric. `symmetric` takes the mean of the matrix and its
    transpose before the positive part, which equals the power (1 + smoothing)/2 on both sides. `totals` (n,) are the
    sums of rows and columns of a symmetric matrix of which only some pairs are given. Raises InputError for an unknown
    measure and for counts below 0.
    """
    if measure not in MEASURES:
        raise not_a_choice("--measure", measure, MEASURES)
    if measure != "count" and counts.nnz and counts.data.min() < 0:
        raise InputError(
            f"{measure} needs counts of 0 or more, but one is {counts.data.min():g}: choose the measure count"
        )
    weighted = counts.astype(np.float32, copy=True)
    if measure == "count":
        return weighted
    if measure == "log":
        weighted.data = np.log1p(weighted.data)
        return weighted
    if totals is None:
        expected = log_expected(counts, smoothing=smoothing, symmetric=symmetric)
    else:
        expected = log_expected_of_totals(totals, totals, smoothing=smoothing, symmetric=symmetric)

    def weigh(first: int, last: int) -> None:
        start, end = counts.indptr[first], counts.indptr[last]
        rows = np.repeat(expected[0][first:last], np.diff(counts.indptr[first : last + 1]))
        with np.errstate(divide="ignore"):  # the logarithm of a stored zero is removed below
            pmi = np.log(counts.data[start:end].astype(np.float64)) - rows - expected[1][counts.indices[start:end]]
        weighted.data[start:end] = _measure(pmi, measure, shift)

    map_ranges(weigh, _row_bounds(counts.indptr))
    weighted.eliminate_zeros()
    return weighted


def log_expected(
    counts: sp.csr_matrix, *, smoothing: float, symmetric: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The contributions of each row (n,) and column (m,) to ln of the expected count: pmi is ln n minus both."""
    rows, columns = (np.asarray(counts.sum(axis=axis, dtype=np.float64)).reshape(-1) for axis in (1, 0))
    return log_expected_of_totals(rows, columns, smoothing=smoothing, symmetric=symmetric)


def log_expected_of_totals(
    rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64], *, smoothing: float, symmetric: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """`log_expected` from the sums of rows and columns. For a sum of 0, which has no pairs, they are arbitrary."""
    plain, smooth = (
        [
            np.log(np.maximum(sums, 1e-300)) * power - np.log(np.maximum((sums**power).sum(), 1e-300))
            for sums in (rows, columns)
        ]
        for power in (1.0, smoothing)
    )
    total = np.log(max(float(rows.sum()), 1e-300))
    if symmetric:
        left, right = (plain[0] + smooth[0]) / 2, (plain[1] + smooth[1]) / 2
    else:
        left, right = plain[0], smooth[1]
    return left + total, right


def association_order(
    totals: npt.NDArray[np.float64], measure: str, *, smoothing: float, shift: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """`scales` and `floors` (n,) that order the pairs of a row by their association, from the sums of rows.

    A count n of row i and column j has the association of n · scales[j]; it is stored if that is above floors[i].
    """
    if measure in MEASURES_WITHOUT_SMOOTHING:
        return np.ones(len(totals)), np.zeros(len(totals))
    left, right = log_expected_of_totals(totals, totals, smoothing=smoothing, symmetric=True)
    if measure in ("ratio", "pmi"):
        return np.exp(-right), np.zeros(len(totals))
    return np.exp(-right), np.exp(left) * (shift if measure == "shifted" else 1.0)


def _row_bounds(indptr: npt.NDArray[np.integer[Any]]) -> list[int]:
    """Bounds between rows so that each range holds about _BATCH_ENTRIES entries."""
    n = len(indptr) - 1
    cuts = np.searchsorted(indptr, np.arange(0, int(indptr[-1]) + _BATCH_ENTRIES, _BATCH_ENTRIES)[1:])
    return [int(bound) for bound in np.unique(np.concatenate([[0], np.minimum(cuts, n), [n]]))]


def _measure(pmi: npt.NDArray[np.float64], measure: str, shift: float) -> npt.NDArray[np.float64]:
    if measure == "ratio":
        return np.exp(pmi)
    if measure == "pmi":
        return np.where(np.isfinite(pmi), pmi, 0)
    return np.maximum(pmi - (np.log(shift) if measure == "shifted" else 0), 0)
