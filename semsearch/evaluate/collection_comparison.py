"""The collections of pictures of one dataset beside each other, on the same labels of the same pictures.

Pictures of the split `test` are judged, the others learned from; where the table has no split, every fifth is judged.
Of both there is a most, drawn by the seed, so that an answer takes seconds. Collections are learned without labels;
whether the judged pictures were among those they were learned from is their builder's affair, and the same for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsearch.arrays import IntArray
from semsearch.errors import InputError
from semsearch.evaluate.label_probes import FEW_LABELS, label_accuracies
from semsearch.records import Collection, Dataset, Report, silent
from semsearch.search.query import similar
from semsearch.storage import collections, datasets, labels, vectors
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of
from semsearch.storage.vectors import StoredRows

MAX_TRAINING_IMAGES, MAX_TEST_IMAGES = 2_000, 1_000
MAX_LABELS = 100  # different ones
QUERY_IMAGES = 5  # pictures whose neighbours are shown
NEIGHBOURS = 5  # of each


@dataclass(frozen=True)
class CollectionScores:
    """What a collection came to: accuracies 0..1 of the linear probe, of the five nearest and, by how many labels of
    each kind it learned from, of probes on a few, the mean of several draws, None where a label has not so many;
    `seconds` its training took."""

    collection: str
    builder: str
    dim: int
    seconds: float
    probe: float
    knn: float
    few: Mapping[int, float | None]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json and tables."""
        found = asdict(self)
        few = found.pop("few")
        return found | {f"of_{count}": value for count, value in few.items()}


@dataclass(frozen=True)
class CollectionComparison:
    """Collections beside each other: the column of labels, how many there are, what was judged, and by what; `asked`
    are keys of some judged pictures, of as many labels as can be."""

    label: str
    labels: int
    split: str
    learned: int
    judged: int
    rows: Sequence[CollectionScores]
    asked: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self) | {"rows": [row.as_dict() for row in self.rows]}


@dataclass(frozen=True)
class _Judging:
    """Of some pictures: the number `y` (n,) of each one's label among `labels`; the rows learned from, and judged."""

    y: IntArray
    learned: IntArray
    judged: IntArray
    labels: int


def of_dataset(db: Connection, dataset: str) -> list[Collection]:
    """The collections of a dataset's pictures, in the order they were built."""
    found = [one for one in collections.all_collections(db) if one.dataset == dataset and one.of == "image"]
    return sorted(found, key=lambda one: one.run)


def named_collections(db: Connection, names: Sequence[str]) -> list[str]:
    """The image collections of these names, without repeats; the name of a dataset stands for all of its collections.

    Raises InputError for a dataset that has no collection of images.
    """
    found: list[str] = []
    known = {dataset.name for dataset in datasets.all_datasets(db)}
    for name in names:
        members = [collection.name for collection in of_dataset(db, name)] if name in known else [name]
        if not members:
            raise InputError(f"{name} has no collection of images yet: run `semsearch build DB {name}`")
        found += members
    return list(dict.fromkeys(found))


def limits(max_train: int | None = None, max_test: int | None = None) -> tuple[int, int]:
    """How many images are trained and tested on at most, 2,000 and 1,000 by default. InputError for less than 1."""
    for name, value in (("max-train", max_train), ("max-test", max_test)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}: choose 1 or more")
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
    """Judge these collections. `label` is the column of labels, by default the dataset's, `split` the one that says
    train or test, `most` how many pictures are learned from and judged at most.

    InputError for collections of anything but pictures of one dataset, no labels to tell apart, or nothing to judge.
    """
    found = [collections.get_collection(db, name) for name in names]
    dataset = _shared(db, found)
    column = label or dataset.label_column
    if column is None:
        raise InputError(f"{dataset.name} has no label column to compare collections by: give --label COLUMN")
    keys, told, test, said = _labelled(db, dataset, found, column, split)
    rows, judge = _judging(told, test, most, seed, column)
    chosen = [keys[row] for row in rows.tolist()]
    made = []
    for number, one in enumerate(found):
        made.append(_probed(db, one, chosen, judge, seed))
        report(number + 1, len(found))
    asked = [chosen[row] for row in _varied(judge, seed).tolist()]
    return CollectionComparison(column, judge.labels, said, len(judge.learned), len(judge.judged), made, asked)


def neighbours(db: Connection, name: str, keys: Sequence[str]) -> list[list[str]]:
    """The keys of the five pictures nearest to each of these in a collection, nearest first."""
    opened = collections.open_collection(db, name)
    return [[str(hit.id) for hit in similar(db, opened, [key], k=NEIGHBOURS).hits] for key in keys]


def _shared(db: Connection, found: Sequence[Collection]) -> Dataset:
    """The dataset that all are of."""
    for one in found:
        if one.of != "image" or one.dataset != found[0].dataset:
            raise InputError(
                f"{one.name} holds {one.of}s of {one.dataset}: only image collections of one dataset can be compared"
            )
    return datasets.get_dataset(db, found[0].dataset)


def _labelled(
    db: Connection, dataset: Dataset, found: Sequence[Collection], column: str, split: str
) -> tuple[list[str], list[str], list[bool], str]:
    """Keys of the pictures that have a label, and a vector in each collection; their labels, whether they are for
    judging, and by what that was told."""
    said = labels.of_items(db, dataset, found[0], column)
    everywhere = set.intersection(*(set(vectors.all_keys(db, one)) for one in found))
    keys = [key for key in said if key in everywhere and as_text(said[key]).strip()]
    told = [as_text(said[key]).strip() for key in keys]
    if split in columns_of(db, dataset.name):
        parts = labels.of_items(db, dataset, found[0], split)
        test = [as_text(parts.get(key)).strip().lower() == "test" for key in keys]
        if any(test):
            return keys, told, test, f"column {split}"
    return keys, told, [place % 5 == 4 for place in range(len(keys))], "every fifth"


def _judging(
    told: Sequence[str], test: Sequence[bool], most: tuple[int, int], seed: int, column: str
) -> tuple[IntArray, _Judging]:
    """The places of at most so many pictures to learn from, then of some to judge; and how these are judged."""
    names = sorted(set(told))
    y = np.array([names.index(one) for one in told], np.int64)
    if not 2 <= len(names) <= MAX_LABELS:
        raise InputError(
            f"{column} must have 2 to {MAX_LABELS} distinct labels: it has {len(names)} on {len(told):,} images"
        )
    rng = np.random.default_rng(seed)
    judging = np.array(test)
    learned, judged = (
        np.sort(rng.permutation(np.flatnonzero(some))[:count])
        for some, count in zip((~judging, judging), most, strict=True)
    )
    if not len(learned) or not len(judged):
        raise InputError(f"{len(judged)} test images and {len(learned)} training images: both are needed")
    rows, cut = np.concatenate([learned, judged]), len(learned)
    return rows, _Judging(y[rows], np.arange(cut), np.arange(cut, len(rows)), len(names))


def _probed(
    db: Connection, collection: Collection, keys: Sequence[str], judge: _Judging, seed: int
) -> CollectionScores:
    codes = StoredRows(db, collection).take(keys)
    told = label_accuracies(codes, judge.y, judge.learned, judge.judged, np.random.default_rng(seed))
    run = collections.get_run(db, collection.run)
    return CollectionScores(
        collection.name,
        collection.builder,
        collection.dim,
        run.metrics.get("seconds_training", run.seconds),
        told.linear,
        told.knn,
        {count: told.few[count][0] if count in told.few else None for count in FEW_LABELS},
    )


def _varied(judge: _Judging, seed: int) -> IntArray:
    """Some judged pictures, each label once before any comes again."""
    order = np.random.default_rng((seed, 5)).permutation(judge.judged)
    met: Counter[int] = Counter()
    turn = []
    for label in judge.y[order].tolist():
        turn.append(met[label])
        met[label] += 1
    return np.asarray(order[np.argsort(turn, kind="stable")][:QUERY_IMAGES])
