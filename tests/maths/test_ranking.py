"""Two scores become one, and the weight of the vector score is lowered only where held-out documents say so."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.maths.ranking import (
    EQUAL_WEIGHT,
    MIN_PROBES,
    WEIGHTS,
    Embed,
    bm25,
    choose_weight,
    held_out_weight,
    power_mean,
    prominence,
    query_weight,
    relative_powers,
    split_documents,
)


def planted(rng: np.random.Generator, n: int, terms: int, topics: int) -> sp.csr_matrix:
    """Documents of 20 different words: of one topic's own, or of all words where there is one topic."""
    width = terms // topics
    rows = [rng.permutation(width)[:20] + width * rng.integers(topics) for _ in range(n)]
    return sp.csr_matrix((np.ones(20 * n, np.float32), np.concatenate(rows), np.arange(0, 20 * n + 1, 20)), (n, terms))


def by_topic(topics: int, width: int) -> np.ndarray:
    return np.kron(np.eye(topics), np.ones((width, 1))).astype(np.float32)


@pytest.mark.parametrize(
    ("weights", "scores", "expected"),
    [
        ([0.5, 0.5], [1.0, 1.0], 1.0),
        ([0.5, 0.5], [1.0, 0.0], 0.5**0.25),
        ([0.25, 0.75], [0.0, -1.0], -(0.75**0.25)),
        ([1.0], [-0.3], -0.3),
        ([0.0, 1.0], [0.9, 0.4], 0.4),
    ],
)
def test_the_power_mean_lies_between_its_scores(weights: list[float], scores: list[float], expected: float) -> None:
    assert power_mean(weights, scores) == pytest.approx(expected)


def test_prominence_is_the_formula_by_hand() -> None:
    scores = np.array([[2.0, 1.0, 1.0] + [0.0] * 20, [1.0] * 23, [-1.0] * 23, [0.0] * 23])
    powers = relative_powers(scores)
    assert powers[0, :3] == pytest.approx([1, 1 / 16, 1 / 16]) and (powers[2] == -1).all()
    assert prominence(powers) == pytest.approx([1 - (2 / 16) / 10, 0.001, 1, 1])
    assert prominence(powers[:, :3], 2)[0] == pytest.approx(1 - 1 / 16)


def test_equal_prominence_leaves_the_weight() -> None:
    even, sharp = np.array([0.3, 0.3]), np.array([0.3, 0.9])
    assert query_weight(0.4, even, sharp) == pytest.approx([0.4, 0.4 * 0.3 / (0.4 * 0.3 + 0.6 * 0.9)])
    assert query_weight(0.0, even, sharp).tolist() == [0, 0] and query_weight(1.0, even, sharp).tolist() == [1, 1]


def test_bm25_is_the_formula_by_hand() -> None:
    counts = sp.csr_matrix(np.array([[2, 0, 0], [1, 1, 0], [0, 4, 1], [0, 0, 1], [0, 0, 1]], np.float32))
    found = bm25(counts).toarray()
    # Term 1 is in 2 of 5 documents, 4 times in the third, whose length is 5; the mean length is 11 / 5.
    idf = math.log((5 - 2 + 0.5) / (2 + 0.5))
    assert found[2, 1] == pytest.approx(idf * 4 * 2.2 / (4 + 1.2 * (0.25 + 0.75 * 5 / 2.2)), rel=1e-6)
    assert found[0, 1] == 0


def test_a_query_shares_no_word_with_the_others() -> None:
    counts = planted(np.random.default_rng(0), 50, 200, 1)
    queries, others = split_documents(counts, np.random.default_rng(1))
    assert queries.multiply(others).nnz == 0
    assert (np.diff(queries.indptr) == 8).all() and (np.diff(others.indptr) == 12).all()


def test_vectors_that_know_the_topics_keep_one_half() -> None:
    """Words alone find few of the ten documents of a topic: it has 400 words, a document 20 of them."""
    rng = np.random.default_rng(0)
    counts = planted(rng, 1000, 40_000, 100)
    found = held_out_weight(counts, lambda _: lambda rows: rows @ by_topic(100, 400), rng=rng)
    assert found is not None
    assert found.weight == EQUAL_WEIGHT and found.probes == 200
    assert found.even > 1.2 * found.text


def test_vectors_of_noise_lose_weight() -> None:
    rng = np.random.default_rng(0)
    counts = planted(rng, 1000, 1200, 20)
    noise = rng.standard_normal((1200, 30)).astype(np.float32)
    found = held_out_weight(counts, lambda _: lambda rows: rows @ noise, rng=rng)
    assert found is not None
    assert found.weight == WEIGHTS[0]
    assert found.chosen > found.even


def test_the_fit_never_sees_the_documents_that_ask() -> None:
    """Every document has a word of its own. A fit that remembers these cannot recognise one that was held out."""
    rng = np.random.default_rng(0)
    counts = sp.hstack([planted(rng, 500, 600, 10), sp.identity(500, np.float32)], format="csr")
    fitted: list[sp.csr_matrix] = []
    asked: list[sp.csr_matrix] = []

    def fit(some: sp.csr_matrix) -> Embed:
        fitted.append(some)

        def embed(rows: sp.csr_matrix) -> np.ndarray:
            asked.append(rows)
            return np.asarray(rows[:, :600] @ by_topic(10, 60))

        return embed

    assert held_out_weight(counts, fit, rng=rng) is not None
    own = set((fitted[0][:, 600:]).nonzero()[1].tolist())
    assert len(own) == 400
    for rows in asked[1:]:  # the first embeds the fitted documents themselves
        assert own.isdisjoint(rows[:, 600:].nonzero()[1].tolist())


def test_a_difference_within_the_error_keeps_one_half() -> None:
    rng = np.random.default_rng(0)
    noisy = rng.standard_normal((3, 50))
    noisy -= noisy.mean(axis=1, keepdims=True)
    weights = np.array([0.25, 0.4, 0.5])
    assert choose_weight(noisy + [[0.05], [0.0], [0.0]], weights) == 2
    assert choose_weight(noisy + [[2.0], [0.0], [0.0]], weights) == 0
    assert choose_weight(noisy + [[0.0], [0.0], [2.0]], weights) == 2


def test_too_few_documents_say_nothing() -> None:
    rng = np.random.default_rng(0)
    counts = planted(rng, 5 * MIN_PROBES - 1, 600, 10)
    assert held_out_weight(counts, lambda _: lambda rows: rows @ by_topic(10, 60), rng=rng) is None
    short = sp.csr_matrix(np.eye(500, dtype=np.float32))
    assert held_out_weight(short, lambda _: lambda rows: rows.toarray(), rng=rng) is None


def test_the_same_seed_measures_the_same() -> None:
    counts = planted(np.random.default_rng(0), 300, 600, 10)
    first, second = (
        held_out_weight(counts, lambda _: lambda rows: rows @ by_topic(10, 60), rng=np.random.default_rng(1))
        for _ in range(2)
    )
    assert first == second and first is not None
