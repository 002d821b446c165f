"""How like real pictures made-up ones are, in the features of a small classifier of the same training pictures.

What such distances come to depends on the classifier, so they stand beside its accuracy, a floor (training pictures
against test ones: as near as made ones can come) and a ceiling (noise). They do not compare with published ones, which
are of Inception's features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.errors import CapabilityError, InputError
from semsearch.maths.generative import frechet_distance, likeness
from semsearch.records import Device, Report


@dataclass(frozen=True)
class Features:
    """A trained classifier of pictures, and the names of its classes."""

    net: Any
    names: Sequence[str]

    def of(self, pixels: ByteArray) -> FloatArray:
        """(n, 64) of pictures (n, height, width, channels)."""
        from semsearch.nets import classifier

        return classifier.predict(self.net, pixels)[0]

    def accuracy(self, pixels: ByteArray, labels: Sequence[Any]) -> float:
        """The share of pictures whose label it tells, 0..1."""
        from semsearch.nets import classifier

        told = classifier.predict(self.net, pixels)[1]
        return float(np.mean([self.names[one] == str(label) for one, label in zip(told, labels, strict=True)]))


def learn_features(
    pixels: ByteArray,
    labels: Sequence[Any],
    *,
    seed: int,
    device: Device,
    report: Report,
    looked_at: int | None = None,
) -> Features:
    """A classifier of these pictures, which looks at so many, by default at enough. InputError for fewer than two
    classes, CapabilityError without torch."""
    if find_spec("torch") is None:
        raise CapabilityError("Features of pictures are learned by torch: pip install 'semsearch[torch]'")
    told = [str(label) for label in labels]
    names = sorted(set(told))
    if len(names) < 2:
        raise InputError(f"Different labels of the training pictures: {len(names)}. Features need two or more")
    from semsearch.nets import classifier

    number = {name: place for place, name in enumerate(names)}
    classes = np.array([number[one] for one in told])
    net = classifier.train_classifier(pixels, classes, seed=seed, device=device, report=report, images_seen=looked_at)
    return Features(net, names)


def spread_scores(real: FloatArray, made: FloatArray) -> dict[str, float]:
    """`frechet`, `precision`, `recall`, `density` and `coverage` of made things' features beside real ones'."""
    return {"frechet": frechet_distance(real, made)} | asdict(likeness(real, made))


def noise(like: ByteArray, rng: np.random.Generator) -> ByteArray:
    """As many pictures of the same shape, of uniform noise."""
    return rng.integers(0, 256, like.shape, dtype=np.uint8)
