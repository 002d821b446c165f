"""Why a result was found: the words through which query and document meet, the directions that agree, both ranks.

Meaning's part is the cosine taken apart (builders.base.Meeting), words' part is BM25 phrase by phrase: what is listed
and what is said to be left add up to `vector_score` and `text_score`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from semsearch import registry
from semsearch.arrays import FloatArray
from semsearch.builders.base import Explains, Meeting
from semsearch.maths.text import Analyzer, tokens
from semsearch.records import Documents, Hit
from semsearch.search.models import state_of
from semsearch.search.query import Searched, open_collection
from semsearch.search.question import Question, parse
from semsearch.storage import fulltext
from semsearch.storage.datasets import text_of

MOST = 8
_SAID = 3  # words named in a sentence as those through which a document is met
_FAINT = 0.05  # beside shared words, others are named only if they give this part of the cosine
_CHANGED = 1e-3  # a cosine off by more was not made from the text that the row has now
One = TypeVar("One")


@dataclass(frozen=True)
class Term:
    """A word and what it gives to the score; `shared` says whether it stands in the query and the document alike."""

    word: str
    contribution: float
    shared: bool


@dataclass(frozen=True)
class Pair:
    """What a word of the query and a word of the document give to the cosine together."""

    query: str
    document: str
    contribution: float


@dataclass(frozen=True)
class Component:
    """What a direction, numbered from 1 by strength, gives to the cosine, and the document's words that give most."""

    number: int
    contribution: float
    words: tuple[str, ...]


@dataclass(frozen=True)
class Parts(Generic[One]):
    """The largest parts of a score, either sign, largest first, and `others`: the sum of all that are not listed."""

    listed: tuple[One, ...] = ()
    others: float = 0.0


@dataclass(frozen=True)
class Explanation:
    """Why one hit was found.

    `query_terms`, `document_terms`, `pairs` and `components` each add up to `vector_score`; they are empty where that
    is None or the builder cannot say. `words` are the query's words and phrases that the hit holds, their BM25 adding
    up to `text_score`; `missing` are those it does not hold. `changed`: the row's text is not that of the build any
    more, so that the parts are those of another cosine.
    """

    hit: Hit
    sentence: str
    query_terms: Parts[Term] = field(default_factory=Parts)
    document_terms: Parts[Term] = field(default_factory=Parts)
    pairs: Parts[Pair] = field(default_factory=Parts)
    components: Parts[Component] = field(default_factory=Parts)
    words: Parts[Term] = field(default_factory=Parts)
    missing: tuple[str, ...] = ()
    changed: bool = False


def explain(db: Connection, name: str, query: str, hits: Sequence[Hit], *, most: int = MOST) -> list[Explanation]:
    """Why `search(db, name, query)` found each of these hits, at most `most` parts of each kind listed.

    Of a collection of words, or one whose builder cannot explain, only the ranks and the words held are told.
    Raises InputError for a query that cannot be, NotFoundError for an unknown collection.
    """
    searched, question = open_collection(db, name), parse(query)
    meetings = _meetings(searched, question, hits)
    held = _held(searched, question, hits)
    found = []
    for hit in hits:
        meeting = next(meetings, None) if hit.vector_score is not None else None
        scores = held.get(str(hit.id), {})
        words = [Term(_spelled(phrase), score, True) for phrase, score in scores.items()]
        missing = tuple(_spelled(phrase) for phrase in dict.fromkeys(question.ranked) if phrase not in scores)
        common = _common(searched, question, hit)
        found.append(
            Explanation(
                hit,
                _sentence(hit, meeting, common, words, missing),
                *(_taken_apart(meeting, most) if meeting is not None else ()),
                words=_parts(words, [term.contribution for term in words], most),
                missing=missing if hit.text_score is not None else (),
                changed=meeting is not None and abs(float(meeting.pairs.sum()) - (hit.vector_score or 0)) > _CHANGED,
            )
        )
    return found
