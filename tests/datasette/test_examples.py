"""What an empty search page offers to try: queries from the collection's own topics, and its newest rows."""

from __future__ import annotations

import html
import re

from semsearch.storage import connect
from tests.datasette.pages import ARTICLES, WORDS, ours

LINK = re.compile(r'<li><a href="([^"]*)">([^<]*)</a></li>')


def offered(page: str, heading: str) -> list[tuple[str, str]]:
    """Texts and addresses of the list under a heading."""
    part = page.split(f'<h2 class="sem-starts-head">{heading}</h2>')[1].split("</ul>")[0]
    return [(text, html.unescape(href)) for href, text in LINK.findall(part)]


def test_each_example_finds_something(site):
    found = offered(ours(site.get(ARTICLES).text), "Try one of these")
    assert 1 <= len(found) <= 5 and len({text for text, _ in found}) == len(found)
    topics = site.get(f"{ARTICLES}/components.json").json()
    assert {word for text, _ in found for word in text.split()} <= set(re.findall(r"\w+", str(topics)))
    for text, href in found:
        data = site.get(href.replace("?", ".json?")).json()
        assert data["query"] == text and data["hits"]


def test_newest_rows_come_last_first(site, library):
    with connect.reading(library) as db:
        titles = [row[0] for row in db.execute("select title from articles order by id desc limit 5")]
    assert [text for text, _ in offered(ours(site.get(ARTICLES).text), "Last rows of articles")] == titles


def test_neither_stands_on_a_page_with_results_or_of_words(site):
    for path in (f"{ARTICLES}?q=moon", WORDS):
        page = site.get(path).text
        assert "Try one of these" not in page and "Last rows of articles" not in page
