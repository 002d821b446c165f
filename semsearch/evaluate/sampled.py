"""`evaluate images --samples`: what random codes make, beside the test pictures, in learned features."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.building import devices
from semsearch.errors import InputError
from semsearch.evaluate.features import learn_features, noise, spread_scores
from semsearch.images import generate
from semsearch.images.samples import drawn_codes, prior_of, priors_of
from semsearch.maths.generative import NEIGHBOURS
from semsearch.maths.memorisation import nearest, newness
from semsearch.records import OpenCollection, Report, silent
from semsearch.storage.driver import Connection

FEWEST, MOST = 100, 20_000  # samples: fewer say nothing about 64 features
TAUGHT = 20_000  # pictures the classifier learns from
ROOM = 256 << 20  # bytes of pictures at once
AT_ONCE = 500
PAIRS = 32  # samples shown beside what they are nearest to


@dataclass(frozen=True)
class Sampling:
    """How many samples, and of what: a name of samples.PRIORS, by default the first that the model has."""

    samples: int
    prior: str | None = None

    def __post_init__(self) -> None:
        if not FEWEST <= self.samples <= MOST:
            raise InputError(f"samples is {self.samples}: choose {FEWEST} to {MOST:,}")


@dataclass(frozen=True)
class SampleScores:
    """What samples of a prior come to beside as many test pictures, the Frechet distance between those and training
    pictures (the floor) and noise (the ceiling), and the test accuracy of the classifier whose features these are of.
    `nearness` and `copied` say whether training pictures were learned by heart (maths/copies.py). `pairs`
    (2, n, height, width, channels) are some samples and the training pictures nearest to them.
    """

    prior: str
    compared: int
    frechet: float
    frechet_floor: float
    frechet_ceiling: float
    precision: float
    recall: float
    density: float
    coverage: float
    nearness: float
    copied: float
    classifier_accuracy: float
    pairs: ByteArray

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json: all but the pictures."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "pairs"}


@dataclass(frozen=True)
class Part:
    """Pictures of one side of a split: keys in the collection's order, their labels ("" for none) and codes."""

    keys: list[str]
    labels: list[str]
    codes: FloatArray


def evaluate_samples(
    db: Connection,
    opened: OpenCollection,
    train: Part,
    test: Part,
    wanted: Sampling,
    *,
    seed: int,
    report: Report = silent,
) -> SampleScores:
    """Judge what a collection's decoder makes of random codes, which are drawn as the training pictures' codes lie.

    As many are compared as there are samples and test pictures of either. Raises InputError for a collection whose
    builder makes no pictures, too few pictures, or labels of fewer than two classes; CapabilityError without torch.
    """
    model = generate.open_model(db, opened)
    rng = np.random.default_rng((seed, 7))
    some = rng.permutation(len(test.keys))[: wanted.samples]
    if len(some) <= NEIGHBOURS:
        raise InputError(f"{len(some)} test pictures: more than {NEIGHBOURS} are needed to judge samples beside them")
    most = min(TAUGHT, ROOM // int(np.prod(model.shape)))
    labelled = [row for row, label in enumerate(train.labels) if label]
    chosen = np.sort(rng.permutation(labelled)[:most]).astype(int)
    taught = _read(model, [train.keys[row] for row in chosen])
    features = learn_features(
        taught, [train.labels[row] for row in chosen], seed=seed, device=devices.choose("auto"), report=report
    )
    pixels = _read(model, [test.keys[row] for row in some])
    real = features.of(pixels)
    told = [(row, test.labels[at]) for row, at in enumerate(some) if test.labels[at]]
    accuracy = features.accuracy(pixels[[row for row, _ in told]], [label for _, label in told]) if told else 0.0
    drawn = _samples(model, train.codes, wanted, len(some), seed)
    made = features.of(drawn)
    floor = features.of(taught[rng.permutation(len(taught))[: len(some)]])
    scores, ceiling = spread_scores(real, made), features.of(noise(pixels, rng))
    return SampleScores(
        prior=wanted.prior or priors_of(model.collection)[0],
        compared=len(some),
        frechet_floor=spread_scores(real, floor)["frechet"],
        frechet_ceiling=spread_scores(real, ceiling)["frechet"],
        classifier_accuracy=accuracy,
        pairs=np.stack([drawn[:PAIRS], taught[nearest(drawn[:PAIRS], taught)[1]]]),
        **scores,
        **asdict(newness(drawn, pixels, taught)),
    )


def _samples(model: generate.Model, codes: FloatArray, wanted: Sampling, n: int, seed: int) -> ByteArray:
    """n pictures of codes drawn from a prior that is fitted to `codes`, or the builder's own."""
    prior = prior_of(model, wanted.prior, seed=seed, codes=lambda: codes[: generate.ENOUGH])
    drawn = drawn_codes(model, n, prior, np.random.default_rng((seed, 8)))
    return np.concatenate([model.decode(drawn[at : at + AT_ONCE]) for at in range(0, n, AT_ONCE)])


def _read(model: generate.Model, keys: list[str]) -> ByteArray:
    """Stored pictures (n, height, width, channels) at the model's shape."""
    blocks = [model.pictures(keys[at : at + AT_ONCE]).pixels for at in range(0, len(keys), AT_ONCE)]
    return np.concatenate(blocks) if blocks else np.zeros((0, *model.shape), np.uint8)
