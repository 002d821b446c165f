"""What counts as made of what, and what holds when that changes or cannot be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from semsearch_datasette import permissions, target
from semsearch_datasette.compat import IS_1

from semsearch.building import update
from semsearch.building.drop import drop
from semsearch.storage import connect, driver
from semsearch.storage.lineage import derived_tables
from tests.datasette.closed import ASKED, INSIDERS, LEVELS, PRIVATE, PUBLIC, VERBS, leaks, names
from tests.datasette.pages import configured
from tests.datasette.site import build_lsa

CATALOGUE = ("datasets", "items", "collections", "runs", "run_steps", "models")


def test_mapping_names_the_catalogue_shadows_and_counters(mixed):
    with connect.reading(mixed) as db:
        found = derived_tables(db)
    private = {PRIVATE, "citations"}  # the edges between its rows are a source of all that was made of it
    everything = {PUBLIC, *private}
    for table in CATALOGUE:
        assert found[f"_semsearch_{table}"] == everything
    assert found["sqlite_stat1"] == everything
    for number, source in ((1, {PUBLIC}), (2, {PUBLIC}), (3, private), (4, private), (7, private)):
        for shadow in ("", "_chunks", "_info", "_rowids", "_vector_chunks00", "_auxiliary"):
            assert found[f"_semsearch_vec_{number}{shadow}"] == source
    for shadow in ("", "_config", "_data", "_docsize", "_idx"):
        assert found[f"_semsearch_fts_2{shadow}"] == {PRIVATE}
    for what in VERBS:
        assert found[f"secret_files_lsa_{what}"] == private
    assert not everything & found.keys()


def test_collection_made_after_the_start_is_denied_at_once(mixed, make_site, tmp_path):
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    with connect.writing(file) as db:
        drop(db, "secret_files_lsa")
    site = make_site(file, **configured(LEVELS["table"]))
    assert site.get("/library/secret_files_lsa.json").status_code == 404
    with connect.writing(file) as db:
        build_lsa(db, "secret_files", ["body"], "title", 3)
    for name in ("secret_files_lsa", "secret_files_lsa_words_vocabulary", "_semsearch_fts_2"):
        answer = site.get(f"/library/{name}.json")
        assert answer.status_code == 403 and leaks(answer.text) == []
    assert site.get("/library/secret_files_lsa.json", **site.as_actor("owner")).status_code == 200


def test_vocabulary_that_was_searched_itself(mixed, make_site, tmp_path):
    """A collection of a vocabulary is made of the table behind it too; and a verdict on it does not stay."""
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    vocabulary = "secret_files_lsa_words_vocabulary"
    with connect.writing(file) as db:
        build_lsa(db, vocabulary, ["word"], None, 2)
        found = derived_tables(db)
    assert found[f"{vocabulary}_lsa"] == {vocabulary, PRIVATE, "citations"}
    site = make_site(file, **configured(LEVELS["table"]))
    for path, status in (
        (f"/library/{vocabulary}_lsa", 403),
        (f"/library/{vocabulary}", 403),
        (f"/library/-/semsearch/{vocabulary}_lsa?q={ASKED}", 404),
    ):
        answer = site.get(path)
        assert answer.status_code == status and leaks(answer.text) == []
    assert names(site.get("/library").text) == names(site.get("/-/semsearch").text) == []
    assert site.get(f"/library/{vocabulary}_lsa", **site.as_actor("owner")).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        "alter table secret_files rename to papers",  # its collections are still there, under a name nobody closed
        "alter table _semsearch_collections rename column dataset to made_of",  # another version's catalogue
    ],
)
def test_what_cannot_be_attributed_is_for_those_who_may_see_all(mixed, make_site, tmp_path, change):
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    with connect.writing(file) as db:
        db.execute(change)
    closed = {"databases": {"library": {"tables": {name: {"allow": INSIDERS} for name in (PRIVATE, "papers")}}}}
    site = make_site(file, **configured(closed))
    for name in ("secret_files_lsa", "_semsearch_vec_3", "_semsearch_fts_2"):
        assert site.get(f"/library/{name}.json").status_code == 403, name
        assert site.get(f"/library/{name}.json", **site.as_actor("owner")).status_code == 200, name
    assert site.get("/library/articles").status_code == 200


def test_view_that_is_closed_itself_closes_its_pages(mixed, make_site, tmp_path):
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    site = make_site(file, **configured({"databases": {"library": {"tables": {"articles_lsa": {"allow": INSIDERS}}}}}))
    assert site.get("/library/-/semsearch/articles_lsa?q=moon").status_code == 404
    assert "articles_lsa?" not in site.get("/-/semsearch").text
    assert site.get("/library/-/semsearch/articles_lsa?q=moon", **site.as_actor("owner")).status_code == 200


def test_closed_database_says_nothing_of_itself(mixed, make_site, tmp_path):
    """Neither that it is damaged, nor what is in it."""
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    with connect.writing(file) as db:
        db.execute("pragma journal_mode = delete")
    site = make_site(file, **configured({"databases": {"library": {"allow": INSIDERS}}}))
    assert site.get("/library/-/semsearch").status_code == 403
    Path(file).write_bytes(b"not a database at all" * 1000)
    for path in ("/-/semsearch", "/library/-/semsearch", f"/library/-/semsearch/secret_files_lsa?q={ASKED}"):
        for each in (path, path.replace("?", ".json?") if "?" in path else path + ".json"):
            answer = site.get(each)
            assert answer.status_code in (200, 403) and "not an SQLite database" not in answer.text, each
    assert "not an SQLite database" in site.get("/-/semsearch", **site.as_actor("owner")).text


def test_unreadable_database_stays_closed(mixed, make_site, tmp_path, monkeypatch):
    """Where the catalogue cannot be read, what was last known of it holds; where nothing is, all is denied."""

    def fail(conn):
        raise driver.OperationalError("database is locked")

    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    known = make_site(file, **configured(LEVELS["table"]))
    assert known.get("/library/articles_lsa.json").status_code == 200
    new = make_site(file, **configured(LEVELS["table"]))
    with monkeypatch.context() as patched:
        patched.setattr(permissions, "fingerprint", fail)
        assert known.get("/library/secret_files_lsa.json").status_code == 403
        assert known.get("/library/articles_lsa.json").status_code == 200
        for name in ("secret_files_lsa", "articles_lsa", "articles"):
            assert new.get(f"/library/{name}.json").status_code == 403
        assert new.get("/").status_code == 200 and names(new.get("/library").text) == []
    assert new.get("/library/articles.json").status_code == 200


def test_files_that_are_not_ours_are_left_alone(make_site, tmp_path):
    file = str(tmp_path / "plain.db")
    with connect.writing(file, create=True) as db:
        db.execute("create table t_vocabulary (a integer primary key autoincrement)")
        db.execute("insert into t_vocabulary default values")
        assert derived_tables(db) == {}
    site = make_site(file, memory=True, **configured({"databases": {"plain": {"tables": {"t": {"allow": False}}}}}))
    for path in ("/", "/plain", "/plain/t_vocabulary", "/plain/sqlite_sequence", "/_memory"):
        assert site.get(path).status_code == 200


def test_catalogue_is_read_again_only_when_it_changed(built, make_site, tmp_path, monkeypatch):
    file = str(shutil.copy(built, tmp_path / "library.db"))
    looked = []
    look = target._look
    monkeypatch.setattr(target, "_look", lambda conn, name: looked.append(name) or look(conn, name))
    site = make_site(file)
    page = "/library/-/semsearch/articles_lsa"
    assert "12 documents" in site.get(page).text and "12 documents" in site.get(f"{page}?q=moon").text
    assert looked == ["articles_lsa"]
    with connect.writing(file) as db:
        db.execute("insert into articles (title, body) values ('Probe', 'a probe in orbit around the moon')")
        update.update(db)
    assert "13 documents" in site.get(page).text
    with connect.writing(file) as db:
        db.execute("alter table articles add column shelf text")
    assert "<option>shelf</option>" in site.get(page).text
    with connect.writing(file) as db:
        drop(db, "articles_lsa")
    assert site.get(page).status_code == 404
    assert looked == ["articles_lsa"] * 4


@pytest.mark.skipif(IS_1, reason="1.0 asks for all rules at once")
def test_instance_and_database_are_asked_about_once_in_a_request(site, monkeypatch):
    asked = []
    allowed = site.datasette.permission_allowed

    async def told(actor, action, resource=None, default=False):
        asked.append(action)
        return await allowed(actor, action, resource=resource, default=default)

    monkeypatch.setattr(site.datasette, "permission_allowed", told)
    assert site.get("/library/-/semsearch/articles_lsa.json?q=moon").status_code == 200
    assert sorted(asked) == ["view-database", "view-instance", *["view-table"] * 3]  # articles and both views
