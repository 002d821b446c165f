"""Pages of the library, their addresses, and how tests read them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

HOME = "/-/semsearch"
ARTICLES = "/library/-/semsearch/articles_lsa"
WORDS = "/library/-/semsearch/articles_lsa_words"
PAGES = {
    "home": HOME,
    "home of a database": "/library/-/semsearch",
    "search, nothing asked": ARTICLES,
    "search": ARTICLES + "?q=dough",
    "search, filtered": ARTICLES + "?q=dough&theme=bread&pages__gt=20",
    "search, explained": ARTICLES + "?q=moon+flour&explain=1&k=12",
    "search words": WORDS + "?q=moon",
    "item": ARTICLES + "/item/1",
    "read": ARTICLES + "/read/1?q=moon",
    "word": WORDS + "/item/moon",
    "similar": ARTICLES + "/similar/1",
    "similar, filtered": ARTICLES + "/similar/1?theme__not=bread",
    "similar words": WORDS + "/similar/moon",
    "components": ARTICLES + "/components",
    "components from the words": WORDS + "/components",
    "no common word": ARTICLES + "/components?pair=1",
    "splits of Σ": ARTICLES + "/splits?id=1",
    "splits of Σ for words": WORDS + "/splits?id=moon",
    "duplicates": ARTICLES + "/duplicates?threshold=0.5&words=0.1",
    "duplicates among words": WORDS + "/duplicates",
    "clusters, none made": ARTICLES + "/clusters",
    "map, none made": ARTICLES + "/map",
    "labels": ARTICLES + "/labels?label=theme",
    "labels, the first column": ARTICLES + "/labels",
    "labels, no column of them": WORDS + "/labels",
    "runs": ARTICLES + "/runs",
}
each_page = pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())


def twin(path: str) -> str:
    """The URL of a page's JSON."""
    before, mark, arguments = path.partition("?")
    return f"{before}.json{mark}{arguments}"


class Shape(HTMLParser):
    """What a page is made of: links, fields, labels, headings, and tags in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fields: list[dict[str, Any]] = []
        self.labels: set[str | None] = set()
        self.tags: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.fields.append(given)
        if tag == "label":
            self.labels.add(given.get("for"))


def ours(html: str) -> str:
    """The part of a page between Datasette's frame."""
    return html[html.index('<div class="sem"') : html.index('<footer class="ft"')]


OWNER = {"allow": {"id": "owner"}}
PRIVATE = {"databases": {"library": {"tables": {"articles": OWNER}}}}


def configured(config):
    from semsearch_datasette.compat import IS_1

    return {"config" if IS_1 else "metadata": config}
