"""What vectors tell of labels: planted kinds are told, noise is not, few labels tell less."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from semsearch.evaluate import label_probes


def planted(n: int = 1200, dim: int = 20, apart: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Three kinds around three middles, along axes of very different scales; the last number never changes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    codes = rng.standard_normal((n, dim)) + apart * rng.standard_normal((3, dim))[y] / np.sqrt(dim / 3)
    codes = codes * np.geomspace(0.01, 100, dim)
    codes[:, -1] = 7
    return codes.astype(np.float32), y


ROWS = np.arange(1200)
TRAIN, JUDGED = ROWS[:900], ROWS[900:]


def test_the_probe_and_the_neighbours_are_scikit_learns() -> None:
    codes, y = planted()
    found = label_probes.label_accuracies(codes, y, TRAIN, JUDGED, np.random.default_rng(0))
    X = label_probes.at_one_scale(codes, TRAIN)
    model = LogisticRegression(C=3.0).fit(X[TRAIN], y[TRAIN])
    assert found.linear == pytest.approx(model.score(X[JUDGED], y[JUDGED]), abs=0.02)  # C is chosen, and not far off
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    nearest = KNeighborsClassifier(5).fit(unit[TRAIN], y[TRAIN])  # equal votes are broken otherwise
    assert found.knn == pytest.approx(nearest.score(unit[JUDGED], y[JUDGED]), abs=0.03)


def test_few_labels_tell_less_and_those_there_are_not_tell_nothing() -> None:
    codes, y = planted()
    found = label_probes.label_accuracies(codes, y, TRAIN, JUDGED, np.random.default_rng(0))
    (one, spread), (ten, _), (hundred, _) = (found.few[count] for count in (1, 10, 100))
    assert 1 / 3 < one < ten < hundred <= found.linear + 0.02 and spread > 0
    scarce = label_probes.label_accuracies(codes, y, TRAIN[:60], JUDGED, np.random.default_rng(0))
    assert set(scarce.few) == {1, 10}


def test_noise_tells_nothing_and_scales_do_not_matter() -> None:
    codes, y = planted()
    noise = np.random.default_rng(1).standard_normal(codes.shape).astype(np.float32)
    found = label_probes.label_accuracies(noise, y, TRAIN, JUDGED, np.random.default_rng(0), few=())
    assert abs(found.linear - 1 / 3) < 0.09 and abs(found.knn - 1 / 3) < 0.09  # three standard errors of 300 answers
    X = label_probes.at_one_scale(codes, TRAIN)
    assert np.allclose(X, label_probes.at_one_scale(codes * 1000, TRAIN), atol=1e-4) and not X[:, -1].any()
