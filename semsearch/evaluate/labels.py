"""How well vectors tell labels: trained on a share of the items, judged on the rest.

Several labels an item: one logistic regression a label against the rest, and of each judged item its k_i most likely
labels are taken, k_i being how many it really has (Perozzi, Al-Rfou & Skiena 2014; Tang, Rajan & Narayanan 2009). The
means over several shuffles are told; vectors are taken at unit length, and the intercept is held small, as liblinear
does, by which the figures of all these papers were had.

By `folds` or a `split` each item is judged once, by what was learnt without it. One label an item is then learnt as
`classify` learns it: multinomial, C chosen inside of what is learnt from.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.errors import InputError
from semsearch.labels.labelled_items import own_column
from semsearch.maths import classifier
from semsearch.maths.logistic import one_against_rest
from semsearch.maths.metrics import f1_scores
from semsearch.storage import chunks, collections
from semsearch.storage import labels as stored
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text

LabelMatrix = npt.NDArray[np.bool_]
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SHUFFLES = 10
TRAIN, TEST = frozenset({"train", "training"}), frozenset({"test", "testing"})  # what a split column may say


@dataclass(frozen=True)
class HoldOut:
    """How items are held back: `folds`, or a column `split`, or shares to train on in several random shuffles.

    Without any of the three, the shares are SHARES. Raises InputError for more than one of them, or for no shuffle.
    """

    folds: int | None = None
    split: str | None = None
    shares: Sequence[float] = ()
    shuffles: int = SHUFFLES

    def __post_init__(self) -> None:
        if sum(map(bool, (self.folds is not None, self.split, self.shares))) > 1:
            raise InputError("folds, split and share are three ways to hold items back: choose one of them")
        if self.shuffles < 1:
            raise InputError(f"shuffles is {self.shuffles}: at least 1 is needed")

    @property
    def by_shares(self) -> bool:
        """Whether items are held back by random shares."""
        return self.folds is None and self.split is None


@dataclass(frozen=True)
class LabelScores:
    """Mean micro and macro F1 over the shuffles, 0..1, the micro's standard deviation, and how many items were used."""

    share: float
    micro_f1: float
    macro_f1: float
    deviation: float
    trained: int
    judged: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self)


@dataclass(frozen=True)
class HeldOutScores:
    """What was told of items that were held back: how often all labels of an item were right, its 95 % interval, micro
    and macro F1, 0..1, the accuracy's standard deviation over the folds, and how many items were used."""

    how: str
    accuracy: float
    low: float
    high: float
    micro_f1: float
    macro_f1: float
    deviation: float | None
    trained: int
    judged: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json."""
        return asdict(self)


class LabelEvaluation(NamedTuple):
    """Scores on a column of labels, how many labels it has, and how many items have one."""

    scores: Sequence[LabelScores | HeldOutScores]
    labels: int
    items: int


Fold = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]  # the rows learnt from, the rows judged


def cross_validation_folds(labels: LabelMatrix, folds: int, seed: int = 0) -> list[Fold]:
    """Every item is judged in one of `folds` turns; each label is spread over them. InputError for too many or few."""
    if not 2 <= folds <= len(labels):
        raise InputError(f"folds is {folds}: choose 2 to {len(labels):,}, the number of items with a label")
    fold = classifier.assign_folds(labels.argmax(axis=1), folds, np.random.default_rng(seed))
    return [(np.flatnonzero(fold != turn), np.flatnonzero(fold == turn)) for turn in range(folds)]


def split_fold(said: Sequence[str], column: str) -> list[Fold]:
    """The items whose split says train are learnt from, those that say test judged, others left out."""
    sides = [
        np.array([row for row, value in enumerate(said) if value.lower() in side], np.int64) for side in (TRAIN, TEST)
    ]
    if not all(map(len, sides)):
        found = ", ".join(repr(value) for value in sorted(set(said))[:8])
        raise InputError(f"{column} holds {found} on the labelled items: both train and test are needed")
    return [(sides[0], sides[1])]


def score_folds(
    vectors: FloatArray, labels: LabelMatrix, turns: Sequence[Fold], how: str, *, seed: int = 0, C: float | None = None
) -> HeldOutScores:
    """Scores of vectors (n, k) and whether item i has label j, (n, c), over all turns together."""
    rng = np.random.default_rng(seed)
    truth, told = [], []
    single = bool((labels.sum(axis=1) == 1).all())
    X = classifier.standardise(vectors) if single else _unit(vectors)
    for learnt, asked in turns:
        truth.append(labels[asked])
        if single:
            found, _ = classifier.predict_from(X, labels.argmax(axis=1), learnt, asked, labels.shape[1], rng, C)
        else:
            W, b = one_against_rest(X[learnt], labels[learnt], C=1.0 if C is None else C)
            found = X[asked] @ W + b
        told.append(most_likely(found, truth[-1].sum(axis=1)))
    right = [(one == other).all(axis=1) for one, other in zip(truth, told, strict=True)]
    total, judged = int(sum(map(np.sum, right))), sum(map(len, right))
    low, high = classifier.wilson(total, judged)
    micro, macro = f1_scores(np.concatenate(truth), np.concatenate(told))
    deviation = float(np.std([one.mean() for one in right])) if len(turns) > 1 else None
    trained = round(float(np.mean([len(learnt) for learnt, _ in turns])))
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
    """Scores by share trained on, from vectors (n, k) and whether item i has label j, (n, c).

    Items without a label are left out of the judging, not of the training. Raises InputError for shares outside 0..1.
    """
    X = _unit(vectors)
    found = []
    for share in shares:
        if not 0 < share < 1:
            raise InputError(f"the share to train on is {share:g}: choose above 0, below 1")
        cut = min(max(1, round(share * len(X))), len(X) - 1)
        scores = []
        for shuffle in range(shuffles):
            order = np.random.default_rng((seed, shuffle)).permutation(len(X))
            train, test = order[:cut], order[cut:]
            W, b = one_against_rest(X[train], labels[train], C=C, held=True)
            scores.append(f1_scores(labels[test], most_likely(X[test] @ W + b, labels[test].sum(axis=1))))
        micro, macro = np.mean(scores, axis=0).tolist()
        deviation = float(np.std(scores, axis=0)[0])
        found.append(LabelScores(share, micro, macro, deviation, cut, len(X) - cut))
    return found


def most_likely(scores: npt.NDArray[np.float64], how_many: npt.NDArray[Any]) -> LabelMatrix:
    """(n, c) the `how_many` (n,) best-scored labels of each item."""
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
    """The scores of a collection on a column of labels, how many labels there are, and how many items have one.

    The column is by default the dataset's own. A cell is one label, a JSON array of them, or labels with a separator
    between. Rows without a label, and rows without a vector, are left out. `C` is the inverse regularisation strength:
    by default chosen inside the training items, or 1 with shares. Raises InputError where fewer than two labels or ten
    items are left, and for a C that is not above 0.
    """
    if C is not None and not C > 0:
        raise InputError(f"c is {C:g}: a number above 0 is needed")
    opened = collections.open_collection(db, name)
    collection, dataset = opened.collection, opened.dataset
    column = column or own_column(db, dataset, collection)
    keys, matrix = chunks.everything(db, collection)
    values = stored.of_items(db, dataset, collection, column)
    told = [labels_of(values.get(key), separator) for key in keys]
    names = {label: place for place, label in enumerate(sorted({label for some in told for label in some}))}
    kept = [row for row, some in enumerate(told) if some]
    if len(names) < 2 or len(kept) < 10:
        raise InputError(
            f"{column} must have at least 2 distinct labels on 10 items: it has {len(names)} on {len(kept):,}"
        )
    labels = np.zeros((len(kept), len(names)), bool)
    for place, row in enumerate(kept):
        labels[place, [names[label] for label in told[row]]] = True
    if hold_out.by_shares:
        shares, shuffles = hold_out.shares or SHARES, hold_out.shuffles
        scores = score_shares(
            matrix[kept], labels, shares=shares, shuffles=shuffles, seed=seed, C=1.0 if C is None else C
        )
        return LabelEvaluation(scores, len(names), len(kept))
    if hold_out.split is None:
        turns, title = cross_validation_folds(labels, hold_out.folds or 0, seed), f"{hold_out.folds} folds"
    else:
        parts = stored.of_items(db, dataset, collection, hold_out.split)
        turns = split_fold([as_text(parts.get(keys[row])).strip() for row in kept], hold_out.split)
        title = f"split by {hold_out.split}"
    held_out = score_folds(matrix[kept], labels, turns, title, seed=seed, C=C)
    return LabelEvaluation([held_out], len(names), len(kept))


def labels_of(value: Any, separator: str | None = None) -> list[str]:
    """The labels in a cell: none, one, or several."""
    text = as_text(value).strip()
    if separator is not None:
        return [part.strip() for part in text.split(separator) if part.strip()]
    if text.startswith("[") and text.endswith("]"):
        try:
            return [str(label) for label in json.loads(text)]
        except ValueError:
            pass  # a label that looks like one
    return [text] if text else []
