"""Search by text and by item. Every face of the library (CLI, SQL, pages) calls these and adds nothing to a ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, NotFoundError
from semsearch.maths.text import Analyzer
from semsearch.records import Collection, Dataset, Hit
from semsearch.search.fusion import ranks, reciprocal_rank
from semsearch.search.models import encode_text
from semsearch.storage import collections, datasets, fulltext, vectors
from semsearch.storage.driver import Connection

Mode = Literal["hybrid", "vector", "text"]
MODES: tuple[str, ...] = get_args(Mode)
MAX_QUERY = 4096
DEPTH = 200  # how far down each list hybrid looks, at least


@dataclass(frozen=True)
class Found:
    """The hits of one question, best first, and a remark where there is something to say about having none."""

    hits: tuple[Hit, ...]
    remark: str | None = None


def search(db: Connection, name: str, query: str, *, mode: str = "hybrid", k: int = 10) -> Found:
    """The k items that answer a text best.

    `vector` ranks by the cosine in the collection, `text` by BM25 over the words themselves, `hybrid` by both. Raises
    InputError for an empty or endless query, a k outside 1..4096 and an unknown mode, NotFoundError for an unknown
    collection.
    """
    check_query(query, mode, k)
    collection = collections.get_collection(db, name)
    dataset = datasets.get_dataset(db, collection.dataset)
    parts = scores(db, collection, dataset, query, mode=mode, depth=max(k, DEPTH))
    hits = _with_rows(db, collection, dataset, parts.hits(), k)
    if hits or not collection.count:
        return Found(hits)
    return Found((), f"No word of the query is known to {name}")


def check_query(query: str, mode: str, k: int) -> None:
    """InputError, in one line, for what cannot be searched."""
    if not query.strip():
        raise InputError("The query is empty: give some words to search by")
    if len(query) > MAX_QUERY:
        raise InputError(f"The query has {len(query):,} characters: the limit is {MAX_QUERY:,}")
    if mode not in MODES:
        raise InputError(f"mode is {mode!r}: choose one of {', '.join(MODES)}")
    check_k(k)


def check_k(k: int) -> None:
    """InputError for a k that sqlite-vec does not take."""
    if not 1 <= k <= vectors.MAX_K:
        raise InputError(f"k is {k}: choose 1 to {vectors.MAX_K}")


@dataclass(frozen=True)
class Scores:
    """Both parts of a question's answer before rows are fetched: cosine and BM25 by key, and how they are ranked."""

    vector: Mapping[str, float]
    text: Mapping[str, float]
    mode: str

    def hits(self) -> list[Hit]:
        """Hits without rows, best first; ties by key."""
        vector_ranks, text_ranks = ranks(self.vector), ranks(self.text)
        if self.mode == "hybrid":
            total: Mapping[str, float] = reciprocal_rank(vector_ranks, text_ranks)
        else:
            total = self.vector if self.mode == "vector" else self.text
        return [
            Hit(
                id=key,
                score=score,
                vector_score=self.vector.get(key),
                vector_rank=vector_ranks.get(key),
                text_score=self.text.get(key),
                text_rank=text_ranks.get(key),
                distance=1 - self.vector[key] if key in self.vector else None,
            )
            for key, score in sorted(total.items(), key=lambda pair: (-pair[1], _in_order(pair[0])))
        ]


def _in_order(key: str) -> tuple[int, int, str]:
    """Numbers by size, then text."""
    return (0, int(key), "") if key.isdecimal() and len(key) < 20 else (1, 0, key)


def scores(
    db: Connection, collection: Collection, dataset: Dataset, query: str, *, mode: str, depth: int | None
) -> Scores:
    """The parts that a mode needs, each down to `depth` items; None scores every item exactly."""
    by_meaning: dict[str, float] = {}
    by_words: dict[str, float] = {}
    if mode != "text":
        vector = encode_text(db, collection, query)
        if vector is not None:
            by_meaning = cosines(db, collection, vector, depth)
    if mode != "vector" and collection.of == "document":
        by_words = dict(fulltext.search(db, dataset, Analyzer().content_words(query), depth))
    if mode == "text" and collection.of != "document":
        raise InputError(f"{collection.name} holds {collection.of}s, which have no text to match: use --mode vector")
    return Scores(by_meaning, by_words, mode)


def cosines(db: Connection, collection: Collection, vector: FloatArray, depth: int | None) -> dict[str, float]:
    """Cosine of each item with a unit vector (dim,): the nearest `depth` of them, or all."""
    if depth is not None:
        found = vectors.nearest(db, collection, vector, min(depth, vectors.MAX_K))
        return {neighbour.key: 1 - neighbour.distance for neighbour in found}
    keys, matrix = vectors.everything(db, collection)
    return dict(zip(keys, (matrix @ vector).tolist(), strict=True))


def similar(db: Connection, name: str, ids: Sequence[str], *, k: int = 10) -> Found:
    """The k items nearest to an item, or to the mean of several, without themselves.

    Raises NotFoundError for an id that has no vector.
    """
    check_k(k)
    if not ids:
        raise InputError("No id given: name the item to start from")
    collection = collections.get_collection(db, name)
    dataset = datasets.get_dataset(db, collection.dataset)
    mean: FloatArray = np.sum([vector_of(db, collection, key) for key in ids], axis=0, dtype=np.float32)
    length = float(np.linalg.norm(mean))
    if length < 1e-9:
        raise InputError("These items point in opposite directions: their sum is nothing to search by")
    found = cosines(db, collection, mean / np.float32(length), min(k + len(ids) + DEPTH, vectors.MAX_K))
    asked = set(ids)
    parts = Scores({key: score for key, score in found.items() if key not in asked}, {}, "vector")
    return Found(_with_rows(db, collection, dataset, parts.hits(), k))


def vector_of(db: Connection, collection: Collection, key: str) -> FloatArray:
    """The unit vector of one item; NotFoundError says what to do."""
    try:
        return vectors.unit_vector(db, collection, key)
    except NotFoundError as error:
        what = "word" if collection.of == "word" else "item"
        raise NotFoundError(
            f"{collection.name} has no {what} {key!r}: it is not in {collection.dataset}, was added after the last"
            " build, or holds no known word"
        ) from error


def _with_rows(
    db: Connection, collection: Collection, dataset: Dataset, hits: Sequence[Hit], k: int
) -> tuple[Hit, ...]:
    """The first k hits whose row still exists, each with it. Rows deleted since the build are passed over."""
    kept: list[Hit] = []
    for start in range(0, len(hits), max(k, 20)):
        some = hits[start : start + max(k, 20)]
        rows = _rows(db, collection, dataset, [str(hit.id) for hit in some])
        kept += [_completed(collection, dataset, hit, rows[str(hit.id)]) for hit in some if str(hit.id) in rows]
        if len(kept) >= k:
            break
    return tuple(kept[:k])


def _rows(db: Connection, collection: Collection, dataset: Dataset, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    if collection.of == "word":
        return collections.words(db, collection, keys)
    return datasets.rows_by_key(db, dataset, keys)


def _completed(collection: Collection, dataset: Dataset, hit: Hit, row: Mapping[str, Any]) -> Hit:
    typed = int(hit.id) if collection.of == "document" and dataset.key_kind == "integer" else hit.id
    return Hit(typed, hit.score, hit.vector_score, hit.vector_rank, hit.text_score, hit.text_rank, hit.distance, row)
