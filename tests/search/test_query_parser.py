"""A query taken apart: words, phrases, and what must not be there."""

from __future__ import annotations

import pytest

from semsearch.errors import InputError
from semsearch.records import Phrase
from semsearch.search.query_parser import Question, parse, plain


def said(phrases: tuple[Phrase, ...]) -> tuple[str, ...]:
    return tuple(phrase.said for phrase in phrases)


def taken_apart(question: Question) -> tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The question with its phrases as they were written."""
    return question.text, said(question.ranked), said(question.required), said(question.excluded)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("the rocket", ("the rocket", ("rocket",), (), ())),
        ("rocket, rocket fuel", ("rocket, rocket fuel", ("rocket", "rocket", "fuel"), (), ())),
        ("to be", ("to be", ("to", "be"), (), ())),
        ('"heavy dough" rye', ("heavy dough rye", ("rye", "heavy dough"), ("heavy dough",), ())),
        ("moon -lander", ("moon", ("moon",), (), ("lander",))),
        ('moon -"launch pad"', ("moon", ("moon",), (), ("launch pad",))),
        (
            "well-known moon - landing",
            ("well-known moon landing", ("well", "known", "moon", "landing"), (), ()),
        ),
        ('an "unclosed phrase', ("an unclosed phrase", ("unclosed", "phrase"), (), ())),
        ('"" "!?" rocket', ("rocket", ("rocket",), (), ())),
        ("--fast x1", ("x1", ("x1",), (), ("-fast",))),
        ("月 ракета", ("月 ракета", ("月", "ракета"), (), ())),
    ],
    ids=[
        "stop",
        "repeated",
        "only stop",
        "phrase",
        "minus",
        "minus phrase",
        "dashes",
        "open",
        "empty",
        "--",
        "scripts",
    ],
)
def test_a_query_is_taken_apart(query: str, expected: tuple[object, ...]) -> None:
    assert taken_apart(parse(query)) == expected


@pytest.mark.parametrize("query", ["-rocket", '-rocket -"launch pad"', "-rocket !"])
def test_leaving_out_alone_is_no_question(query: str) -> None:
    with pytest.raises(InputError, match="has only excluded words"):
        parse(query)


def test_prose_has_no_operators() -> None:
    assert taken_apart(plain('the "moon" -dash landing')) == (
        'the "moon" -dash landing',
        ("moon", "dash", "landing"),
        (),
        (),
    )
