"""What was made of a table belongs to that table, whatever it is called now; in doubt it is denied."""

from __future__ import annotations

import shutil

import pytest

from semsearch import registry
from semsearch.analysis import clusters
from semsearch.building import build, update
from semsearch.building.drop import drop
from semsearch.storage import collections, connect, datasets, keys
from semsearch.storage.lineage import derived_tables, lineage
from tests.datasette.closed import ASKED, CLOSED_SQL, INSIDERS, leaks
from tests.datasette.pages import configured
from tests.datasette.site import build_lsa

SECRET = "secret_files"
COPY = "create table secret_files as select id, title, body, tags, photo from archive"
RENAMED = "alter table secret_files rename to archive"
PUBLIC_ROWS = (
    "create table secret_files (id integer primary key, title text, body text, tags text, photo blob);"
    "insert into secret_files select id, title, body, theme, photo from articles"
)
MOVES = {
    "renamed, a public table has its name": f"{RENAMED}; {PUBLIC_ROWS}",
    "names swapped": "alter table secret_files rename to swap; alter table articles rename to secret_files;"
    "alter table swap rename to archive",
    "renamed, then a public copy of some rows": f"{RENAMED}; {COPY} where id < 100",
    "renamed, a public table, then VACUUM": f"{RENAMED}; {PUBLIC_ROWS}; vacuum",
    "renamed, a copy of some rows, then VACUUM": f"{RENAMED}; {COPY} where id < 100; vacuum",
    "dropped, a public table has its name": f"create table archive (id); drop table secret_files; {PUBLIC_ROWS}",
    "dropped, a public copy of some rows has its name": "create table archive as select * from secret_files;"
    "drop table secret_files; create table secret_files as select * from archive where id < 100; delete from archive",
    "dropped, and its root page used by another table": "create table archive (id); drop table secret_files;"
    "create table papers (id integer primary key, title text, body text, tags text, photo blob);"
    "insert into papers select id, title, body, theme, photo from articles",
    "renamed only": RENAMED,
    "renamed twice": "alter table secret_files rename to held; alter table held rename to Archive",
}
CLOSED = {
    "databases": {"library": {**CLOSED_SQL, "tables": {name: {"allow": INSIDERS} for name in ("archive", "Archive")}}}
}
DERIVED = (
    "secret_files_lsa", "secret_files_lsa_words_vocabulary", "_semsearch_fts_2", "_semsearch_vec_3",
    "_semsearch_models", "_semsearch_items", "_semsearch_runs", "_semsearch_sources",
)  # fmt: skip


def moved(mixed, tmp_path, statements):
    """A copy of the file after some statements by somebody without semsearch's knowledge."""
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    with connect.writing(file) as db:
        db.execute("delete from secret_files where id in (120, 121)")  # rows come and go in the meantime
        db.execute("update secret_files set title = title || '!' where id % 10 = 0")
        for statement in statements.split(";"):
            db.execute(statement)
        connect.checkpoint(db)
    return file


def assert_denied(site, derived=DERIVED):
    for name in derived:
        for url in (f"/library/{name}.json", f"/library/{name}.csv", f"/library/{name}"):
            answer = site.get(url)
            assert answer.status_code == 403 and leaks(answer.text) == [], url
    for page in ("", f"?q={ASKED}", "/item/1", "/runs.json", "/components"):
        answer = site.get(f"/library/-/semsearch/secret_files_lsa{page}")
        assert answer.status_code == 404 and leaks(answer.text) == [], page
    for url in (
        "/-/semsearch",
        "/-/semsearch.json",
        "/library/-/semsearch",
        "/library/articles",
        "/-/semsearch/lecture",
    ):
        assert "secret_files_lsa" not in site.get(url).text, url


@pytest.mark.parametrize("statements", MOVES.values(), ids=MOVES.keys())
def test_what_was_made_of_a_private_table_stays_private(mixed, make_site, tmp_path, statements):
    site = make_site(moved(mixed, tmp_path, statements), **configured(CLOSED))
    assert_denied(site)
    owner = site.get("/library/secret_files_lsa.json?_size=1", **site.as_actor("owner"))
    assert owner.status_code == 200
    assert site.get("/library/-/semsearch/articles_lsa?q=moon").status_code == (404 if "swap" in statements else 200)


@pytest.mark.parametrize("statements", [f"{RENAMED}; {PUBLIC_ROWS}", f"{RENAMED}; {COPY} where id < 100"])
def test_update_does_not_hand_old_rows_to_the_new_table(mixed, make_site, tmp_path, statements):
    file = moved(mixed, tmp_path, statements)
    with connect.writing(file) as db:
        update.update(db)
        connect.checkpoint(db)
    assert_denied(make_site(file, **configured(CLOSED)))


HARMLESS = {
    "VACUUM": "vacuum",
    "many edits": "update articles set title = 'revised' where id % 3 = 0; delete from articles where id = 2",
    "a column more": "alter table articles add column shelf text",
    "another table dropped, then VACUUM": "create table more (id); vacuum; drop table more; vacuum",
    "a few edits, then VACUUM": "create table more (id); update articles set title = 'x' where id = 5; vacuum",
    "written anew": "create table anew (id integer primary key, title text, body text, theme text, photo blob);"
    "insert into anew select * from articles; drop table articles; alter table anew rename to articles",
    "more rows": "insert into articles (title, body) select title, body from articles; vacuum",
}


@pytest.mark.parametrize("statements", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_was_made_of_a_public_table_stays_public(mixed, make_site, tmp_path, statements):
    file = moved(mixed, tmp_path, statements)
    site = make_site(file, **configured({"databases": {"library": {"tables": {SECRET: {"allow": INSIDERS}}}}}))
    for name in ("articles_lsa", "articles_lsa_words_vocabulary", "_semsearch_fts_1"):
        assert site.get(f"/library/{name}.json").status_code == 200, name
    assert site.get("/library/-/semsearch/articles_lsa?q=moon").status_code == 200
    with connect.reading(file) as db:
        assert derived_tables(db)["articles_lsa"] == {"articles"}


def test_a_build_ends_the_doubt(mixed, tmp_path):
    file = moved(mixed, tmp_path, MOVES["dropped, a public table has its name"])
    with connect.writing(file) as db:
        assert "articles" in derived_tables(db)["secret_files_lsa"]
        db.execute("update _semsearch_datasets set edges = null")
        build_lsa(db, SECRET, ["body"], "title", 3)
        found = derived_tables(db)
        assert found["secret_files_lsa"] == found["_semsearch_fts_2"] == {SECRET}
        assert "articles" in found["secret_files_pmi"]


def test_results_that_are_renamed_stay_private(mixed, make_site, tmp_path):

    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    with connect.writing(file) as db:
        build_lsa(db, SECRET, ["body"], "title", 3)
        db.execute("drop table secret_files_lsa_clusters")
        clusters.write(db, clusters.cluster(db, collections.open_collection(db, "secret_files_lsa"), 3))
        db.execute("alter table secret_files_lsa_clusters rename to groups")
        db.execute("alter table secret_files_lsa_words_vocabulary rename to terms")
        db.execute("alter table terms add column note text")
        connect.checkpoint(db)
    site = make_site(file, **configured({"databases": {"library": {"tables": {SECRET: {"allow": INSIDERS}}}}}))
    for name in ("groups", "terms"):
        answer = site.get(f"/library/{name}.json")
        assert answer.status_code == 403 and leaks(answer.text) == [], name
        assert site.get(f"/library/{name}.json", **site.as_actor("owner")).status_code == 200


@pytest.fixture
def by_query(tmp_path):
    """Vectors of public people, from similarities of a public and of a private table, the private one behind a view."""
    file = str(tmp_path / "library.db")
    with connect.writing(file, create=True) as db:
        db.execute("create table people (id text primary key, name text)")
        db.executemany("insert into people values (?, ?)", [(f"p{n}", f"Person {n}") for n in range(12)])
        for name in ("meetings", "affairs"):
            db.execute(f"create table {name} (one text, other text, strength real)")
            pairs = [(f"p{one}", f"p{other}", 1 / (1 + other - one)) for one in range(12) for other in range(one, 12)]
            db.executemany(f"insert into {name} values (?, ?, ?)", pairs)
        db.execute("create view trysts as select * from affairs")

        with connect.transaction(db):
            people = datasets.register(db, keys.shape_of(db, "people"), text_columns=["name"])
        factorize = registry.load(entry_points=False).builder("factorize")
        for name, table in (("open_circle", "meetings"), ("closed_circle", "trysts")):
            query = f"select one, other, strength from {table} where one <> 'canary-{name}'"
            build.build(db, people, factorize, {"sql": query, "dim": 3}, build.BuildOptions(name=name))
        connect.checkpoint(db)
    return file


PRIVATE_AFFAIRS = {"databases": {"library": {**CLOSED_SQL, "tables": {"affairs": {"allow": INSIDERS}}}}}
NAMED = ("affairs", "trysts", "canary-closed_circle", "closed_circle")


def told(site, url):
    text = site.get(url, follow_redirects=True).text
    return [name for name in NAMED if name in text]


def test_runs_and_lists_follow_their_own_sources(by_query, make_site):
    site = make_site(by_query, **configured(PRIVATE_AFFAIRS))
    runs = "/library/-/semsearch/open_circle/runs"
    for url in (
        runs,
        f"{runs}.json",
        "/-/semsearch",
        "/-/semsearch.json",
        "/library/-/semsearch.json",
        "/library/people",
    ):
        assert told(site, url) == [], url
    assert told(site, "/library/people/p1") == [] and told(site, "/-/semsearch/lecture") == []
    assert "canary-open_circle" in site.get(runs).text
    everything = site.get(f"{runs}.json", **site.as_actor("owner")).text
    assert "canary-closed_circle" in everything and "canary-open_circle" in everything
    assert "closed_circle" in site.get("/-/semsearch", **site.as_actor("owner")).text


def test_a_forbidden_collection_is_answered_as_one_that_does_not_exist(by_query, make_site):
    site = make_site(by_query, **configured(PRIVATE_AFFAIRS))
    for page in (
        "",
        ".json",
        "?q=p1",
        "/item/p1",
        "/item/p1.json",
        "/runs",
        "/duplicates?threshold=2",
        "/labels",
        "/plot",
    ):
        forbidden = site.get(f"/library/-/semsearch/closed_circle{page}")
        missing = site.get(f"/library/-/semsearch/absent_circle{page}")
        assert forbidden.status_code == missing.status_code == 404, page
        assert forbidden.text.replace("closed_circle", "absent_circle") == missing.text, page
        headers = (
            {key: value for key, value in each.headers.items() if "length" not in key} for each in (forbidden, missing)
        )
        first, second = headers
        assert first == second


def test_a_view_that_is_made_again_changes_nothing(by_query, make_site):
    with connect.writing(by_query) as db:
        db.execute("drop view trysts")
        db.execute("create view trysts as select * from meetings")
        assert "affairs" in lineage(db).tables["closed_circle"]
        connect.checkpoint(db)
    site = make_site(by_query, **configured(PRIVATE_AFFAIRS))
    assert site.get("/library/closed_circle.json").status_code == 403


def test_a_dropped_collection_leaves_nothing_to_read(by_query, make_site):
    with connect.writing(by_query) as db:
        drop(db, "closed_circle")
        connect.checkpoint(db)
    site = make_site(by_query, **configured(PRIVATE_AFFAIRS))
    for table in ("runs", "sources", "collections", "inputs", "models", "run_steps"):
        for url in (f"/library/_semsearch_{table}.json?_shape=array", f"/library/_semsearch_{table}.csv"):
            assert site.get(url).status_code == 403 and told(site, url) == [], url
    assert told(site, "/library/-/semsearch/open_circle/runs.json") == []
    assert site.get("/library/open_circle.json").status_code == 200


OLDER = ("drop table _semsearch_sources", "delete from _sqlite_migrations where name = 'm008_sources'")


@pytest.mark.parametrize("move", ["renamed, a public table has its name", "names swapped"])
def test_files_of_an_older_semsearch(mixed, make_site, tmp_path, move):
    """They keep hashes of their rows, which tell a table from another of its name; updates keep the doubt."""
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    with connect.writing(file, up_to_date=False) as db:
        for statement in OLDER:
            db.execute(statement)
        found = lineage(db)
        assert found.tables["articles_lsa"] == {"articles"} and found.tables["secret_files_pmi"] == {
            SECRET,
            "citations",
        }
        for statement in MOVES[move].split(";"):
            db.execute(statement)
        assert "archive" in lineage(db).tables["secret_files_lsa"]  # in doubt: every table is a source
    with connect.writing(file) as db:
        if "swap" not in MOVES[move]:
            update.update(db)
        connect.checkpoint(db)
    assert_denied(make_site(file, **configured(CLOSED)))


def test_an_older_file_keeps_its_sources_from_the_first_update(mixed, tmp_path):
    file = str(shutil.copy(mixed, tmp_path / "library.db"))
    with connect.writing(file, up_to_date=False) as db:
        for statement in OLDER:
            db.execute(statement)
    with connect.writing(file) as db:
        db.execute("update secret_files set body = body || ' more' where id = 3")
        update.update(db)
        db.execute("alter table secret_files rename to archive")
        db.execute("create table secret_files (id integer primary key, title text, body text)")
        assert "archive" in derived_tables(db)["secret_files_lsa"]
        assert "articles" not in derived_tables(db)["secret_files_lsa"]
