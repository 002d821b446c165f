"""Searches as a collection supports them, and their results as plain values of bounded size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from semsearch import present
from semsearch.errors import InputError
from semsearch.records import Hit, OpenCollection
from semsearch.search.by_document import holds_passages
from semsearch.search.excerpts import Excerpt, excerpts
from semsearch.search.models import takes_text
from semsearch.search.name_search import by_name
from semsearch.search.query import EVERYTHING, MODES, Condition, Filter, Found, check_query, search, vector_of
from semsearch.storage.datasets import text_of
from semsearch.storage.driver import Connection
from semsearch.storage.keys import columns_of
from semsearch.tools.answers import TITLE, cut, shown_key, without_none
from semsearch.tools.subject import Subject
from semsearch.web import conditions

EXCERPT = 400  # characters
SEARCHED = 1_000  # results among which a row is looked for that no filter can name


def passages_for(
    db: Connection, opened: OpenCollection, question: str, k: int, *, longest: int = EXCERPT
) -> tuple[Found, list[Excerpt | None]]:
    """The k rows that answer a question in plain words best, and the best passage of each.

    Raises InputError for a collection that holds no texts, and for an empty question.
    """
    if not opened.has_text or not takes_text(opened.collection):
        raise InputError(f"{opened.name} contains {opened.of}s: questions are asked of a collection of texts")
    plain = _plain(question)
    found = search(db, opened, plain, k=k)
    best = excerpts(db, opened, found.spelling.corrected or plain, found.hits, longest=longest)
    return present.with_spelling(opened.name, found), best


def search_as_supported(subject: Subject, text: str, mode: str, k: int, only: Filter) -> Found:
    """A search as the collection supports it: items that no text is compared with are found by their names."""
    opened = subject.opened
    check_query(text, mode, k)
    if not takes_text(opened.collection):
        return by_name(subject.db, opened, text, k=k, only=only)
    if mode not in MODES or opened.has_text:
        return search(subject.db, opened, text, mode=mode, k=k, only=only)
    return search(subject.db, opened, text, mode="vector", k=k, only=only)


def rows_kept(subject: Subject, filters: Sequence[str]) -> Filter:
    """The rows that the filters keep. Raises InputError for one that is not column__operation=value."""
    if not filters:
        return EVERYTHING
    pairs = []
    for each in filters:
        name, mark, value = str(each).partition("=")
        if not mark:
            raise InputError(
                f"The filter {cut(str(each), 40)!r} must be column__operation=value, such as year__gte=2020"
            )
        pairs.append((name, value))
    columns = ("word", "count") if subject.opened.of == "word" else columns_of(subject.db, subject.opened.dataset.name)
    return Filter(conditions=conditions(pairs, columns))


def shown_hits(subject: Subject, text: str, hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """The results of a search for a text, each with its best passage; without a text those of `similar`."""
    opened = subject.opened
    if opened.of == "word":
        return [shown_word(hit) for hit in hits]
    best = excerpts(subject.db, opened, text, hits, longest=EXCERPT) if text else [None] * len(hits)
    return [_hit(subject, hit, excerpt) for hit, excerpt in zip(hits, best, strict=True)]


def _hit(subject: Subject, hit: Hit, excerpt: Excerpt | None) -> dict[str, Any]:
    dataset = subject.opened.dataset
    passage = excerpt.text if excerpt else present.shortened(text_of(dataset, hit.row)[1], 200)
    return without_none(
        {
            "id": shown_key(hit.id),
            "title": cut(present.title_of(dataset, hit), TITLE),
            "passage": cut(passage, EXCERPT) or None,
            **place_of(subject.opened, hit),
            "score": rounded(hit.score),
            "similarity": rounded(hit.vector_score),
            "text_score": rounded(hit.text_score),
            "words_matched": [cut(word, 60) for word in excerpt.words[:20]] if excerpt else [],
            "url": subject.url("item", hit.id),
        }
    )


def hit_of(subject: Subject, text: str, id: str) -> Hit:
    """The row of this id as a hit of a query. Raises NotFoundError for an unknown id."""
    opened = subject.opened
    vector_of(subject.db, opened.collection, id)
    columns = opened.dataset.key_columns
    if opened.dataset.key_kind in ("integer", "text") and len(columns) == 1:
        only = Filter(conditions=(Condition(columns[0], "exact", id),))
        found = search(subject.db, opened, text, k=1, only=only)
        if found.hits:
            return found.hits[0]
    for hit in search(subject.db, opened, text, k=SEARCHED).hits:
        if str(hit.id) == id:
            return hit
    raise InputError(f"{opened.name} does not find the row {id[:40]!r} by this query")


def place_of(opened: OpenCollection, hit: Hit) -> dict[str, Any]:
    """The document and the page of a passage; nothing for other rows."""
    if not holds_passages(opened):
        return {}
    return {"document": shown_key(hit.row["document"]), "page": hit.row["page"]}


def whole_text(opened: OpenCollection, hit: Hit) -> str:
    """The text of a row without its title; empty for items without text."""
    if opened.of == "word" or not opened.dataset.text_columns:
        return ""
    return text_of(opened.dataset, hit.row)[1]


def shown_word(hit: Hit) -> dict[str, Any]:
    """A word as a result."""
    return without_none(
        {
            "word": cut(str(hit.row.get("word", hit.id)), 60),
            "similarity": rounded(hit.vector_score),
            "count": hit.row.get("count"),
        }
    )


def rounded(value: float | None) -> float | None:
    """A score with three decimals."""
    return None if value is None else round(value, 3) + 0.0


def _plain(question: str) -> str:
    """A question in prose: without the signs that demand a phrase or exclude a word."""
    return " ".join(word.lstrip("-") for word in question.replace('"', " ").split())
