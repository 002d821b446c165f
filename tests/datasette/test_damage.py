"""Files that are damaged or taken away under a server: one clear 503, no path, and other collections stay."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from semsearch_datasette.compat import IS_1

from semsearch.storage import connect, driver

B = "/library/-/semsearch"
OWN = tuple(f"{B}/articles_lsa{page}" for page in ("?q=moon", "/item/1", "/runs", "/labels?label=theme"))
OTHERS = ("/-/semsearch", B, f"{B}/places_lsa?q=moon", f"{B}/places_lsa/runs", "/library/articles", "/library/places")
VALUES = {
    "edges": "update _semsearch_datasets set edges = '{' where name = 'articles'",
    "key columns": "update _semsearch_datasets set key_columns = '[1]' where name = 'articles'",
    "text columns": "update _semsearch_datasets set text_columns = x'ff' where name = 'articles'",
    "metrics": "update _semsearch_runs set metrics = '{\"hybrid_weight\": \"b\"}' where dataset = 'articles'",
    "options": "update _semsearch_runs set options = x'ff' where dataset = 'articles'",
    "dim": "update _semsearch_collections set dim = 'abc' where name = 'articles_lsa'",
    "kind": "update _semsearch_collections set kind = 'planet' where name = 'articles_lsa'",
    "run": "update _semsearch_collections set run = 999 where name = 'articles_lsa'",
    "array of another type": "update _semsearch_models set dtype = '<i8', shape = '[' || (length(content) / 8) || ']'"
    " where run = 1 and length(content) % 8 = 0",
    "array of another shape": "update _semsearch_models set shape = '[1, 2, 3]' where run = 1",
    "vectors": "drop table _semsearch_vec_1",
    "part of the vectors": "drop table _semsearch_vec_1_rowids",
    "vectors of another type": "update _semsearch_vec_1_vector_chunks00 set vectors = 'abc'",
    "items": "update _semsearch_items set key = x'ff' where item = 1",
    "sources": "update _semsearch_sources set sample = '{' where run = 1",
}  # fmt: skip


def damaged(library, statement):
    with connect.writing(library) as db:
        db.execute("pragma foreign_keys = off")
        db.execute(statement)
        connect.checkpoint(db)


@pytest.mark.parametrize("statement", VALUES.values(), ids=VALUES.keys())
def test_a_damaged_value_is_a_503_of_its_collection_alone(library, make_site, statement, capfd):
    damaged(library, statement)
    site = make_site(library)
    for page in OWN:
        for each in (page, page.replace("?", ".json?") if "?" in page else f"{page}.json"):
            answer = site.get(each)
            assert answer.status_code in (200, 400, 404, 503), each
            if answer.status_code == 503:
                assert "damaged" in answer.text or "no such" in answer.text, each
                assert str(os.path.dirname(library)) not in answer.text
    for page in OTHERS:
        assert site.get(page).status_code == 200, page
    capfd.readouterr()


def test_a_damaged_edge_of_one_dataset_hides_no_other(library, make_site):
    damaged(library, VALUES["edges"])
    answer = make_site(library).get("/library/places_lsa.json")
    assert answer.status_code == 200


@pytest.mark.parametrize("change", ["deleted", "moved", "cut to nothing", "cut in half", "another file"])
def test_a_file_that_is_taken_away_is_a_503_without_its_path(library, make_site, change):
    site = make_site(library)
    assert site.get(OWN[0]).status_code == 200
    {
        "deleted": lambda: os.unlink(library),
        "moved": lambda: os.rename(library, f"{library}.moved"),
        "cut to nothing": lambda: os.truncate(library, 0),
        "cut in half": lambda: os.truncate(library, os.path.getsize(library) // 2),
        "another file": lambda: Path(library).write_bytes(b"no database" * 9000),
    }[change]()
    folder = os.path.dirname(library)
    for page in (*OWN, *OTHERS[:3], f"{B}/articles_lsa/duplicates", f"{B}/articles_lsa/similar/2"):
        answer = site.get(page)
        assert answer.status_code in (200, 404, 503), (page, answer.text[-600:])
        assert folder not in answer.text, page


def test_a_new_thread_that_cannot_open_the_file_says_so(library, make_site):
    """Datasette opens the file once in each thread; here no thread has yet."""
    site = make_site(library)
    os.rename(library, f"{library}.moved")
    site.datasette.executor.shutdown()
    site.datasette.executor = type(site.datasette.executor)(max_workers=1)
    for page in OWN[:2]:
        answer = site.get(page)
        assert answer.status_code in (403, 404, 503) and os.path.dirname(library) not in answer.text
    shutil.copy(f"{library}.moved", library)
    assert site.get(OWN[0]).status_code == 200 or IS_1


def test_a_locked_file_is_a_503(library, make_site):
    other = driver.sqlite3.connect(library, isolation_level=None)
    other.execute("pragma journal_mode = delete")
    site = make_site(library)
    other.execute("pragma locking_mode = exclusive")
    other.execute("begin exclusive")
    assert site.get(OWN[1]).status_code in (403, 404, 503)
    other.execute("rollback")
    other.close()
    assert site.get(OWN[1]).status_code == 200
