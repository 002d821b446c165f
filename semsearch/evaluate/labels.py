"""Evaluate how well labels are predicted from vectors, on held-out items.

By shares: a classifier is trained on a share of the items and tested on the rest. There is one logistic regression per
label. Of each test item the k_i most likely labels are predicted, where k_i is its true number of labels (Perozzi,
Al-Rfou & Skiena 2014; Tang, Rajan & Narayanan 2009). Scores are means over several shuffles. Vectors have unit length,
and the intercept is penalised, as in liblinear, which all these papers used.

By `folds` or a `split`, each item is tested once, by a classifier trained without it. Items with one label each are
then classified as by `classify`: multinomial regression, with C chosen by cross-validation on the training items. With
`folds` items whose label occurs only once are left out as there, because it cannot be both learned and tested.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, out_of_range
from semsearch.labels.labelled_items import default_column
from semsearch.maths import classifier
from semsearch.maths.logistic import one_against_rest
from semsearch.maths.metrics import f1_scores
from semsearch.storage import chunks, collections
from semsearch.storage import labels as stored
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text

LabelMatrix = npt.NDArray[np.bool_]
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of the items, to train on
SHUFFLES = 10  # random splits per share
TRAIN, TEST = frozenset({"train", "training"}), frozenset({"test", "testing"})  # values of a split column


@dataclass(frozen=True)
class HoldOut:
    """How items are held out: by folds, by a column, or by random shares.

    Without any of the three, the shares are SHARES. Raises InputError for more than one of them, or for no shuffle.
    """

    folds: int | None = None  # of a cross-validation
    split: str | None = None  # the column that says train or test
    shares: Sequence[float] = ()  # of the items, to train on, 0..1
    shuffles: int = SHUFFLES  # random splits per share

    def __post_init__(self) -> None:
        if sum(map(bool, (self.folds is not None, self.split, self.shares))) > 1:
            raise InputError(
                "Give only one of --folds, --split and --train-share: they are three ways to hold out items"
            )
        if self.shuffles < 1:
            raise out_of_range("--shuffles", self.shuffles, least=1)

    @property
    def by_shares(self) -> bool:
        """Whether items are held out by random shares."""
        return self.folds is None and self.split is None


@dataclass(frozen=True)
class LabelScores:
    """The scores of training on a share of the items, means over the shuffles."""

    share: float  # trained on, 0..1
    micro_f1: float  # 0..1
    macro_f1: float  # 0..1
    deviation: float  # standard deviation of micro F1
    trained: int  # training items
    judged: int  # test items

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self)


@dataclass(frozen=True)
class HeldOutScores:
    """The scores on held-out items, each tested once."""

    how: str  # how they were held out, for people
    accuracy: float  # the share of items with all labels correct, 0..1
    low: float  # of its 95 % confidence interval (Wilson)
    high: float
    micro_f1: float  # 0..1
    macro_f1: float  # 0..1
    deviation: float | None  # standard deviation of the accuracy over the folds
    trained: int  # training items, the mean over the folds
    judged: int  # test items

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self)


class LabelEvaluation(NamedTuple):
    """The scores on a label column."""

    scores: Sequence[LabelScores | HeldOutScores]
    labels: int  # distinct labels
    items: int  # labelled items that are used


Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]  # training rows, test rows


def cross_validation_folds(labels: LabelMatrix, folds: int, seed: int = 0) -> list[Fold]:
    """The folds of a stratified cross-validation. Raises InputError for too many or too few."""
    if not 2 <= folds <= len(labels):
        raise out_of_range("--folds", folds, least=2, most=len(labels), of="(the number of labelled items)")
    fold = classifier.assign_folds(labels.argmax(axis=1), folds, np.random.default_rng(seed))
    return [(np.flatnonzero(fold != number), np.flatnonzero(fold == number)) for number in range(folds)]


def split_fold(values: Sequence[str], column: str) -> list[Fold]:
    """One fold, from the split (n,) of each item: train or test; items with other values are left out."""
    sides = [
        np.array([row for row, value in enumerate(values) if value.lower() in side], np.int64) for side in (TRAIN, TEST)
    ]
    if not all(map(len, sides)):
        shown = ", ".join(repr(value) for value in sorted(set(values))[:8])
        raise InputError(f"{column} holds {shown} on the labelled items: both train and test are needed")
    return [(sides[0], sides[1])]


def score_folds(
    vectors: FloatArray, labels: LabelMatrix, folds: Sequence[Fold], how: str, *, seed: int = 0, C: float | None = None
) -> HeldOutScores:
    """The scores of vectors (n, k) over all folds together; `labels` (n, c) is whether item i has label j."""
    rng = np.random.default_rng(seed)
    truth, predicted = [], []
    single = bool((labels.sum(axis=1) == 1).all())
    X = classifier.standardise(vectors) if single else _unit(vectors)
    for train, test in folds:
        truth.append(labels[test])
        if single:
            scores, _ = classifier.predict_from(X, labels.argmax(axis=1), train, test, labels.shape[1], rng, C)
        else:
            W, b = one_against_rest(X[train], labels[train], C=1.0 if C is None else C)
            scores = X[test] @ W + b
        predicted.append(most_likely(scores, truth[-1].sum(axis=1)))
    correct = [(true == guess).all(axis=1) for true, guess in zip(truth, predicted, strict=True)]
    total, judged = int(sum(map(np.sum, correct))), sum(map(len, correct))
    low, high = classifier.wilson(total, judged)
    micro, macro = f1_scores(np.concatenate(truth), np.concatenate(predicted))
    deviation = float(np.std([fold.mean() for fold in correct])) if len(folds) > 1 else None
    trained = round(float(np.mean([len(train) for train, _ in folds])))
    return HeldOutScores(how, total / judged, low, high, micro, macro, deviation, trained, judged)


def _unit(vectors: FloatArray) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float64)


def score_shares(
    vectors: FloatArray,
    labels: LabelMatrix,
    *,
    shares: Sequence[float] = SHARES,
    shuffles: int = SHUFFLES,
    seed: int = 0,
    C: float = 1.0,
) -> list[LabelScores]:
    """The scores for each share of training items; `labels` (n, c) is whether item i has label j.

    Items without a label are used for training, but not for testing. Raises InputError for shares outside 0..1.
    """
    X = _unit(vectors)
    by_share = []
    for share in shares:
        if not 0 < share < 1:
            raise out_of_range("--train-share", share, above=0, below=1)
        cut = min(max(1, round(share * len(X))), len(X) - 1)
        scores = []
        for shuffle in range(shuffles):
            order = np.random.default_rng((seed, shuffle)).permutation(len(X))
            train, test = order[:cut], order[cut:]
            W, b = one_against_rest(X[train], labels[train], C=C, held=True)
            scores.append(f1_scores(labels[test], most_likely(X[test] @ W + b, labels[test].sum(axis=1))))
        micro, macro = np.mean(scores, axis=0).tolist()
        deviation = float(np.std(scores, axis=0)[0])
        by_share.append(LabelScores(share, micro, macro, deviation, cut, len(X) - cut))
    return by_share


def most_likely(scores: npt.NDArray[np.float64], how_many: npt.NDArray[Any]) -> LabelMatrix:
    """Whether each label (n, c) is among the `how_many` (n,) best-scored ones of its item."""
    rank = np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(rank < how_many[:, None])


def evaluate_labels(
    db: Connection,
    name: str,
    column: str | None = None,
    *,
    separator: str | None = None,
    hold_out: HoldOut = HoldOut(),
    seed: int = 0,
    C: float | None = None,
) -> LabelEvaluation:
    """The scores of a collection on a label column, by default the dataset's.

    A cell is one label, a JSON array of labels, or labels separated by `separator`. Rows without a label, and rows
    without a vector, are left out. `C` is the inverse regularisation strength: by default chosen by cross-validation on
    the training items, or 1 with shares. Raises InputError if fewer than two labels or ten items are left, and for a C
    that is not above 0.
    """
    if C is not None and not C > 0:
        raise out_of_range("--c", C, above=0)
    opened = collections.open_collection(db, name)
    collection, dataset = opened.collection, opened.dataset
    own = dataset.label_column if collection.of != "word" else None  # its cells may hold several labels
    column = column or own or default_column(db, dataset, collection)
    keys, matrix = chunks.everything(db, collection)
    values = stored.of_items(db, dataset, collection, column)
    cells = [labels_of(values.get(key), separator) for key in keys]
    index = {label: number for number, label in enumerate(sorted({label for cell in cells for label in cell}))}
    labelled = [row for row, cell in enumerate(cells) if cell]
    if len(index) < 2 or len(labelled) < 10:
        raise InputError(
            f"{column} must have at least 2 distinct labels on 10 items: it has {len(index)} on {len(labelled):,}"
        )
    labels = np.zeros((len(labelled), len(index)), bool)
    for number, row in enumerate(labelled):
        labels[number, [index[label] for label in cells[row]]] = True
    if hold_out.folds is not None and (labels.sum(axis=1) == 1).all():
        labelled, labels = _without_rare(labelled, labels)
    if hold_out.by_shares:
        shares, shuffles = hold_out.shares or SHARES, hold_out.shuffles
        scores = score_shares(
            matrix[labelled], labels, shares=shares, shuffles=shuffles, seed=seed, C=1.0 if C is None else C
        )
        return LabelEvaluation(scores, len(index), len(labelled))
    if hold_out.split is None:
        folds, title = cross_validation_folds(labels, hold_out.folds or 0, seed), f"{hold_out.folds} folds"
    else:
        sides = stored.of_items(db, dataset, collection, hold_out.split)
        folds = split_fold([as_text(sides.get(keys[row])).strip() for row in labelled], hold_out.split)
        title = f"split by {hold_out.split}"
    held_out = score_folds(matrix[labelled], labels, folds, title, seed=seed, C=C)
    return LabelEvaluation([held_out], labels.shape[1], len(labelled))


def _without_rare(rows: Sequence[int], labels: LabelMatrix) -> tuple[list[int], LabelMatrix]:
    """The rows and labels (n, c) without labels that occur only once.

    Raises InputError unless two labels occur more than once.
    """
    columns = labels.sum(axis=0) > 1
    if columns.sum() < 2:
        raise InputError("Cross-validation needs two labels with two items each: use --train-share, or other labels")
    kept = labels[:, columns].any(axis=1)
    return [rows[place] for place in np.flatnonzero(kept).tolist()], labels[kept][:, columns]


def labels_of(value: Any, separator: str | None = None) -> list[str]:
    """The labels in a cell, as text: none, one, or several."""
    text = as_text(value).strip()
    if separator is not None:
        return [part.strip() for part in text.split(separator) if part.strip()]
    if text.startswith("[") and text.endswith("]"):
        try:
            return [str(label) for label in json.loads(text)]
        except (ValueError, RecursionError):
            pass  # a label in brackets
    return [text] if text else []
