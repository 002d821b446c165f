"""Walks take each step as often as its exact probability says, and are the same on any number of threads."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.errors import InputError
from semsearch.maths import walks
from semsearch.maths.walks import random_walks, start_nodes


def graph(rng: np.random.Generator, *, weighted: bool, directed: bool, n: int = 9) -> sp.csr_matrix:
    """Half of all edges, never from a node to itself; 3 steps by direction always come back to where they began."""
    joined = rng.random((n, n)) < 0.5
    weights = rng.integers(1, 6, (n, n)).astype(float) if weighted else np.ones((n, n))
    A = joined * weights
    np.fill_diagonal(A, 0)
    A[np.arange(n), (np.arange(n) + 1) % n] = 2 if weighted else 1
    if not directed:
        A = np.maximum(A, A.T)
    return sp.csr_matrix(A)


def second_order(A: sp.csr_matrix, p: float, q: float) -> np.ndarray:
    """(n, n, n) the chance of t → v → x, by the formula of the paper, one loop for each of its three cases."""
    dense = A.toarray()
    n = len(dense)
    chances = np.zeros((n, n, n))
    for t in range(n):
        for v in np.flatnonzero(dense[t]):
            for x in np.flatnonzero(dense[v]):
                bias = 1 / p if x == t else 1.0 if dense[t, x] else 1 / q
                chances[t, v, x] = bias * dense[v, x]
            chances[t, v] /= chances[t, v].sum()
    return chances


@pytest.mark.parametrize("directed", [False, True], ids=["undirected", "directed"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.25, 4), (4, 0.25), (0.5, 0.5), (2, 2), (0.1, 1)])
def test_steps_are_as_frequent_as_their_exact_probabilities(p: float, q: float, weighted: bool, directed: bool) -> None:
    A = graph(np.random.default_rng(7), weighted=weighted, directed=directed)
    exact = second_order(A, p, q)
    nodes, starts = random_walks(A, np.tile(np.arange(9), 2_000), 40, seed=3, p=p, q=q)
    steps = nodes.reshape(-1, 40)
    assert len(starts) == len(steps) + 1
    counts = np.zeros_like(exact)
    for at in range(38):
        np.add.at(counts, (steps[:, at], steps[:, at + 1], steps[:, at + 2]), 1)
    total = counts.sum(axis=2, keepdims=True)
    seen = counts / np.maximum(total, 1)
    # a count of n draws lies within 5 standard errors but once in 1.7 million; there are some 300 of them a case
    allowed = 5 * np.sqrt(exact * (1 - exact) / np.maximum(total, 1)) + 1e-9
    assert (total.reshape(9, 9)[A.toarray() > 0] > 100).all()  # every pair of steps was seen
    assert (np.abs(seen - exact) <= allowed)[np.broadcast_to(total > 0, seen.shape)].all()


def test_the_first_step_goes_by_weight_alone() -> None:
    A = graph(np.random.default_rng(2), weighted=True, directed=False)
    nodes, _ = random_walks(A, np.zeros(40_000, np.int64), 2, seed=0, p=0.25, q=4)
    seen = np.bincount(nodes.reshape(-1, 2)[:, 1], minlength=9) / 40_000
    exact = A.toarray()[0] / A.toarray()[0].sum()
    assert np.abs(seen - exact).max() < 5 * 0.5 / np.sqrt(40_000)  # 5 standard errors of the widest of them


@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.5, 2)])
def test_walks_do_not_depend_on_how_they_are_split(p: float, q: float, monkeypatch: pytest.MonkeyPatch) -> None:
    A = graph(np.random.default_rng(1), weighted=True, directed=False)
    starts = start_nodes(A, 30, np.random.default_rng(0))
    whole = random_walks(A, starts, 20, seed=5, p=p, q=q)[0]
    monkeypatch.setattr(walks, "_WALKS_PER_BLOCK", 37)
    assert (random_walks(A, starts, 20, seed=5, p=p, q=q)[0] == whole).all()
    assert (random_walks(A, starts, 20, seed=6, p=p, q=q)[0] != whole).any()


@pytest.mark.parametrize(("p", "q"), [(1, 1), (0.5, 2)])
def test_a_walk_ends_where_no_edge_leaves(p: float, q: float) -> None:
    A = sp.csr_matrix(([1.0, 1.0, 1.0], ([0, 1, 4], [1, 2, 5])), shape=(6, 6))  # 0 → 1 → 2, 3 alone, 4 → 5
    assert start_nodes(A, 1, np.random.default_rng(0)).tolist() in (
        [0, 1, 4],
        [0, 4, 1],
        [1, 0, 4],
        [1, 4, 0],
        [4, 0, 1],
        [4, 1, 0],
    )
    nodes, starts = random_walks(A, np.array([0, 3, 4, 1]), 10, seed=0, p=p, q=q)
    assert [nodes[a:b].tolist() for a, b in zip(starts[:-1], starts[1:], strict=True)] == [
        [0, 1, 2],
        [3],
        [4, 5],
        [1, 2],
    ]


def test_a_directed_cycle_is_walked_round() -> None:
    A = sp.csr_matrix((np.ones(3), ([0, 1, 2], [1, 2, 0])), shape=(3, 3))
    nodes, _ = random_walks(A, np.array([1]), 7, seed=0, p=2, q=0.5)
    assert nodes.tolist() == [1, 2, 0, 1, 2, 0, 1]


@pytest.mark.parametrize(
    ("weights", "length", "p", "said"),
    [
        ([1, 1], 0, 1, "length"),
        ([1, 1], 5, 0, "above 0"),
        ([1, -1], 5, 1, "0 or more"),
        ([1, np.nan], 5, 1, "0 or more"),
    ],
)
def test_what_cannot_be_walked_is_refused(weights: list[float], length: int, p: float, said: str) -> None:
    A = sp.csr_matrix((np.array(weights, float), ([0, 1], [1, 0])), shape=(2, 2))
    with pytest.raises(InputError, match=said):
        random_walks(A, np.array([0]), length, seed=0, p=p)
