"""Passages are places in the text: of 80 to 200 words, never across a page, with the headings above them."""

from __future__ import annotations

import random

import pytest

from semsearch.maths.passage_cuts import MOST_OVERLAP, MOST_WORDS, count_words, cut


def prose(sentences: int, rng: random.Random, words: int = 12) -> str:
    return " ".join(
        " ".join(rng.choice(["moon", "tide", "harbour", "ship"]) for _ in range(words)).capitalize() + "."
        for _ in range(sentences)
    )


def test_long_prose_is_cut_at_sentences_into_80_to_200_words_with_one_sentence_of_overlap() -> None:
    text = "\n\n".join(prose(number, random.Random(number)) for number in (5, 30, 8, 22, 14))
    cuts = cut(text)
    sizes = [count_words(text[one.start : one.end]) for one in cuts]
    assert all(80 <= size <= MOST_WORDS + MOST_OVERLAP for size in sizes) and len(cuts) > 5
    assert all(text[one.end - 1] == "." and text[one.start].isupper() for one in cuts)
    for one, following in zip(cuts, cuts[1:], strict=False):
        assert one.start < following.start < one.end and text[following.start : one.end].count(".") == 1


def test_a_short_text_is_one_passage_as_it_is() -> None:
    text = "Moon.\n\nTide and harbour."
    (one,) = cut(text)
    assert (one.start, one.end, one.page, one.headings) == (0, len(text), 1, ())


def test_no_passage_crosses_a_page_or_a_heading() -> None:
    text = "# Coast\n\nThe tide is low.\fIt is high.\n\n## Ships\n\nOne ship.\n\n# Sky\n\nThe moon.\f# Only a title"
    found = [(text[one.start : one.end], one.page, one.headings) for one in cut(text)]
    assert found == [
        ("The tide is low.", 1, ("Coast",)),
        ("It is high.", 2, ("Coast",)),
        ("One ship.", 2, ("Coast", "Ships")),
        ("The moon.", 2, ("Sky",)),
        ("Only a title", 3, ("Only a title",)),
    ]


def test_a_table_is_kept_whole_and_a_large_one_is_cut_between_rows() -> None:
    small = "\n".join(f"tea {number} | {number}" for number in range(10))
    text = f"{prose(12, random.Random(1))}\n\n{small}\n\n{prose(12, random.Random(2))}"
    assert any(small in text[one.start : one.end] for one in cut(text))
    large = "\n".join(f"tea and coffee {number} | {number}" for number in range(200))
    parts = [large[one.start : one.end] for one in cut(large)]
    assert len(parts) > 3 and all(row.startswith("tea") and "|" in row for part in parts for row in part.split("\n"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("word " * 5_000, id="no sentence"),
        pytest.param("字" * 5_000, id="no spaces"),
        pytest.param("月の海は静かである。" * 300, id="Japanese"),
        pytest.param("x" * 20_000, id="one word"),
    ],
)
def test_text_without_the_usual_ends_is_cut_all_the_same(text: str) -> None:
    cuts = cut(text)
    assert len(cuts) > 1 and max(one.end - one.start for one in cuts) < 3_000
    assert "".join(text[one.start : one.end] for one in cuts).replace(" ", "").count(text[0]) >= text.count(text[0])


@pytest.mark.parametrize("text", ["", " \n\n ", "\f\f\f", "#", "# \n\n", " | \n | "])
def test_what_holds_nothing_has_no_passage_or_a_small_one(text: str) -> None:
    assert len(cut(text)) <= 1


def test_random_text_keeps_its_places() -> None:
    rng = random.Random(0)
    pieces = [
        "# A\n\n",
        "\f",
        "\n\n",
        "a | b\n",
        "x. ",
        "Moon? ",
        "字。",
        "\t",
        "##\n",
        "word ",
        "é ",
        "\u2028",
        "# b c\n",
    ]
    for _ in range(300):
        text = "".join(rng.choice(pieces) for _ in range(rng.randint(0, 400)))
        for one in cut(text):
            inner = text[one.start : one.end]
            assert inner == inner.strip() and inner and "\f" not in inner
            assert one.page == 1 + text[: one.start].count("\f")
