"""Read the training data of a classifier: the vectors of one or several collections, and the labels of their items.

Items of every kind can have a label: documents, words, nodes, images, rows. Rows without a vector and vectors without a
row are left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch import registry
from semsearch.arrays import FloatArray, IntArray
from semsearch.builders.base import embeds_items
from semsearch.errors import InputError
from semsearch.maths.classifier import scaling, standardised_as
from semsearch.records import Collection, Dataset, OpenCollection
from semsearch.storage import chunks, datasets
from semsearch.storage import labels as stored
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of

MAX_LABELS = 200  # distinct labels that a classifier learns
_MAX_LISTED = 8  # labels or columns that a message lists


@dataclass(frozen=True)
class Labelled:
    """Items with vectors, some of them with a label.

    A label of one item only cannot be both learned and tested: it is left out and listed in `alone`.
    """

    collections: tuple[Collection, ...]
    dataset: Dataset
    column: str  # the name of the label column
    keys: Sequence[str]  # (n,)
    X: FloatArray  # (n, k) centred and scaled (maths.classifier.scaled)
    y: IntArray  # (n,) index of each item's label in `labels`, -1 for none
    labels: Sequence[Any]  # (c,) distinct labels in order, with the table's types
    alone: Sequence[str] = ()  # labels of one item only
    lone: frozenset[str] = frozenset()  # the keys of those items; their y is -1
    without: int = 0  # rows that have a label, but no vector
    scale: tuple[FloatArray, float] | None = None  # how the vectors were made X (maths.classifier.scaling)

    @property
    def rows(self) -> IntArray:
        """The rows of X whose item has a label."""
        return np.flatnonzero(self.y >= 0)

    @property
    def unlabelled(self) -> IntArray:
        """The rows of X whose item has no label."""
        return np.array([row for row in np.flatnonzero(self.y < 0).tolist() if self.keys[row] not in self.lone], int)

    def typed(self, row: int) -> str | int:
        """The key of the item of this row of X, in the type that it has in SQL and JSON."""
        return self.collections[0].typed(self.keys[row])


def read(
    db: Connection, opened: Sequence[OpenCollection], column: str | None = None, *, table: str | None = None
) -> Labelled:
    """The vectors of these collections, joined by key, each at unit length; and the labels of their items.

    The label column belongs to the table of the items (for words, their vocabulary), or to another `table`; by default
    it is that of `default_column`. Raises NotFoundError, which lists the columns; InputError if collections cannot be
    joined, no column is given, or the column has more than MAX_LABELS distinct labels.
    """
    joined = [each.collection for each in opened]
    _check_joined(joined)
    dataset = opened[0].dataset
    is_word = joined[0].of == "word"
    column = column or default_column(db, dataset, joined[0], table)
    if table is None:
        values = stored.of_items(db, dataset, joined[0], column)
        known: Mapping[str, Any] | None = values
    else:
        values, known = stored.of_table(db, table, column, words=is_word), None
    keys, X = _vectors(db, joined, known)
    labelled = {key: value for key, value in values.items() if as_text(value).strip()}
    texts = [as_text(labelled.get(key)).strip() for key in keys]
    counts = Counter(filter(None, texts))
    alone = sorted(label for label, count in counts.items() if count == 1)
    _check_counts(column, counts, len(alone))
    labels = _in_order({text: labelled[key] for key, text in zip(keys, texts, strict=True) if counts[text] > 1})
    index = {as_text(label).strip(): number for number, label in enumerate(labels)}
    y = np.array([index.get(text, -1) for text in texts], np.int64)
    lone = frozenset(key for key, text in zip(keys, texts, strict=True) if text and text not in index)
    without = len(labelled) - len(labelled.keys() & set(keys))
    scale = scaling(X)
    standard = standardised_as(X, *scale)
    return Labelled(tuple(joined), dataset, column, keys, standard, y, labels, alone, lone, without, scale)


def check_can_learn(items: Labelled) -> None:
    """Raises InputError, which says what is missing, unless two labels have two items each."""
    if len(items.labels) >= 2:
        return
    column, name = items.column, items.collections[0].name
    if not items.labels and not items.alone:
        without = lacking(items.collections[0].of, items.without, can_update=can_update(items.collections))
        more = f" ({without})" if items.without else ""
        raise InputError(
            f"{column} is empty on all {len(items.keys):,} items of {name}{more}: label some rows first."
            " --suggest 20 lists the most informative ones"
        )
    if not items.labels:
        raise InputError(
            f"Every label of {column} occurs only once in {name} ({listed(items.alone)}):"
            " two labels with two items each are needed"
        )
    alone = f", and labels that occur only once ({listed(items.alone)})" if items.alone else ""
    raise InputError(
        f"{column} has one label, {as_text(items.labels[0])}, on {len(items.rows):,} items{alone}:"
        " two labels with two items each are needed"
    )


def lacking(of: str, count: int, *, can_update: bool) -> str:
    """Sentences: how many items have a label and no vector, why, and what to do.

    `can_update` is whether `semsearch update` can add items to the collections.
    """
    why = {"node": "A node without edges has none", "word": "A word that is not in the vocabulary has none"}.get(of)
    how = "`semsearch update` adds new {}s" if can_update else "Run `semsearch build` again to include new {}s"
    new = "" if of == "word" else how.format(of)
    many = f"{of} with a label has" if count == 1 else f"{of}s with a label have"
    return ". ".join(filter(None, (f"{count:,} {many} no vector", why, new)))


def can_update(joined: Sequence[Collection]) -> bool:
    """Whether `semsearch update` adds new items to all of these collections: their builders can embed them."""
    builders = registry.load().builders
    return all(embeds_items(builders.get(collection.builder)) for collection in joined)


def listed(names: Sequence[Any], most: int = _MAX_LISTED) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(as_text(name) for name in names[:most]) + more


def texts_of(db: Connection, items: Labelled, rows: IntArray) -> list[str] | None:
    """The texts (len(rows),) of these items; None for items without text: words, images, nodes without a text column.

    The title of an image is not used, because it may be a path that contains the label.
    """
    if items.collections[0].of in ("word", "image") or not items.dataset.text_columns:
        return None
    wanted = {items.keys[row] for row in rows.tolist()}
    texts = {item.key: item.text for item in datasets.read_items(db, items.dataset) if item.key in wanted}
    return [texts.get(items.keys[row], "") for row in rows.tolist()]


def _check_joined(joined: Sequence[Collection]) -> None:
    """Raises InputError unless all hold items of the same table: users who may read it may read the predictions."""
    first = joined[0]
    for other in joined[1:]:
        if other.dataset != first.dataset or (other.of == "word") != (first.of == "word"):
            raise InputError(
                f"{first.name} contains {first.of}s of {first.dataset}, but {other.name} contains {other.of}s of"
                f" {other.dataset}: give collections of the same items"
            )
    if len({collection.name for collection in joined}) < len(joined):
        raise InputError(f"{listed([collection.name for collection in joined])}: name each collection once")


def _check_counts(column: str, counts: Mapping[str, int], alone: int) -> None:
    """Raises InputError for too many distinct labels, or if most items have a label of their own."""
    total = sum(counts.values())
    if alone < len(counts) and (2 * alone > total or len(counts) - alone > MAX_LABELS):
        once = f", {alone:,} of which occur only once" if alone else ""
        raise InputError(
            f"{column} has {len(counts):,} distinct labels on {total:,} items{once}: at most {MAX_LABELS} labels, on"
            " several items each, can be learned. Choose a column with fewer distinct values"
        )


def default_column(db: Connection, dataset: Dataset, collection: Collection, table: str | None = None) -> str:
    """The label column where none is given, the same as on the page *Labels*: the dataset's own if its values can be
    labels, else the first column that can, else the dataset's own.

    Raises InputError, which lists the columns, if there is none.
    """
    usable = [] if table else stored.candidates(db, dataset, collection)
    if usable:
        return usable[0]
    name = table or stored.table_of(collection)
    raise InputError(f"Which column holds the labels? Give --label COL: {name} has {', '.join(columns_of(db, name))}")


def _vectors(
    db: Connection, joined: Sequence[Collection], known: Mapping[str, Any] | None
) -> tuple[list[str], FloatArray]:
    """The keys (n,) that all collections, and `known` if given, contain; and their joined vectors (n, k)."""
    stored_vectors = [chunks.everything(db, collection) for collection in joined]
    keys, matrix = stored_vectors[0]
    indexes = [{key: row for row, key in enumerate(other)} for other, _ in stored_vectors[1:]]
    rows = [
        row
        for row, key in enumerate(keys)
        if (known is None or key in known) and all(key in index for index in indexes)
    ]
    shared = [keys[row] for row in rows]
    if not shared:
        names = listed([collection.name for collection in joined])
        adds = (
            "`semsearch update` adds new rows" if can_update(joined) else "run `semsearch build` again to include them"
        )
        raise InputError(f"No item has both a row and a vector in {names}: {adds}")
    parts = [matrix if len(rows) == len(keys) else matrix[rows]]
    for index, (_, vectors) in zip(indexes, stored_vectors[1:], strict=True):
        parts.append(vectors[[index[key] for key in shared]])
    return shared, np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def _in_order(labels: Mapping[str, Any]) -> list[Any]:
    """The labels sorted: numbers by value, anything else by its text."""
    values = list(labels.values())
    if all(isinstance(value, int | float) for value in values):
        return sorted(values)
    return [labels[text] for text in sorted(labels)]
