"""A query taken apart: words, phrases, and what must not be there."""

from __future__ import annotations

import pytest

from semsearch.errors import InputError
from semsearch.search.query_parser import Question, parse, plain


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("the rocket", Question("the rocket", ("rocket",), (), ())),
        ("rocket, rocket fuel", Question("rocket, rocket fuel", ("rocket", "rocket", "fuel"), (), ())),
        ("to be", Question("to be", ("to", "be"), (), ())),
        ('"heavy dough" rye', Question("heavy dough rye", ("rye", "heavy dough"), ("heavy dough",), ())),
        ("moon -lander", Question("moon", ("moon",), (), ("lander",))),
        ('moon -"launch pad"', Question("moon", ("moon",), (), ("launch pad",))),
        (
            "well-known moon - landing",
            Question("well-known moon landing", ("well", "known", "moon", "landing"), (), ()),
        ),
        ('an "unclosed phrase', Question("an unclosed phrase", ("unclosed", "phrase"), (), ())),
        ('"" "!?" rocket', Question("rocket", ("rocket",), (), ())),
        ("--fast x1", Question("x1", ("x1",), (), ("-fast",))),
        ("月 ракета", Question("月 ракета", ("ракета",), (), ())),
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
def test_a_query_is_taken_apart(query: str, expected: Question) -> None:
    assert parse(query) == expected


@pytest.mark.parametrize("query", ["-rocket", '-rocket -"launch pad"', "-rocket !"])
def test_leaving_out_alone_is_no_question(query: str) -> None:
    with pytest.raises(InputError, match="has only excluded words"):
        parse(query)


def test_prose_has_no_operators() -> None:
    assert plain('the "moon" -dash landing') == Question(
        'the "moon" -dash landing', ("moon", "dash", "landing"), (), ()
    )
