"""Why a hit was found, for its card: one sentence, the pairs of words as a small table, topics, exact words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from semsearch.search.explain import Explanation
from semsearch_datasette import links
from semsearch_datasette.target import Target

PAIRS = 5
TOPICS = 3


@dataclass(frozen=True)
class Part:
    """A row of the table: words of the query and of the document, what they give, and a bar's width, 0..100."""

    query: str
    document: str
    value: str
    width: int
    is_against: bool


@dataclass(frozen=True)
class Reasons:
    """What a card says below its snippet. `sentence`: stretches, and whether each is a list of words."""

    sentence: Sequence[tuple[str, bool]]
    parts: Sequence[Part]
    others: str
    total: str
    topics: Sequence[tuple[int, str, str, str]]  # number, what it gives, its words here, the page that shows it
    words: Sequence[tuple[str, str]]
    missing: str
    is_changed: bool


def reasons_of(datasette: Any, target: Target, why: Explanation) -> Reasons:
    """An explanation in the words and numbers of the page; the listed parts and `others` add up to `total`."""
    shown, rest = why.pairs.listed[:PAIRS], why.pairs.listed[PAIRS:]
    longest = max((abs(pair.contribution) for pair in shown), default=1.0) or 1.0
    others = why.pairs.others + sum(pair.contribution for pair in rest)
    total = others + sum(pair.contribution for pair in shown)
    return Reasons(
        sentence=_stretches(why.sentence),
        parts=[
            Part(
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
        topics=[
            (one.number, _signed(one.contribution, 2), ", ".join(one.words), _topic(datasette, target, one.number))
            for one in why.components.listed[:TOPICS]
        ],
        words=[(term.word, f"{term.contribution:.2f}") for term in why.words.listed],
        missing=", ".join(why.missing),
        is_changed=why.changed,
    )


def _signed(number: float, digits: int) -> str:
    """A number with its sign, the minus as long as the plus."""
    return f"{number:+.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _topic(datasette: Any, target: Target, number: int) -> str:
    """The page of topics from this one on."""
    page = links.collection(
        datasette, target.database.name, target.collection.name, "components", after=number - 1 or None
    )
    return str(page)


def _stretches(sentence: str) -> list[tuple[str, bool]]:
    """A sentence whose lists of words stand between stars, in stretches; it begins with a capital."""
    pieces = [(piece, at % 2 == 1) for at, piece in enumerate(sentence.split("*")) if piece]
    first, is_words = pieces[0]
    return [(first if is_words else first[0].upper() + first[1:], is_words), *pieces[1:]]
