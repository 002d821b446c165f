"""Hits as the cards of a page: title, snippet with marked words, scores, further columns and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from semsearch import present
from semsearch.records import Collection, Dataset, Hit
from semsearch.search.explain import Explanation
from semsearch.storage.datasets import text_of
from semsearch_datasette import links
from semsearch_datasette.parts.explanations import Reasons, reasons_of
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.parts.thumbs import Thumb, thumb_of
from semsearch_datasette.target import Target

MAX_FACTS = 5  # further columns on a card
MAX_FACT_LENGTH = 48  # characters of a column's value
SEARCHED_TEXT = 20_000  # characters of a text in which a snippet is looked for


@dataclass(frozen=True)
class Meter:
    """One thin bar: `kind` of score (vector or text), its label, its value as text, and the bar's width, 0..100."""

    kind: str
    label: str
    value: str
    width: float


@dataclass(frozen=True)
class Card:
    """One hit for a template. `pieces` are stretches of the snippet and whether each matches the query; `summary` is a
    line about the score; `facts` are names and values of further columns."""

    id: Any
    title: str
    href: str
    similar_url: str
    row_url: str | None
    pieces: Sequence[tuple[str, bool]]
    meters: Sequence[Meter]
    summary: str
    facts: Sequence[tuple[str, str]]
    reasons: Reasons | None = None
    thumb: Thumb | None = None
    unlike_url: str | None = None  # this list without what is like this item


def cards(
    datasette: Any,
    target: Target,
    hits: Sequence[Hit],
    *,
    query: str = "",
    best_text: float = 0.0,
    filters: links.Pairs = (),
    reasons: Sequence[Explanation] = (),
) -> list[Card]:
    """A card for each hit. A full bar of the text score means `best_text`; "More like this" keeps the `filters`;
    `reasons` holds an explanation of each hit, or nothing."""
    here = links.collection(datasette, target.database.name, target.collection.name)
    plain = [_card(datasette, target, here, hit, query, best_text, filters) for hit in hits]
    if not reasons:
        return plain
    return [
        replace(card, reasons=reasons_of(datasette, target, explanation))
        for card, explanation in zip(plain, reasons, strict=True)
    ]


def _card(
    datasette: Any, target: Target, here: str, hit: Hit, query: str, best_text: float, filters: links.Pairs
) -> Card:
    database, collection, dataset = target.database.name, target.collection, target.dataset
    is_word = collection.of == "word"
    return Card(
        id=hit.id,
        title=present.title_of(dataset, hit),
        href=_href(here, dataset, hit, query),
        similar_url=links.with_arguments(links.of_item(here, "similar", hit.id), {}, filters),
        row_url=None if is_word else links.row(datasette, database, dataset, hit.id),
        pieces=() if is_word else snippet(dataset, hit.row, query),
        meters=_meters(hit, best_text),
        summary=score_summary(hit),
        facts=facts(collection, dataset, hit.row),
        thumb=thumb_of(datasette, target, hit),
    )


def _href(here: str, dataset: Dataset, hit: Hit, query: str) -> str:
    """The page of an item; of a passage its document, opened at it."""
    if dataset.made_by != "passages" or "document" not in hit.row:
        return links.of_item(here, "item", hit.id)
    url = links.of_item(here, "read", hit.row["document"])
    return links.with_arguments(url, {"passage": hit.id, "q": query}) + "#passage"


def snippet(dataset: Dataset, row: Mapping[str, Any], query: str) -> list[tuple[str, bool]]:
    """The stretch of a row's text that contains most of the query's words."""
    _, body = text_of(dataset, row)
    return present.snippet(body[:SEARCHED_TEXT], query, 260, dataset.language)


def facts(collection: Collection, dataset: Dataset, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values of the row's short columns, without key, title, text, empty and binary ones."""
    if collection.of == "word":
        return [(name, f"{row[name]:,}") for name in ("count", "documents") if isinstance(row.get(name), int)]
    shown = {*dataset.key_columns, *dataset.text_columns, dataset.title_column}
    if dataset.made_by == "passages":
        shown |= {"digest", "position", "start", "end"}
    if dataset.kind == "images" and dataset.image_column is None:
        shown |= {"path", "width", "height", "channels", "digest"}
    short = [
        (column, str(value))
        for column, value in row.items()
        if column not in shown and isinstance(value, str | int | float) and 0 < len(str(value)) <= MAX_FACT_LENGTH
    ]
    return short[:MAX_FACTS]


def _meters(hit: Hit, best_text: float) -> list[Meter]:
    meters = []
    if hit.vector_score is not None:
        width = 100 * min(1.0, max(0.0, hit.vector_score))
        meters.append(Meter("vector", "Similarity", with_minus(present.cosine(hit.vector_score)), round(width, 1)))
    if hit.text_score is not None and best_text > 0:
        width = 100 * min(1.0, max(0.0, hit.text_score / best_text))
        meters.append(Meter("text", "Text score", f"{hit.text_score:.1f}", round(width, 1)))
    return meters


def score_summary(hit: Hit) -> str:
    """A hybrid score and the hit's rank by each of its two parts; empty where the score is that of a bar."""
    if hit.score in (hit.vector_score, hit.text_score):
        return ""
    ranks = (("similarity", hit.vector_rank), ("text score", hit.text_rank))
    parts = [f"{ordinal(rank)} by {name}" for name, rank in ranks if rank is not None]
    return " · ".join([f"Hybrid score {hit.score:.3f}", *parts])


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th … 11th …"""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
