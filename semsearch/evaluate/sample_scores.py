"""`evaluate images --samples`: compare generated images with test images, by learned features."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.building import devices
from semsearch.errors import InputError, out_of_range
from semsearch.evaluate.features import learn_features, noise, spread_scores
from semsearch.images import generate
from semsearch.images.samples import drawn_codes, prior_of, priors_of
from semsearch.maths.generative import NEIGHBOURS
from semsearch.maths.memorisation import copy_scores, nearest
from semsearch.records import OpenCollection, Report, silent
from semsearch.storage.driver import Connection

MIN_SAMPLES, MAX_SAMPLES = 100, 20_000  # fewer samples are too few for 64 features
TRAINING_IMAGES = 20_000  # images that the classifier is trained on, at most
MAX_PIXEL_BYTES = 256 << 20  # of the training images
BATCH_IMAGES = 500  # images read or decoded at once
SHOWN_PAIRS = 32  # samples returned with their nearest training images


@dataclass(frozen=True)
class Sampling:
    """The number of samples, and the prior of their codes: one of samples.PRIORS, by default the first of the model."""

    samples: int
    prior: str | None = None

    def __post_init__(self) -> None:
        if not MIN_SAMPLES <= self.samples <= MAX_SAMPLES:
            raise out_of_range("--samples", self.samples, least=MIN_SAMPLES, most=MAX_SAMPLES)


@dataclass(frozen=True)
class SampleScores:
    """How like the test images the generated images of a collection are."""

    prior: str
    compared: int  # generated images, and test images
    frechet: float  # Frechet distance between generated and test images; 0 is best
    frechet_floor: float  # between training and test images
    frechet_ceiling: float  # between noise and test images
    precision: float  # the share of generated images that look like test images, 0..1
    recall: float  # the share of test images that the generated ones cover, 0..1
    density: float  # as precision, counting how many test images are near; about 1 for equal distributions
    coverage: float  # the share of test images with a generated image near, 0..1
    nearness: float  # median distance to the nearest training image, over that of test images; near 0 if memorised
    copied: float  # the share of generated images nearer to a training image than 99 of 100 test images
    classifier_accuracy: float  # of the classifier of the features, on the test images, 0..1
    pairs: ByteArray  # (2, n, height, width, channels) generated images, and the nearest training images

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json: all but the images."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "pairs"}


@dataclass(frozen=True)
class SplitSide:
    """The images of one side of a split into training and test images."""

    keys: list[str]  # (n,) in the order of the collection
    labels: list[str]  # (n,) empty for an image without a label
    codes: FloatArray  # (n, dim)


def evaluate_samples(
    db: Connection,
    opened: OpenCollection,
    train: SplitSide,
    test: SplitSide,
    wanted: Sampling,
    *,
    seed: int,
    report: Report = silent,
) -> SampleScores:
    """Compare generated images of a collection with its test images. The prior is fitted to the training images' codes.

    The numbers of both are equal. Raises InputError for a collection without a decoder, too few images, or fewer than
    two classes; CapabilityError without torch.
    """
    model = generate.open_model(db, opened)
    rng = np.random.default_rng((seed, 7))
    chosen_test = rng.permutation(len(test.keys))[: wanted.samples]
    if len(chosen_test) <= NEIGHBOURS:
        raise InputError(f"{len(chosen_test)} test images: more than {NEIGHBOURS} are needed to compare samples with")
    most = min(TRAINING_IMAGES, MAX_PIXEL_BYTES // int(np.prod(model.shape)))
    labelled = [row for row, label in enumerate(train.labels) if label]
    chosen_train = np.sort(rng.permutation(labelled)[:most]).astype(int)
    known = _read(model, [train.keys[row] for row in chosen_train])
    features = learn_features(
        known, [train.labels[row] for row in chosen_train], seed=seed, device=devices.choose("auto"), report=report
    )
    pixels = _read(model, [test.keys[row] for row in chosen_test])
    real = features.of(pixels)
    tested = [(row, test.labels[at]) for row, at in enumerate(chosen_test) if test.labels[at]]
    accuracy = features.accuracy(pixels[[row for row, _ in tested]], [label for _, label in tested]) if tested else 0.0
    generated = _samples(model, train.codes, wanted, len(chosen_test), seed)
    scores = spread_scores(real, features.of(generated))
    floor = features.of(known[rng.permutation(len(known))[: len(chosen_test)]])
    ceiling = features.of(noise(pixels, rng))
    return SampleScores(
        prior=wanted.prior or priors_of(model.collection)[0],
        compared=len(chosen_test),
        frechet_floor=spread_scores(real, floor)["frechet"],
        frechet_ceiling=spread_scores(real, ceiling)["frechet"],
        classifier_accuracy=accuracy,
        pairs=np.stack([generated[:SHOWN_PAIRS], known[nearest(generated[:SHOWN_PAIRS], known)[1]]]),
        **scores,
        **asdict(copy_scores(generated, pixels, known)),
    )


def _samples(model: generate.Model, codes: FloatArray, wanted: Sampling, n: int, seed: int) -> ByteArray:
    """n images of random codes; the prior is fitted to `codes` (m, dim), or the builder's own."""
    prior = prior_of(model, wanted.prior, seed=seed, codes=lambda: codes[: generate.PRIOR_CODES])
    random_codes = drawn_codes(model, n, prior, np.random.default_rng((seed, 8)))
    return np.concatenate([model.decode(random_codes[at : at + BATCH_IMAGES]) for at in range(0, n, BATCH_IMAGES)])


def _read(model: generate.Model, keys: list[str]) -> ByteArray:
    """Stored images (n, height, width, channels) at the model's shape."""
    blocks = [model.images(keys[at : at + BATCH_IMAGES]).pixels for at in range(0, len(keys), BATCH_IMAGES)]
    return np.concatenate(blocks) if blocks else np.zeros((0, *model.shape), np.uint8)
