"""Status codes, headers, limits, base_url, permissions, and what happens when something is missing."""

from __future__ import annotations

import os

import pytest
from semsearch_datasette.compat import IS_1
from semsearch_datasette.respond import plugin_name

from semsearch.building.drop import drop
from semsearch.errors import CapabilityError
from semsearch.storage import connect, driver
from tests.datasette.pages import ARTICLES, HOME, OWNER, PAGES, PRIVATE, WORDS, Shape, configured, ours, twin

LONG = "moon " * 1000


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (ARTICLES + "?q=moon&k=201", "k must be between 1 and 200, not 201"),
        (ARTICLES + "?q=moon&k=0", "k must be between 1 and 200, not 0"),
        (ARTICLES + "?q=moon&k=abc", "k must be a number between 1 and 200, not &#39;abc&#39;"),
        (ARTICLES + "?q=moon&k=1000000000", "k must be between 1 and 200, not 1000000000"),
        (ARTICLES + "?q=moon&k=-1", "must be a number"),
        (ARTICLES + "?q=moon&k=%D9%A3", "must be a number"),
        (ARTICLES + "?q=moon&after=20000", "after must be between 0 and 4,096, not 20,000"),
        (ARTICLES + "?q=moon&after=4090", "after + k must be at most 4,096, not 4,100"),
        (ARTICLES + "?q=moon&explain=yes", "explain must be 1 or 0, not &#39;yes&#39;"),
        (ARTICLES + "?q=moon&weight=1.5", "weight must be between 0 and 1, not 1.5"),
        (ARTICLES + "?q=moon&weight=nan", "weight must be a number between 0 and 1, not"),
        (ARTICLES + "?weight=-1", "weight must be a number between 0 and 1, not"),
        (ARTICLES + "?q=moon&weight=.5&mode=text", "no effect in mode text"),
        (ARTICLES + "/duplicates?threshold=0", "threshold must be between 0.01 and 1, not 0"),
        (ARTICLES + "/duplicates?words=2", "words must be between 0.01 and 1, not 2"),
        (ARTICLES + "?q=moon&mode=magic", "mode must be hybrid, vector or text, not &#39;magic&#39;"),
        (ARTICLES + "?mode=magic", "mode must be hybrid, vector or text, not &#39;magic&#39;"),
        (ARTICLES + f"?q={LONG}", "the limit is 4,096"),
        (ARTICLES + "/similar/1?k=500", "k must be between 1 and 200, not 500"),
        (ARTICLES + "/components?k=500", "k must be between 1 and 200, not 500"),
    ],
)
def test_what_cannot_be_answered_is_400_and_names_the_limit(site, path, said):
    page = site.get(path.replace(" ", "+"))
    assert page.status_code == 400 and said in page.text
    data = site.get(twin(path.replace(" ", "+")))
    assert data.status_code == 400
    assert data.json()["ok"] is False and data.json()["status"] == 400


@pytest.mark.parametrize(
    "path",
    [
        "/library/-/semsearch/nope",
        "/library/-/semsearch/nope/runs",
        "/nope/-/semsearch",
        "/nope/-/semsearch/articles_lsa",
        ARTICLES + "/item/999",
        ARTICLES + "/item/moon",
        ARTICLES + "/item/99999999999999999999999",
        ARTICLES + "/similar/999",
        WORDS + "/item/xyzzy",
        WORDS + "/similar/xyzzy",
        ARTICLES + "/nope",
    ],
)
def test_what_is_not_there_is_404(site, path):
    assert site.get(path).status_code == 404
    data = site.get(twin(path))
    assert data.status_code == 404 and data.json()["ok"] is False


@pytest.mark.parametrize(
    "q",
    ["%00%01", "%E2%80%AE%D7%A9%D7%9C%D7%95%D7%9D", "e%CC%81%CC%82%CC%83", "%ED%A0%80", '"', "' or 1=1 --", "* NEAR("],
)
def test_strange_queries_are_answered(site, q):
    for path in (f"{ARTICLES}?q={q}", f"{ARTICLES}?q={q}&mode=text", f"{WORDS}?q={q}"):
        assert site.get(path).status_code == 200
        assert site.get(twin(path)).json()["ok"] is True


def test_pages_are_only_read(site):
    assert site.request("POST", ARTICLES).status_code in (403, 405)
    assert site.request("PUT", ARTICLES).status_code in (403, 405)
    assert site.request("HEAD", ARTICLES).status_code == 200


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_unchanged_pages_are_304(site, path):
    for each in (path, twin(path)):
        tag = site.get(each).headers["etag"]
        again = site.get(each, headers={"if-none-match": f'"other", W/{tag}'})
        assert again.status_code == 304 and again.text == "" and again.headers["etag"] == tag
        assert site.get(each, headers={"if-none-match": '"other"'}).status_code == 200


def test_changed_row_changes_the_tag(site, library):
    before = site.get(ARTICLES + "/item/1").headers["etag"]
    with connect.writing(library) as db:
        db.execute("update articles set theme = 'travel' where id = 1")
    assert site.get(ARTICLES + "/item/1").headers["etag"] != before


def test_cors_is_datasettes_own_setting(site, library, make_site):
    assert "access-control-allow-origin" not in site.get(HOME + ".json").headers
    open_site = make_site(library, cors=True)
    assert open_site.get(HOME + ".json").headers["access-control-allow-origin"] == "*"
    assert open_site.get(twin(ARTICLES + "?q=moon")).headers["access-control-allow-origin"] == "*"
    assert open_site.get(ARTICLES + "/nope.json").headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())
def test_base_url_is_kept_everywhere(library, make_site, path):
    site = make_site(library, settings={"base_url": "/data/"})
    page = site.get(path)
    assert page.status_code == 200
    shape = Shape(ours(page.text))
    assert all(link.startswith("/data/") for link in shape.links)
    assert f'href="/data{twin(path)}"'.replace("&", "&amp;") in page.text
    assert f'href="/data/-/static-plugins/{plugin_name()}/semsearch.css' in page.text


def test_static_files(site):
    assert site.get(f"/-/static-plugins/{plugin_name()}/semsearch.css").headers["content-type"].startswith("text/css")
    assert site.get(f"/-/static-plugins/{plugin_name()}/nope.css").status_code == 404


@pytest.mark.parametrize("path", [path for path in PAGES.values() if ARTICLES in path or WORDS in path])
def test_private_table_is_denied_on_every_page(library, make_site, path):
    site = make_site(library, **configured(PRIVATE))
    for each in (path, twin(path)):
        denied = site.get(each)
        assert denied.status_code == 404
        assert "Sourdough" not in denied.text
        allowed = site.get(each, **site.as_actor("owner"))
        assert allowed.status_code == 200 and allowed.headers["cache-control"].startswith("private")
        assert site.get(each, **site.as_actor("other")).status_code == 404


def test_private_table_is_not_listed(library, make_site):
    site = make_site(library, **configured(PRIVATE))
    for path in (HOME, "/library/-/semsearch", "/library/-/semsearch/nope"):
        for each in (path, twin(path)):
            assert "articles" not in site.get(each).text
    assert "articles_lsa" in site.get(HOME, **site.as_actor("owner")).text
    assert "places_lsa" in site.get(HOME).text


def test_private_database_is_not_listed(library, make_site):
    site = make_site(library, **configured({"databases": {"library": OWNER}}))
    assert site.get(HOME + ".json").json()["collections"] == []
    assert site.get(ARTICLES).status_code == 403
    assert len(site.get(HOME + ".json", **site.as_actor("owner")).json()["collections"]) == 8


def refuse(db):
    """In place of driver.load_vec."""
    raise CapabilityError("sqlite-vec cannot be loaded: pip install it")


def rounded(value):
    """Numbers with four digits: vec0 sums in another order than we do."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return [rounded(each) for each in value] if isinstance(value, list) else value


def test_without_sqlite_vec_the_instance_stands(no_vectors, library, make_site):
    site = make_site(library)
    assert site.get("/library/articles").status_code == 200
    assert site.get("/library/articles/1").status_code == 200
    home = site.get(HOME)
    assert home.status_code == 200 and "sqlite-vec cannot be loaded: pip install it" in home.text
    for path in PAGES.values():
        assert site.get(path).status_code == 200, path
    sql = "select id from articles_lsa where embedding match semsearch_embed('articles_lsa', 'moon') and k = 3"
    answer = site.get(f"/library{'/-/query' if IS_1 else ''}.json?sql={sql}")
    assert answer.status_code == 400
    assert "Views of collections cannot be read here; pages and functions can. sqlite-vec" in answer.json()["error"]


def test_answers_are_the_same_without_sqlite_vec(library, make_site, monkeypatch):
    with_it = make_site(library)
    asked = [twin(path) for path in PAGES.values()]
    expected = [with_it.get(path).json() for path in asked]
    monkeypatch.setattr(driver, "load_vec", refuse)
    without = make_site(library)
    for path, answer in zip(asked, expected, strict=True):
        assert rounded(without.get(path).json()) == rounded(answer), path


def test_immutable_and_crossing_databases(library, make_site):
    site = make_site(immutables=[library], crossdb=True, memory=True)
    for path in PAGES.values():
        assert site.get(path).status_code == 200
    assert len(site.get(HOME + ".json").json()["collections"]) == 8


def test_collection_dropped_between_two_clicks(site, library):
    assert site.get(ARTICLES + "?q=moon").status_code == 200
    with connect.writing(library) as db:
        drop(db, "articles_lsa")
    for path in (ARTICLES + "?q=moon", WORDS + "/item/moon", ARTICLES + "/components"):
        assert site.get(path).status_code == 404


def test_table_dropped_behind_a_collection(site, library):
    with connect.writing(library) as db:
        db.execute("drop table articles")
    page = site.get(ARTICLES + "?q=moon")
    assert page.status_code == 404 and "places" not in page.text
    assert site.get(HOME).status_code == 200


def test_file_of_a_newer_semsearch_is_503(library, make_site):
    with connect.writing(library) as db:
        db.execute(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('semsearch', 'm999', 'now')"
        )
    site = make_site(library)
    page = site.get(ARTICLES)
    assert page.status_code == 503 and "newer semsearch" in page.text
    assert os.path.dirname(library) not in page.text
    assert "newer semsearch" in site.get(HOME).text


def test_damaged_file_is_503(library, make_site):
    with connect.writing(library) as db:
        db.execute("pragma journal_mode = delete")  # with a log, connections go on reading what they have
    site = make_site(library)
    with open(library, "r+b") as file:
        file.write(b"not a database at all" * 100)
    assert site.get(ARTICLES + "?q=moon").status_code == 503
    assert site.get(twin(ARTICLES + "?q=moon")).status_code == 503
    assert site.get(HOME).status_code == 200


def test_an_address_below_a_collection_that_is_no_page_is_404_and_says_so(site):
    answer = site.get(ARTICLES + "/nonsense")
    assert answer.status_code == 404 and "articles_lsa has no page &#39;nonsense&#39;" in answer.text
    assert site.get(ARTICLES + "/nonsense/3.json").status_code == 404
    assert "no page" not in site.get("/library/-/semsearch/nothing/nonsense").text


@pytest.mark.parametrize("page", ["analogy", "plot", "cooccurrence"])
def test_a_collection_of_documents_has_no_page_about_words(site, page):
    answer = site.get(f"{ARTICLES}/{page}?a=moon&b=orbit&c=bread&words=moon")
    assert answer.status_code == 400
    assert "articles_lsa contains documents, not words: use articles_lsa_words" in answer.text
    assert site.get(f"{ARTICLES}/{page}").status_code == 400
