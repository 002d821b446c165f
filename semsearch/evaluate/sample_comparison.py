"""Compare the generated images of several collections of one dataset, by the same features, within seconds.

This is for a page, so it takes fewer images than `evaluate images --samples` (sample_scores.py). If the images have
labels and torch is installed, the features are those of a small classifier, else principal components.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.errors import InputError
from semsearch.evaluate.features import learn_features, spread_scores
from semsearch.images import generate
from semsearch.images.samples import drawn_codes, prior_of
from semsearch.maths.memorisation import copy_scores
from semsearch.maths.pca import principal_components
from semsearch.records import Device, Images, silent
from semsearch.stopping import check_stopped
from semsearch.storage import vectors
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection

TEST_IMAGES = 500  # generated images, and real ones compared with them, at most
TRAINING_IMAGES = 4_000  # images that features are learned from, at most
IMAGES_SEEN = 20_000  # by the classifier, over all epochs
MAX_PIXEL_BYTES = 64 << 20  # of all images in memory
MIN_TEST_IMAGES = 30
COMPONENTS = 64  # dimensions of the features without a classifier


@dataclass(frozen=True)
class Measured:
    """The scores of the generated images of one collection. See SampleScores for the measures."""

    collection: str
    frechet: float
    precision: float
    recall: float
    density: float
    coverage: float
    nearness: float
    copied: float


@dataclass(frozen=True)
class SampleComparison:
    """The scores of several collections."""

    features: str  # a description, for people
    judged: int  # generated images of each collection, and real ones
    floor: float  # the Frechet distance between real images
    measured: Sequence[Measured]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def compare_samples(db: Connection, names: Sequence[str], *, seed: int = 0) -> SampleComparison:
    """Score collections of images of one dataset, leaving out those with another image size than the first.

    Raises InputError for fewer than 90 readable images.
    """
    models = [generate.open_model(db, open_collection(db, name)) for name in names]
    models = [model for model in models if model.shape == models[0].shape]
    rng = np.random.default_rng((seed, 9))
    images = _random_images(models[0], rng)
    judged = min(TEST_IMAGES, len(images) // 3)
    if judged < MIN_TEST_IMAGES:
        raise InputError(
            f"{len(images)} images can be read: at least {3 * MIN_TEST_IMAGES} are needed to measure samples"
        )
    test, other, train = np.split(images.pixels, [judged, 2 * judged])
    description, features_of = _features(train, (images.labels or [])[2 * judged :], seed)
    real = features_of(test)
    measured = []
    for model in models:
        check_stopped()
        prior = prior_of(model, seed=seed)
        generated = model.decode(drawn_codes(model, judged, prior, np.random.default_rng((seed, 10))))
        scores = spread_scores(real, features_of(generated)) | asdict(copy_scores(generated, test, train))
        measured.append(Measured(model.collection.name, **scores))
    return SampleComparison(description, judged, spread_scores(real, features_of(other))["frechet"], measured)


def _random_images(model: generate.Model, rng: np.random.Generator) -> Images:
    """Readable images, chosen at random and in random order."""
    keys = vectors.all_keys(model.db, model.collection)
    most = min(2 * TEST_IMAGES + TRAINING_IMAGES, MAX_PIXEL_BYTES // int(np.prod(model.shape)))
    return model.readable_images([keys[row] for row in rng.permutation(len(keys))[:most].tolist()])


def _features(
    train: ByteArray, labels: Sequence[str | None], seed: int
) -> tuple[str, Callable[[ByteArray], FloatArray]]:
    """A description of the features, and the function that computes them, (n, d), from images."""
    rows = [row for row, label in enumerate(labels) if label is not None]
    if find_spec("torch") is not None and len({labels[row] for row in rows}) > 1:
        known = [labels[row] for row in rows]
        device = Device("cpu", "small job")
        learned = learn_features(train[rows], known, seed=seed, device=device, report=silent, looked_at=IMAGES_SEEN)
        return f"a classifier trained on {len(rows):,} images", learned.of
    flat = train.reshape(len(train), -1)
    pca = principal_components(flat, min(COMPONENTS, *flat.shape), rng=np.random.default_rng(seed), unit=1 / 255)

    def of(pixels: ByteArray) -> FloatArray:
        rows = pixels.reshape(len(pixels), -1).astype(np.float32) - pca.mean
        return np.asarray(rows @ pca.components.T / np.float32(255))

    return f"{len(pca.components)} principal components of {len(train):,} images", of
