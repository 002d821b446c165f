"""The glossary: every term on one page, linked from each page's explanation."""

from __future__ import annotations

import html
import re

import pytest
from semsearch_datasette.parts.how import marked_up

from semsearch import run_facts
from semsearch.glossary import GLOSSARY, TERMS
from semsearch.metrics import RUN_METRICS
from tests.datasette.pages import ARTICLES, ours, twin

GLOSSARY_URL = "/-/semsearch/glossary"


def test_every_term_is_on_the_page_with_an_anchor(site):
    text = ours(site.get(GLOSSARY_URL).text)
    anchors = re.findall(r'<dt id="([^"]+)"', text)
    assert anchors == [term.key for term in GLOSSARY] + [f"metric-{key}" for key in RUN_METRICS]
    for term in GLOSSARY:
        assert marked_up(term.text) in text and html.escape(term.formula) in text
    assert [term["key"] for term in site.get(twin(GLOSSARY_URL)).json()["terms"]] == list(TERMS)


def test_terms_are_sorted_and_none_is_given_twice():
    names = [term.name.lower() for term in GLOSSARY]
    assert names == sorted(set(names)) and len(TERMS) == len(GLOSSARY)


def test_pages_link_the_glossary(site):
    for page in ("/-/semsearch", ARTICLES, ARTICLES + "/components", ARTICLES + "/item/1"):
        assert f'href="{GLOSSARY_URL}"' in site.get(page).text


PAGES = ["", "/components", "/labels", "/runs", "/duplicates?threshold=0.5&words=0.01", "/item/1", "?q=bread"]


@pytest.mark.parametrize("page", PAGES)
def test_the_terms_that_a_page_links_are_in_the_glossary(site, page):
    text = site.get(ARTICLES + page).text
    linked = set(re.findall(rf'href="{GLOSSARY_URL}#([^"]+)"', text))
    assert linked <= set(re.findall(r' id="([^"]+)"', site.get(GLOSSARY_URL).text))
    assert linked or page in ("", "/item/1", "?q=bread")


def test_the_runs_page_says_what_each_metric_means(site):
    text = site.get(ARTICLES + "/runs").text
    fact = run_facts.metric_of("captured_energy")
    assert f"<details><summary>{fact.name}</summary><p>{html.escape(fact.meaning)}" in text
    assert "higher is better" in text
    data = site.get(twin(ARTICLES + "/runs")).json()
    keys = {key for run in data["runs"] for key in run["metrics"]}
    assert keys == data["meanings"].keys() and data["meanings"]["captured_energy"]["better"] == fact.better == "higher"
