"""The one SVD: planted singular values, agreement with a dense one, and matrices that break naive routines."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.errors import InputError
from semsearch.maths.factor import Matrix, fixed_signs, truncated_eigen, truncated_svd


def planted(m: int, n: int, values: np.ndarray, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    U, _ = np.linalg.qr(rng.standard_normal((m, len(values))))
    V, _ = np.linalg.qr(rng.standard_normal((n, len(values))))
    return ((U * values) @ V.T).astype(np.float32)


@pytest.mark.parametrize(("m", "n"), [(400, 150), (150, 400), (200, 200)], ids=["tall", "wide", "square"])
def test_planted_singular_values_come_back(m: int, n: int) -> None:
    values = np.geomspace(100, 1, 30)
    svd = truncated_svd(Matrix(planted(m, n, values)), 10, rng=np.random.default_rng(1), tolerance=1e-4)
    assert svd.s == pytest.approx(values[:10], rel=1e-4)  # float32 products
    assert svd.U.shape == (m, 10) and svd.Vt.shape == (10, n)


@pytest.mark.parametrize("side", ["tall", "wide"])
def test_agrees_with_a_dense_svd_on_a_sparse_flat_spectrum(side: str) -> None:
    A = sp.random(600, 300, density=0.05, format="csr", random_state=3, dtype=np.float32)
    A = A if side == "tall" else A.T.tocsr()
    svd = truncated_svd(Matrix(A), 20, rng=np.random.default_rng(0), tolerance=1e-4)
    U, s, Vt = np.linalg.svd(A.toarray(), full_matrices=False)
    assert svd.s == pytest.approx(s[:20], rel=1e-4)
    # The same subspace: all principal angles between the right vectors are small.
    assert np.linalg.svd(svd.Vt @ Vt[:20].T, compute_uv=False).min() > 0.999
    assert np.allclose(svd.U.T @ svd.U, np.eye(20), atol=1e-4)
    assert np.allclose(svd.Vt @ svd.Vt.T, np.eye(20), atol=1e-4)


def test_default_tolerance_leaves_little_energy_behind() -> None:
    A = sp.random(1500, 1000, density=0.02, format="csr", random_state=5, dtype=np.float32)
    svd = truncated_svd(Matrix(A), 50, rng=np.random.default_rng(0))
    best = np.linalg.svd(A.toarray(), compute_uv=False)[:50]
    # A random matrix has the flattest spectrum there is; on text the same tolerance leaves a tenth of this.
    assert 1 - (svd.s**2).sum() / (best**2).sum() < 1e-2


def test_rank_deficient_matrices_give_as_many_values_as_they_have() -> None:
    one = truncated_svd(Matrix(np.ones((50, 30), np.float32)), 20, rng=np.random.default_rng(0))
    assert one.s == pytest.approx([np.sqrt(1500)], rel=1e-5)  # float32 products
    none = truncated_svd(Matrix(np.zeros((5, 4), np.float32)), 2, rng=np.random.default_rng(0))
    assert none.s.shape == (0,) and none.U.shape == (5, 0)


def test_a_value_of_high_multiplicity_is_found_as_often_as_it_stands() -> None:
    svd = truncated_svd(Matrix(np.eye(100, dtype=np.float32)), 50, rng=np.random.default_rng(0))
    assert svd.s == pytest.approx(np.ones(50), rel=1e-5)


@pytest.mark.parametrize(("m", "n", "k"), [(1, 40, 5), (40, 1, 5), (2, 2, 9)])
def test_asking_for_more_than_there_is(m: int, n: int, k: int) -> None:
    A = planted(m, n, np.arange(min(m, n), 0, -1.0))
    svd = truncated_svd(Matrix(A), k, rng=np.random.default_rng(0))
    assert np.allclose((svd.U * svd.s) @ svd.Vt, A, atol=1e-5)


def test_same_seed_same_bytes_and_signs_are_fixed() -> None:
    A = Matrix(planted(80, 60, np.geomspace(10, 1, 20)))
    one = truncated_svd(A, 5, rng=np.random.default_rng(7))
    two = truncated_svd(A, 5, rng=np.random.default_rng(7))
    assert one.U.tobytes() == two.U.tobytes() and one.Vt.tobytes() == two.Vt.tobytes()
    assert (fixed_signs(one.Vt.T) == 1).all()


def test_no_dimensions_is_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        truncated_svd(Matrix(np.eye(3, dtype=np.float32)), 0, rng=np.random.default_rng(0))


def test_the_basis_grows_when_it_must() -> None:
    """A slow spectrum and a hard tolerance need far more than the room there is at first."""
    A = sp.random(700, 500, density=0.1, format="csr", random_state=2, dtype=np.float32)
    svd = truncated_svd(Matrix(A), 20, rng=np.random.default_rng(0), tolerance=1e-5, block=4)
    assert svd.steps * 4 > 4 * 20 + 4
    assert svd.s == pytest.approx(np.linalg.svd(A.toarray(), compute_uv=False)[:20], rel=1e-4)


def test_planted_eigenvalues_of_either_sign_come_back_by_magnitude() -> None:
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(rng.standard_normal((300, 30)))
    values = np.geomspace(100, 1, 30) * np.where(np.arange(30) % 3 == 1, -1, 1)
    A = ((Q * values) @ Q.T).astype(np.float32)
    found = truncated_eigen(A, 10, rng=np.random.default_rng(1), tolerance=1e-4)
    assert found.values == pytest.approx(values[:10], rel=1e-4)  # float32 products
    assert np.abs(np.sum(found.vectors * Q[:, :10], axis=0)).min() > 0.9999


def test_eigenvectors_agree_with_a_dense_decomposition_of_an_indefinite_sparse_matrix() -> None:
    A = sp.random(250, 250, density=0.05, format="csr", random_state=3, dtype=np.float32)
    A = (A + A.T).tocsr()
    found = truncated_eigen(A, 20, rng=np.random.default_rng(0), tolerance=1e-4)
    values = np.linalg.eigvalsh(A.toarray().astype(np.float64))
    order = np.argsort(-np.abs(values))[:20]
    assert (values[order] < 0).any() and found.values == pytest.approx(values[order], rel=1e-4)
    assert np.allclose(A @ found.vectors, found.vectors * found.values, atol=1e-2 * abs(found.values[0]))
    assert np.allclose(found.vectors.T @ found.vectors, np.eye(20), atol=1e-4)


def test_eigenvectors_of_nothing_one_and_too_many() -> None:
    none = truncated_eigen(np.zeros((4, 4), np.float32), 2, rng=np.random.default_rng(0))
    assert none.values.shape == (0,) and none.vectors.shape == (4, 0)
    one = truncated_eigen(np.full((1, 1), -3, np.float32), 5, rng=np.random.default_rng(0))
    assert one.values == pytest.approx([-3]) and one.vectors == pytest.approx(np.ones((1, 1)))
    with pytest.raises(InputError, match="at least 1"):
        truncated_eigen(np.eye(3, dtype=np.float32), 0, rng=np.random.default_rng(0))
