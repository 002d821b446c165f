"""The table of endpoints: it names every page and every argument, and OpenAPI is made from it."""

from __future__ import annotations

import re

import pytest
import semsearch_datasette
from semsearch_datasette.endpoints import ENDPOINTS, openapi

from tests.datasette.pages import ARTICLES

IMAGES = re.compile(
    r"/(thumbnail|component/|reconstruction|reconstructed|coded|asked|quiz|samples?$|walk|trained|picture|map\\\.|{page})"
)
OF_IMAGES = ("reconstruct", "samples", "pretext", "comparison")
OF_TEXTS = [each for each in ENDPOINTS if not any(name in each.path for name in (*OF_IMAGES, "/links", "/map/"))]


def pages() -> dict[str, bool]:
    """The path of each registered page, with names in braces, and whether it has a CSV."""
    paths = {}
    for pattern, _ in semsearch_datasette.register_routes():
        path = re.sub(r"\(\?P<(?!format)(\w+)>[^()]*\)", r"{\1}", pattern).strip("^$")
        plain, mark, formats = path.partition("(?P<format>")
        if mark and (not IMAGES.search(plain) or plain.endswith("/samples")):
            paths[plain] = "csv" in formats
    return paths


def test_every_page_is_in_the_table():
    assert {each.path: each.csv for each in ENDPOINTS} == pages()


def test_openapi_describes_every_address(site):
    answer = site.get("/-/semsearch/openapi.json")
    assert answer.status_code == 200 and answer.json() == openapi()
    paths = answer.json()["paths"]
    assert set(paths) == {f"{each.path}.json" for each in ENDPOINTS} | {
        f"{each.path}.csv" for each in ENDPOINTS if each.csv
    }
    search = paths["/{database}/-/semsearch/{collection}.json"]["get"]["parameters"]
    assert {each["name"] for each in search if each["in"] == "path"} == {"database", "collection"}
    mode = next(each for each in search if each["name"] == "mode")
    assert mode["schema"] == {"type": "string", "enum": ["hybrid", "vector", "text"]}


@pytest.mark.parametrize("endpoint", OF_TEXTS, ids=lambda endpoint: endpoint.path)
def test_a_number_beyond_the_limits_is_refused(site, endpoint):
    path = endpoint.path.replace("/{database}/-/semsearch/{collection}", ARTICLES)
    path = path.replace("{id}", "1").replace("{database}", "library")
    words = "q=moon"
    if endpoint.path.endswith(("/analogy", "/plot", "/cooccurrence")):
        path, words = path.replace(ARTICLES, f"{ARTICLES}_words"), "a=moon&b=moon&c=moon"
    assert site.get(f"{path}.json").status_code == 200
    for parameter in endpoint.parameters:
        if parameter.most is not None:
            refused = site.get(f"{path}.json?{words}&{parameter.name}={parameter.most + 1:g}")
            assert refused.status_code == 400 and parameter.name in refused.json()["error"]
