"""Labels learnt from the rows that have one: how well that works, what the other rows are told, which to label next.

Beside the vectors stands what the words alone can do, the same regression on tf-idf of the texts: vectors are worth
their cost where they beat it, which they do most clearly with few labels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from semsearch.arrays import IntArray
from semsearch.errors import InputError
from semsearch.labels import labelled
from semsearch.labels.held_out import SAMPLED, VECTORS, Judged, compared, judge
from semsearch.labels.labelled import Labelled
from semsearch.maths import classifier
from semsearch.maths.suggest import FEW, most_telling
from semsearch.records import OpenCollection, Report, silent
from semsearch.storage import results
from semsearch.storage.connect import transaction
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text

MOST_SUGGESTED = 1_000
FEW_LABELS = FEW  # labelled items up to which suggestions are cluster centres rather than uncertain items
FEW_JUDGED = 100  # items, below which a remark says so
ENOUGH_TO_DOUBT = 10_000  # labelled items that tell well enough which others are doubtful


@dataclass(frozen=True)
class LabelFacts:
    """One label: how many items have it, how well it is told where it was held back, how many of the rest are told it.

    `precision` is None where it was never told, `recall` where no held-back item has it.
    """

    label: Any
    count: int
    precision: float | None
    recall: float | None
    predicted: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Classified:
    """What was learnt of a column. `confusion` (c, c): held-back items by their label, row, and what they were told.

    `predictions` (m,) for items without a label, surest first: key, label, probability, the second likeliest and its.
    """

    collections: tuple[str, ...]
    column: str
    items: int
    labelled: int
    without: int
    alone: tuple[str, ...]
    judged: tuple[Judged, ...]
    labels: tuple[LabelFacts, ...]
    confusion: tuple[tuple[int, ...], ...]
    predictions: tuple[tuple[Any, Any, float, Any, float], ...]
    table: str
    seen: bool
    of: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for --json and a page; the predictions are counted."""
        told = {name: value for name, value in asdict(self).items() if name not in ("predictions", "seen")}
        return told | {"predictions": len(self.predictions)}

    @property
    def remarks(self) -> list[str]:
        """What a person should know of the figures, a sentence each."""
        said = []
        if self.alone:
            said.append(f"Left out, on one item only: {labelled.listed(self.alone)}")
        if self.without:
            said.append(labelled.lacking(self.of, self.without))
        sampled = [one.judged for one in self.judged if one.features == SAMPLED]
        if sampled:
            said.append(
                f"Words and vectors are compared on {sampled[0]:,} items drawn at random, by what was learnt of"
                f" {(classifier.FOLDS - 1) * sampled[0]:,} others: with all {self.labelled:,} both would do"
                " better, often words the more. `semsearch classify` compares them on all"
            )
        if self.seen:
            said.append(
                f"The vectors were made of {self.column} too, so they know what they are asked: it flatters them"
            )
        if self.labelled < FEW_JUDGED:
            said.append(f"Judged on {self.judged[0].judged:,} items: the interval says how little that is")
        return said


@dataclass(frozen=True)
class Suggestion:
    """An item whose label would teach much, and what is believed of it so far; nothing where nothing is labelled."""

    id: Any
    label: Any
    probability: float | None


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
    """Learn a column of labels from vectors, judge that on held-back items, and tell the labels of the rest.

    Reads only; `write` keeps the predictions. With `words`, a bag of words is judged on the same items where they have
    text. See labelled.read for the arguments and errors; InputError too where two labels of two items are lacking.
    """
    return learn(db, read_checked(db, opened, column, table=table), words=words, seed=seed, report=report)


def read_checked(
    db: Connection, opened: Sequence[OpenCollection], column: str | None = None, *, table: str | None = None
) -> Labelled:
    """What there is to learn from, if it can be learned from."""
    found = labelled.read(db, opened, column, table=table)
    labelled.check_can_learn(found)
    return found


def learn(
    db: Connection,
    found: Labelled,
    *,
    words: bool = True,
    most_words: int | None = None,
    seed: int = 0,
    report: Report = silent,
) -> Classified:
    """`classify` of what has been read already.

    With `most_words` and more labelled items than that, words are judged on as many, drawn at random, of which a fifth
    is held back once, and vectors once more on the same: tf-idf has a weight a label for every word, and 2,000 messages
    of 20 labels and 44,000 words took 78 s of CPU in five turns, and take 7 s so.
    """
    rows, y, c = found.rows, found.y[found.rows], len(found.labels)
    told = classifier.held_out(found.X[rows], y, c, np.random.default_rng(seed))
    report(1, 3)
    judged = [judge(VECTORS, told, y, c)]
    if words:
        judged += compared(db, found, rows, c, most_words, seed)
    report(2, 3)
    best = told.told.argmax(axis=1)
    table_of_both = classifier.confusion(y[told.rows], best, c)
    predictions = _predictions(found, judged[0].C, seed)
    report(3, 3)
    return Classified(
        collections=tuple(one.name for one in found.collections),
        column=found.column,
        items=len(found.keys),
        labelled=len(rows),
        without=found.without,
        alone=tuple(found.alone),
        judged=tuple(judged),
        labels=_facts(found, table_of_both, [row[1] for row in predictions]),
        confusion=tuple(map(tuple, table_of_both.tolist())),
        predictions=tuple(predictions),
        table=results.table_name(found.collections[0].name, "predictions"),
        seen=found.column in (*found.dataset.text_columns, found.dataset.title_column),
        of=found.collections[0].of,
    )


def write(db: Connection, found: Classified, *, table: str | None = None) -> None:
    """Replace the table COLLECTION_predictions: one row for each item without a label, its key its primary key.

    `table` is the one the labels were taken from, where that is not the items' own: who may not see it may not see
    the predictions. Raises NameTakenError where a table or view of somebody's has that name.
    """
    integers = all(isinstance(row[0], int) for row in found.predictions)
    kinds = {type(facts.label) for facts in found.labels}
    kind = "integer" if kinds == {int} else "real" if kinds <= {int, float} else "text"
    columns = results.PREDICTION_COLUMNS | {"id": "integer" if integers else "text", "label": kind, "second": kind}
    with transaction(db):
        results.replace(db, found.table, columns, found.predictions, made_of=table)


def suggest(
    db: Connection,
    opened: Sequence[OpenCollection],
    number: int,
    column: str | None = None,
    *,
    table: str | None = None,
    seed: int = 0,
) -> list[Suggestion]:
    """The items without a label whose labels would teach most, the first one first; works before anything is labelled.

    Raises InputError for an impossible number, or where nothing is left to label.
    """
    if not 1 <= number <= MOST_SUGGESTED:
        raise InputError(f"suggest is {number}: choose 1 to {MOST_SUGGESTED:,}")
    return suggestions(labelled.read(db, opened, column, table=table), number, seed=seed)


def suggestions(found: Labelled, number: int, *, seed: int = 0) -> list[Suggestion]:
    """`suggest` of what has been read already."""
    pool, rows = found.unlabelled, found.rows
    if not len(pool):
        raise InputError(f"All {len(found.keys):,} items have a label in {found.column}: nothing is left to suggest")
    rng = np.random.default_rng(seed)
    told = None
    if len(found.labels) >= 2:
        learnt = classifier.thinned(rows, rng, ENOUGH_TO_DOUBT)
        X, y = found.X[learnt], found.y[learnt]
        C = classifier.choose_C(X, y, len(found.labels), rng)
        told = classifier.probabilities(X, y, found.X[pool], len(found.labels), C)
    chosen = most_telling(found.X[pool], found.X[rows], told, number, rng)
    return [_suggestion(found, pool[place], None if told is None else told[place]) for place in chosen.tolist()]


def _suggestion(found: Labelled, row: int, told: Any) -> Suggestion:
    id = found.typed(row)
    if told is None:
        return Suggestion(id, None, None)
    best = int(told.argmax())
    return Suggestion(id, found.labels[best], float(told[best]))


def _predictions(found: Labelled, C: float, seed: int) -> list[tuple[Any, Any, float, Any, float]]:
    """What each item without a label is told by all that have one, surest first."""
    pool = found.unlabelled
    if not len(pool):
        return []
    learnt = classifier.thinned(found.rows, np.random.default_rng(seed))
    told = classifier.probabilities(found.X[learnt], found.y[learnt], found.X[pool], len(found.labels), C)
    two = np.argsort(-told, axis=1, kind="stable")[:, :2]
    sure = np.take_along_axis(told, two, axis=1)
    order = np.argsort(-sure[:, 0], kind="stable")
    ids = [found.typed(row) for row in pool[order].tolist()]
    best, second = ([found.labels[place] for place in two[order, side].tolist()] for side in (0, 1))
    return list(zip(ids, best, sure[order, 0].tolist(), second, sure[order, 1].tolist(), strict=True))


def _facts(found: Labelled, both: IntArray, predicted: Sequence[Any]) -> tuple[LabelFacts, ...]:
    counts = np.bincount(found.y[found.rows], minlength=len(found.labels)).tolist()
    rest = Counter(map(as_text, predicted))
    right, truly, told = np.diag(both).tolist(), both.sum(axis=1).tolist(), both.sum(axis=0).tolist()
    return tuple(
        LabelFacts(
            label=label,
            count=counts[place],
            precision=right[place] / told[place] if told[place] else None,
            recall=right[place] / truly[place] if truly[place] else None,
            predicted=rest[as_text(label)],
        )
        for place, label in enumerate(found.labels)
    )
