"""Hits as the cards that pages show: title, marked snippet, what the score is made of, quiet facts and links."""

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
from semsearch_datasette.parts.thumbs import Thumb, thumb_of
from semsearch_datasette.target import Target

FACTS = 5
FACT_LENGTH = 48
SNIPPET_FROM = 20_000  # characters of a long text that are looked through for the query's words


@dataclass(frozen=True)
class Meter:
    """One thin bar: what it measures, the number, and how full it is, 0..100."""

    kind: str
    label: str
    value: str
    width: float


@dataclass(frozen=True)
class Card:
    """One hit, ready to be laid out. `pieces`: stretches of the snippet, and whether each is a word of the query."""

    id: Any
    title: str
    href: str
    similar_url: str
    row_url: str | None
    pieces: Sequence[tuple[str, bool]]
    meters: Sequence[Meter]
    why: str
    facts: Sequence[tuple[str, str]]
    reasons: Reasons | None = None
    thumb: Thumb | None = None


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
    """A card for each hit; `best_text` is what a full bar of the text score stands for, `filters` are kept by "more
    like this", `reasons` say why each was found, or are empty."""
    here = links.collection(datasette, target.database.name, target.collection.name)
    made = [_card(datasette, target, here, hit, query, best_text, filters) for hit in hits]
    if not reasons:
        return made
    return [replace(card, reasons=reasons_of(datasette, target, why)) for card, why in zip(made, reasons, strict=True)]


def _card(
    datasette: Any, target: Target, here: str, hit: Hit, query: str, best_text: float, filters: links.Pairs
) -> Card:
    database, collection, dataset = target.database.name, target.collection, target.dataset
    is_word = collection.of == "word"
    return Card(
        id=hit.id,
        title=present.title_of(dataset, hit),
        href=links.of_item(here, "item", hit.id),
        similar_url=links.with_arguments(links.of_item(here, "similar", hit.id), {}, filters),
        row_url=None if is_word else links.row(datasette, database, dataset, hit.id),
        pieces=() if is_word else snippet(dataset, hit.row, query),
        meters=_meters(hit, best_text, "Likeness" if collection.of in ("image", "row", "node") else "Meaning"),
        why=why(hit),
        facts=facts(collection, dataset, hit.row),
        thumb=thumb_of(datasette, target, hit),
    )


def snippet(dataset: Dataset, row: Mapping[str, Any], query: str) -> list[tuple[str, bool]]:
    """The stretch of a row's text that holds most of the query's words."""
    _, body = text_of(dataset, row)
    return present.snippet(body[:SNIPPET_FROM], query, 260)


def facts(collection: Collection, dataset: Dataset, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The row's other columns that are short: neither key nor title nor text, neither empty nor binary."""
    if collection.of == "word":
        return [(name, f"{row[name]:,}") for name in ("count", "documents") if isinstance(row.get(name), int)]
    shown = {*dataset.key_columns, *dataset.text_columns, dataset.title_column}
    if dataset.kind == "images" and dataset.image_column is None:
        shown |= {"path", "width", "height", "channels", "digest"}
    short = [
        (column, str(value))
        for column, value in row.items()
        if column not in shown and isinstance(value, str | int | float) and 0 < len(str(value)) <= FACT_LENGTH
    ]
    return short[:FACTS]


def _meters(hit: Hit, best_text: float, meaning: str) -> list[Meter]:
    meters = []
    if hit.vector_score is not None:
        width = 100 * min(1.0, max(0.0, hit.vector_score))
        meters.append(Meter("meaning", meaning, present.cosine(hit.vector_score), round(width, 1)))
    if hit.text_score is not None and best_text > 0:
        width = 100 * min(1.0, max(0.0, hit.text_score / best_text))
        meters.append(Meter("words", "Words", f"{hit.text_score:.1f}", round(width, 1)))
    return meters


def why(hit: Hit) -> str:
    """A fused score in words: where the hit stands in each list it came from. A plain list's score is its bar."""
    if hit.score in (hit.vector_score, hit.text_score):
        return ""
    ranks = (("meaning", hit.vector_rank), ("words", hit.text_rank))
    parts = [f"{name} {ordinal(rank)}" for name, rank in ranks if rank is not None]
    return f"Score {hit.score:.3f} · {', '.join(parts)}"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th … 11th …"""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"
