"""Both splits of Σ: the nearest items of an item of LSA, if the singular values scale documents, words or both.

With X ≈ U S Vᵀ (S is Σ in the lecture) the split `documents` has the vectors US and V, `words` has U and VS, and
`even` has U√S and V√S. The stored vectors are one of these, and are scaled from their power of S to another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch import registry
from semsearch.arrays import FloatArray
from semsearch.builders.base import make_options
from semsearch.builders.lsa import LsaOptions
from semsearch.errors import InputError, NotFoundError
from semsearch.maths.vectors import as_cosine
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search.components import has_topics
from semsearch.search.models import state_of
from semsearch.storage import chunks, collections, datasets
from semsearch.storage.driver import Connection

# The power of S in the vectors of documents and of words under each split.
EXPONENTS = {
    "document": {"documents": 1.0, "even": 0.5, "words": 0.0},
    "word": {"documents": 0.0, "even": 0.5, "words": 1.0},
}
MAX_NUMBERS = 20_000_000  # of a collection whose vectors are scaled anew for a page: 80 MB


@dataclass(frozen=True)
class SplitNeighbours:
    """The items nearest to an item under one split, by the cosine of vectors scaled by S to the power `exponent`."""

    split: str
    exponent: float
    hits: tuple[Hit, ...]


@dataclass(frozen=True)
class Splits:
    """An item, its hit if its row is still there, and its nearest items under each split."""

    key: str
    hit: Hit | None
    lists: tuple[SplitNeighbours, ...]


def has_splits(db: Connection, opened: OpenCollection) -> bool:
    """Whether the collection is a side of an LSA whose singular values are stored, and small enough."""
    collection = opened.collection
    is_side = collection.of in EXPONENTS and collection.count * collection.dim <= MAX_NUMBERS
    return is_side and collection.builder == "lsa" and has_topics(db, collection)


def neighbours(db: Connection, opened: OpenCollection, id: str | None = None, *, k: int = 8) -> Splits:
    """The k nearest items of an item under each split; of the first item without an id.

    Raises InputError for a collection that is no side of an LSA or is too large, NotFoundError for an item without a
    vector.
    """
    collection = opened.collection
    if not has_splits(db, opened):
        raise InputError(
            f"{opened.name} has no splits of Σ to compare: choose a collection of `semsearch build lsa` with at most"
            f" {MAX_NUMBERS:,} numbers"
        )
    keys, matrix = chunks.everything(db, collection)  # the lengths of rows do not matter for a cosine
    if not keys or id not in (None, *keys):
        raise NotFoundError(collection.lacks(id or "any item"))
    here, stored = keys.index(id) if id is not None else 0, _stored_exponent(db, collection)
    s = state_of(db, collection).arrays["singular_values"].astype(np.float64)
    found = {
        split: _nearest(matrix * (s ** (exponent - stored)).astype(np.float32), here, k)
        for split, exponent in EXPONENTS[collection.of].items()
    }
    rows = _rows(db, opened, sorted({keys[here], *(keys[row] for near in found.values() for row, _ in near)}))
    lists = [
        SplitNeighbours(
            split,
            EXPONENTS[collection.of][split],
            tuple(_hit(collection, keys[row], cosine, rows) for row, cosine in near if keys[row] in rows),
        )
        for split, near in found.items()
    ]
    return Splits(keys[here], _hit(collection, keys[here], 1.0, rows) if keys[here] in rows else None, tuple(lists))


def _hit(collection: Collection, key: str, cosine: float, rows: Mapping[str, Mapping[str, Any]]) -> Hit:
    return Hit(collection.typed(key), cosine, vector_score=cosine, row=rows[key])


def _rows(db: Connection, opened: OpenCollection, keys: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """The rows of documents, without deleted ones; of words the words themselves."""
    if opened.collection.of == "word":
        return {key: {"word": key, "count": None} for key in keys}
    return datasets.rows_by_key(db, opened.dataset, keys)


def _stored_exponent(db: Connection, collection: Collection) -> float:
    """The power of S in the stored vectors."""
    options: LsaOptions = make_options(registry.load().builder("lsa"), collections.get_run(db, collection.run).options)
    return EXPONENTS[collection.of][options.split] + (options.power if collection.of == "document" else 0.0)


def _nearest(scaled: FloatArray, here: int, k: int) -> list[tuple[int, float]]:
    """The k rows with the largest cosine with row `here`, which is left out, and the cosines."""
    lengths = np.linalg.norm(scaled, axis=1)
    cosines = (scaled @ scaled[here]) / np.maximum(lengths * lengths[here], 1e-12)
    cosines[here] = -np.inf
    order = np.argsort(-cosines, kind="stable")[: min(k, len(scaled) - 1)]
    return [(row, as_cosine(float(cosines[row]))) for row in order.tolist()]
