"""Explain a result: the contributions of pairs of words, of dimensions and of matched words, and both ranks.

The cosine is decomposed by the builder (builders.base.CosineParts), BM25 by phrase. The listed contributions and the
sum of the others add up to `vector_score` and `text_score`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from semsearch import registry
from semsearch.builders.base import CosineParts, Doubles, Explains
from semsearch.maths.index_terms import matching, words_of
from semsearch.maths.text import Analyzer, analyzer_of
from semsearch.records import Documents, Hit, OpenCollection, Phrase
from semsearch.search.components import has_topics, topic_names
from semsearch.search.models import own_stop_words, state_of
from semsearch.search.query_parser import Question, parse
from semsearch.storage import fulltext
from semsearch.storage.datasets import text_of
from semsearch.storage.driver import Connection

MOST = 8  # parts of each kind that are listed
_NAMED = 3  # words of the document that a sentence names
_FAINT = 0.05  # share of the cosine; in addition to shared words, others are named only from this share on
_CHANGED = 1e-3  # difference of the cosine from which the row's text is not that of the build
One = TypeVar("One")


@dataclass(frozen=True)
class Term:
    """A word and its contribution to the score; `shared` is whether query and document both contain it."""

    word: str
    contribution: float
    shared: bool


@dataclass(frozen=True)
class Pair:
    """The contribution of a word of the query with a word of the document to the cosine."""

    query: str
    document: str
    contribution: float


@dataclass(frozen=True)
class Component:
    """The contribution of a dimension, numbered from 1 by strength, and the document's words that contribute most.

    `name` is empty for a dimension that is not a rotated topic.
    """

    number: int
    contribution: float
    words: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class Parts(Generic[One]):
    """The largest contributions to a score, largest first, and `others`, the sum of those that are not listed."""

    listed: tuple[One, ...] = ()
    others: float = 0.0


@dataclass(frozen=True)
class Explanation:
    """Why one hit was found.

    `query_terms`, `document_terms`, `pairs` and `components` each add up to `vector_score`. They are empty if that is
    None or the builder does not Explain. `words` are the query's words and phrases that the hit contains; their BM25
    adds up to `text_score`. `missing` are those that it does not contain. `changed` is whether the row's text differs
    from that of the build, so that the parts are those of another cosine.
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
    directions: str = "dimensions"  # what `components` are called: "topics" if their words and documents can be listed


def explain(
    db: Connection, opened: OpenCollection, query: str, hits: Sequence[Hit], *, most: int = MOST
) -> list[Explanation]:
    """Why `search(db, opened, query)` found each of these hits, with at most `most` listed parts of each kind.

    For a collection of words, and for a builder that does not Explain, only ranks and matched words are given. Raises
    InputError for an invalid query.
    """
    question = parse(query, opened.dataset.language, own_stop_words(db, opened))
    are_topics = has_topics(db, opened.collection)
    cosine_parts = _cosine_parts(db, opened, question, hits)
    matched = _matched(db, opened, question, hits)
    names = topic_names(db, opened.collection) if opened.has_text else []
    phrases = list(dict.fromkeys(map(_spelled, question.ranked)))
    every = analyzer_of(opened.dataset.language, stop=False)
    result = []
    for hit in hits:
        parts = next(cosine_parts, None) if hit.vector_score is not None else None
        scores = matched.get(str(hit.id), {})
        words = _parts([Term(phrase, score, True) for phrase, score in scores.items()], most)
        present = [phrase for phrase in phrases if phrase in scores]
        missing = tuple(phrase for phrase in phrases if phrase not in scores)
        by_query, by_document, pairs, components = _summed(parts, most, names)
        result.append(
            Explanation(
                hit=hit,
                sentence=_sentence(hit, parts, _common(opened, question, hit), present, missing, every),
                query_terms=by_query,
                document_terms=by_document,
                pairs=pairs,
                components=components,
                words=words,
                missing=missing if hit.text_score is not None else (),
                directions="topics" if are_topics else "dimensions",
                changed=parts is not None and abs(float(parts.pairs.sum()) - (hit.vector_score or 0)) > _CHANGED,
            )
        )
    return result


def _cosine_parts(
    db: Connection, opened: OpenCollection, question: Question, hits: Sequence[Hit]
) -> Iterator[CosineParts]:
    """The decomposed cosine of each hit that has one, in their order; empty if the builder does not Explain."""
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
    """Title and body, as a build reads them."""
    return "\n".join(filter(None, text_of(opened.dataset, hit.row)))


def _matched(
    db: Connection, opened: OpenCollection, question: Question, hits: Sequence[Hit]
) -> dict[str, dict[str, float]]:
    """The BM25 of each of the query's words and phrases in each hit with a text score, by key."""
    keys = [str(hit.id) for hit in hits if hit.text_score is not None]
    result: dict[str, dict[str, float]] = {key: {} for key in keys}
    if keys and fulltext.is_readable():
        for phrase, times in Counter(question.ranked).items():
            for key, score in fulltext.best(db, opened.dataset, [phrase], -1, keys):
                result[key][_spelled(phrase)] = score * times
    return result


def _spelled(phrase: Phrase) -> str:
    return f'"{phrase.said}"' if " " in phrase.said else phrase.said


def _common(opened: OpenCollection, question: Question, hit: Hit) -> list[str]:
    """The query's words that a hit contains, by their stem, in the query's order, also those unknown to the builder."""
    if not opened.has_text:
        return []
    language = opened.dataset.language
    terms = matching(language)
    held = {term for word in set(words_of(_text(opened, hit), language)) for term in terms(word)}
    words = dict.fromkeys(word for phrase in question.ranked for word in words_of(phrase.said, language))
    return [word for word in words if 2 * len(held.intersection(terms(word))) >= len(terms(word)) > 0]


def _summed(
    parts: CosineParts | None, most: int, names: Sequence[str]
) -> tuple[Parts[Term], Parts[Term], Parts[Pair], Parts[Component]]:
    """The sums of a decomposed cosine by query word, document word, pair and dimension; empty for None."""
    if parts is None:
        return Parts(), Parts(), Parts(), Parts()
    pairs, shared = parts.pairs, set(parts.same.tolist())
    by_query, by_document, by_component = pairs.sum(axis=1), pairs.sum(axis=0), parts.directions.sum(axis=0)
    width = max(1, pairs.shape[1])
    return (
        _largest(by_query, most, lambda row, part: Term(parts.query_words[row], part, row in shared)),
        _largest(
            by_document, most, lambda row, part: Term(parts.document_words[row], part, bool(parts.same[row] >= 0))
        ),
        _largest(
            pairs.reshape(-1),
            most,
            lambda at, part: Pair(parts.query_words[at // width], parts.document_words[at % width], part),
        ),
        _largest(
            by_component, most, lambda row, part: Component(row + 1, part, _words_along(parts, row), _at(names, row))
        ),
    )


def _at(names: Sequence[str], row: int) -> str:
    return names[row] if row < len(names) else ""


def _words_along(parts: CosineParts, component: int) -> tuple[str, ...]:
    """The document's words that contribute most to the contribution of a component, whatever its sign."""
    along = parts.directions[:, component]
    along = along if along.sum() >= 0 else -along
    return tuple(parts.document_words[row] for row in np.argsort(-along, kind="stable")[:_NAMED] if along[row] > 0)


def _largest(values: Doubles, most: int, make: Callable[[int, float], One]) -> Parts[One]:
    """The parts of the largest absolute values, and the sum of the others; equal ones by position."""
    order = np.argsort(-np.abs(values), kind="stable")
    listed = tuple(make(int(at), float(values[at])) for at in order[:most])
    return Parts(listed, float(values[order[most:]].sum()))


def _parts(terms: Sequence[Term], most: int) -> Parts[Term]:
    return _largest(np.array([term.contribution for term in terms], float), most, lambda at, _: terms[at])


def _sentence(
    hit: Hit,
    parts: CosineParts | None,
    common: Sequence[str],
    contained: Sequence[str],
    missing: Sequence[str],
    every: Analyzer,
) -> str:
    """The explanation in one line; lists of words are between stars."""
    if parts is not None:
        through = _through(parts, common, every)
        if common:
            return f"shared words: {_starred(common)}" + (f"; similar through: {_starred(through)}" if through else "")
        return f"no shared word; similar through: {_starred(through)}" if through else "no shared word; hardly similar"
    if contained:
        return f"contains: {_starred(contained)}" + (f"; missing: {_starred(missing)}" if missing else "")
    ranks = (("similarity", hit.vector_rank), ("text score", hit.text_rank))
    return ", ".join(f"rank {rank:,} by {side}" for side, rank in ranks if rank is not None) or "no rank is known"


def _through(parts: CosineParts, common: Sequence[str], every: Analyzer) -> list[str]:
    """The document's words that the query does not contain and that contribute most, strongest first."""
    taken = set(every.terms([token for word in common for token in every.tokens(word)]))
    given = parts.pairs.sum(axis=0)
    least = _FAINT * float(given.sum()) if common else 0.0
    stems = every.terms(list(parts.document_words))
    free = [at for at in np.argsort(-given, kind="stable").tolist() if parts.same[at] < 0 and stems[at] not in taken]
    return [parts.document_words[at] for at in free[:_NAMED] if given[at] > max(0.0, least)]


def _starred(words: Sequence[str]) -> str:
    return f"*{', '.join(words)}*"
