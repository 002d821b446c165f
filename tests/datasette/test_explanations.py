"""Why a result was found, on the page and in its JSON: the same parts, adding up, kept from link to link."""

from __future__ import annotations

import re
from html import unescape

import pytest

from semsearch import present
from semsearch.search import query
from semsearch.search.explain import explain
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from tests.datasette.pages import ARTICLES, WORDS, Shape, ours, twin

ASKED = ARTICLES + "?q=astronaut+flour&k=8"
EXPLAINED = ASKED + "&explain=1"


def test_json_says_what_explain_says(site, library):
    with connect.reading(library) as db:
        hits = query.search(db, open_collection(db, "articles_lsa"), "astronaut flour", k=8).hits
        told = [
            present.explanation_dict(why)
            for why in explain(db, open_collection(db, "articles_lsa"), "astronaut flour", hits)
        ]
    data = site.get(twin(EXPLAINED)).json()
    assert [hit["explanation"]["sentence"] for hit in data["hits"]] == [why["sentence"] for why in told]
    for hit in data["hits"]:
        parts = hit["explanation"]["pairs"]
        total = sum(pair["contribution"] for pair in parts["listed"]) + parts["others"]
        assert total == pytest.approx(hit["vector_score"], abs=1e-4)  # the stored vectors are float32
    assert not any("explanation" in hit for hit in site.get(twin(ASKED)).json()["hits"])


def test_the_page_adds_up_and_names_the_words(site):
    page = ours(site.get(EXPLAINED).text)
    tables = re.findall(r"<table.*?</table>", page, re.S)
    assert len(tables) == 8
    for table in tables:
        text = unescape(table).replace("\N{MINUS SIGN}", "-")
        whole = float(re.search(r"Score breakdown: similarity (-?\d\.\d+)", text)[1])
        parts = [float(part) for part in re.findall(r"<td>([-+]\d\.\d+)<", text)]
        assert sum(parts) == pytest.approx(whole, abs=0.0005 * (len(parts) + 1))  # each is rounded to .001
    assert "Shared words: <em>flour</em>" in page
    met = site.get(ARTICLES + "?q=baguette&mode=vector&k=6&explain=1").text
    assert "No shared word; similar through: <em>" in met
    assert "sem-reasons" not in ours(site.get(ASKED).text)


def test_the_link_turns_it_on_and_off_and_the_form_keeps_it(site):
    shape = Shape(ours(site.get(ASKED + "&theme=bread").text))
    on = next(link for link in shape.links if "explain=1" in link)
    page = site.get(on).text
    assert "sem-reasons" in page and "theme__exact=bread" in on
    assert '<input type="hidden" name="explain" value="1">' in page
    off = next(link for link in Shape(ours(page)).links if "theme__exact=bread" in link and "explain" not in link)
    assert "sem-reasons" not in site.get(off).text
    more = site.get(EXPLAINED.replace("k=8", "k=3")).text
    after = next(link for link in Shape(ours(more)).links if "after=3" in link and "explain=1" in link)
    assert "sem-reasons" in site.get(after).text


def test_topics_lead_to_their_page(site):
    page = ours(site.get(EXPLAINED).text)
    links = [link for link in Shape(page).links if "/components" in link]
    number = re.search(r'<a href="[^"]*components[^"]*">(\d+)</a> [+\N{MINUS SIGN}]', page)[1]
    assert (
        f"Topic {number}: "
        in site.get(
            next(
                link
                for link in links
                if link.endswith(f"after={int(number) - 1}") or (number == "1" and "after" not in link)
            )
        ).text
    )


def test_of_words_there_is_nothing_to_explain(site):
    page = site.get(WORDS + "?q=moon&explain=1")
    assert page.status_code == 200
    assert "sem-reasons" not in page.text and "Why these results" not in page.text


def test_a_row_that_changed_says_so(site, library):
    with connect.writing(library) as db:
        db.execute("update articles set body = body || ' with bread and flour and yeast' where id = 1")
        db.commit()
    page = site.get(ARTICLES + "?q=moon+dough&explain=1&k=20").text
    assert page.count("The row has changed since the build") == 1
