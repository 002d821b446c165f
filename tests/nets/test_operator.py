"""The SVD over torch's products agrees with the one over numpy's: run on torch's CPU, where there is no GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from semsearch import registry
from semsearch.building import build
from semsearch.maths import blas
from semsearch.maths.factor import Matrix, truncated_eigen, truncated_svd
from semsearch.maths.pca import principal_components
from semsearch.nets import operator
from semsearch.nets.operator import CentredOnDevice, MatrixOnDevice, OnDevice
from semsearch.records import Device, Graph, Images, silent

HERE = Device("cpu", "a test")


def decaying(m: int, n: int, seed: int = 0) -> np.ndarray:
    """A matrix of full rank whose singular values fall by a twentieth each: their vectors are well determined."""
    rng, rank = np.random.default_rng(seed), min(m, n)
    U, _ = np.linalg.qr(rng.standard_normal((m, rank)))
    V, _ = np.linalg.qr(rng.standard_normal((n, rank)))
    return ((U * 100 * 0.95 ** np.arange(rank)) @ V.T).astype(np.float32)


def thinned(A: np.ndarray) -> sp.csr_matrix:
    """The entries of some size alone, as a sparse matrix."""
    return sp.csr_matrix(np.where(np.abs(A) > 0.5, A, 0))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The sine of the largest angle between two subspaces, each of orthonormal columns."""
    return float(np.linalg.norm(one.astype(np.float64) - other @ (other.T.astype(np.float64) @ one), 2))


@pytest.mark.parametrize("kind", [np.asarray, thinned], ids=["dense", "sparse"])
@pytest.mark.parametrize(("m", "n"), [(500, 200), (200, 500)], ids=["tall", "wide"])
def test_singular_vectors_span_what_the_cpu_finds(kind: Any, m: int, n: int) -> None:
    A = kind(decaying(m, n))
    ours = truncated_svd(Matrix(A), 10, rng=np.random.default_rng(1), tolerance=1e-4)
    found = truncated_svd(MatrixOnDevice(A, HERE), 10, rng=np.random.default_rng(1), tolerance=1e-4)
    assert isinstance(found.U, np.ndarray) and isinstance(found.Vt, np.ndarray)
    assert found.s == pytest.approx(ours.s, rel=1e-5)
    # The issue asks for 1e-4 in subspace, which float32 products allow.
    assert apart(found.Vt.T, ours.Vt.T) < 1e-4 and apart(found.U, ours.U) < 1e-4
    assert np.allclose(found.Vt, ours.Vt, atol=1e-3)  # signs too


@pytest.mark.parametrize("kind", [np.asarray, thinned], ids=["dense", "sparse"])
def test_eigenvectors_of_a_symmetric_matrix_likewise(kind: Any) -> None:
    Q, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((300, 300)))
    A = kind(((Q * 100 * (-0.95) ** np.arange(300)) @ Q.T).astype(np.float32))  # eigenvalues of either sign
    ours = truncated_eigen(A, 8, rng=np.random.default_rng(1), tolerance=1e-4)
    found = truncated_eigen(MatrixOnDevice(A, HERE), 8, rng=np.random.default_rng(1), tolerance=1e-4)
    assert (found.values < 0).any() and (found.values > 0).any()
    assert found.values == pytest.approx(ours.values, rel=1e-5)
    assert apart(found.vectors, ours.vectors) < 1e-4


@pytest.mark.parametrize("kind", ["bytes", "floats"])
def test_principal_components_likewise(kind: str) -> None:
    X: Any = decaying(400, 90) + 3
    unit = 1.0
    if kind == "bytes":
        X, unit = np.clip(X * 20 + 100, 0, 255).astype(np.uint8), 1 / 255
    ours = principal_components(X, 6, rng=np.random.default_rng(0), unit=unit)
    found = principal_components(
        X, 6, rng=np.random.default_rng(0), unit=unit, centred=lambda rows, one: CentredOnDevice(rows, one, HERE)
    )
    assert found.mean == pytest.approx(ours.mean, rel=1e-5)
    assert found.energy == pytest.approx(ours.energy, rel=1e-5)
    assert found.singular_values == pytest.approx(ours.singular_values, rel=1e-4)
    assert apart(found.components.T, ours.components.T) < 1e-4
    assert np.allclose(found.loadings, ours.loadings, atol=1e-3 * np.abs(ours.loadings).max())


def test_a_basis_that_grows_and_one_that_closes_on_itself() -> None:
    flat = MatrixOnDevice(sp.random(900, 700, density=0.05, format="csr", random_state=3, dtype=np.float32), HERE)
    found = truncated_svd(flat, 12, rng=np.random.default_rng(0), tolerance=1e-6, block=2)
    assert np.allclose(found.U.T @ found.U, np.eye(12), atol=1e-4)
    ones = truncated_svd(MatrixOnDevice(np.eye(100, dtype=np.float32), HERE), 50, rng=np.random.default_rng(0))
    assert ones.s == pytest.approx(np.ones(50), rel=1e-5)


def test_each_function_of_the_namespace_does_what_numpys_does() -> None:
    rng = np.random.default_rng(0)
    A, B, H = (rng.standard_normal(shape).astype(np.float32) for shape in ((70, 5), (70, 3), (5, 3)))
    xp = OnDevice(torch.device("cpu"))
    a, b = xp.put(A), xp.put(B)
    for name, mine, numpys in [
        ("inner", xp.inner(a, b), blas.inner(A, B)),
        ("exact_inner", xp.exact_inner(a, b), blas.exact_inner(A, B)),
        ("gram", xp.gram(a), blas.gram(A)),
        ("times", xp.take(xp.times(a, H)), blas.times(A, H)),
    ]:
        assert np.allclose(mine, numpys, rtol=1e-5, atol=1e-5), name
        assert mine.dtype == numpys.dtype, name
    wanted = B - A @ H
    xp.subtract(b, a, H)
    assert np.allclose(xp.take(b), wanted, atol=1e-5)
    assert xp.room(7, 2).shape == (7, 2) and xp.room(7, 2).stride() == (1, 7)


def pictures() -> Images:
    rows = np.clip(decaying(80, 64) * 4 + 128, 0, 255).astype(np.uint8)
    return Images([str(row) for row in range(80)], rows.reshape(80, 8, 8, 1))


def blocks() -> Graph:
    """Five groups of nodes, the smaller the closer, and some edges between any: spectra without equal values."""
    rng, group = np.random.default_rng(0), np.repeat(np.arange(5), (36, 28, 20, 14, 10))
    near = rng.random((108, 108)) < np.where(group[:, None] == group, 0.2 + 0.15 * group, 0.02)
    source, target = np.nonzero(np.triu(near, 1))
    return Graph([str(node) for node in range(108)], source, target, np.ones(len(source)))


@pytest.mark.parametrize(("name", "corpus"), [("pca", pictures), ("netmf", blocks), ("prone", blocks)])
def test_builders_on_a_device_find_what_they_find_without(
    name: str, corpus: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operator, "place", lambda device: torch.device("cpu"))
    builder = registry.load().builder(name)
    options = builder.Options(dim=4)
    ours, found = (
        builder.fit(corpus(), options, rng=np.random.default_rng(0), device=device, report=silent)
        .embeddings[0]
        .vectors.astype(np.float64)
        for device in (HERE, Device("cuda", "a test"))
    )
    assert np.allclose(found @ found.T, ours @ ours.T, atol=1e-3 * np.abs(ours @ ours.T).max())


def test_a_run_says_which_torch_a_gpu_had() -> None:
    assert "torch" in build.versions(build._faster_with(registry.load().builder("lsa"), Device("cuda", "a test")))
    assert build._faster_with(registry.load().builder("lsa"), HERE) == ()
