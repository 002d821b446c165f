"""The page that answers a question with passages."""

from __future__ import annotations

import pytest

from tests.datasette.pages import ARTICLES


def test_a_question_is_answered_with_marked_passages(site):
    page = site.get(f"{ARTICLES}/ask?q=Who returned to earth in a capsule?").text
    assert "<mark>returned</mark>" in page and "<mark>capsule</mark>" in page
    assert "&lt;b onload=alert(1)&gt;" in page and "<b onload" not in page
    answer = site.get(f"{ARTICLES}/ask.json?q=Who returned to earth in a capsule?").json()
    passage = answer["passages"][0]["passage"]
    body = answer["passages"][0]["row"]["body"]
    assert body[passage["start"] : passage["end"]] == passage["text"]
    assert set(passage["words_matched"]) >= {"returned", "earth", "capsule"}


def test_signs_of_the_query_language_are_only_signs_in_a_question(site):
    found = site.get(f'{ARTICLES}/ask.json?q=-earth "returned capsule').json()
    assert "capsule" in found["passages"][0]["passage"]["text"]


@pytest.mark.parametrize(("asked", "status"), [("", 200), ("q=%20", 200), ("q=xyzzyx", 200), ("q=moon&k=99", 400)])
def test_a_question_without_an_answer(site, asked, status):
    assert site.get(f"{ARTICLES}/ask?{asked}").status_code == status
    assert site.get(f"{ARTICLES}/ask.json?{asked}").status_code == status


def test_words_are_not_asked(site):
    assert site.get(f"{ARTICLES}_words/ask?q=moon").status_code == 404
    assert "/ask" not in site.get(f"{ARTICLES}_words").text
