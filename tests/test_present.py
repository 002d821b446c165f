"""Where the words of a query stand in a text."""

from __future__ import annotations

import random
import re

import pytest

from semsearch.maths.languages import ENGLISH
from semsearch.maths.text import Analyzer, tokens
from semsearch.present import cosine, snippet, title_of
from semsearch.records import Dataset, Hit

PIECES = ("orbit", "Orbits", "orbiting", "moon", "_", "-", " ", " ", "'", "é", "ﬁ", "7", "ORBIT", "in", "\u0301", ".")


@pytest.mark.parametrize(
    ("id", "label", "said"),
    [
        (7, None, "Image 7"),
        (7, "6", "Image 7 (label 6)"),
        ("a/b.png", None, "a/b.png"),
        ("sneakers/b.png", "sneakers", "sneakers/b.png"),
        ("b.png", "sneakers", "b.png (label sneakers)"),
    ],
)
def test_what_a_picture_is_called(id: int | str, label: str | None, said: str) -> None:
    images = Dataset(1, "x", "images", "text", ("id",), (), None, "label", "ingest", None, "")
    assert title_of(images, Hit(id, 1.0, row={"label": label})) == said


def plainly(text: str, query: str) -> list[str]:
    """The words of a text that share a stem with the query, each as it stands: word by word, by regular expression."""
    every = Analyzer(stop=False)
    wanted = set(filter(None, Analyzer().terms(Analyzer().content_words(query))))
    return [word for word in re.findall(r"(?:[^\W_]|\u0301)+", text) if wanted & set(every.terms(tokens(word)))]


def test_nothing_is_nothing_from_whichever_side() -> None:
    said = {0.984: "0.98", 0.001: "0.00", -0.001: "0.00", -0.2: "-0.20", None: ""}
    assert {value: cosine(value) for value in said} == said


def test_marks_are_those_of_a_plain_reading() -> None:
    chance = random.Random(6)
    marked = 0
    for _ in range(500):
        text = "".join(chance.choices(PIECES, k=30))
        pieces = snippet(text, "orbits of moons", len(text) + 1, ENGLISH)
        assert [word for word, is_wanted in pieces if is_wanted] == plainly(text, "orbits of moons")
        assert "".join(piece for piece, _ in pieces) == " ".join(text.split())
        marked += sum(is_wanted for _, is_wanted in pieces)
    assert marked > 500
