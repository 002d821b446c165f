"""Facets beside the results of a search, and results as CSV."""

from __future__ import annotations

import csv
import io
import re

from tests.datasette.pages import ARTICLES, WORDS, ours

FACETS = re.compile(r'<dl class="sem-facets".*?</dl>', re.S)


def facets_of(site, path: str) -> dict[str, int]:
    """The values shown with their counts, those of all columns together."""
    found = FACETS.findall(ours(site.get(path).text))
    pattern = r'<dd><a href="[^"]*">([^<]*)</a> <span class="sem-quiet">([\d,]+)</span>'
    return {value: int(count) for value, count in re.findall(pattern, found[0] if found else "")}


def test_values_are_counted_among_the_best_results_and_not_on_the_page_only(site):
    everything = site.get(f"{ARTICLES}.json?q=moon+dough&k=200").json()["hits"]
    themes = [hit["row"]["theme"] for hit in everything]
    expected = {theme: themes.count(theme) for theme in set(themes)}
    assert len(expected) == 2 and sum(expected.values()) > 3
    assert expected.items() <= facets_of(site, f"{ARTICLES}?q=moon+dough&k=3").items()


def test_a_value_leads_to_a_search_among_its_rows(site):
    page = ours(site.get(f"{ARTICLES}?q=moon+dough").text)
    (link,) = set(re.findall(r'href="([^"]*theme__exact=bread[^"]*)"', page))
    hits = site.get(link.replace("&amp;", "&").replace("?", ".json?", 1)).json()["hits"]
    assert hits and {hit["row"]["theme"] for hit in hits} == {"bread"}
    assert "bread" not in facets_of(site, link.replace("&amp;", "&"))  # a column of one value has nothing to choose


def test_words_have_no_facets(site):
    assert not FACETS.search(site.get(f"{WORDS}?q=moon").text)


def test_results_as_csv_are_those_of_the_json(site):
    for path in (f"{ARTICLES}%s?q=moon+dough&k=5", f"{ARTICLES}/similar/1%s?k=3", f"{WORDS}%s?q=moon&k=4"):
        answer = site.get(path % ".csv")
        assert answer.status_code == 200 and answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        hits = site.get(path % ".json").json()["hits"]
        assert [row["id"] for row in rows] == [str(hit["id"]) for hit in hits] and rows
        assert [float(row["score"]) for row in rows] == [hit["score"] for hit in hits]
        assert set(rows[0]) >= set(hits[0]["row"])
        assert (path % ".csv").replace("&", "&amp;") in site.get(path % "").text


def test_near_duplicates_as_csv(site):
    arguments = "threshold=0.5&words=0.1"
    pairs = site.get(f"{ARTICLES}/duplicates.json?{arguments}").json()["pairs"]
    rows = list(csv.DictReader(io.StringIO(site.get(f"{ARTICLES}/duplicates.csv?{arguments}").text)))
    assert [(row["id"], row["other_title"]) for row in rows] == [
        (str(pair["one"]["id"]), pair["other"]["title"]) for pair in pairs
    ]
    assert rows


def test_other_pages_have_no_csv(site):
    assert site.get(f"{ARTICLES}/components.csv").status_code == 404
    assert "or <a" not in site.get(f"{ARTICLES}/components").text
