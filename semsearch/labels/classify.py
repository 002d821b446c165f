"""Train a classifier on the labelled items, test it on held-out ones, predict the others, and suggest what to label.

For comparison, the same regression is tested on tf-idf of the texts. Vectors are worth their cost where they beat it,
which they do most clearly with few labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsearch.arrays import IntArray
from semsearch.errors import InputError, out_of_range
from semsearch.labels import labelled_items
from semsearch.labels.label_scores import SAMPLED, VECTORS, PredictionScores, compare_words, scores_of
from semsearch.labels.labelled_items import Labelled
from semsearch.maths import classifier
from semsearch.maths import suggest as suggesting
from semsearch.maths.suggest import most_informative
from semsearch.records import OpenCollection, Report, silent
from semsearch.storage import collections, lineage, results
from semsearch.storage.connect import transaction
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text

FEW_LABELS = suggesting.FEW_LABELS  # labelled items up to which suggestions are cluster centres
MAX_SUGGESTED = 1_000  # items
FEW_TESTED = 100  # labelled items, below which a remark warns of a wide confidence interval
SUGGEST_FROM = 10_000  # labelled items that the classifier behind suggestions is trained on, at most


@dataclass(frozen=True)
class LabelFacts:
    """One label, and how well it is predicted on held-out items."""

    label: Any
    count: int  # items that have it
    precision: float | None  # 0..1; None if it was never predicted
    recall: float | None  # 0..1; None if no held-out item has it
    predicted: int  # items without a label for which it is predicted

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Classified:
    """The test scores of a classifier, and its predictions for the items without a label."""

    collections: tuple[str, ...]
    column: str  # the name of the label column
    items: int
    labelled: int  # items that are used: those with a label that occurs more than once
    without: int  # rows with a label, but no vector
    alone: tuple[str, ...]  # labels of one item only, which are left out
    judged: tuple[PredictionScores, ...]  # by kind of features, the vectors first
    labels: tuple[LabelFacts, ...]  # (c,)
    confusion: tuple[tuple[int, ...], ...]  # (c, c) held-out items by true label, row, and predicted label, column
    predictions: tuple[
        tuple[Any, Any, float, Any, float], ...
    ]  # key, label, probability, second label, its probability
    table: str  # where `write` stores the predictions
    seen: bool  # whether the vectors were built from the label column
    of: str  # the kind of item
    can_update: bool  # whether `semsearch update` adds new items to all the collections

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json and a page, with the number of predictions in their place."""
        values = {
            name: value for name, value in asdict(self).items() if name not in ("predictions", "seen", "can_update")
        }
        return values | {"predictions": len(self.predictions)}

    @property
    def with_label(self) -> int:
        """The items that have a label, those with a label that occurs only once included."""
        return self.labelled + len(self.alone)

    @property
    def remarks(self) -> list[str]:
        """What a reader of the scores should know, one remark each."""
        remarks = []
        if self.alone:
            remarks.append(f"Labels that occur only once are left out: {labelled_items.listed(self.alone)}")
        if self.without:
            remarks.append(labelled_items.lacking(self.of, self.without, can_update=self.can_update))
        sampled = [scores.judged for scores in self.judged if scores.features == SAMPLED]
        if sampled:
            remarks.append(
                f"The bag of words and the vectors are compared on a random sample, with {sampled[0]:,} {self.of}s"
                " for the"
                f" test and {(classifier.FOLDS - 1) * sampled[0]:,} for the training. On all {self.labelled:,} both"
                " would be"
                " more accurate, and the bag of words often gains more. `semsearch classify` compares them on all"
            )
        if self.seen:
            remarks.append(
                f"Their accuracy is overstated: the vectors were built from {self.column}, the column that is predicted"
            )
        if self.labelled < FEW_TESTED:
            remarks.append(
                f"Only {self.judged[0].judged:,} test {self.of}s: the interval shows how uncertain the accuracy is"
            )
        return remarks


@dataclass(frozen=True)
class Suggestion:
    """An item to label next, and its predicted label; None without labelled items to learn from."""

    id: Any
    label: Any
    probability: float | None  # 0..1


def classify(
    db: Connection,
    opened: Sequence[OpenCollection],
    column: str | None = None,
    *,
    table: str | None = None,
    words: bool = True,
    seed: int = 0,
    report: Report = silent,
) -> Classified:
    """Train a classifier of a label column on vectors, test it on held-out items, and predict the missing labels.

    Nothing is written: see `write`. With `words`, a bag of words is tested too, if the items have text. See
    labelled_items.read for the other arguments and errors. Raises InputError unless two labels have two items each.
    """
    return learn(db, read_checked(db, opened, column, table=table), words=words, seed=seed, report=report)


def read_checked(
    db: Connection, opened: Sequence[OpenCollection], column: str | None = None, *, table: str | None = None
) -> Labelled:
    """The training data. Raises InputError, and what labelled_items.read raises, if nothing can be learned from it."""
    items = labelled_items.read(db, opened, column, table=table)
    labelled_items.check_can_learn(items)
    return items


def learn(
    db: Connection,
    items: Labelled,
    *,
    words: bool = True,
    most_words: int | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Classified:
    """Classify items that have been read.

    With more than `most_words` labelled items, words are tested on a random sample of that size, of which a fifth is
    held out once, and vectors on the same sample. tf-idf needs a weight per label and word: for 2,000 messages with 20
    labels and 44,000 words, five folds took 78 s of CPU, and one takes 7 s.
    """
    rows, y, c = items.rows, items.y[items.rows], len(items.labels)
    tested = classifier.held_out(items.X[rows], y, c, np.random.default_rng(seed))
    report(1, 3)
    scores = [scores_of(VECTORS, tested, y, c)]
    if words:
        scores += compare_words(db, items, rows, c, most_words, seed)
    report(2, 3)
    confusion = classifier.confusion(y[tested.rows], tested.probabilities.argmax(axis=1), c)
    predictions = _predictions(items, scores[0].C, seed)
    report(3, 3)
    return Classified(
        collections=tuple(collection.name for collection in items.collections),
        column=items.column,
        items=len(items.keys),
        labelled=len(rows),
        without=items.without,
        alone=tuple(items.alone),
        judged=tuple(scores),
        labels=_facts(items, confusion, [prediction[1] for prediction in predictions]),
        confusion=tuple(map(tuple, confusion.tolist())),
        predictions=tuple(predictions),
        table=results.table_name(items.collections[0].name, "predictions"),
        seen=items.column in (*items.dataset.text_columns, items.dataset.title_column),
        of=items.collections[0].of,
        can_update=labelled_items.can_update(items.collections),
    )


def write(db: Connection, result: Classified, *, table: str | None = None) -> None:
    """Replace the table COLLECTION_predictions, with one row for each item without a label.

    `table` is the table of the labels, if it is not that of the items: only users who may read it may read the
    predictions. Raises NameTakenError if the user has a table or view of that name.
    """
    integers = all(isinstance(prediction[0], int) for prediction in result.predictions)
    kinds = {type(facts.label) for facts in result.labels}
    kind = "integer" if kinds == {int} else "real" if kinds <= {int, float} else "text"
    columns = results.PREDICTION_COLUMNS | {"id": "integer" if integers else "text", "label": kind, "second": kind}
    with transaction(db):
        collection, *others = (collections.get_collection(db, name) for name in result.collections)
        made_of = lineage.sources_of(db, [table] if table else [], runs=[other.run for other in others])
        results.replace(db, result.table, columns, result.predictions, collection, made_of=made_of)


def suggest(
    db: Connection,
    opened: Sequence[OpenCollection],
    number: int,
    column: str | None = None,
    *,
    table: str | None = None,
    seed: int = 0,
) -> list[Suggestion]:
    """The unlabelled items that are most informative to label, the best first. No label is needed to begin.

    Raises InputError for an impossible number, or if every item has a label.
    """
    if not 1 <= number <= MAX_SUGGESTED:
        raise out_of_range("--suggest", number, least=1, most=MAX_SUGGESTED)
    return suggestions(labelled_items.read(db, opened, column, table=table), number, seed=seed)


def suggestions(items: Labelled, number: int, *, seed: int = 0) -> list[Suggestion]:
    """Suggestions from items that have been read: see `suggest`."""
    pool, rows = items.unlabelled, items.rows
    if not len(pool):
        raise InputError(f"All {len(items.keys):,} items have a label in {items.column}: nothing is left to suggest")
    rng = np.random.default_rng(seed)
    probabilities = None
    if len(items.labels) >= 2:
        train = classifier.subsample(rows, rng, SUGGEST_FROM)
        X, y = items.X[train], items.y[train]
        C = classifier.choose_C(X, y, len(items.labels), rng)
        probabilities = classifier.fit_and_predict(X, y, items.X[pool], len(items.labels), C)
    chosen = most_informative(items.X[pool], items.X[rows], probabilities, number, rng)
    return [
        _suggestion(items, pool[row], None if probabilities is None else probabilities[row]) for row in chosen.tolist()
    ]


def _suggestion(items: Labelled, row: int, probabilities: Any) -> Suggestion:
    """The item of this row of X, with its likeliest label; `probabilities` (c,) or None."""
    id = items.typed(row)
    if probabilities is None:
        return Suggestion(id, None, None)
    best = int(probabilities.argmax())
    return Suggestion(id, items.labels[best], float(probabilities[best]))


def _predictions(items: Labelled, C: float, seed: int) -> list[tuple[Any, Any, float, Any, float]]:
    """The two likeliest labels of each item without a label, with their probabilities, most confident first."""
    pool = items.unlabelled
    if not len(pool):
        return []
    train = classifier.subsample(items.rows, np.random.default_rng(seed))
    probabilities = classifier.fit_and_predict(items.X[train], items.y[train], items.X[pool], len(items.labels), C)
    two = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    confidence = np.take_along_axis(probabilities, two, axis=1)
    order = np.argsort(-confidence[:, 0], kind="stable")
    ids = [items.typed(row) for row in pool[order].tolist()]
    best, second = ([items.labels[label] for label in two[order, column].tolist()] for column in (0, 1))
    return list(zip(ids, best, confidence[order, 0].tolist(), second, confidence[order, 1].tolist(), strict=True))


def _facts(items: Labelled, confusion: IntArray, predictions: Sequence[Any]) -> tuple[LabelFacts, ...]:
    """The facts of each label, from the confusion matrix (c, c) and the predictions for unlabelled items."""
    counts = np.bincount(items.y[items.rows], minlength=len(items.labels)).tolist()
    predicted_counts = Counter(map(as_text, predictions))
    correct, true, predicted = (sums.tolist() for sums in (np.diag(confusion), *map(confusion.sum, (1, 0))))
    return tuple(
        LabelFacts(
            label=label,
            count=counts[row],
            precision=correct[row] / predicted[row] if predicted[row] else None,
            recall=correct[row] / true[row] if true[row] else None,
            predicted=predicted_counts[as_text(label)],
        )
        for row, label in enumerate(items.labels)
    )
