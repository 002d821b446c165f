"""Items found by what they are called, for collections that no text can be placed in: nodes, rows of numbers.

The key, the title and, where the table has text, the words of a row are what there is to find it by. Names come first:
the very key, the very title, titles that begin so, that hold it; then rows whose text holds the words, by BM25.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.records import Hit
from semsearch.search.query import Found, Searched, check_k, open_collection
from semsearch.search.query_parser import parse
from semsearch.storage import collections, datasets, filters, fulltext, row_lookup, vectors
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection
from semsearch.storage.filters import EVERYTHING, Filter
from semsearch.storage.row_lookup import Named


@dataclass(frozen=True)
class Start:
    """An item to begin with, and how many edges end at it, where that was counted."""

    hit: Hit
    edges: int | None


def by_name(db: Connection, name: str, text: str, *, k: int = 10, only: Filter = EVERYTHING) -> Found:
    """The k items whose key or title holds a text, best fit first, then those whose text holds its words.

    The score of a name is how well it fits, 1..4, that of a row whose words are meant its share, 0..1, of the best BM25
    there is; `text_score` is that BM25. Raises InputError for a text or filter that cannot be, NotFoundError for an
    unknown collection.
    """
    check_k(k)
    question = parse(text)
    with snapshot(db):
        searched = open_collection(db, name)
        table = _named(searched)
        kept = filters.matching_keys(db, table.table, table.kind, table.key_columns, only) if only else None
        fits = dict(row_lookup.fitting(db, table, text.strip(), k, None if kept is None else set(kept)))
        held = [] if _is_of_words(searched) else fulltext.best(db, searched.dataset, question.ranked, k, kept)
        words = dict(held)
        best = max(words.values(), default=0.0) or 1.0
        scores = {key: float(fits.get(key) or words[key] / best) for key in [*fits, *words]}
        found = sorted(scores, key=lambda key: -scores[key])[:k]  # stable: else in the order they were found
        rows = _rows(searched, found)
        ranks = {key: place for place, (key, _) in enumerate(held, 1)}
        hits = [
            Hit(_typed(searched, key), scores[key], None, None, words.get(key), ranks.get(key), None, rows[key])
            for key in found
            if key in rows
        ]
    return Found(tuple(hits), None if hits else f"Nothing in {table.table} is called so or holds these words")


def called(db: Connection, name: str, text: str) -> str | None:
    """The key of the one item that a text is the key of or, if it is no key, the whole title of, in any case."""
    with snapshot(db):
        searched = open_collection(db, name)
        table = _named(searched)
        if table.kind != "row" and _rows(searched, [text]):  # of rows without a key nobody types one
            return text
        first = row_lookup.fitting(db, table, text, 2, None)
    if not first or first[0][1] < row_lookup.TITLE or (len(first) > 1 and first[1][1] == first[0][1]):
        return None
    return first[0][0]


def starts(db: Connection, name: str, k: int) -> list[Start]:
    """Items to begin with: nodes with most edges, where these are not too many to count, else the first by title."""
    with snapshot(db):
        searched = open_collection(db, name)
        counts = row_lookup.most_joined(db, searched.dataset, 2 * k) if searched.collection.of == "node" else {}
        keys = list(counts) or row_lookup.first(db, _named(searched), 2 * k)
        known = vectors.known(db, searched.collection, keys)
        rows = _rows(searched, [key for key in keys if key in known])
        there = [key for key in keys if key in rows][:k]
        return [Start(Hit(_typed(searched, key), 1.0, row=rows[key]), counts.get(key)) for key in there]


def _is_of_words(searched: Searched) -> bool:
    return searched.collection.of == "word"


def _named(searched: Searched) -> Named:
    collection, dataset = searched.collection, searched.dataset
    if _is_of_words(searched):
        return Named(collection.vocabulary, "text", ("word",), None)
    return Named(dataset.name, dataset.key_kind, dataset.key_columns, dataset.title_column)


def _rows(searched: Searched, keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    if _is_of_words(searched):
        return collections.words(searched.db, searched.collection, keys)
    return datasets.rows_by_key(searched.db, searched.dataset, keys)


def _typed(searched: Searched, key: str) -> str | int:
    return key if _is_of_words(searched) or searched.dataset.key_kind != "integer" else int(key)
