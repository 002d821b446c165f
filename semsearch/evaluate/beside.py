"""Samples of several collections of the same pictures, measured with the same features within some seconds.

`evaluate images --samples` is the exact way; this is for a page that somebody waits for, and takes fewer pictures.
Where pictures have labels, and torch is there, the features are those of a small classifier, else principal components.
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
from semsearch.maths.memorisation import newness
from semsearch.maths.pca import principal_components
from semsearch.records import Device, Images, silent
from semsearch.storage import vectors
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection

JUDGED = 500  # samples, and real pictures beside them
TAUGHT = 4_000  # pictures that features are learned from
LOOKED_AT = 20_000  # of these, counting each as often as it is looked at
ROOM = 64 << 20  # bytes of pictures
FEWEST = 30
COMPONENTS = 64


@dataclass(frozen=True)
class Measured:
    """What the samples of one collection come to; the fields are those of SampleScores."""

    collection: str
    frechet: float
    precision: float
    recall: float
    density: float
    coverage: float
    nearness: float
    copied: float


@dataclass(frozen=True)
class Comparison:
    """`features` in words, how many pictures were `judged`, the Frechet distance of real ones (`floor`), and each
    collection."""

    features: str
    judged: int
    floor: float
    measured: Sequence[Measured]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def compare_samples(db: Connection, names: Sequence[str], *, seed: int = 0) -> Comparison:
    """Measure collections of the pictures of one dataset; those that were learned at another size than the first are
    left out. InputError for fewer than 90 pictures."""
    models = [generate.open_model(db, open_collection(db, name)) for name in names]
    models = [model for model in models if model.shape == models[0].shape]
    rng = np.random.default_rng((seed, 9))
    found = _some(models[0], rng)
    judged = min(JUDGED, len(found) // 3)
    if judged < FEWEST:
        raise InputError(f"{len(found)} pictures can be read: {3 * FEWEST} or more are needed to measure samples")
    fresh, other, known = np.split(found.pixels, [judged, 2 * judged])
    words, of = _features(known, (found.labels or [])[2 * judged :], seed)
    real = of(fresh)
    measured = []
    for model in models:
        prior = prior_of(model, seed=seed)
        made = model.decode(drawn_codes(model, judged, prior, np.random.default_rng((seed, 10))))
        scores = spread_scores(real, of(made)) | asdict(newness(made, fresh, known))
        measured.append(Measured(model.collection.name, **scores))
    return Comparison(words, judged, spread_scores(real, of(other))["frechet"], measured)


def _some(model: generate.Model, rng: np.random.Generator) -> Images:
    """Pictures at random that can be read, in a random order."""
    keys = vectors.all_keys(model.db, model.collection)
    most = min(2 * JUDGED + TAUGHT, ROOM // int(np.prod(model.shape)))
    return model.readable([keys[row] for row in rng.permutation(len(keys))[:most].tolist()])


def _features(
    known: ByteArray, labels: Sequence[str | None], seed: int
) -> tuple[str, Callable[[ByteArray], FloatArray]]:
    """What the features are, in words, and the function that gives them, (n, d)."""
    rows = [row for row, label in enumerate(labels) if label is not None]
    if find_spec("torch") is not None and len({labels[row] for row in rows}) > 1:
        told = [labels[row] for row in rows]
        device = Device("cpu", "a page waits for it")
        learned = learn_features(known[rows], told, seed=seed, device=device, report=silent, looked_at=LOOKED_AT)
        return f"a classifier of {len(rows):,} of the pictures", learned.of
    flat = known.reshape(len(known), -1)
    found = principal_components(flat, min(COMPONENTS, *flat.shape), rng=np.random.default_rng(seed), unit=1 / 255)

    def of(pixels: ByteArray) -> FloatArray:
        rows = pixels.reshape(len(pixels), -1).astype(np.float32) - found.mean
        return np.asarray(rows @ found.components.T / np.float32(255))

    return f"{len(found.components)} principal components of {len(known):,} of the pictures", of
