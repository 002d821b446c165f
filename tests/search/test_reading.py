"""A document is opened at the page of a passage; of an endless page the part around it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

import semsearch
from semsearch.errors import NotFoundError
from semsearch.search.reading import MAX_SHOWN, Reading, open_document
from semsearch.storage import connect
from semsearch.storage.collections import open_collection


@pytest.fixture
def opened(tmp_path: Path):
    path = str(tmp_path / "a.db")
    sentences = [" ".join(f"word{n} moon tide" for _ in range(4)).capitalize() + f" {n}." for n in range(2_000)]
    rows = [
        {"id": 1, "title": "Long", "body": " ".join(sentences)},
        {"id": 2, "title": "Pages", "body": "One moon is here.\fTwo tides are here.\fThree ships are here."},
    ]
    database = semsearch.open(path, create=True)
    database.ingest("docs", rows, id="id", text=["body"], title="title")
    database.index("docs", passages=True)
    return path


def read(path: str, *given: str, **more: object) -> Reading:
    with connect.reading(path) as db:
        return open_document(db, open_collection(db, "docs_lsa"), *given, **more)


def test_pages_and_passages_lead_to_each_other(opened: str) -> None:
    first = read(opened, "2")
    assert (first.page, first.pages, first.text, first.before) == (1, 3, "One moon is here.", None)
    second = read(opened, "2", passage=first.after["id"])
    assert second.page == 2 and second.text == "Two tides are here." and second.before["id"] == first.passage["id"]
    assert read(opened, "2", page=3).passage["position"] == 3
    with pytest.raises(NotFoundError, match="no page 4"):
        read(opened, "2", page=4)


def test_of_an_endless_page_the_part_around_the_passage_is_shown(opened: str) -> None:
    with connect.reading(opened) as db:
        rows = db.execute("select id, text from docs_passages where document = '1' order by position").fetchall()
    for key, text in (rows[0], rows[len(rows) // 2], rows[-1]):
        found = read(opened, "1", passage=key)
        assert found.is_cut and len(found.text) <= MAX_SHOWN
        assert found.text[found.passage["start"] - found.start : found.passage["end"] - found.start] == text
