"""Passages of a private table are seen by those who may see the table, and by nobody else."""

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
    for path in (f"/library/{name}", f"/library/{name}.json", f"/library/-/semsearch/{name}?q=lantern"):
        answer = site.get(path)
        assert answer.status_code in (403, 404) and SECRET not in answer.text


def test_insiders_find_the_passages_and_everybody_the_open_ones(site):
    asked = site.as_actor("owner")
    found = site.get("/library/-/semsearch/secret_lsa.json?q=lantern", **asked).json()["hits"]
    assert found and SECRET in found[0]["row"]["text"] and found[0]["row"]["document"]
    assert site.get("/library/secret_passages.json?_shape=array", **asked).status_code == 200
    assert site.get("/library/-/semsearch/open_lsa.json?q=boat").json()["hits"]
    assert SECRET not in site.get("/library.json").text and "secret_passages" not in site.get("/library.json").text
