"""How good a collection of pictures is: what is lost on the way through the code and back, and what codes tell.

Pictures of the split `test` are judged, the others learned from; where the table has no split, every fifth is judged.
The probe and the neighbours are those of evaluate/probes.py. With `wanted`, what random codes make is judged as well
(evaluate/sampled.py).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, NotFoundError
from semsearch.evaluate.probes import at_one_scale, linear, neighbours
from semsearch.evaluate.sampled import Part, SampleScores, Sampling, evaluate_samples
from semsearch.images import generate
from semsearch.records import OpenCollection, Report, silent
from semsearch.storage import chunks, collections, datasets
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of

JUDGED = 2_000  # pictures sent through the code and back


@dataclass(frozen=True)
class ImageScores:
    """Mean squared error (pixels 0..1) and PSNR of reconstructions; accuracies 0..1, None where there are no labels;
    how many pictures were learned from and judged; what samples come to, where they were asked for."""

    mse: float | None
    psnr: float | None
    probe: float | None
    knn: float | None
    learned: int
    judged: int
    split: str
    sampled: SampleScores | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json; those of samples beside the others, if there are any."""
        found = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "sampled"}
        return found | (self.sampled.as_dict() if self.sampled else {})


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
    """Judge a collection. `split` is the column that says train or test, `label` that of labels, by default the
    dataset's. Raises InputError for a collection of anything but pictures, or a split that leaves nothing to judge, and
    what `evaluate_samples` raises."""
    opened = collections.open_collection(db, name)
    collection, dataset = opened.collection, opened.dataset
    if collection.of != "image":
        raise InputError(f"{name} holds {collection.of}s: `evaluate images` judges collections of pictures")
    if label is not None and label not in (known := columns_of(db, dataset.name)):
        raise NotFoundError(f"{dataset.name} has no column {label!r}: it has {', '.join(known)}")
    column = label or dataset.label_column
    keys, codes, told, splits = _read(db, collection, dataset, column, split)
    test = np.array([one == "test" for one in splits])
    said = f"column {split}"
    if not test.any():
        test, said = np.arange(len(keys)) % 5 == 4, "every fifth"
    if test.all() or not test.any():
        raise InputError(f"{name} has {int(test.sum())} pictures to judge of {len(keys)}: some must be learned from")
    sampled = None
    if wanted is not None:
        if column is None:
            raise InputError(f"{dataset.name} has no column of labels, which features are learned from: give --label")
        train, judged = (_part(keys, told, codes, np.flatnonzero(some)) for some in (~test, test))
        sampled = evaluate_samples(db, opened, train, judged, wanted, seed=seed, report=report)
    mse, psnr = _lost(db, opened, [keys[row] for row in np.flatnonzero(test).tolist()], seed)
    probe, knn = _told(codes, told, test, np.random.default_rng(seed)) if column else (None, None)
    return ImageScores(mse, psnr, probe, knn, int((~test).sum()), int(test.sum()), said, sampled)


def _part(keys: list[str], told: list[str], codes: FloatArray, rows: npt.NDArray[np.intp]) -> Part:
    return Part([keys[row] for row in rows], [told[row] for row in rows], codes[rows])


def _read(
    db: Connection, collection: Any, dataset: Any, label: str | None, split: str
) -> tuple[list[str], FloatArray, list[str], list[str]]:
    """Keys, codes (n, dim) at full length, labels and splits as text, empty where there is none."""
    keys: list[str] = []
    codes: list[FloatArray] = []
    for block in chunks.at_full_length(db, collection):
        keys += map(str, block.keys)
        codes.append(block.vectors)
    told, splits = [""] * len(keys), [""] * len(keys)
    for start in range(0, len(keys), 500):
        rows = datasets.rows_by_key(db, dataset, keys[start : start + 500])
        for at, key in enumerate(keys[start : start + 500], start):
            row = rows.get(key, {})
            told[at] = as_text(row.get(label)) if label else ""
            splits[at] = as_text(row.get(split)).lower()
    return keys, np.concatenate(codes), told, splits


def _lost(db: Connection, opened: OpenCollection, keys: list[str], seed: int) -> tuple[float | None, float | None]:
    """The error of reconstructions; None where the builder makes no pictures."""
    if not generate.can_decode(opened.collection):
        return None, None
    model = generate.open_model(db, opened)
    chosen = np.random.default_rng(seed).permutation(len(keys))[:JUDGED]
    squares, count = 0.0, 0
    for start in range(0, len(chosen), 500):
        pixels = model.pictures([keys[row] for row in chosen[start : start + 500].tolist()]).pixels
        squares += generate.error(pixels, model.through(pixels))["mse"] * len(pixels)
        count += len(pixels)
    mse = squares / count
    return mse, float(min(99.0, -10 * np.log10(max(mse, 1e-12))))


def _told(
    codes: FloatArray, told: list[str], test: npt.NDArray[np.bool_], rng: np.random.Generator
) -> tuple[float | None, float | None]:
    """The accuracy of the probe and of the neighbours on the labelled pictures that are judged."""
    labelled = np.array([one != "" for one in told])
    names = sorted({one for one in told if one})
    train, judged = np.flatnonzero(labelled & ~test), np.flatnonzero(labelled & test)
    if len(names) < 2 or not len(train) or not len(judged):
        return None, None
    number = {label: place for place, label in enumerate(names)}
    y = np.array([number.get(one, -1) for one in told])
    return linear(at_one_scale(codes, train), y, train, judged, rng), neighbours(codes, y, train, judged)
