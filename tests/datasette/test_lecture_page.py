"""The guide to the techniques, and the explanation on each page that leads to it."""

from __future__ import annotations

import html
import re

import pytest
from semsearch_datasette.parts import how

from semsearch import registry
from semsearch.techniques import GUIDE, TECHNIQUES
from tests.datasette.pages import ARTICLES, WORDS, ours, twin

GUIDE_URL = "/-/semsearch/lecture"
HOW = re.compile(r'<details class="sem-how">(.*?)</details>', re.S)


def test_every_technique_is_on_the_page_with_formula_and_command(site):
    text = ours(site.get(GUIDE_URL).text)
    for technique in TECHNIQUES.values():
        assert f'id="{technique.key}"' in text
        for part in (*technique.formulas, technique.command):
            assert part in html.unescape(text)
        for part in (technique.what, technique.look_at):
            assert how.marked_up(part) in text
    data = site.get(twin(GUIDE_URL)).json()
    assert [part["title"] for part in data["parts"]] == [part.title for part in GUIDE]


def test_the_guide_links_the_collections_that_show_a_technique(site):
    text = ours(site.get(GUIDE_URL).text)
    lsa = text.split('id="lsa"')[1].split("</article>")[0]
    assert f'href="{ARTICLES}"' in lsa and f'href="{WORDS}"' in lsa
    assert "In your data" not in text.split('id="gan"')[1].split("</article>")[0]


@pytest.mark.parametrize(
    ("page", "key"),
    [("", "hybrid"), ("?q=moon", "hybrid"), ("/item/1", "neighbours"), ("/similar/1", "neighbours")]
    + [("/components", "lsa"), ("/duplicates", "neighbours"), ("/clusters", "clusters"), ("/runs", "lsa")],
)
def test_a_page_explains_itself_and_links_its_row(site, page, key):
    (disclosure,) = HOW.findall(site.get(ARTICLES + page).text)
    technique = TECHNIQUES[key]
    assert f'href="{GUIDE_URL}#{key}"' in disclosure
    assert how.marked_up(technique.what) in disclosure and technique.formulas[0] in html.unescape(disclosure)
    sentences = re.findall(r"[.!?](?:\s|<|$)", re.findall(r"<p>(.*?)</p>", disclosure, re.S)[0])
    assert 2 <= len(sentences) <= 5


def test_texts_of_the_guide_are_escaped_and_marked_up():
    assert how.marked_up("a < b: `x --y` on *Topics*") == "a &lt; b: <code>x --y</code> on <em>Topics</em>"


def test_every_built_in_builder_has_a_technique():
    built_in = registry.load(entry_points=False).builders
    assert set(how.BUILDERS) == {*built_in, "imported"}
    assert set(how.BUILDERS.values()) <= TECHNIQUES.keys()
    assert {key for _, key in how.PAGES.values() if key} <= TECHNIQUES.keys()
