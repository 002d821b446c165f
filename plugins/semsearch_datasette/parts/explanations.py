"""The explanation of a hit for its card: one sentence, the pairs of words as a table, topics, matched words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.search.explain import Component, Explanation
from semsearch_datasette import links
from semsearch_datasette.parts.numbers import with_minus
from semsearch_datasette.target import Target

MAX_PAIRS = 5
MAX_TOPICS = 3


@dataclass(frozen=True)
class WordPair:
    """A row of the table: words of the query and of the text, their contribution, and a bar's width, 0..100."""

    query: str
    document: str
    value: str
    width: int
    is_against: bool


@dataclass(frozen=True)
class Reasons:
    """What a card shows below its snippet. `sentence`: stretches, and whether each is a list of words. `topics`: its
    number, its contribution, its words in the text, and the URL of its page if it has
    one. `directions` says what they are called."""

    sentence: Sequence[tuple[str, bool]]
    pairs: Sequence[WordPair]
    others: str
    total: str
    directions: str
    topics: Sequence[tuple[int, str, str, str | None]]
    words: Sequence[tuple[str, str]]
    missing: str
    is_changed: bool


def reasons_of(datasette: Any, target: Target, explanation: Explanation) -> Reasons:
    """An explanation as texts and numbers of the page; the listed pairs and `others` add up to `total`."""
    shown, rest = explanation.pairs.listed[:MAX_PAIRS], explanation.pairs.listed[MAX_PAIRS:]
    longest = max((abs(pair.contribution) for pair in shown), default=1.0) or 1.0
    others = explanation.pairs.others + sum(pair.contribution for pair in rest)
    total = others + sum(pair.contribution for pair in shown)
    return Reasons(
        sentence=_stretches(explanation.sentence),
        pairs=[
            WordPair(
                query=pair.query,
                document=pair.document,
                value=_signed(pair.contribution, 3),
                width=round(100 * abs(pair.contribution) / longest),
                is_against=pair.contribution < 0,
            )
            for pair in shown
        ],
        others=_signed(others, 3),
        total=f"{total:.3f}",
        directions=explanation.directions,
        topics=[
            (
                topic.number,
                _signed(topic.contribution, 2),
                f"{topic.name}: {', '.join(topic.words)}" if topic.name else ", ".join(topic.words),
                _topic(datasette, target, topic) if target.has_topics else None,
            )
            for topic in explanation.components.listed[:MAX_TOPICS]
        ],
        words=[(term.word, f"{term.contribution:.2f}") for term in explanation.words.listed],
        missing=", ".join(explanation.missing),
        is_changed=explanation.changed,
    )


def _signed(number: float, digits: int) -> str:
    """A number with its sign."""
    return with_minus(f"{number:+.{digits}f}")


def _topic(datasette: Any, target: Target, topic: Component) -> str:
    """The URL of the topics page that begins with this topic; of a direction without a name in the plain view."""
    page = links.collection(
        datasette,
        target.database.name,
        target.collection.name,
        "components",
        view=None if topic.name else "plain",
        after=topic.number - 1 or None,
    )
    return str(page)


def _stretches(sentence: str) -> list[tuple[str, bool]]:
    """A sentence, whose lists of words are between stars, in stretches; the first letter becomes a capital."""
    pieces = [(piece, at % 2 == 1) for at, piece in enumerate(sentence.split("*")) if piece]
    first, is_words = pieces[0]
    return [(first if is_words else first[0].upper() + first[1:], is_words), *pieces[1:]]
