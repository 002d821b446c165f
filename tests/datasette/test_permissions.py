"""The permission matrix: whoever may not see the private table finds nothing of it, anywhere.

What may not appear are its words, titles and bytes, how many rows and words it has, and outside of the URL that names
them, its name and those of all that was made of it.
"""

from __future__ import annotations

import shutil

import pytest
from semsearch_datasette.compat import IS_1

from semsearch.storage import connect
from semsearch.storage.lineage import derived_tables
from tests.datasette.closed import ASKED, LEVELS, LISTS, PAGES, PRIVATE, PUBLIC, ROWS, SQL, leaks, names, urls_of
from tests.datasette.pages import configured
from tests.datasette.site import Site

OUTSIDERS = [("table", "other"), *((level, None) for level in LEVELS)]
outside = pytest.mark.parametrize(("level", "actor"), OUTSIDERS)


@pytest.fixture(scope="module")
def derived(mixed):
    """What was made of what, and a column of each."""
    with connect.reading(mixed) as db:
        found = derived_tables(db)
        columns = {
            name: [row[1] for row in db.execute(f'pragma table_xinfo("{name}")')] for name in (*found, PUBLIC, PRIVATE)
        }
    return found, columns


@pytest.fixture(scope="module")
def sites(mixed, tmp_path_factory):
    """One Datasette for each way of closing the private table."""
    made = {}
    for level, config in LEVELS.items():
        file = shutil.copy(mixed, tmp_path_factory.mktemp("site") / "library.db")
        made[level] = Site([str(file)], **configured(config))
        made[level].datasette.root_enabled = True
    yield made
    for site in made.values():
        site.close()


def as_actor(site, actor):
    return {} if actor is None else site.as_actor(actor)


def page_of_all(site, asked):
    """Every row of the private table, and how many there are."""
    return site.get("/library/secret_files.json?_size=max", **asked).text + site.get("/library.json", **asked).text


@outside
def test_nothing_made_of_a_private_table_is_shown_to_outsiders(sites, derived, level, actor):
    found, columns = derived
    closed = sorted(name for name, sources in found.items() if PRIVATE in sources)
    assert len(closed) > 30
    site = sites[level]
    for url in (
        url for name in (PRIVATE, *closed, "SECRET_FILES_LSA") for url in urls_of(name, columns.get(name, ["id"]))
    ):
        answer = site.get(url, **as_actor(site, actor))
        assert answer.status_code in (400, 403, 404), url
        assert leaks(answer.text) == [], url


@outside
def test_no_page_of_ours_and_no_list_tells_outsiders(sites, level, actor):
    site = sites[level]
    for url in PAGES:
        answer = site.get(url, **as_actor(site, actor))
        assert answer.status_code in (403, 404), url
        assert leaks(answer.text) == [], url
    for url in LISTS:
        answer = site.get(url, **as_actor(site, actor))
        assert answer.status_code < 500, url
        assert leaks(answer.text) == [], url
        assert names(answer.text) == [], url
    for sql in SQL:
        for url in (f"/library?sql={sql}", f"/library.json?sql={sql}&_shape=array", f"/library/-/query.json?sql={sql}"):
            answer = site.get(url, follow_redirects=True, **as_actor(site, actor))
            assert answer.status_code in (400, 403, 404), url
            assert leaks(answer.text) == [], url


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("actor", ["owner", "root"])
def test_whoever_may_see_the_source_sees_what_was_made_of_it(sites, derived, level, actor):
    site = sites[level]
    asked = as_actor(site, actor)
    assert site.get("/library/secret_files", **asked).status_code == 200
    for name in derived[0]:
        if name.startswith("sqlite_"):
            continue  # 1.0 denies statistics to everybody
        assert site.get(f"/library/{name}.json?_size=1", **asked).status_code == 200, name
    opened = ("?title__startswith=Dossier", "/similar/1?id__lt=9", "/duplicates", "/clusters", "/labels")
    for url in ("", f"?q={ASKED}", "/item/1", "/similar/1", "/components", "/runs", *opened):
        page = site.get(f"/library/-/semsearch/secret_files_lsa{url}", **asked)
        assert page.status_code == 200 and page.headers["cache-control"].startswith("private"), url
    page = site.get("/library/-/semsearch/secret_files_netmf/item/1", **asked)
    assert page.status_code == 200 and "Dossier" in page.text and "citations by source" in page.text
    assert len(leaks(page_of_all(site, asked))) > 100  # what outsiders are searched for is found where it is
    assert "similar →" in site.get("/library/secret_files_lsa?_size=2", **asked).text
    assert "secret_files_lsa" in site.get("/-/semsearch", **asked).text


@pytest.mark.parametrize("actor", [None, "other", "owner"])
def test_what_was_made_of_the_public_table_stays_public(sites, derived, actor):
    site = sites["table"]
    opened = [name for name, sources in derived[0].items() if sources == {PUBLIC}]
    assert {"articles_lsa", "articles_lsa_words", "articles_lsa_words_vocabulary", "_semsearch_fts_1"} <= set(opened)
    for name in opened:
        answer = site.get(f"/library/{name}.json?_size=2", **as_actor(site, actor))
        assert answer.status_code == 200, name
    assert site.get("/library/-/semsearch/articles_lsa?q=moon", **as_actor(site, actor)).status_code == 200


def test_counts_are_of_what_is_listed(sites):
    """The home page sums rows over tables: over those alone that the actor may see."""
    site = sites["table"]
    for actor, least in ((None, 12), ("owner", 12 + ROWS)):
        # Datasette gives a count 10 ms and leaves out what took longer, which on a busy machine any may.
        for _ in range(20):
            entry, tables = _listed(site, actor)
            sums = [sum(each["count"] or 0 for each in tables if each["hidden"] is kind) for kind in (False, True)]
            if [entry["table_rows_sum"], entry["hidden_table_rows_sum"]] == sums:
                break
        assert [entry["table_rows_sum"], entry["hidden_table_rows_sum"]] == sums
        assert sum(table["count"] for table in tables if table["name"] in (PUBLIC, PRIVATE)) == least
        assert entry["views_count"] == (3 if actor is None else 7)


def _listed(site, actor):
    """What the home page says of the database `library`, and the tables that its own page lists."""
    asked = as_actor(site, actor)
    (entry,) = [one for one in _databases(site.get("/.json", **asked).json()) if one["name"] == "library"]
    return entry, site.get("/library.json", **asked).json()["tables"]


def _databases(data):
    found = data["databases"] if IS_1 else data
    return list(found.values()) if isinstance(found, dict) else found
