"""Why a result was found: the words through which query and document meet, the directions that agree, both ranks.

Meaning's part is the cosine taken apart (builders.base.Meeting), words' part is BM25 phrase by phrase: what is listed
and what is said to be left add up to `vector_score` and `text_score`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from semsearch import registry
from semsearch.builders.base import CosineParts, Doubles, Explains
from semsearch.maths.text import Analyzer, tokens
from semsearch.records import Documents, Hit, OpenCollection
from semsearch.search.components import topic_names
from semsearch.search.models import state_of
from semsearch.search.query_parser import Question, parse
from semsearch.storage import fulltext
from semsearch.storage.datasets import text_of
from semsearch.storage.driver import Connection

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
    """What a topic, numbered from 1 by strength, gives to the cosine, and the document's words that give most.

    `name` is empty for a direction that is no rotated topic.
    """

    number: int
    contribution: float
    words: tuple[str, ...]
    name: str = ""


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


def explain(
    db: Connection, opened: OpenCollection, query: str, hits: Sequence[Hit], *, most: int = MOST
) -> list[Explanation]:
    """Why `search(db, opened, query)` found each of these hits, at most `most` parts of each kind listed.

    Of a collection of words, or one whose builder cannot explain, only the ranks and the words held are told.
    Raises InputError for a query that cannot be.
    """
    question = parse(query)
    meetings = _meetings(db, opened, question, hits)
    held = _held(db, opened, question, hits)
    names = topic_names(db, opened.collection) if opened.has_text else []
    result = []
    for hit in hits:
        meeting = next(meetings, None) if hit.vector_score is not None else None
        scores = held.get(str(hit.id), {})
        words = _parts([Term(_spelled(phrase), score, True) for phrase, score in scores.items()], most)
        asked = list(dict.fromkeys(question.ranked))
        present = [_spelled(phrase) for phrase in asked if phrase in scores]
        missing = tuple(_spelled(phrase) for phrase in asked if phrase not in scores)
        by_query, by_document, pairs, components = _taken_apart(meeting, most, names)
        result.append(
            Explanation(
                hit=hit,
                sentence=_sentence(hit, meeting, _common(opened, question, hit), present, missing),
                query_terms=by_query,
                document_terms=by_document,
                pairs=pairs,
                components=components,
                words=words,
                missing=missing if hit.text_score is not None else (),
                changed=meeting is not None and abs(float(meeting.pairs.sum()) - (hit.vector_score or 0)) > _CHANGED,
            )
        )
    return result


def _meetings(db: Connection, opened: OpenCollection, question: Question, hits: Sequence[Hit]) -> Iterator[CosineParts]:
    """How the query meets each of the hits that have a cosine, in their order; nothing where that cannot be said."""
    if not opened.has_text:
        return iter(())
    builder = registry.load().builder(opened.collection.builder)
    if not isinstance(builder, Explains):
        return iter(())
    near = [hit for hit in hits if hit.vector_score is not None]
    texts = [_text(opened, hit) for hit in near]
    documents = Documents([str(hit.id) for hit in near], texts)
    return builder.explain(state_of(db, opened.collection), question.text, documents)


def _text(opened: OpenCollection, hit: Hit) -> str:
    """Title and body as they were read for the build."""
    return "\n".join(filter(None, text_of(opened.dataset, hit.row)))


def _held(
    db: Connection, opened: OpenCollection, question: Question, hits: Sequence[Hit]
) -> dict[str, dict[str, float]]:
    """For each hit that has a text score, by key: the query's words and phrases it holds and what each gives."""
    keys = [str(hit.id) for hit in hits if hit.text_score is not None]
    result: dict[str, dict[str, float]] = {key: {} for key in keys}
    if keys:
        for phrase, times in Counter(question.ranked).items():
            for key, score in fulltext.best(db, opened.dataset, [phrase], -1, keys):
                result[key][phrase] = score * times
    return result


def _spelled(phrase: str) -> str:
    return f'"{phrase}"' if " " in phrase else phrase


def _common(opened: OpenCollection, question: Question, hit: Hit) -> list[str]:
    """The query's words that stand in a hit, in the query's order and by their stem, known to the builder or not."""
    if not opened.has_text:
        return []
    every = Analyzer(stop=False)
    words = list(dict.fromkeys(tokens(" ".join(question.ranked))))
    held = set(every.terms(list(dict.fromkeys(tokens(_text(opened, hit))))))
    return [word for word, term in zip(words, every.terms(words), strict=True) if term in held]


def _taken_apart(
    meeting: CosineParts | None, most: int, names: Sequence[str]
) -> tuple[Parts[Term], Parts[Term], Parts[Pair], Parts[Component]]:
    """The sums of a meeting by query word, document word, pair and component; empty where there is none."""
    if meeting is None:
        return Parts(), Parts(), Parts(), Parts()
    pairs, shared = meeting.pairs, set(meeting.same.tolist())
    by_query, by_document, by_component = pairs.sum(axis=1), pairs.sum(axis=0), meeting.directions.sum(axis=0)
    width = max(1, pairs.shape[1])
    return (
        _largest(by_query, most, lambda row, part: Term(meeting.query_words[row], part, row in shared)),
        _largest(
            by_document, most, lambda row, part: Term(meeting.document_words[row], part, bool(meeting.same[row] >= 0))
        ),
        _largest(
            pairs.reshape(-1),
            most,
            lambda at, part: Pair(meeting.query_words[at // width], meeting.document_words[at % width], part),
        ),
        _largest(
            by_component, most, lambda row, part: Component(row + 1, part, _words_along(meeting, row), _at(names, row))
        ),
    )


def _at(names: Sequence[str], row: int) -> str:
    return names[row] if row < len(names) else ""


def _words_along(meeting: CosineParts, component: int) -> tuple[str, ...]:
    """The document's words that give most to what a component gives, whichever sign that has."""
    along = meeting.directions[:, component]
    along = along if along.sum() >= 0 else -along
    return tuple(meeting.document_words[row] for row in np.argsort(-along, kind="stable")[:_SAID] if along[row] > 0)


def _largest(values: Doubles, most: int, make: Callable[[int, float], One]) -> Parts[One]:
    """The parts of largest size, either sign, and the sum of the others; equal ones by position."""
    order = np.argsort(-np.abs(values), kind="stable")
    listed = tuple(make(int(at), float(values[at])) for at in order[:most])
    return Parts(listed, float(values[order[most:]].sum()))


def _parts(terms: Sequence[Term], most: int) -> Parts[Term]:
    return _largest(np.array([term.contribution for term in terms], float), most, lambda at, _: terms[at])


def _sentence(
    hit: Hit, meeting: CosineParts | None, common: Sequence[str], held: Sequence[str], missing: Sequence[str]
) -> str:
    """One plain line."""
    if meeting is not None:
        through = _through(meeting, common)
        if common:
            return f"shared words: {_starred(common)}" + (f"; similar through: {_starred(through)}" if through else "")
        return f"no shared word; similar through: {_starred(through)}" if through else "no shared word; hardly similar"
    if held:
        return f"contains: {_starred(held)}" + (f"; missing: {_starred(missing)}" if missing else "")
    ranks = (("vector score", hit.vector_rank), ("text score", hit.text_rank))
    return ", ".join(f"rank {rank:,} by {side}" for side, rank in ranks if rank is not None) or "no rank is known"


def _through(meeting: CosineParts, common: Sequence[str]) -> list[str]:
    """The document's words, none of them in common, that bring it near the query, strongest first."""
    every = Analyzer(stop=False)
    taken = set(every.terms(list(common)))
    given = meeting.pairs.sum(axis=0)
    least = _FAINT * float(given.sum()) if common else 0.0
    stems = every.terms(list(meeting.document_words))
    free = [at for at in np.argsort(-given, kind="stable").tolist() if meeting.same[at] < 0 and stems[at] not in taken]
    return [meeting.document_words[at] for at in free[:_SAID] if given[at] > max(0.0, least)]


def _starred(words: Sequence[str]) -> str:
    return f"*{', '.join(words)}*"
