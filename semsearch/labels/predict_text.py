"""The label of a text that is not stored, predicted by a classifier of the labelled rows of its collection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch.errors import InputError
from semsearch.labels import labelled_items
from semsearch.labels.labelled_items import Labelled
from semsearch.lru_cache import LruCache
from semsearch.maths import classifier
from semsearch.records import OpenCollection
from semsearch.search.models import encode_text
from semsearch.storage.connect import memory_of
from semsearch.storage.driver import Connection

TRAINED = 5_000  # labelled rows, at most; a random sample of more
_kept: LruCache[tuple[Labelled, np.ndarray, float]] = LruCache(4)


@dataclass(frozen=True)
class Prediction:
    """The labels of a text with their probabilities, the likeliest first, and how many rows they were learned from."""

    column: str
    labels: tuple[tuple[Any, float], ...]
    learned_from: int


def predict_text(
    db: Connection, opened: OpenCollection, text: str, column: str | None = None, *, seed: int = 0
) -> Prediction:
    """The label of a text. Raises InputError for a text without a known word, and what labelled_items.read raises."""
    vector = encode_text(db, opened.collection, text)
    if vector is None:
        raise InputError(f"{opened.name} knows no word of this text")
    column = column or labelled_items.default_column(db, opened.dataset, opened.collection)
    key = (*memory_of(db, opened.collection.token), opened.dataset.token, column)
    items, rows, C = _kept.get_or_compute(key, lambda: _learned(db, opened, column, seed))
    assert items.scale is not None
    asked = classifier.standardised_as(vector[None], *items.scale)
    (probabilities,) = classifier.fit_and_predict(items.X[rows], items.y[rows], asked, len(items.labels), C)
    order = np.argsort(-probabilities, kind="stable").tolist()
    labels = tuple((items.labels[place], float(probabilities[place])) for place in order)
    return Prediction(items.column, labels, len(rows))


def _learned(db: Connection, opened: OpenCollection, column: str, seed: int) -> tuple[Labelled, np.ndarray, float]:
    """The labelled rows, those that are learned from, and the regularisation chosen on them."""
    items = labelled_items.read(db, [opened], column)
    labelled_items.check_can_learn(items)
    chance = np.random.default_rng(seed)
    rows = classifier.subsample(items.rows, chance, TRAINED)
    return items, rows, classifier.choose_C(items.X[rows], items.y[rows], len(items.labels), chance)
