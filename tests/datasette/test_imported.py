"""Pages of a collection that was imported: the same as of any other, and as closed as its words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from semsearch.ingest.vectors import VectorSource, load_vectors
from semsearch.search import query
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from tests.datasette.pages import configured
from tests.datasette.site import Site

BASE = "/library/-/semsearch/glove"
LINES = "king 3 1 0\nqueen 3 2 0\nbread 0 1 4\nflour 0 2 4\na/b 1 1 1\n"


@pytest.fixture
def glove(library: str, tmp_path: Path) -> str:
    """The library with the collection `glove`."""
    (tmp_path / "glove.txt").write_text(LINES)
    with connect.writing(library) as db:
        load_vectors(db, "glove", VectorSource(str(tmp_path / "glove.txt")))
        connect.checkpoint(db)
    return library


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/-/semsearch", "glove"),
        (BASE, "used in similar contexts in glove_vocabulary"),
        (f"{BASE}?q=king", "queen"),
        (f"{BASE}?q=king&explain=1", "queen"),
        (f"{BASE}?q=qqq", "glove has no word of the query"),
        (f"{BASE}/item/king", "Most similar words"),
        (f"{BASE}/item/a~2Fb", "a/b"),
        (f"{BASE}/similar/bread", "flour"),
        (f"{BASE}/duplicates?threshold=0.9", "queen"),
        (f"{BASE}/runs", "glove.txt"),
        ("/library/glove", "3 floats"),
        ("/library/glove_vocabulary", "Semantic search"),
        ("/library/glove_vocabulary/king", "More like this"),
    ],
)
def test_pages(glove: str, make_site: Callable[..., Site], path: str, said: str) -> None:
    answer = make_site(glove).get(path)
    assert answer.status_code == 200 and said in answer.text
    if path.startswith(BASE):
        where, mark, arguments = path.partition("?")
        assert make_site(glove).get(f"{where}.json{mark}{arguments}").status_code == 200


def test_the_page_and_the_library_agree(glove: str, make_site: Callable[..., Site]) -> None:
    hits = make_site(glove).get(f"{BASE}/similar/king.json").json()["hits"]
    with connect.reading(glove) as db:
        ours = query.similar(db, open_collection(db, "glove"), ["king"])
    assert [hit["id"] for hit in hits] == [hit.id for hit in ours.hits] == ["queen", "a/b", "flour", "bread"]


def test_who_may_not_see_the_words_sees_none_of_it(glove: str, make_site: Callable[..., Site]) -> None:
    closed: dict[str, Any] = {"databases": {"library": {"tables": {"glove_vocabulary": {"allow": {"id": "ann"}}}}}}
    site = make_site(glove, **configured(closed))
    paths = (BASE, f"{BASE}/item/king", f"{BASE}/similar/king", "/library/glove", "/library/glove_vocabulary")
    for path in paths:
        assert site.get(path).status_code == (404 if "/-/" in path else 403)
        assert site.get(path, **site.as_actor("ann")).status_code == 200
    assert "glove" not in site.get("/-/semsearch").text
