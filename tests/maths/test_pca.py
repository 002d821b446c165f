"""Principal components: an exact SVD of the centred matrix, planted directions, and the two readings of a loading."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.maths.factor import truncated_svd
from semsearch.maths.pca import Centred, components_for_share, principal_components


def pictures(n: int, d: int, seed: int = 0) -> np.ndarray:
    """Bytes with a few strong directions, a mean far from 0, and noise."""
    rng = np.random.default_rng(seed)
    strong = (rng.standard_normal((n, 6)) * (40, 30, 20, 15, 10, 8)) @ np.linalg.qr(rng.standard_normal((d, 6)))[0].T
    return np.clip(150 + strong * np.sqrt(d) / 10 + rng.standard_normal((n, d)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("n", "d"), [(400, 90), (60, 300)], ids=["tall", "wide"])
def test_agrees_with_an_exact_svd_of_the_centred_matrix(n: int, d: int) -> None:
    X = pictures(n, d)
    found = principal_components(X, 6, rng=np.random.default_rng(1), unit=1 / 255)
    exact = (X.astype(np.float64) - X.mean(axis=0)) / 255
    s, Vt = np.linalg.svd(exact, full_matrices=False)[1:]
    assert found.singular_values == pytest.approx(s[:6], rel=1e-3)  # stops on a residual of 2 %, squared in the values
    assert np.linalg.svd(found.components @ Vt[:6].T, compute_uv=False).min() > 0.999
    assert found.energy == pytest.approx((exact**2).sum(), rel=1e-5)
    assert found.mean == pytest.approx(X.mean(axis=0), rel=1e-6)
    assert found.captured() == pytest.approx(np.cumsum(s**2)[:6] / (s**2).sum(), abs=1e-3)


def test_both_products_in_one_pass_are_the_two_products() -> None:
    operator = Centred(pictures(700, 40), 1 / 255)
    V = np.random.default_rng(2).standard_normal((40, 5)).astype(np.float32)
    assert np.allclose(operator.normal(V), operator.rmatmat(operator.matmat(V)), rtol=1e-4, atol=1e-4)


def test_one_pass_or_two_factor_alike() -> None:
    class TwoPasses(Centred):
        normal = None

    X = pictures(500, 50)
    one, two = (truncated_svd(kind(X), 5, rng=np.random.default_rng(0)) for kind in (Centred, TwoPasses))
    assert one.s == pytest.approx(two.s, rel=1e-5)


def test_a_loading_is_a_scalar_product_and_a_projection() -> None:
    X = pictures(300, 64)
    found = principal_components(X, 5, rng=np.random.default_rng(0))
    centred = X.astype(np.float64) - found.mean
    V = found.components.astype(np.float64)
    assert np.allclose(found.loadings, centred @ V.T, atol=1e-2 * np.abs(found.loadings).max())  # z_i = <x - mean, v_i>
    projected = (centred @ V.T) @ V
    assert np.allclose((projected @ V.T) @ V, projected, atol=1e-3 * np.abs(projected).max())  # twice is once
    # Scalar products are kept up to what was discarded: Cauchy-Schwarz on the two residuals.
    left = np.linalg.norm(centred - projected, axis=1)
    difference = np.abs(centred @ centred.T - projected @ projected.T)
    assert (difference <= np.outer(left, left) * (1 + 1e-3) + 1e-3 * np.abs(projected @ projected.T).max()).all()


def test_identical_rows_have_no_component() -> None:
    found = principal_components(np.full((9, 7), 30, np.uint8), 3, rng=np.random.default_rng(0))
    assert found.singular_values.shape == (0,) and found.loadings.shape == (9, 0)


def test_enough_components_hold_a_share() -> None:
    captured = np.array([0.5, 0.8, 0.9, 0.97])
    assert [components_for_share(captured, share) for share in (0.3, 0.5, 0.81, 0.9, 1.0)] == [1, 1, 3, 3, 4]
