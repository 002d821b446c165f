"""What a count is worth: idf and log-tf·idf of words in documents, PMI and its relatives of words near words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.threads import map_ranges

MEASURES = ("count", "ratio", "log", "pmi", "ppmi", "shifted")
MEASURES_WITHOUT_SMOOTHING = ("count", "log")  # measures that know no chance: a symmetric matrix stays so
_BATCH_ENTRIES = 1 << 20  # entries weighed together: what is needed in float64 meanwhile stays at 30 MB a thread


def idf(n_documents: int, documents: IntArray) -> FloatArray:
    """(n_terms,) ln((n + 1) / documents holding the term).

    The usual ln(n/df) (Spärck Jones 1972) with one document more, so that a term of every document keeps a little
    weight and a single document is not all zeros.
    """
    weights: FloatArray = np.log((n_documents + 1) / documents).astype(np.float32)
    return weights


def log_tfidf(counts: sp.csr_matrix, weights: FloatArray) -> sp.csr_matrix:
    """(1 + ln tf) · idf, each row to unit length; rows without a term stay zero. Float32, the same sparsity."""
    weighted = counts.astype(np.float32, copy=True)
    weighted.data = (1 + np.log(weighted.data)) * weights[weighted.indices]
    rows = np.repeat(np.arange(counts.shape[0], dtype=np.int32), np.diff(weighted.indptr))
    lengths = np.sqrt(np.bincount(rows, np.square(weighted.data), counts.shape[0]))
    weighted.data /= lengths.astype(np.float32)[rows]  # a row without a term has no entry to divide
    return weighted


def associations(
    counts: sp.csr_matrix, measure: str, *, smoothing: float = 1.0, shift: float = 1.0, symmetric: bool = True
) -> sp.csr_matrix:
    """How much more often two ids meet than by chance, for every pair that met; float32, zeros left out.

    With n the count of a pair, r and c its row's and column's sums and N the sum of all:
    `count` n; `log` ln(1 + n); `ratio` n N / (r c); `pmi` ln of the ratio (Church & Hanks 1990); `ppmi` its positive
    part (Bullinaria & Levy 2007); `shifted` the positive part of pmi - ln(shift), which is what word2vec factors with
    `shift` negative samples (Levy & Goldberg 2014). Pairs that never met are 0 in all of them.

    `smoothing` raises the contexts' sums to a power, so that rare contexts count for less (Levy, Goldberg & Dagan 2015:
    0.75). That alone makes a symmetric matrix lopsided; `symmetric` takes the mean of it and its transpose before
    anything is cut off, which is (1 + smoothing)/2 as power on both sides. Raises InputError for an unknown measure or
    counts below 0.
    """
    if measure not in MEASURES:
        raise InputError(f"measure is {measure!r}: choose one of {', '.join(MEASURES)}")
    if measure != "count" and counts.nnz and counts.data.min() < 0:
        raise InputError(f"{measure} needs numbers of 0 or more, and {counts.data.min():g} is among them")
    weighted = counts.astype(np.float32, copy=True)
    if measure == "count":
        return weighted
    if measure == "log":
        weighted.data = np.log1p(weighted.data)
        return weighted
    chances = log_expected(counts, smoothing=smoothing, symmetric=symmetric)

    def weigh(first: int, last: int) -> None:
        start, end = counts.indptr[first], counts.indptr[last]
        rows = np.repeat(chances[0][first:last], np.diff(counts.indptr[first : last + 1]))
        with np.errstate(divide="ignore"):  # the logarithm of a stored zero; it falls out below
            found = np.log(counts.data[start:end].astype(np.float64)) - rows - chances[1][counts.indices[start:end]]
        weighted.data[start:end] = _measure(found, measure, shift)

    map_ranges(weigh, _row_bounds(counts.indptr))
    weighted.eliminate_zeros()
    return weighted


def log_expected(
    counts: sp.csr_matrix, *, smoothing: float, symmetric: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What each row (n,) and each column (m,) adds to ln of the count that chance would give: ln n - these is pmi."""
    rows, columns = (np.asarray(counts.sum(axis=axis, dtype=np.float64)).reshape(-1) for axis in (1, 0))
    return log_expected_of_totals(rows, columns, smoothing=smoothing, symmetric=symmetric)


def log_expected_of_totals(
    rows: npt.NDArray[np.float64], columns: npt.NDArray[np.float64], *, smoothing: float, symmetric: bool
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """`chances_of` from the sums of rows and columns. Where a sum is 0 there is no pair: the number means nothing."""
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


def _row_bounds(indptr: npt.NDArray[np.integer[Any]]) -> list[int]:
    """Where to cut the rows so that each stretch holds some entries."""
    n = len(indptr) - 1
    cuts = np.searchsorted(indptr, np.arange(0, int(indptr[-1]) + _BATCH_ENTRIES, _BATCH_ENTRIES)[1:])
    return [int(bound) for bound in np.unique(np.concatenate([[0], np.minimum(cuts, n), [n]]))]


def _measure(pmi: npt.NDArray[np.float64], measure: str, shift: float) -> npt.NDArray[np.float64]:
    if measure == "ratio":
        return np.exp(pmi)
    if measure == "pmi":
        return np.where(np.isfinite(pmi), pmi, 0)
    return np.maximum(pmi - (np.log(shift) if measure == "shifted" else 0), 0)
