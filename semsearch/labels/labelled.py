"""What labels are learnt from: the vectors of a collection, or of several side by side, and the labels of their items.

Anything that has a key and a vector can have a label: a document, a word, a node, an image. Rows without a vector and
vectors without a row are left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.maths.classifier import scaled
from semsearch.records import Collection, Dataset, OpenCollection
from semsearch.storage import chunks, datasets
from semsearch.storage import labels as stored
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text, columns_of

MOST_LABELS = 200  # different ones that are told apart
_NAMED = 8  # labels or columns that a message lists


@dataclass(frozen=True)
class Labelled:
    """Items with vectors, some with a label.

    `keys` (n,); `X` (n, k) float32, moved and scaled for learning; `y` (n,) the place of each item's label among
    `labels`, -1 for none; `labels` as the table has them, in order; `alone` those of one row only, which cannot be both
    learnt and judged: their rows have y -1 and are in `lone`. `without` counts rows that have a label and no vector.
    """

    collections: tuple[Collection, ...]
    dataset: Dataset
    column: str
    keys: Sequence[str]
    X: FloatArray
    y: IntArray
    labels: Sequence[Any]
    alone: Sequence[str] = ()
    lone: frozenset[str] = frozenset()
    without: int = 0

    @property
    def rows(self) -> IntArray:
        """The places of the items that have a label."""
        return np.flatnonzero(self.y >= 0)

    @property
    def unlabelled(self) -> IntArray:
        """The places of the items that have none."""
        return np.array([row for row in np.flatnonzero(self.y < 0).tolist() if self.keys[row] not in self.lone], int)

    def typed(self, row: int) -> str | int:
        """The key of an item in its own type."""
        return self.collections[0].typed(self.keys[row])


def read(
    db: Connection, opened: Sequence[OpenCollection], column: str | None = None, *, table: str | None = None
) -> Labelled:
    """The vectors of these collections joined by key, each at unit length, and what the column says of their items.

    The column is one of the table the items stand in (of words: of their vocabulary), or of another `table`; by
    default the dataset's column of labels. Raises NotFoundError, which lists the columns, and InputError where
    collections cannot be joined, no column is said, or it holds more than MOST_LABELS different labels.
    """
    found = [each.collection for each in opened]
    _check_joined(found)
    dataset = opened[0].dataset
    is_word = found[0].of == "word"
    column = column or own_column(db, dataset, found[0], table)
    if table is None:
        values = stored.of_items(db, dataset, found[0], column)
        known: Mapping[str, Any] | None = values
    else:
        values, known = stored.of_table(db, table, column, words=is_word), None
    keys, X = _vectors(db, found, known)
    said = {key: value for key, value in values.items() if as_text(value).strip()}
    here = [said.get(key) for key in keys]
    counts = Counter(as_text(value).strip() for value in here if value is not None)
    alone = sorted(label for label, count in counts.items() if count == 1)
    _check_counts(column, counts, len(alone))
    labels = _in_order({text: value for value in here if (text := as_text(value).strip()) and counts[text] > 1})
    place = {as_text(label).strip(): number for number, label in enumerate(labels)}
    texts = [as_text(value).strip() for value in here]
    y = np.array([place.get(text, -1) for text in texts], np.int64)
    lone = frozenset(key for key, text in zip(keys, texts, strict=True) if text and text not in place)
    without = len(said) - len(said.keys() & set(keys))
    return Labelled(tuple(found), dataset, column, keys, scaled(X), y, labels, alone, lone, without)


def check_can_learn(found: Labelled) -> None:
    """InputError that says what is missing, unless two labels stand on two items each."""
    if len(found.labels) >= 2:
        return
    column, name = found.column, found.collections[0].name
    if not found.labels and not found.alone:
        more = f" ({lacking(found.collections[0].of, found.without)})" if found.without else ""
        raise InputError(
            f"{column} is empty on all {len(found.keys):,} items of {name}{more}: label some rows first;"
            " --suggest 20 lists those to begin with"
        )
    if not found.labels:
        raise InputError(
            f"No label of {column} stands on two items of {name} ({listed(found.alone)}):"
            " two labels with two items each are needed"
        )
    alone = f", and {listed(found.alone)} on one item only" if found.alone else ""
    raise InputError(
        f"{column} has one label, {as_text(found.labels[0])}, on {len(found.rows):,} items{alone}:"
        " two labels with two items each are needed"
    )


def lacking(of: str, count: int) -> str:
    """That so many items have a label and no vector, and why that is."""
    why = {"node": "a node without edges has none", "word": "not in the vocabulary"}.get(of)
    new = "" if of == "word" else "`semsearch update` brings in new ones"
    many = f"{of} with a label has" if count == 1 else f"{of}s with a label have"
    return f"{count:,} {many} no vector: " + ", ".join(filter(None, (why, new)))


def listed(names: Sequence[Any], most: int = _NAMED) -> str:
    """Some of these, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(as_text(name) for name in names[:most]) + more


def texts_of(db: Connection, found: Labelled, rows: IntArray) -> list[str] | None:
    """The texts of these items, in their order; None where they have none (words, nodes without text, pictures).

    A picture's title may be its path, in which its label stands.
    """
    if found.collections[0].of in ("word", "image") or not found.dataset.text_columns:
        return None
    wanted = {found.keys[row] for row in rows.tolist()}
    texts = {item.key: item.text for item in datasets.read_items(db, found.dataset) if item.key in wanted}
    return [texts.get(found.keys[row], "") for row in rows.tolist()]


def _check_joined(found: Sequence[Collection]) -> None:
    """InputError where the items of one are not those of the others. What is written belongs to one table's readers."""
    first = found[0]
    for other in found[1:]:
        if other.dataset != first.dataset or (other.of == "word") != (first.of == "word"):
            raise InputError(
                f"{first.name} holds {first.of}s of {first.dataset}, {other.name} {other.of}s of {other.dataset}:"
                " only collections of the same items can be joined"
            )
    if len({one.name for one in found}) < len(found):
        raise InputError(f"{listed([one.name for one in found])}: name each collection once")


def _check_counts(column: str, counts: Mapping[str, int], alone: int) -> None:
    """InputError for a column that says something else of nearly every item, or more than can be told apart."""
    total = sum(counts.values())
    if alone < len(counts) and (2 * alone > total or len(counts) - alone > MOST_LABELS):
        stand = f", {alone:,} of them on one item only" if alone else ""
        raise InputError(
            f"{column} has {len(counts):,} different labels on {total:,} items{stand}: up to {MOST_LABELS}, on most"
            " items, can be told apart; choose a column that says less"
        )


def own_column(db: Connection, dataset: Dataset, collection: Collection, table: str | None = None) -> str:
    """The dataset's column of labels, where nobody said another; InputError with the columns there are, without one."""
    if dataset.label_column and collection.of != "word" and not table:
        return dataset.label_column
    name = table or stored.table_of(collection)
    raise InputError(f"Which column holds the labels? Give --label COL: {name} has {', '.join(columns_of(db, name))}")


def _vectors(
    db: Connection, found: Sequence[Collection], known: Mapping[str, Any] | None
) -> tuple[list[str], FloatArray]:
    """The keys that all collections have, and a row of the table where `known` says so, with their vectors joined."""
    each = [chunks.everything(db, collection) for collection in found]
    keys, matrix = each[0]
    places = [{key: row for row, key in enumerate(other)} for other, _ in each[1:]]
    kept = [
        row for row, key in enumerate(keys) if (known is None or key in known) and all(key in place for place in places)
    ]
    chosen = [keys[row] for row in kept]
    if not chosen:
        names = listed([one.name for one in found])
        raise InputError(f"No item has a row and a vector in {names}: `semsearch update` brings new rows in")
    parts = [matrix if len(kept) == len(keys) else matrix[kept]]
    for place, (_, vectors) in zip(places, each[1:], strict=True):
        parts.append(vectors[[place[key] for key in chosen]])
    return chosen, np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]


def _in_order(labels: Mapping[str, Any]) -> list[Any]:
    """Numbers by size, else by the alphabet."""
    values = list(labels.values())
    if all(isinstance(value, int | float) for value in values):
        return sorted(values)
    return [labels[text] for text in sorted(labels)]
