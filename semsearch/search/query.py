"""Search by text and by item. Every face of the library (CLI, SQL, pages) calls these and adds nothing to a ranking."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, NotFoundError, SemsearchError, not_a_choice, out_of_range
from semsearch.maths.text import tokens
from semsearch.maths.vectors import apart_from
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search.fusion import Ranking, Weighted, rank
from semsearch.search.models import encode_text, own_stop_words
from semsearch.search.query_parser import MAX_QUERY, Question, parse, plain
from semsearch.search.row_filter import kept_rows
from semsearch.search.scorers import TextScorer, VectorScorer
from semsearch.search.spelling import unknown_words
from semsearch.search.typos import AS_WRITTEN, Spelling
from semsearch.search.typos import check as check_spelling
from semsearch.storage import collections, datasets, filters, fulltext, vectors
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection
from semsearch.storage.filters import EVERYTHING, Condition, Filter

__all__ = ["EVERYTHING", "MAX_QUERY", "MODES", "Condition", "Filter", "Found", "search", "similar"]
Mode = Literal["hybrid", "vector", "text"]
MODES: tuple[str, ...] = get_args(Mode)
MAX_K = vectors.MAX_K
NO_VECTOR = {  # why an item of a kind has no vector
    "document": "has no known word",
    "node": "has no edge to another node",
    "image": "cannot be read",
    "row": "has no number in one of the columns",
}
LEAST_LEFT = 1e-3  # length of what is left of a unit vector; below, it is rounding
EVEN = 0.5  # the weight of a collection without evidence


@dataclass(frozen=True)
class Found:
    """The hits of one question, best first, and a remark on why there is none or how to get better ones. Of a hybrid
    ranking the weight of the similarity, and what it became in this query (docs/ranking.md). Where words were replaced,
    the hits are those of `spelling.corrected`.
    """

    hits: tuple[Hit, ...]
    remark: str | None = None
    weight: float | None = None
    query_weight: float | None = None
    spelling: Spelling = AS_WRITTEN


def search(
    db: Connection,
    opened: OpenCollection,
    query: str,
    *,
    mode: str = "hybrid",
    k: int = 10,
    weight: float | None = None,
    only: Filter = EVERYTHING,
) -> Found:
    """`search_as_written`, with words that occur nowhere replaced by words with a similar spelling (search.typos)."""
    check_query(query, mode, k)
    with snapshot(db):
        spelling = check_spelling(db, opened, query, mode)
        query = spelling.corrected or query
        found = search_as_written(db, opened, query, mode=mode, k=k, weight=weight, only=only)
    return replace(found, spelling=spelling)


def search_as_written(
    db: Connection,
    opened: OpenCollection,
    query: str,
    *,
    mode: str = "hybrid",
    k: int = 10,
    weight: float | None = None,
    only: Filter = EVERYTHING,
) -> Found:
    """The k items that answer a text best, among the rows that `only` keeps.

    `vector` ranks by the cosine in the collection, `text` by BM25 over the words themselves, `hybrid` by both: `weight`
    is meaning's share, 0..1, by default what the collection found for itself when it was built. Asking for more hits
    never reorders the first: for a second page ask for `after + k` and leave out the first `after`. In every mode a
    "phrase" must stand in a hit and a -word must not, unless the collection holds words, not texts.

    Raises InputError for a query, k, weight, mode or filter that cannot be.
    """
    check_query(query, mode, k)
    check_weight(weight, mode)
    with snapshot(db):
        question = parse(query, opened.dataset.language, own_stop_words(db, opened))
        among = _among(db, opened, only, question)
        if among is not None and not among:
            return Found((), _nothing_kept(opened, only))
        sides = sides_of(db, opened, question, mode, weight, among)
        hits, weights = _hits(db, opened, sides, k)
    used = (sides[0].weight, weights[0]) if mode == "hybrid" and len(sides) == 2 else (None, None)
    if hits or not opened.collection.count:
        return Found(hits, _index_remark(db, opened, mode) if hits else None, *used)
    return Found((), _nothing_found(opened, query, among), *used)


def searching(typos: bool) -> Callable[..., Found]:
    """`search`, or `search_as_written` where misspelled words are to stay."""
    return search if typos else search_as_written


def _nothing_found(opened: OpenCollection, query: str, among: Sequence[str] | None) -> str:
    """Why a query has no results."""
    if not any(map(str.isalnum, query)):
        return "The query has no word: enter some words"
    rows = " among these rows" if among else ""
    mark = ". The query has a quotation mark without a partner" if query.count('"') % 2 else ""
    return f"{opened.name} has no word of the query{rows}{mark}"


def _index_remark(db: Connection, opened: OpenCollection, mode: str) -> str | None:
    """A remark about a full-text index that cannot be read here, or that an older version wrote; None for others.

    That version analysed all text as English.
    """
    dataset = opened.dataset
    if mode == "hybrid" and opened.has_text and not fulltext.is_readable():
        return f"Ranked by similarity alone: {fulltext.WHY_NOT}"
    if not opened.has_text or dataset.language is not None or not fulltext.exists(db, dataset):
        return None
    return (
        f"An older semsearch indexed {dataset.name} as English text. `semsearch build DB {dataset.name}` indexes it"
        " again in its language"
    )


def check_query(query: str, mode: str, k: int) -> None:
    """InputError, in one line, for what cannot be searched."""
    parse(query, None)
    if mode not in MODES:
        raise not_a_choice("--mode", mode, MODES)
    check_k(k)


def check_k(k: int) -> None:
    """InputError for a k that sqlite-vec does not take."""
    if not 1 <= k <= vectors.MAX_K:
        raise out_of_range("-k", k, least=1, most=vectors.MAX_K)


def check_weight(weight: float | None, mode: str = "hybrid") -> None:
    """InputError for a weight outside 0..1, or where there is nothing to weigh."""
    if weight is None:
        return
    if not (math.isfinite(weight) and 0 <= weight <= 1):
        raise out_of_range("--weight", weight, least=0, most=1)
    if mode != "hybrid":
        raise InputError(f"--weight has no effect in mode {mode}: leave it out, or use mode hybrid")


def default_weight(db: Connection, collection: Collection) -> float:
    """The weight of the vector score in a hybrid ranking, 0..1: as judged queries say, else held-out documents, else ½.

    Older versions measured `self_retrieval` on documents that the vectors were fitted to, which is no evidence.
    """
    metrics = collections.run_metrics(db, collection.run)
    found = EVEN if "self_retrieval" in metrics else metrics.get("hybrid_weight", EVEN)
    return metrics.get("judged_weight", found)


def sides_of(
    db: Connection,
    opened: OpenCollection,
    question: Question,
    mode: str,
    weight: float | None,
    among: Sequence[str] | None,
) -> list[Weighted]:
    """The sides that a mode ranks by, meaning first; one that can say nothing of the question is left out."""
    meaning = words = None
    if mode != "text" and (vector := encode_text(db, opened.collection, question.text)) is not None:
        meaning = VectorScorer(db, opened.collection, vector, among)
    if opened.has_text and (mode == "text" or (mode == "hybrid" and fulltext.is_readable())):
        words = TextScorer(db, opened.dataset, question.ranked, among)
    if mode == "text" and not opened.has_text:
        raise InputError(f"{opened.name} contains {opened.of}s, which have no text to match: use the mode vector")
    if meaning is not None and words is not None:
        share = default_weight(db, opened.collection) if weight is None else weight
        return [Weighted(meaning, share), Weighted(words, 1 - share)]
    return [Weighted(side, 1.0, relative=mode == "hybrid") for side in (meaning, words) if side is not None]


def rank_all(
    db: Connection, opened: OpenCollection, query: str, *, mode: str, weight: float | None = None
) -> list[str]:
    """The keys of all items that a query in prose finds, best first: for judging rankings."""
    question = plain(query, opened.dataset.language, own_stop_words(db, opened))
    sides = sides_of(db, opened, question, mode, weight, None)
    return list(rank(sides, opened.collection.count).scores) if sides else []


def similar(
    db: Connection,
    opened: OpenCollection,
    ids: Sequence[str],
    *,
    k: int = 10,
    only: Filter = EVERYTHING,
    unlike: Sequence[str] = (),
) -> Found:
    """The k items nearest to an item, or to the mean of several, without themselves, among the rows `only` keeps.

    With `unlike` nearest to the part of that vector that is orthogonal to the vectors of these items, which are left
    out too.

    Raises NotFoundError for an id that has no vector, InputError for a k or filter that cannot be.
    """
    check_k(k)
    if not ids:
        raise InputError("No id given: name the item to start from")
    with snapshot(db):
        start = [_starting_from(db, opened.collection, key) for key in ids]
        mean: FloatArray = np.sum(start, axis=0, dtype=np.float32)
        others = [_starting_from(db, opened.collection, key) for key in unlike]
        return _nearest(db, opened, _direction(mean, others), k, only, frozenset([*ids, *unlike]))


def _direction(mean: FloatArray, others: Sequence[FloatArray]) -> FloatArray:
    """The unit vector of a sum of vectors, apart from others. InputError where nothing is left."""
    length = float(np.linalg.norm(mean))
    if length < 1e-9:
        raise InputError(
            "The vectors of these items add up to zero, so they have no nearest neighbours: choose other items"
        )
    if others:
        mean = apart_from(mean / np.float32(length), np.stack(others))
        length = float(np.linalg.norm(mean))
        if length < LEAST_LEFT:
            raise InputError(
                "The items are so similar to those that the results are to be unlike that nothing is left: choose"
                " others with --unlike"
            )
    return mean / np.float32(length)


def _nearest(
    db: Connection,
    opened: OpenCollection,
    vector: FloatArray,
    k: int,
    only: Filter,
    left_out: frozenset[str] = frozenset(),
) -> Found:
    """The k items nearest to a unit vector, without those `left_out`."""
    among = _among(db, opened, only)
    if among is not None and not among:
        return Found((), _nothing_kept(opened, only))
    near = VectorScorer(db, opened.collection, vector, among, left_out)
    return Found(_hits(db, opened, [Weighted(near, 1.0, relative=False)], k)[0])


def _starting_from(db: Connection, collection: Collection, key: str) -> FloatArray:
    """The unit vector of an item; of an unknown word the one that the collection's builder makes of it, if it can."""
    try:
        return vector_of(db, collection, key)
    except NotFoundError as error:
        if collection.of != "word":
            raise
        with suppress(SemsearchError):  # a builder that is gone or embeds no text: the word is unknown, no more
            if len(tokens(key)) == 1 and (made := encode_text(db, collection, key)) is not None:
                return made
        raise NotFoundError(unknown_words(db, collection, [key])) from error


def nearest_to(
    db: Connection, opened: OpenCollection, vector: FloatArray, *, k: int = 10, only: Filter = EVERYTHING
) -> Found:
    """The k items nearest to a vector (dim,) of any length, among the rows `only` keeps. InputError for a zero one."""
    check_k(k)
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise InputError("This item equals the mean of all items, so it has no nearest neighbours")
    with snapshot(db):
        return _nearest(db, opened, (vector / np.float32(length)).astype(np.float32), k, only)


def vector_of(db: Connection, collection: Collection, key: str) -> FloatArray:
    """The unit vector of one item; NotFoundError says what to do."""
    try:
        return vectors.unit_vector(db, collection, key)
    except NotFoundError as error:
        if collection.of == "word":
            raise
        raise NotFoundError(
            f"{error}: it is not in {collection.dataset}, was added since the last build or update, or"
            f" {NO_VECTOR[collection.of]}"
        ) from error


def _among(db: Connection, opened: OpenCollection, only: Filter, question: Question | None = None) -> list[str] | None:
    """The keys to search among: of rows the filter keeps whose text holds what the question demands. None: all."""
    kept: list[str] | None = None
    if only:
        dataset, collection = opened.dataset, opened.collection
        if collection.of == "word":
            kept = filters.matching_keys(db, collection.vocabulary, "text", ("word",), only)
        else:
            kept = kept_rows(db, dataset, only)
    if question is not None and opened.has_text and (question.required or question.excluded):
        held = fulltext.matching_keys(db, opened.dataset, question.required, question.excluded)
        allowed = None if kept is None else set(kept)
        kept = [key for key in held if allowed is None or key in allowed]
    return kept


def _nothing_kept(opened: OpenCollection, only: Filter) -> str:
    what = "The filter matches" if only else "The phrases and -words of the query match"
    return f"{what} no row of {opened.dataset.name}"


def _hits(
    db: Connection, opened: OpenCollection, sides: Sequence[Weighted], k: int
) -> tuple[tuple[Hit, ...], Sequence[float]]:
    """The k best whose row still exists, each with it, and the weights of the sides in this query. Rows deleted since
    the build are passed over."""
    if not sides:
        return (), ()
    wanted = k
    while True:
        ranking = rank(sides, wanted)
        keys = list(ranking.scores)
        rows: dict[str, dict[str, Any]] = {}
        for start in range(0, len(keys), wanted):
            rows |= rows_of(db, opened, keys[start : start + wanted])
            if len(rows) >= k:
                break
        if len(rows) >= k or ranking.complete:
            hit = _hit_maker(opened.collection, sides, ranking)
            return tuple(hit(key, rows[key]) for key in keys if key in rows)[:k], ranking.weights
        wanted *= 4


def _hit_maker(
    collection: Collection, sides: Sequence[Weighted], ranking: Ranking
) -> Callable[[str, Mapping[str, Any]], Hit]:
    """Makes a hit from a key and its row. A rank is known as far down as that side was looked through."""
    at = {type(weighted.side): number for number, weighted in enumerate(sides)}
    parts: list[Mapping[str, float]] = [*ranking.parts, {}]
    places: list[Mapping[str, int]] = [*ranking.ranks, {}]
    # The last of each list is empty: for a scorer that was not used.
    vector, text = at.get(VectorScorer, -1), at.get(TextScorer, -1)
    cosines, vector_ranks = parts[vector], places[vector]
    bm25, text_ranks = parts[text], places[text]

    def hit(key: str, row: Mapping[str, Any]) -> Hit:
        cosine = cosines.get(key)
        return Hit(
            id=collection.typed(key),
            score=ranking.scores[key],
            vector_score=cosine,
            vector_rank=vector_ranks.get(key),
            text_score=bm25.get(key),
            text_rank=text_ranks.get(key),
            distance=None if cosine is None else 1 - cosine,
            row=row,
        )

    return hit


def rows_of(db: Connection, opened: OpenCollection, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The rows of these items by key: of words those of the vocabulary. Items whose row is gone are absent."""
    if opened.of == "word":
        return collections.words(db, opened.collection, keys)
    return datasets.rows_by_key(db, opened.dataset, keys)
