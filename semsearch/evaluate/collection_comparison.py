"""Compare the image collections of one dataset by predicting the same labels of the same images.

Images whose split column says `test` are test images, the others training images. Without such a column every fifth is
a test image. Both are limited by random choice, so that a comparison takes seconds. Collections are built without
labels; whether a builder was fitted to the test images too depends on the builder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsearch.arrays import IntArray
from semsearch.errors import InputError, out_of_range
from semsearch.evaluate.label_probes import FEW_LABELS, label_accuracies
from semsearch.records import Collection, Dataset, Report, silent
from semsearch.search.query import similar
from semsearch.stopping import check_stopped
from semsearch.storage import collections, datasets, labels, vectors
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of
from semsearch.storage.vectors import StoredRows

MAX_TRAINING_IMAGES, MAX_TEST_IMAGES = 2_000, 1_000
MAX_LABELS = 100  # distinct labels
QUERY_IMAGES = 5  # test images whose neighbours are shown
NEIGHBOURS = 5  # shown of each query image


@dataclass(frozen=True)
class CollectionScores:
    """The accuracies of one collection, 0..1."""

    collection: str
    builder: str
    dim: int
    seconds: float  # of training
    probe: float  # of the linear probe
    knn: float  # of the five nearest neighbours
    few: Mapping[
        int, float | None
    ]  # of probes by labels per class: the mean of several draws; None if a class has less

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json and tables."""
        values = asdict(self)
        few = values.pop("few")
        return values | {f"of_{count}": value for count, value in few.items()}


@dataclass(frozen=True)
class CollectionComparison:
    """The scores of several collections."""

    label: str  # the label column
    labels: int  # distinct labels
    split: str  # how the images were split, for people
    learned: int  # training images
    judged: int  # test images
    rows: Sequence[CollectionScores]
    asked: Sequence[str]  # the keys of some test images, of different labels where possible

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self) | {"rows": [row.as_dict() for row in self.rows]}


@dataclass(frozen=True)
class _Split:
    """Labelled images, split into training and test images."""

    y: IntArray  # (n,) label, 0..labels-1
    train: IntArray  # rows
    test: IntArray  # rows
    labels: int  # distinct labels


def of_dataset(db: Connection, dataset: str) -> list[Collection]:
    """The image collections of a dataset, in the order they were built."""
    images = [each for each in collections.undamaged_collections(db) if each.dataset == dataset and each.of == "image"]
    return sorted(images, key=lambda collection: collection.run)


def named_collections(db: Connection, names: Sequence[str]) -> list[str]:
    """The image collections of these names, without repeats; the name of a dataset stands for all of its collections.

    Raises InputError for a dataset that has no collection of images.
    """
    result: list[str] = []
    known = {dataset.name for dataset in datasets.all_datasets(db)}
    for name in names:
        members = [collection.name for collection in of_dataset(db, name)] if name in known else [name]
        if not members:
            raise InputError(f"{name} has no collection of images yet: run `semsearch build DB {name}`")
        result += members
    return list(dict.fromkeys(result))


def limits(max_train: int | None = None, max_test: int | None = None) -> tuple[int, int]:
    """How many images are trained and tested on at most, 2,000 and 1,000 by default. InputError for less than 1."""
    for name, value in (("--max-train", max_train), ("--max-test", max_test)):
        if value is not None and value < 1:
            raise out_of_range(name, value, least=1)
    return max_train or MAX_TRAINING_IMAGES, max_test or MAX_TEST_IMAGES


def compare(
    db: Connection,
    names: Sequence[str],
    *,
    label: str | None = None,
    split: str = "split",
    most: tuple[int, int] = (MAX_TRAINING_IMAGES, MAX_TEST_IMAGES),
    seed: int = 0,
    report: Report = silent,
) -> CollectionComparison:
    """The scores of these collections.

    `label` is the label column, by default the dataset's; `split` the column that says train or test; `most` the
    maximum numbers of training and test images. Raises InputError unless all hold images of one dataset, with two
    labels or more, and with training and test images.
    """
    compared = [collections.get_collection(db, name) for name in names]
    dataset = _shared_dataset(db, compared)
    column = label or dataset.label_column
    if column is None:
        raise InputError(f"{dataset.name} has no label column to compare collections by: give --label COLUMN")
    keys, texts, is_test, split_by = _labelled(db, dataset, compared, column, split)
    rows, images = _split(texts, is_test, most, seed, column)
    chosen = [keys[row] for row in rows.tolist()]
    scores = []
    for number, collection in enumerate(compared, 1):
        check_stopped()
        scores.append(_scores(db, collection, chosen, images, seed))
        report(number, len(compared))
    queries = [chosen[row] for row in _query_rows(images, seed).tolist()]
    return CollectionComparison(column, images.labels, split_by, len(images.train), len(images.test), scores, queries)


def neighbours(db: Connection, name: str, keys: Sequence[str]) -> list[list[str]]:
    """The keys of the images nearest to each of these in a collection, nearest first."""
    opened = collections.open_collection(db, name)
    return [[str(hit.id) for hit in similar(db, opened, [key], k=NEIGHBOURS).hits] for key in keys]


def _shared_dataset(db: Connection, compared: Sequence[Collection]) -> Dataset:
    """The dataset of all these collections."""
    for collection in compared:
        if collection.of != "image" or collection.dataset != compared[0].dataset:
            raise InputError(
                f"{collection.name} contains {collection.of}s of {collection.dataset}:"
                " only image collections of one dataset can be compared"
            )
    return datasets.get_dataset(db, compared[0].dataset)


def _labelled(
    db: Connection, dataset: Dataset, compared: Sequence[Collection], column: str, split: str
) -> tuple[list[str], list[str], list[bool], str]:
    """The images with a label, and a vector in each collection: keys, labels, whether each is a test image, and how
    that was decided, for people."""
    values = labels.of_items(db, dataset, compared[0], column)
    embedded = set.intersection(*(set(vectors.all_keys(db, collection)) for collection in compared))
    keys = [key for key in values if key in embedded and as_text(values[key]).strip()]
    texts = [as_text(values[key]).strip() for key in keys]
    if split in columns_of(db, dataset.name):
        sides = labels.of_items(db, dataset, compared[0], split)
        is_test = [as_text(sides.get(key)).strip().lower() == "test" for key in keys]
        if any(is_test) and not all(is_test):
            return keys, texts, is_test, f"column {split}"
    return keys, texts, [row % 5 == 4 for row in range(len(keys))], "every fifth"


def _split(
    texts: Sequence[str], is_test: Sequence[bool], most: tuple[int, int], seed: int, column: str
) -> tuple[IntArray, _Split]:
    """The rows of at most `most` training images, then test images; and these images as a split."""
    names = sorted(set(texts))
    y = np.array([names.index(text) for text in texts], np.int64)
    if not 2 <= len(names) <= MAX_LABELS:
        raise InputError(
            f"{column} must have 2 to {MAX_LABELS} distinct labels: it has {len(names)} on {len(texts):,} images"
        )
    rng = np.random.default_rng(seed)
    test_mask = np.array(is_test)
    train, test = (
        np.sort(rng.permutation(np.flatnonzero(mask))[:count])
        for mask, count in zip((~test_mask, test_mask), most, strict=True)
    )
    if not len(train) or not len(test):
        raise InputError(f"{len(test)} test images and {len(train)} training images: both are needed")
    rows, cut = np.concatenate([train, test]), len(train)
    return rows, _Split(y[rows], np.arange(cut), np.arange(cut, len(rows)), len(names))


def _scores(db: Connection, collection: Collection, keys: Sequence[str], images: _Split, seed: int) -> CollectionScores:
    codes = StoredRows(db, collection).take(keys)
    accuracies = label_accuracies(codes, images.y, images.train, images.test, np.random.default_rng(seed))
    run = collections.get_run(db, collection.run)
    return CollectionScores(
        collection.name,
        collection.builder,
        collection.dim,
        run.metrics.get("seconds_training", run.seconds),
        accuracies.linear,
        accuracies.knn,
        {count: accuracies.few[count][0] if count in accuracies.few else None for count in FEW_LABELS},
    )


def _query_rows(images: _Split, seed: int) -> IntArray:
    """The rows of some random test images, one of each label before a second of any."""
    order = np.random.default_rng((seed, 5)).permutation(images.test)
    counts: Counter[int] = Counter()
    occurrence = []  # how many images of the same label come earlier in the order
    for label in images.y[order].tolist():
        occurrence.append(counts[label])
        counts[label] += 1
    return np.asarray(order[np.argsort(occurrence, kind="stable")][:QUERY_IMAGES])
