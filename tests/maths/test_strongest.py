"""Cut counts are the strongest of all counts, and sums of rows follow from positions alone."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.maths.cooccurrence import Occurrences, Weights, cooccurrences, occurrences, with_boundaries
from semsearch.maths.strongest import cooccurrence_totals, in_either_row, strongest_cooccurrences
from semsearch.maths.weighting import association_order, associations

WIDTH = 80
EDGES = np.array([0, 0, 1, 60, 60, 250, 3000], np.int64)  # empty contexts, one of a single id, long ones


def stream() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.zipf(1.5, 3000).clip(max=WIDTH) - 1).astype(np.int32)


def where() -> Occurrences:
    return occurrences(with_boundaries(stream(), EDGES), WIDTH)


def all_counts(window: int, weights: Weights = "flat") -> sp.csr_matrix:
    return cooccurrences(stream(), EDGES, WIDTH, window=window, weights=weights)


@pytest.mark.parametrize("weights", ["flat", "harmonic"])
@pytest.mark.parametrize("window", [1, 4, 200])
def test_sums_of_rows_need_no_pairs(window: int, weights: Weights) -> None:
    found = cooccurrence_totals(where(), window=window, weights=weights)
    # The counts are stored as float32: half a unit in the seventh digit.
    assert np.allclose(found, np.asarray(all_counts(window, weights).sum(axis=1, dtype=np.float64)).ravel(), rtol=1e-6)


@pytest.mark.parametrize("measure", ["ppmi", "shifted", "pmi", "count"])
@pytest.mark.parametrize("keep", [3, 10, WIDTH])
def test_each_row_keeps_its_strongest_pairs(measure: str, keep: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semsearch.maths.cooccurrence._BLOCK_PAIRS", 500)  # many blocks
    order = association_order(cooccurrence_totals(where(), window=4), measure, smoothing=0.75, shift=2.0)
    found, counted = strongest_cooccurrences(where(), *order, window=4, keep=keep)
    everything = all_counts(4)
    assert counted == everything.nnz and found.has_sorted_indices
    weighted = associations(everything, measure, smoothing=0.75, shift=2.0).toarray()
    kept = found.toarray() > 0
    assert (found.toarray()[kept] == everything.toarray()[kept]).all()
    for row in range(WIDTH):
        there = np.flatnonzero(weighted[row] != 0)
        assert kept[row].sum() == min(keep, len(there))
        if len(there) > 0:
            weakest, others = weighted[row, kept[row]].min(), weighted[row, there][~kept[row, there]]
            assert not len(others) or others.max() <= weakest + 1e-6  # equal ones may be on either side: float32


def test_a_pair_is_kept_if_either_row_keeps_it() -> None:
    order = association_order(cooccurrence_totals(where(), window=4), "ppmi", smoothing=0.75, shift=1.0)
    cut, _ = strongest_cooccurrences(where(), *order, window=4, keep=3)
    found, dense = in_either_row(cut), cut.toarray()
    assert found.has_sorted_indices and (found.toarray() == np.maximum(dense, dense.T)).all()
    assert found.nnz > cut.nnz  # some are kept by one row alone


def test_all_pairs_kept_give_the_associations_of_all_counts() -> None:
    totals = cooccurrence_totals(where(), window=4)
    order = association_order(totals, "ppmi", smoothing=0.75, shift=1.0)
    kept = in_either_row(strongest_cooccurrences(where(), *order, window=4, keep=WIDTH)[0])
    found = associations(kept, "ppmi", smoothing=0.75, totals=totals).toarray()
    assert np.allclose(found, associations(all_counts(4), "ppmi", smoothing=0.75).toarray(), atol=1e-6)  # float32


def test_no_ids_and_ids_without_neighbours() -> None:
    none = occurrences(with_boundaries(np.zeros(0, np.int32), np.zeros(1, np.int64)), 0)
    assert strongest_cooccurrences(none, np.ones(0), np.zeros(0), window=2, keep=5)[0].shape == (0, 0)
    alone = occurrences(with_boundaries(np.array([0, 1], np.int32), np.array([0, 1, 2])), 3)
    found, counted = strongest_cooccurrences(alone, np.ones(3), np.zeros(3), window=9, keep=5)
    assert counted == 0 and in_either_row(found).nnz == 0 and not cooccurrence_totals(alone, window=9).any()
