"""The passage of a document that answers a query best: whole sentences, chosen by the query's words and by similarity.

Passages are read from the document's text when they are needed; nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.maths.occurrences import occurrences
from semsearch.maths.sentences import LONGEST, Span, passages, sentences
from semsearch.records import Hit, OpenCollection
from semsearch.search.explain import explain
from semsearch.search.models import encode_text, takes_text
from semsearch.storage.datasets import text_of
from semsearch.storage.driver import Connection

ENCODED = 40  # passages of a document whose similarity is computed
READ = 200_000  # characters of a document that are read


@dataclass(frozen=True)
class Excerpt:
    """A passage of a document: its place in the text of the row, `start` to `end`, and the query's words in it.

    `similarity` is its cosine with the query, None where it or the query has no vector.
    """

    text: str
    start: int
    end: int
    words: tuple[str, ...]
    similarity: float | None


def excerpts(
    db: Connection, opened: OpenCollection, query: str, hits: Sequence[Hit], *, longest: int = LONGEST
) -> list[Excerpt | None]:
    """The best passage of each hit of a search, at most `longest` characters long; None for a hit without text.

    A passage is judged by the share of the hit's text score that the words in it bring, and by its similarity to the
    query, both relative to the best passage of the document.
    """
    if not opened.has_text:
        return [None] * len(hits)
    asked = encode_text(db, opened.collection, query) if takes_text(opened.collection) else None
    weights = [
        {term.word: term.contribution for term in why.words.listed} for why in explain(db, opened, query, hits, most=64)
    ]
    return [
        _best(db, opened, asked, found, text_of(opened.dataset, hit.row)[1], longest)
        for hit, found in zip(hits, weights, strict=True)
    ]


def _best(
    db: Connection, opened: OpenCollection, asked: FloatArray | None, weights: dict[str, float], text: str, longest: int
) -> Excerpt | None:
    spans = passages(sentences(text[:READ], longest), longest)
    if not spans:
        return None
    words = {word: [start for start, _ in _places(text[:READ], word, opened)] for word in weights}
    by_words = np.array([sum(weights[word] for word, places in words.items() if _within(places, s)) for s in spans])
    cosines = np.full(len(spans), np.nan)
    if asked is not None:
        for place in _candidates(by_words):
            start, end = spans[place]
            vector = encode_text(db, opened.collection, text[start:end])
            if vector is not None:
                cosines[place] = float(vector @ asked)
    chosen = int(np.argmax(_relative(by_words) + _relative(np.nan_to_num(cosines, nan=0.0))))
    start, end = spans[chosen]
    held = tuple(word for word, places in words.items() if _within(places, (start, end)))
    similarity = None if np.isnan(cosines[chosen]) else float(cosines[chosen])
    return Excerpt(text[start:end], start, end, held, similarity)


def _places(text: str, word: str, opened: OpenCollection) -> list[Span]:
    return occurrences(text, word, opened.dataset.language)


def _within(places: Sequence[int], span: Span) -> bool:
    return any(span[0] <= place < span[1] for place in places)


def _candidates(by_words: np.ndarray) -> list[int]:
    """The passages whose similarity is computed: those with most of the words, and others at equal distances."""
    if len(by_words) <= ENCODED:
        return list(range(len(by_words)))
    best = np.argsort(-by_words, kind="stable")[: ENCODED // 2]
    others = np.linspace(0, len(by_words) - 1, ENCODED // 2).astype(int)
    return sorted({*best.tolist(), *others.tolist()})


def _relative(values: np.ndarray) -> np.ndarray:
    """Values 0 and above, divided by the largest."""
    values = np.maximum(values, 0.0)
    return values / max(float(values.max()), 1e-9)
