"""Passages of a private table are seen only by those who may see the table."""

from __future__ import annotations

import pytest

import semsearch
from semsearch.storage import connect
from tests.datasette.closed import CLOSED_SQL, INSIDERS
from tests.datasette.pages import configured
from tests.datasette.site import Site

SECRET = "brass lantern"
DERIVED = ("secret_passages", "secret_lsa", "secret_lsa_words_vocabulary")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    path = tmp_path_factory.mktemp("passages") / "library.db"
    with connect.writing(str(path), create=True) as db:
        for table, fact in (("secret", SECRET), ("open", "paper boat")):
            db.execute(f"create table {table} (id integer primary key, title text, body text)")
            rows = [(f"File {n}", f"The {fact} number {n} is here. " * 60 + f"Row {n} ends.") for n in range(6)]
            db.executemany(f"insert into {table} (title, body) values (?, ?)", rows)
    database = semsearch.open(path)
    for table in ("secret", "open"):
        database.index(table, text=["body"], title="title", passages=True)
    config = {"databases": {"library": {**CLOSED_SQL, "tables": {"secret": {"allow": INSIDERS}}}}}
    made = Site([str(path)], **configured(config))
    yield made
    made.close()


@pytest.mark.parametrize("name", DERIVED)
def test_outsiders_find_nothing_that_was_made_of_the_table(site, name):
    pages = (f"/library/-/semsearch/{name}{page}" for page in ("?q=lantern", "/read/1", "/read/1.json"))
    for path in (f"/library/{name}", f"/library/{name}.json", *pages):
        answer = site.get(path)
        assert answer.status_code in (403, 404) and SECRET not in answer.text


def test_insiders_find_the_passages_and_everybody_the_open_ones(site):
    asked = site.as_actor("owner")
    found = site.get("/library/-/semsearch/secret_lsa.json?q=lantern", **asked).json()["hits"]
    assert found and SECRET in found[0]["row"]["text"] and found[0]["row"]["document"]
    assert site.get("/library/secret_passages.json?_shape=array", **asked).status_code == 200
    assert site.get("/library/-/semsearch/open_lsa.json?q=boat").json()["hits"]
    assert SECRET not in site.get("/library.json").text and "secret_passages" not in site.get("/library.json").text


def test_a_result_opens_the_document_at_its_passage(site):
    results = site.get("/library/-/semsearch/open_lsa?q=boat").text
    (best, *_) = site.get("/library/-/semsearch/open_lsa.json?q=boat").json()["hits"]
    row = best["row"]
    base = f"/library/-/semsearch/open_lsa/read/{row['document']}"
    assert f'href="{base}?passage={best["id"].replace("#", "%23")}&amp;q=boat#passage"' in results
    page = site.get(f"{base}?passage={best['id'].replace('#', '%23')}&q=boat").text
    inside = page.partition('id="passage">')[2].partition("</span>")[0]
    assert inside.replace("<mark>boat</mark>", "boat") == row["text"] and "<mark>boat</mark>" in inside
    assert "More like this passage" in page
    found = site.get(f"{base}.json?passage={best['id'].replace('#', '%23')}").json()
    assert (
        found["text"][found["passage"]["start"] - found["start"] : found["passage"]["end"] - found["start"]]
        == row["text"]
    )
    following = site.get(f"{base}.json").json()
    assert following["previous"] is None and following["next"]["position"] == 2


@pytest.mark.parametrize("asked", ["99", "1?passage=nothing", "1?page=2", "~2E~2E~2Fetc", "1?passage=2%23ab"])
def test_what_cannot_be_read_is_not_found(site, asked):
    base = "/library/-/semsearch/open_lsa/read/"
    assert site.get(base + asked).status_code == 404
    assert site.get("/library/-/semsearch/open_lsa_words/read/1").status_code == 404
    assert site.get(base + "1?page=0").status_code == 400
