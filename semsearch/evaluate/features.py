"""Image features learned by a small classifier, and the distance between real and generated images in them.

Distances depend on the classifier, so they are reported with its accuracy, a floor (training against test images) and a
ceiling (noise). They cannot be compared with published ones, which use the features of Inception.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.errors import CapabilityError, InputError
from semsearch.maths.generative import frechet_distance, manifold_scores
from semsearch.records import Device, Report


@dataclass(frozen=True)
class Features:
    """A trained image classifier, and the names of its classes."""

    net: Any
    names: Sequence[str]

    def of(self, pixels: ByteArray) -> FloatArray:
        """The features (n, 64) of images (n, height, width, channels)."""
        from semsearch.nets import classifier

        return classifier.predict(self.net, pixels)[0]

    def accuracy(self, pixels: ByteArray, labels: Sequence[Any]) -> float:
        """The accuracy on these images, 0..1."""
        from semsearch.nets import classifier

        predicted = classifier.predict(self.net, pixels)[1]
        return float(np.mean([self.names[row] == str(label) for row, label in zip(predicted, labels, strict=True)]))


def learn_features(
    pixels: ByteArray,
    labels: Sequence[Any],
    *,
    seed: int,
    device: Device,
    report: Report,
    looked_at: int | None = None,
) -> Features:
    """Train a classifier on these images; `looked_at` is how many it sees, over all epochs, by default enough.

    Raises InputError for fewer than two classes, CapabilityError without torch.
    """
    if find_spec("torch") is None:
        raise CapabilityError("Learning image features needs torch: pip install 'datasette-semsearch[torch]'")
    texts = [str(label) for label in labels]
    names = sorted(set(texts))
    if len(names) < 2:
        raise InputError(f"Features need at least 2 distinct labels on the training images: found {len(names)}")
    from semsearch.nets import classifier

    index = {name: number for number, name in enumerate(names)}
    classes = np.array([index[text] for text in texts])
    net = classifier.train_classifier(pixels, classes, seed=seed, device=device, report=report, images_seen=looked_at)
    return Features(net, names)


def spread_scores(real: FloatArray, generated: FloatArray) -> dict[str, float]:
    """`frechet`, `precision`, `recall`, `density` and `coverage`, of features (n, d)."""
    return {"frechet": frechet_distance(real, generated)} | asdict(manifold_scores(real, generated))


def noise(like: ByteArray, rng: np.random.Generator) -> ByteArray:
    """Images of uniform noise, of the shape of `like`."""
    return rng.integers(0, 256, like.shape, dtype=np.uint8)
