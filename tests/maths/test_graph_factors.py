"""netmf and prone: formulas by two ways, and planted communities found again."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.builders.deepwalk import windows
from semsearch.maths.factor import truncated_eigen
from semsearch.maths.graphs import adjacency, multiply
from semsearch.maths.netmf import netmf_approximated, netmf_edges, netmf_exact
from semsearch.maths.prone import factor_graph, prone_matrix, propagate
from semsearch.maths.spectral_factors import factor_sides, side_by_side
from tests.planted import communities, purity


def walk_sum(A: sp.csr_matrix, window: int, negative: float) -> np.ndarray:
    """The formula of Qiu et al. (their equation 3), written down in dense float64."""
    dense = A.toarray().astype(np.float64)
    degrees = dense.sum(axis=1)
    P = dense / degrees[:, None]
    powers = sum(np.linalg.matrix_power(P, r) for r in range(1, window + 1))
    M = degrees.sum() / (negative * window) * powers / degrees
    return np.log(np.maximum(M, 1))


@pytest.mark.parametrize(("window", "negative"), [(1, 1.0), (5, 1.0), (10, 2.0)])
def test_netmf_is_the_formula(window: int, negative: float) -> None:
    A, _ = communities(np.random.default_rng(0), 90)
    A.data *= np.float32(1.5)  # the formula does not mind the unit of weights
    made = netmf_exact(A, window, negative=negative)
    # float32 sums over ten products of rows of 90: relative errors of some 1e-6
    assert np.abs(made - walk_sum(A, window, negative)).max() < 1e-4
    assert np.abs(made - made.T).max() < 1e-5


def test_the_matrix_of_the_edges_is_that_of_window_one() -> None:
    A, _ = communities(np.random.default_rng(0), 90)
    A.data *= np.float32(1.5)
    made = netmf_edges(A, negative=0.5)
    assert np.abs(made.toarray() - walk_sum(A, 1, 0.5)).max() < 1e-4  # float32, as above
    assert made.nnz <= A.nnz and made.data.min() > 0


def test_factors_side_by_side_hold_the_energy_of_both() -> None:
    A, B = (communities(np.random.default_rng(seed), 60)[0].toarray().astype(np.float64) for seed in (0, 1))
    parts = [factor_sides(M, k, power=0.5, symmetric=True, rng=np.random.default_rng(0)) for M, k in ((A, 4), (B, 3))]
    both = side_by_side(parts)
    assert both.left.shape == (60, 7) and both.facts()["dim"] == 7
    held = sum(float((part.spectrum**2).sum()) for part in parts)
    assert both.energy == pytest.approx(held / ((A**2).sum() + (B**2).sum()), rel=1e-6)
    assert np.array_equal(both.right[:, 4:], parts[1].right)


@pytest.mark.parametrize(
    ("dim", "window", "expected"),
    [(128, None, [(1, 64), (10, 64)]), (2, None, [(1, 1), (10, 1)]), (1, None, [(10, 1)]), (64, 3, [(3, 64)])],
)
def test_default_windows_share_the_dimensions(dim: int, window: int | None, expected: list[tuple[int, int]]) -> None:
    assert windows(dim, window, 10) == expected


def test_all_eigenpairs_give_the_algorithm_in_dense_numbers() -> None:
    A, _ = communities(np.random.default_rng(1), 90)
    dense = A.toarray().astype(np.float64)
    root = 1 / np.sqrt(np.maximum(dense.sum(axis=1), 1e-12)) * (dense.sum(axis=1) > 0)
    values, U = np.linalg.eigh(root[:, None] * dense * root)
    filtered = np.maximum(sum(values**r for r in range(1, 4)) / 3, 0)
    M = dense.sum() * root[:, None] * ((U * filtered) @ U.T) * root
    made = netmf_approximated(A, 3, rank=90, rng=np.random.default_rng(0))
    # float32 products of 90 numbers of some 10: errors of 1e-4, which the logarithm of a number above 1 does not raise
    assert np.abs(made - np.log(np.maximum(M, 1))).max() < 1e-3


def test_more_eigenpairs_come_nearer_to_the_exact_matrix() -> None:
    A, _ = communities(np.random.default_rng(2))
    exact = netmf_exact(A, 10).ravel()
    near = [
        np.corrcoef(netmf_approximated(A, 10, rank=rank, rng=np.random.default_rng(0)).ravel(), exact)[0, 1]
        for rank in (4, 20, 60, 120)
    ]
    assert near == sorted(near) and near[0] > 0.5 and near[-1] > 0.9  # the four blocks alone tell most of it


def test_the_matrix_of_prone_is_its_formula() -> None:
    A, _ = communities(np.random.default_rng(3), 60)
    F = prone_matrix(A).toarray()
    dense = A.toarray().astype(np.float64)
    p = dense / dense.sum(axis=1, keepdims=True)
    c = p.sum(axis=0) ** 0.75
    c /= c.sum()
    for i, j in zip(*np.nonzero(dense), strict=True):
        assert F[i, j] == pytest.approx(np.log(p[i, j] / c[j]), abs=1e-5)  # float32
    assert ((F != 0) <= (dense != 0)).all()


@pytest.mark.parametrize("method", ["netmf", "netmf approximated", "prone", "prone's first stage"])
def test_planted_communities_are_found(method: str) -> None:
    rng = np.random.default_rng(5)
    A, of = communities(rng)
    if method.startswith("netmf"):
        M = netmf_exact(A, 10) if method == "netmf" else netmf_approximated(A, 10, rank=40, rng=rng)
        eigen = truncated_eigen(M, 16, rng=rng)
        vectors = eigen.vectors * np.sqrt(np.abs(eigen.values))
    else:
        vectors = factor_graph(A, 16, rng=rng)[0]
        if method == "prone":
            vectors = propagate(A, vectors)
    # a quarter by chance; edges alone, at 12 neighbours of 18 inside, would give two thirds
    assert purity(vectors, of) > (0.85 if "first" not in method else 0.6)


def test_nodes_without_an_edge_stay_nothing_and_disturb_nobody() -> None:
    A, of = communities(np.random.default_rng(6), 120)
    wider = sp.csr_matrix((A.data, A.indices, np.concatenate([A.indptr, [A.nnz, A.nnz]])), shape=(122, 122))
    vectors = propagate(wider, factor_graph(wider, 16, rng=np.random.default_rng(0))[0])
    assert np.isfinite(vectors).all() and not vectors[120:].any()
    assert purity(vectors[:120], of) > 0.7
    assert not netmf_exact(wider, 3)[120:].any()


def test_what_edges_mean() -> None:
    source, target = np.array([0, 0, 1, 2, 3]), np.array([1, 1, 0, 2, 4])
    weight = np.array([1.0, 2.0, 4.0, 9.0, 0.0])
    both = adjacency(source, target, weight, 5, directed=False).toarray()
    assert both[0, 1] == both[1, 0] == 7 and both.sum() == 14  # repeated ones add up, loops and zeros are left out
    one_way = adjacency(source, target, weight, 5, directed=True)
    assert one_way.toarray()[0, 1] == 3 and one_way.toarray()[1, 0] == 4


def test_products_on_all_cores_are_products() -> None:
    rng = np.random.default_rng(0)
    A = sp.csr_array(rng.random((300, 200), np.float32) * (rng.random((300, 200)) < 0.05))
    X = rng.standard_normal((200, 7)).astype(np.float32)
    assert np.allclose(multiply(sp.csr_matrix(A), X), A @ X, atol=1e-5)  # sums of ten float32
