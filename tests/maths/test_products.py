"""Products on our own threads against numpy's and scipy's, and the BLAS left as it was found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp
from threadpoolctl import threadpool_info

from semsearch.maths import blas, spmm
from semsearch.maths.factor import Matrix, truncated_svd


def tall(columns: int, seed: int, rows: int = 40_000) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


@pytest.fixture(params=[1, 3], ids=["one thread", "three threads"])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    for module in (blas, spmm):
        monkeypatch.setattr(module, "thread_count", lambda: request.param)
    return request.param


@pytest.mark.parametrize("rows", [1, 100, 40_000])
def test_dense_products(cores: int, rows: int) -> None:
    K, W, Z = np.asfortranarray(tall(20, 0, rows)), tall(7, 1, rows), tall(5, 2, 7)
    exact = W.astype(np.float64)
    # float32 sums of so many products, of entries about 1: rounding grows with the root of their number.
    rounding = 1e-6 * np.sqrt(rows)
    assert np.allclose(blas.inner(K, W), K.T.astype(np.float64) @ exact, atol=10 * rounding)
    assert np.allclose(blas.gram(W), exact.T @ exact, rtol=1e-12)  # float64 sums of exact float64 squares
    assert np.allclose(blas.times(W, Z), exact @ Z, atol=1e-5)
    less = W.copy()
    H = blas.inner(K, W) / rows
    blas.subtract(less, K, H)
    assert np.allclose(less, exact - K.astype(np.float64) @ H, atol=1e-4)


def test_sparse_products(cores: int) -> None:
    A = sp.random(3000, 2000, density=0.01, format="csr", random_state=0, dtype=np.float32)
    A = sp.vstack([A[:1000], sp.csr_matrix((500, 2000), dtype=np.float32), A[1500:]], format="csr")
    X, Y = tall(33, 3, 2000), np.asfortranarray(tall(33, 4, 3000))
    assert np.allclose(spmm.matmat(A, X), A @ X, atol=1e-5)  # the same sums of about 20 products
    assert np.allclose(spmm.rmatmat(A, Y), A.T @ Y, atol=1e-5)


def test_a_large_sparse_matrix_is_factored_by_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    A = sp.random(600, 300, density=0.05, format="csr", random_state=3, dtype=np.float32)
    plain = truncated_svd(Matrix(A), 20, rng=np.random.default_rng(0))
    monkeypatch.setattr(spmm, "COMPILED_ENTRIES", A.nnz)
    assert spmm.suits(A) and not spmm.suits(A.tocsc()) and not spmm.suits(A.astype(np.float64))
    one, two = (truncated_svd(Matrix(A), 20, rng=np.random.default_rng(0)) for _ in range(2))
    assert one.s == pytest.approx(plain.s, rel=1e-5)  # the same steps, sums in another order
    assert one.U.tobytes() == two.U.tobytes() and one.Vt.tobytes() == two.Vt.tobytes()


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_the_blas_has_its_threads_back_when_the_last_is_out() -> None:
    blas._libraries.cache_clear()  # scipy may have loaded one of its own since
    before = blas_threads()
    with blas.one_thread():
        assert set(blas_threads()) == {1}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda seed: blas.gram(tall(5, seed)), range(8)))
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
    with pytest.raises(ZeroDivisionError), blas.one_thread():
        raise ZeroDivisionError
    assert blas_threads() == before
