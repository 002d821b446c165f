"""Real and made things, on Gaussians whose distance is known and on clouds whose likeness is plain to see."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import scipy.linalg

from semsearch.errors import InputError
from semsearch.maths import generative
from semsearch.maths.generative import frechet_distance as frechet


def likeness(real: np.ndarray, made: np.ndarray, k: int = generative.NEIGHBOURS) -> dict[str, float]:
    return asdict(generative.manifold_scores(real, made, k))


def cloud(n: int, seed: int, at: float = 0.0, wide: float = 1.0, dim: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, dim)) * wide + at


def test_the_frechet_distance_of_known_gaussians() -> None:
    # Between N(0, 1) and N(a, w²) in each of d dimensions: d (a² + (w - 1)²); 20,000 draws leave 2 %.
    found = frechet(cloud(20_000, 0), cloud(20_000, 1, at=2, wide=3))
    assert found == pytest.approx(6 * (4 + 4), rel=0.02)
    assert frechet(cloud(500, 0), cloud(500, 0)) == pytest.approx(0, abs=1e-9)
    assert frechet(cloud(20_000, 0), cloud(20_000, 1)) < 0.02


def test_it_agrees_with_the_root_of_the_product_of_covariances() -> None:
    rng = np.random.default_rng(0)
    A, B = (rng.standard_normal((300, 5)) @ rng.standard_normal((5, 5)) for _ in range(2))
    first, second = np.cov(A.T), np.cov(B.T)
    root = scipy.linalg.sqrtm(first @ second).real
    naive = ((A.mean(axis=0) - B.mean(axis=0)) ** 2).sum() + np.trace(first + second - 2 * root)
    assert frechet(A, B) == pytest.approx(naive, rel=1e-6)


def test_precision_and_recall_say_which_side_is_missing() -> None:
    two = np.concatenate([cloud(300, 0), cloud(300, 1, at=20)])
    half = likeness(two, cloud(600, 2))  # one of two clouds made: what is made is real, half of the real is not made
    assert half["precision"] > 0.9 and 0.35 < half["recall"] < 0.6 and 0.35 < half["coverage"] < 0.6
    stray = likeness(cloud(600, 3), np.concatenate([cloud(300, 4), cloud(300, 5, at=20)]))
    assert 0.4 < stray["precision"] < 0.6 and stray["recall"] > 0.9
    same = likeness(cloud(600, 6), cloud(600, 7))
    assert same["density"] == pytest.approx(1, abs=0.15) and same["coverage"] > 0.9


def test_likeness_agrees_with_naive_loops() -> None:
    real, made, k = cloud(40, 0, dim=3), cloud(30, 1, at=0.5, dim=3), 5
    reach = [sorted(np.linalg.norm(one - real, axis=1))[k] for one in real]
    within = np.array([[np.linalg.norm(a - b) <= far for b in made] for a, far in zip(real, reach, strict=True)])
    theirs = [sorted(np.linalg.norm(one - made, axis=1))[k] for one in made]
    back = [[np.linalg.norm(a - b) <= far for b, far in zip(made, theirs, strict=True)] for a in real]
    assert likeness(real, made, k) == pytest.approx(
        {
            "precision": within.any(axis=0).mean(),
            "recall": np.any(back, axis=1).mean(),
            "density": within.sum() / (k * len(made)),
            "coverage": within.any(axis=1).mean(),
        }
    )


def test_too_few_things_and_features_that_do_not_compare() -> None:
    with pytest.raises(InputError, match="at least 6"):
        likeness(cloud(5, 0), cloud(50, 1))
    with pytest.raises(InputError, match="the same number of columns"):
        frechet(cloud(9, 0), cloud(9, 1, dim=2))
