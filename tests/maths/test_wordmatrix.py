"""Means and principal components of texts' word matrices, against numpy's own for one text at a time."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.maths import wordmatrix
from semsearch.maths.wordmatrix import common_direction, means, principal_components, shares

RNG = np.random.default_rng(2)
WORDS = RNG.standard_normal((60, 20)).astype(np.float32)
WORDS /= np.linalg.norm(WORDS, axis=1, keepdims=True)


def counted(texts: list[list[int]]) -> sp.csr_matrix:
    X = np.zeros((len(texts), len(WORDS)), np.float32)
    for row, text in enumerate(texts):
        for word in text:
            X[row, word] += 1
    return sp.csr_matrix(X)


def slowly(text: list[int], weights: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the components of one text, by its covariance matrix."""
    rows, a = WORDS[text].astype(np.float64), weights[text].astype(np.float64)
    centred = rows - (a[:, None] * rows).sum(axis=0) / a.sum()
    values, vectors = np.linalg.eigh((centred * (a / a.sum())[:, None]).T @ centred)
    found = vectors[:, ::-1][:, :n].T * np.sqrt(np.maximum(values[::-1][:n], 0))[:, None]
    return (a[:, None] * rows).sum(axis=0) / len(text), found


@pytest.mark.parametrize("weights", [np.ones(60), RNG.uniform(0.1, 1, 60)], ids=["alike", "weighed"])
def test_means_and_components_are_those_of_each_text_alone(weights: np.ndarray) -> None:
    texts = [RNG.integers(0, 60, size).tolist() for size in (2, 3, 5, 9, 30, 31, 200)]
    shared = shares(counted(texts), weights.astype(np.float32))
    found, components = means(shared, WORDS), principal_components(shared, WORDS, 2)
    for text, mean, given in zip(texts, found, components, strict=True):
        expected, spread = slowly(text, weights, 2)
        assert np.allclose(mean, expected, atol=1e-5)
        for mine, one in zip(given, spread, strict=True):
            if np.linalg.norm(one) > 1e-6:
                one *= np.sign(one[np.abs(one).argmax()])
                # random words spread almost alike in all directions: the hardest case there is for a few steps
                assert np.linalg.norm(mine) == pytest.approx(np.linalg.norm(one), rel=0.02)
                if len(text) <= 10:  # a basis of so many steps is all there is
                    assert np.allclose(mine, one, atol=1e-4)


def test_a_planted_direction_is_found_with_its_length() -> None:
    direction = np.zeros(20, np.float32)
    direction[[3, 7]] = [-0.6, 0.8]
    words = np.outer(np.linspace(-1, 1, 41), direction) + 0.01 * RNG.standard_normal((41, 20)) + 1
    shared = sp.csr_matrix(np.full((1, 41), 1 / 41, np.float32))
    (((first, second),),) = (principal_components(shared, words.astype(np.float32), 2),)
    assert first / np.linalg.norm(first) == pytest.approx(direction, abs=0.02)  # noise of a hundredth on 41 points
    assert np.linalg.norm(first) == pytest.approx(np.linspace(-1, 1, 41).std(), rel=0.01)
    assert np.linalg.norm(second) < 0.03


def test_texts_of_one_word_or_none_have_no_components() -> None:
    shared = shares(counted([[], [4], [4, 4, 4]]), np.ones(60, np.float32))
    assert not principal_components(shared, WORDS, 3).any()
    assert not means(shared, WORDS)[0].any() and np.allclose(means(shared, WORDS)[2], WORDS[4], atol=1e-6)


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = shares(counted([RNG.integers(0, 60, size).tolist() for size in range(40)]), np.ones(60, np.float32))
    together = principal_components(shared, WORDS, 1)
    monkeypatch.setattr(wordmatrix, "_BATCH_NUMBERS", 1)
    assert np.allclose(principal_components(shared, WORDS, 1), together, atol=1e-4)


def test_the_common_direction_is_the_first_singular_vector() -> None:
    X = RNG.standard_normal((50, 6)).astype(np.float32) + 2
    found = common_direction(X)
    assert abs(found @ np.linalg.svd(X.astype(np.float64))[2][0]) == pytest.approx(1, abs=1e-6)
