"""Evaluate a collection of images: its reconstruction error, and the accuracy of predicting labels from its codes.

Images whose split column says `test` are test images, the others training images. If no image or every image
is such, every fifth is a test image. Probe and nearest neighbours are those of label_probes.py. Generated images are
scored by sample_scores.py.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, NotFoundError
from semsearch.evaluate.label_probes import at_one_scale, linear_probe, nearest_neighbours
from semsearch.evaluate.sample_scores import SampleScores, Sampling, SplitSide, evaluate_samples
from semsearch.images import generate
from semsearch.records import OpenCollection, Report, silent
from semsearch.storage import chunks, collections, datasets
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of

MAX_RECONSTRUCTED = 2_000  # test images whose reconstruction error is measured
BATCH_ROWS = 500  # rows or images read at once


@dataclass(frozen=True)
class ImageScores:
    """The scores of a collection of images."""

    mse: float | None  # of reconstructions of test images, pixels 0..1; None without a decoder
    psnr: float | None  # dB
    probe: float | None  # accuracy of a linear probe, 0..1; None without labels
    knn: float | None  # accuracy of the nearest neighbours, 0..1
    learned: int  # training images
    judged: int  # test images
    split: str  # how the images were split, for people
    sampled: SampleScores | None = None  # of generated images, if requested

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json, with the scores of generated images, if there are any."""
        scores = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "sampled"}
        return scores | (self.sampled.as_dict() if self.sampled else {})


def evaluate_images(
    db: Connection,
    name: str,
    *,
    split: str = "split",
    label: str | None = None,
    wanted: Sampling | None = None,
    seed: int = 0,
    report: Report = silent,
) -> ImageScores:
    """The scores of a collection.

    `split` is the column that says train or test, `label` the label column, by default the dataset's. Raises InputError
    for a collection of other items, or without training or test images; and what `evaluate_samples` raises.
    """
    opened = collections.open_collection(db, name)
    collection, dataset = opened.collection, opened.dataset
    if collection.of != "image":
        raise InputError(f"{name} contains {collection.of}s: `evaluate images` needs a collection of images")
    if label is not None and label not in (known := columns_of(db, dataset.name)):
        raise NotFoundError(f"{dataset.name} has no column {label!r}: it has {', '.join(known)}")
    column = label or dataset.label_column
    keys, codes, labels, splits = _read(db, collection, dataset, column, split)
    test = np.array([text == "test" for text in splits])
    split_by = f"column {split}"
    if test.all() or not test.any():  # nothing to train on, or to test
        test, split_by = np.arange(len(keys)) % 5 == 4, "every fifth"
    if not test.any():
        raise InputError(f"{name} has {len(keys)} images: training and test images need at least 5")
    sampled = None
    if wanted is not None:
        if column is None:
            raise InputError(f"{dataset.name} has no label column to learn features from: give --label COLUMN")
        train_side, test_side = (_side(keys, labels, codes, np.flatnonzero(chosen)) for chosen in (~test, test))
        sampled = evaluate_samples(db, opened, train_side, test_side, wanted, seed=seed, report=report)
    mse, psnr = _reconstruction_error(db, opened, [keys[row] for row in np.flatnonzero(test).tolist()], seed)
    probe, knn = _accuracies(codes, labels, test, np.random.default_rng(seed)) if column else (None, None)
    return ImageScores(mse, psnr, probe, knn, int((~test).sum()), int(test.sum()), split_by, sampled)


def _side(keys: list[str], labels: list[str], codes: FloatArray, rows: npt.NDArray[np.intp]) -> SplitSide:
    return SplitSide([keys[row] for row in rows], [labels[row] for row in rows], codes[rows])


def _read(
    db: Connection, collection: Any, dataset: Any, label: str | None, split: str
) -> tuple[list[str], FloatArray, list[str], list[str]]:
    """Keys (n,), codes (n, dim) not normalised, labels (n,) and splits (n,) as text, empty for none."""
    keys: list[str] = []
    codes: list[FloatArray] = []
    for block in chunks.at_full_length(db, collection):
        keys += map(str, block.keys)
        codes.append(block.vectors)
    labels, splits = [""] * len(keys), [""] * len(keys)
    for start in range(0, len(keys), BATCH_ROWS):
        batch = keys[start : start + BATCH_ROWS]
        rows = datasets.rows_by_key(db, dataset, batch)
        for at, key in enumerate(batch, start):
            row = rows.get(key, {})
            labels[at] = as_text(row.get(label)) if label else ""
            splits[at] = as_text(row.get(split)).lower()
    return keys, np.concatenate(codes), labels, splits


def _reconstruction_error(
    db: Connection, opened: OpenCollection, keys: list[str], seed: int
) -> tuple[float | None, float | None]:
    """MSE and PSNR of reconstructions of these images; None without a decoder."""
    if not generate.can_decode(opened.collection):
        return None, None
    model = generate.open_model(db, opened)
    chosen = np.random.default_rng(seed).permutation(len(keys))[:MAX_RECONSTRUCTED]
    squares, count = 0.0, 0
    for start in range(0, len(chosen), BATCH_ROWS):
        pixels = model.images([keys[row] for row in chosen[start : start + BATCH_ROWS].tolist()]).pixels
        squares += generate.error(pixels, model.reconstruct(pixels))["mse"] * len(pixels)
        count += len(pixels)
    mse = squares / count
    return mse, float(min(99.0, -10 * np.log10(max(mse, 1e-12))))


def _accuracies(
    codes: FloatArray, labels: list[str], test: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[float | None, float | None]:
    """The accuracies of linear probe and nearest neighbours on the labelled test images; None without any."""
    labelled = np.array([label != "" for label in labels])
    names = sorted(filter(None, set(labels)))
    train, judged = np.flatnonzero(labelled & ~test), np.flatnonzero(labelled & test)
    if len(names) < 2 or not len(train) or not len(judged):
        return None, None
    index = {label: number for number, label in enumerate(names)}
    y = np.array([index.get(label, -1) for label in labels])
    return linear_probe(at_one_scale(codes, train), y, train, judged, rng), nearest_neighbours(codes, y, train, judged)
