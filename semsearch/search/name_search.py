"""Items found by what they are called, for collections that no text can be placed in: nodes, rows of numbers.

The key, the title and, where the table has text, the words of a row are what there is to find it by. Names come first:
the very key, the very title, titles that begin so, that hold it; then rows whose text holds the words, by BM25.
"""

from __future__ import annotations

from dataclasses import dataclass

from semsearch.maths.edits import most_edits, spellings
from semsearch.records import Hit, OpenCollection
from semsearch.search.query import Found, check_k, rows_of
from semsearch.search.query_parser import parse
from semsearch.search.typos import AS_WRITTEN, Spelling
from semsearch.storage import filters, fulltext, row_lookup, vectors
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection
from semsearch.storage.filters import EVERYTHING, Filter
from semsearch.storage.row_lookup import Match, Named

NAMES_COMPARED = 100_000  # rows of a table whose names are compared with one that no row has


@dataclass(frozen=True)
class Start:
    """An item to begin with, and how many edges end at it, where that was counted."""

    hit: Hit
    edges: int | None


def by_name(db: Connection, opened: OpenCollection, text: str, *, k: int = 10, only: Filter = EVERYTHING) -> Found:
    """The k items whose key or title holds a text, best fit first, then those whose text holds its words.

    The score of a name is how well it fits, 1..4, that of a row whose words are meant its share, 0..1, of the best BM25
    there is; `text_score` is that BM25. Raises InputError for a text or filter that cannot be.
    """
    check_k(k)
    question = parse(text, opened.dataset.language)
    with snapshot(db):
        table = _named(opened)
        kept = filters.matching_keys(db, table.table, table.kind, table.key_columns, only) if only else None
        fits = dict(row_lookup.fitting(db, table, text.strip(), k, None if kept is None else set(kept)))
        held = (
            []
            if opened.of == "word" or not fulltext.is_readable()
            else fulltext.best(db, opened.dataset, question.ranked, k, kept)
        )
        words = dict(held)
        best = max(words.values(), default=0.0) or 1.0
        scores = {key: float(fits.get(key) or words[key] / best) for key in [*fits, *words]}
        result = sorted(scores, key=lambda key: -scores[key])[:k]  # stable: else in the order they were found
        rows = rows_of(db, opened, result)
        ranks = {key: place for place, (key, _) in enumerate(held, 1)}
        hits = [
            Hit(
                opened.collection.typed(key),
                scores[key],
                text_score=words.get(key),
                text_rank=ranks.get(key),
                row=rows[key],
            )
            for key in result
            if key in rows
        ]
        spelling = AS_WRITTEN if hits else _named_nearly(db, table, text)
    remark = None if hits else f"No row of {table.table} has this name or contains these words"
    return Found(tuple(hits), remark, spelling=spelling)


def _named_nearly(db: Connection, table: Named, text: str) -> Spelling:
    """The name that is spelled nearly like a text, as a suggestion; the first in order of edits and names."""
    asked = text.strip().lower()
    known = row_lookup.names(db, table, NAMES_COMPARED)
    by_lower = {name.lower(): name for name in known if abs(len(name) - len(asked)) <= most_edits(asked)}
    near = spellings(list(by_lower)).near(asked, most_edits(asked))
    if not near:
        return AS_WRITTEN
    _, name = min((number, list(by_lower)[row]) for row, number in near)
    return Spelling(suggested=by_lower[name])


def called(db: Connection, opened: OpenCollection, text: str) -> str | None:
    """The key of the one item that a text is the key of or, if it is no key, the whole title of, in any case."""
    with snapshot(db):
        table = _named(opened)
        if table.kind != "row" and rows_of(db, opened, [text]):  # the key of a keyless row is a hash, not typed by hand
            return text
        first = row_lookup.fitting(db, table, text, 2, None)
    if not first or first[0][1] < Match.TITLE or (len(first) > 1 and first[1][1] == first[0][1]):
        return None
    return first[0][0]


def starts(db: Connection, opened: OpenCollection, k: int) -> list[Start]:
    """Items to begin with: nodes with most edges, where these are not too many to count, else the first by title."""
    with snapshot(db):
        collection = opened.collection
        counts = row_lookup.most_joined(db, opened.dataset, 2 * k) if opened.of == "node" else {}
        keys = list(counts) or row_lookup.first(db, _named(opened), 2 * k)
        known = vectors.known(db, collection, keys)
        rows = rows_of(db, opened, [key for key in keys if key in known])
        there = [key for key in keys if key in rows][:k]
        return [Start(Hit(collection.typed(key), 1.0, row=rows[key]), counts.get(key)) for key in there]


def latest(db: Connection, opened: OpenCollection, k: int) -> list[Hit]:
    """The k rows that were inserted last and have a vector, the last first, each as a hit with its row."""
    with snapshot(db):
        collection = opened.collection
        keys = row_lookup.latest(db, _named(opened), k)
        known = vectors.known(db, collection, keys)
        rows = rows_of(db, opened, keys)
        return [Hit(collection.typed(key), 0.0, row=rows[key]) for key in keys if key in known and key in rows]


def _named(opened: OpenCollection) -> Named:
    """The table whose rows name the items: of words the vocabulary."""
    if opened.of == "word":
        return Named(opened.collection.vocabulary, "text", ("word",), None)
    dataset = opened.dataset
    return Named(dataset.name, dataset.key_kind, dataset.key_columns, dataset.title_column)
