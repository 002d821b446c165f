"""PMI and its relatives against the formulas of the papers, pair by pair; packed rows of counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.errors import InputError
from semsearch.maths.contexts import pack_rows, unit_of, unpack_row
from semsearch.maths.weighting import associations

COUNTS = np.array([[4, 2, 0, 1], [2, 0, 3, 0], [0, 3, 2, 5], [1, 0, 5, 0]], np.float32)


def probability(sums: np.ndarray, at: int, power: float) -> float:
    return float(sums[at] ** power / (sums**power).sum())


@pytest.mark.parametrize("smoothing", [1.0, 0.75])
def test_pmi_with_smoothed_contexts_is_that_of_levy_goldberg_and_dagan(smoothing: float) -> None:
    found = associations(sp.csr_matrix(COUNTS), "pmi", smoothing=smoothing, symmetric=False).toarray()
    sums, total = COUNTS.sum(axis=0), COUNTS.sum()
    for i, j in zip(*np.nonzero(COUNTS), strict=True):
        chance = probability(sums, i, 1) * probability(sums, j, smoothing)
        assert found[i, j] == pytest.approx(math.log(COUNTS[i, j] / total / chance), abs=1e-6)  # float32 entries
    assert (found[COUNTS == 0] == 0).all()


def test_the_symmetric_form_is_the_mean_of_both_before_anything_is_cut_off() -> None:
    M = sp.csr_matrix(COUNTS)
    lopsided = associations(M, "pmi", smoothing=0.75, symmetric=False).toarray()
    found = associations(M, "pmi", smoothing=0.75).toarray()
    assert np.allclose(found, (lopsided + lopsided.T) / 2, atol=1e-6) and np.allclose(found, found.T, atol=1e-6)
    positive = associations(M, "ppmi", smoothing=0.75).toarray()
    assert np.allclose(positive, np.maximum(found, 0), atol=1e-6)


def test_measures_follow_from_each_other() -> None:
    M = sp.csr_matrix(COUNTS)
    met = COUNTS > 0
    pmi, ratio = (associations(M, measure).toarray() for measure in ("pmi", "ratio"))
    assert np.allclose(np.exp(pmi[met]), ratio[met], rtol=1e-5)
    shifted = associations(M, "shifted", shift=2.0).toarray()
    assert np.allclose(shifted[met], np.maximum(pmi[met] - math.log(2), 0), atol=1e-6)
    assert np.allclose(associations(M, "log").toarray(), np.log(1 + COUNTS))
    assert (associations(M, "count").toarray() == COUNTS).all()
    assert (associations(-M, "count").toarray() == -COUNTS).all()  # a similarity as it is may be below 0


def test_independent_words_have_no_pmi() -> None:
    """Planted independence: every count is exactly what chance gives."""
    found = associations(sp.csr_matrix(np.outer([1, 2, 4], [1, 2, 4]).astype(np.float32)), "pmi").toarray()
    assert np.abs(found).max() < 1e-6


@pytest.mark.parametrize(("measure", "said"), [("cosine", "--measure must be count"), ("pmi", "0 or more")])
def test_what_cannot_be_weighed_is_refused(measure: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        associations(sp.csr_matrix(-COUNTS), measure)


@pytest.mark.parametrize(("weights", "window"), [("flat", 20), ("harmonic", 5), ("harmonic", 10)])
def test_rows_come_back_as_they_were_packed(weights: str, window: int) -> None:
    rng = np.random.default_rng(0)
    unit = unit_of(weights, window)
    counts = sp.random(60, 100_000, density=0.003, format="csr", random_state=1, dtype=np.float64)
    numbers = rng.integers(1, 10_000_000, counts.nnz)
    counts.data = numbers * unit
    packed = pack_rows(counts, unit)
    for row in range(60):
        columns, values = unpack_row(packed[row], unit)
        assert (columns == counts[row].indices).all() and np.allclose(values, counts[row].data, rtol=1e-12)


def test_harmonic_counts_are_multiples_of_their_unit_up_to_ten_and_an_empty_row_is_empty() -> None:
    for window in (1, 5, 10):
        parts = (1 / np.arange(1, window + 1)) / unit_of("harmonic", window)
        assert np.allclose(parts, np.rint(parts), atol=1e-9)
    assert [len(part) for part in unpack_row(b"", 1.0)] == [0, 0]
