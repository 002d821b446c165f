"""What a factored collection is about: its topics, or its plain directions with the words and documents at both ends.

Topics are the leading directions after a varimax rotation (maths.varimax), which gives each of them one side and few
words. They span the same space and hold the same energy together. Models of older versions have directions only.

LSA's direction j is a column of V for words and of U for documents (Deerwester et al. 1990). A topic's share of the
energy is its squared singular value over that of the whole matrix, the part that was not kept included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError
from semsearch.lru_cache import LruCache
from semsearch.maths.text import unpack
from semsearch.maths.varimax import topic_energy
from semsearch.records import Collection, Hit, Of, OpenCollection
from semsearch.search.models import state_of
from semsearch.storage import chunks, collections, datasets, vectors
from semsearch.storage.connect import memory_of
from semsearch.storage.driver import Connection

ENDS = 6  # words and documents shown at each end
TOPIC_WORDS = 8  # words and documents shown of a rotated topic
FAINT = 0.15  # an item that loads less than this part of the strongest says nothing about the direction
_COLUMNS_AT_ONCE = 64
_KEPT = 8

Loading = tuple[str, float]


@dataclass(frozen=True)
class End:
    """One end of a topic: its words and documents, strongest first. A hit's score is its loading, -1..1."""

    words: tuple[Hit, ...]
    documents: tuple[Hit, ...]


@dataclass(frozen=True)
class Topic:
    """One direction, numbered from 1 by strength; `share` is its part of the energy, 0..1."""

    number: int
    singular_value: float  # of a rotated topic the root of its energy
    share: float
    ends: tuple[End, ...]
    name: str = ""  # of a rotated topic its two strongest words


@dataclass(frozen=True)
class Topics:
    """Some topics of a collection, how many there are, and the part of the energy that all of them hold, 0..1."""

    topics: tuple[Topic, ...]
    total: int
    captured: float


@dataclass(frozen=True)
class _Ends:
    """Keys at both ends of every direction, for one collection of a run."""

    positive: Sequence[Sequence[Loading]]
    negative: Sequence[Sequence[Loading]]


_ends: LruCache[Mapping[Of, _Ends]] = LruCache(_KEPT)
_rotated_ends: LruCache[Mapping[Of, _Ends]] = LruCache(_KEPT)


def has_topics(db: Connection, collection: Collection) -> bool:
    """Whether the collection's run kept singular values, and both words and documents."""
    result = {part.of for part in collections.of_run(db, collection.run)}
    return {"document", "word"} <= result and collections.has_array(db, collection.run, "singular_values")


def topic_names(db: Connection, collection: Collection) -> list[str]:
    """The names of the rotated topics, strongest first; none for a model without them."""
    if not collections.has_array(db, collection.run, "topic_names"):
        return []
    return unpack(state_of(db, collection).arrays["topic_names"])


def topics(db: Connection, opened: OpenCollection, *, k: int = 10, after: int = 0, rotated: bool = False) -> Topics:
    """The k strongest topics after the first `after`; not `rotated` they are the plain directions.

    Raises InputError for a collection that has none, or no rotated ones.
    """
    collection = opened.collection
    if not has_topics(db, collection):
        of = f"{opened.name} was built by {collection.builder} of {collection.of}s"
        if collection.of == "image":
            raise InputError(f"{of}, which has no components to show: use `semsearch build pca`")
        raise InputError(f"{of}, which has no topics: use `semsearch build lsa` on documents")
    parts = {part.of: part for part in collections.of_run(db, collection.run)}
    words, documents = parts["word"], parts["document"]
    s = state_of(db, collection).arrays["singular_values"].astype(np.float64)
    captured = collections.run_metrics(db, collection.run).get("captured_energy", 1.0)
    total = (s**2).sum()
    names = topic_names(db, collection) if rotated else []
    if rotated and not names:
        raise InputError(f"{opened.name} has no rotated topics: build it anew")
    if rotated:
        rotation = state_of(db, collection).arrays["topic_rotation"]
        s = np.sqrt(topic_energy(rotation, s))
        ends = _rotated(
            db, collection, (words, documents), rotation, state_of(db, collection).arrays["singular_values"]
        )
    else:
        ends = _ends_of_run(db, collection, (words, documents))
    shares = s**2 / total * captured
    chosen = range(min(after, len(s)), min(after + k, len(s)))
    rows: dict[Of, dict[str, dict[str, Any]]] = {
        "word": collections.words(db, words, _keys(ends["word"], chosen)),
        "document": datasets.rows_by_key(db, opened.dataset, _keys(ends["document"], chosen)),
    }
    result = tuple(
        Topic(
            number + 1, float(s[number]), float(shares[number]), _both(ends, rows, number), *names[number : number + 1]
        )
        for number in chosen
    )
    return Topics(result, len(s), float(shares.sum()))


def _keys(ends: _Ends, chosen: range) -> list[str]:
    return list({key for number in chosen for side in (ends.positive, ends.negative) for key, _ in side[number]})


def _both(ends: Mapping[Of, _Ends], rows: Mapping[Of, Mapping[str, Mapping[str, Any]]], number: int) -> tuple[End, ...]:
    """The ends of one topic that have any words, the heavier first. Rows deleted since the build are passed over."""

    def hits(of: Of, side: Sequence[Sequence[Loading]]) -> tuple[Hit, ...]:
        return tuple(Hit(key, loading, row=rows[of][key]) for key, loading in side[number] if key in rows[of])

    both = [
        End(hits("word", ends["word"].positive), hits("document", ends["document"].positive)),
        End(hits("word", ends["word"].negative), hits("document", ends["document"].negative)),
    ]
    both.sort(key=lambda end: -sum(abs(hit.score) for hit in end.words))
    return tuple(end for end in both if end.words or end.documents)


def _ends_of_run(db: Connection, collection: Collection, parts: Sequence[Collection]) -> Mapping[Of, _Ends]:
    """The ends of all topics, read once per run or update and kept: a few keys per topic, not the vectors."""
    key = (*memory_of(db, collection.born), *(part.token for part in parts))
    return _ends.get_or_compute(key, lambda: {part.of: _find_ends(*_loadings(db, part)) for part in parts})


def _rotated(
    db: Connection, collection: Collection, parts: Sequence[Collection], rotation: FloatArray, s: FloatArray
) -> Mapping[Of, _Ends]:
    """The positive end of every rotated topic, read once per run or update and kept.

    A word loads by its weights VR, a document by its projection USR.
    """
    key = (*memory_of(db, collection.born), *(part.token for part in parts))

    def find() -> dict[Of, _Ends]:
        result: dict[Of, _Ends] = {}
        for part in parts:
            keys, matrix = _loadings(db, part)
            leading = matrix[:, : len(rotation)]
            unit = leading / np.maximum(np.linalg.norm(leading, axis=0), 1e-12)
            scaled = unit * s[: len(rotation)] if part.of == "document" else unit
            found = _find_ends(keys, scaled @ rotation, TOPIC_WORDS)
            result[part.of] = _Ends(found.positive, [[] for _ in found.positive])
        return result

    return _rotated_ends.get_or_compute(key, find)


def _loadings(db: Connection, collection: Collection) -> tuple[list[str], FloatArray]:
    """Keys and their vectors at the length they had in fit, (count, dim) float32."""
    keys, _ = chunks.everything(db, collection)
    return keys, vectors.StoredRows(db, collection).take(keys)


def _find_ends(keys: Sequence[str], matrix: FloatArray, most: int = ENDS) -> _Ends:
    """The keys that load most on each column, at both signs.

    A column brought to unit length is a column of U or V, whichever side carries the singular values.
    """
    positive: list[list[Loading]] = []
    negative: list[list[Loading]] = []
    for start in range(0, matrix.shape[1], _COLUMNS_AT_ONCE):
        block = np.ascontiguousarray(matrix[:, start : start + _COLUMNS_AT_ONCE].T)
        block /= np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-12)
        for column in block:
            least = FAINT * float(np.abs(column).max())
            positive.append(_strongest(keys, column, least, most))
            negative.append([(key, -loading) for key, loading in _strongest(keys, -column, least, most)])
    return _Ends(positive, negative)


def _strongest(keys: Sequence[str], column: FloatArray, least: float, most: int) -> list[Loading]:
    """The few largest of a column that are above `least`, largest first, ties by position."""
    n = min(most, len(column))
    top = np.argpartition(-column, n - 1)[:n]
    top = top[np.lexsort((top, -column[top]))]
    return [(keys[row], float(column[row])) for row in top if column[row] > least]
