"""The weight that a collection finds for itself tells topics from noise."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.maths.ranking import MIN_WEIGHT, hybrid_weight, self_retrieval


def planted(rng: np.random.Generator, n: int, terms: int, topics: int) -> sp.csr_matrix:
    """Documents of 20 different words: of one topic's own, or of all words where there is one topic."""
    width = terms // topics
    rows = [rng.permutation(width)[:20] + width * rng.integers(topics) for _ in range(n)]
    return sp.csr_matrix((np.ones(20 * n, np.float32), np.concatenate(rows), np.arange(0, 20 * n + 1, 20)), (n, terms))


def measure(counts: sp.csr_matrix, dim: int) -> float:
    _, _, Vt = np.linalg.svd(counts.toarray(), full_matrices=False)
    V = Vt[:dim].T.astype(np.float32)
    found = self_retrieval(counts, lambda some: some @ V, counts @ V, rng=np.random.default_rng(1))
    assert found is not None
    return found


def test_documents_with_topics_find_their_rest_and_random_words_do_not() -> None:
    """A topic leads back to its ten documents; without topics nothing leads anywhere among a thousand."""
    rng = np.random.default_rng(0)
    assert measure(planted(rng, 1000, 4000, 100), 100) > 0.2
    assert measure(planted(rng, 1000, 60, 1), 10) < 0.02


def test_a_question_shares_no_word_with_the_rest() -> None:
    """Embedded by its own words alone, a question has nothing in common with its document's rest."""
    counts = planted(np.random.default_rng(0), 50, 200, 1)
    seen: list[sp.csr_matrix] = []

    def embed(some: sp.csr_matrix) -> np.ndarray:
        seen.append(some)
        return np.asarray(some.todense())

    found = self_retrieval(counts, embed, np.asarray(counts.todense()), rng=np.random.default_rng(0))
    asked, rest = seen
    assert asked.multiply(rest).nnz == 0
    assert (np.diff(asked.indptr) == 8).all() and (np.diff(rest.indptr) == 12).all()
    assert found is not None and found < 0.2


def test_the_same_seed_measures_the_same() -> None:
    counts = planted(np.random.default_rng(0), 100, 400, 4)
    assert measure(counts, 8) == measure(counts, 8)


def test_too_little_text_says_nothing() -> None:
    counts = sp.csr_matrix(np.eye(5, dtype=np.float32))
    assert self_retrieval(counts, lambda some: some.toarray(), counts.toarray(), rng=np.random.default_rng(0)) is None


def test_the_weight_is_a_line_that_few_documents_draw_to_one_half() -> None:
    assert hybrid_weight(0.0, 10_000, 100) == pytest.approx(MIN_WEIGHT)
    assert hybrid_weight(1.0, 10_000, 100) == pytest.approx(1)
    assert hybrid_weight(1.0, 100, 50) == pytest.approx(0.5 + 0.5 / 4)
    assert hybrid_weight(0.5, 10**6, 100) == hybrid_weight(0.5, 10**4, 100)
