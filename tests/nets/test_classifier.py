"""The small classifier: planted shapes are told, the same seed gives the same features."""

from __future__ import annotations

import numpy as np
import pytest

from semsearch.nets import classifier
from semsearch.records import Device, silent
from tests.planted_images import shapes


def test_shapes_are_told_and_the_same_seed_gives_the_same_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "IMAGES_SEEN", 4_000)
    pixels, labels = shapes(320)
    classes = np.unique(labels, return_inverse=True)[1]
    nets = [
        classifier.train_classifier(
            pixels[:240], classes[:240], seed=seed, device=Device("cpu", "a test"), report=silent
        )
        for seed in (0, 0, 1)
    ]
    found = [classifier.predict(net, pixels[240:]) for net in nets]
    assert found[0][0].shape == (80, classifier.FEATURES) and found[0][0].dtype == np.float32
    assert (found[0][1] == classes[240:]).mean() > 0.95
    assert found[0][0].tobytes() == found[1][0].tobytes() != found[2][0].tobytes()
