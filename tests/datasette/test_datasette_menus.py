"""Each hook's effect, seen on Datasette's own pages: a hook that a version does not know is ignored silently."""

from __future__ import annotations

import re

import pytest
from datasette.database import QueryInterrupted
from semsearch_datasette.compat import IS_1

from semsearch import registry
from semsearch.building import build as engine
from semsearch.storage import connect, datasets, driver
from tests.datasette.pages import ARTICLES, HOME, PRIVATE, configured

only_1 = pytest.mark.skipif(not IS_1, reason="Datasette 0.65 has no such hook")


def test_menu_leads_home(site):
    assert f'<a href="{HOME}">Semantic search</a>' in site.get("/").text


def test_database_menu(site):
    page = site.get("/library").text
    assert 'href="/library/-/semsearch"' in page and "Semantic search" in page


def test_table_menu(site):
    page = site.get("/library/articles").text
    assert f'href="{ARTICLES}"' in page and "articles_lsa_words" not in page.replace("/library/articles_lsa_words", "")


@pytest.mark.parametrize(
    ("path", "href"),
    [("/", HOME), ("/library", "/library/-/semsearch"), ("/library/articles", ARTICLES)],
    ids=["home", "database", "table"],
)
def test_links_stand_under_the_heading_of_datasettes_pages(site, path, href):
    (links,) = re.findall(r'<p class="semsearch-links">(.*?)</p>', site.get(path).text)
    assert f'href="{href}"' in links
    assert "semsearch-links" not in site.get("/library/articles_lsa_words_vocabulary").text.partition("similar")[0]


def test_the_menu_of_a_table_recommends_one_of_several_collections(library, make_site):
    with connect.writing(library) as db:
        engine.build(
            db,
            datasets.get_dataset(db, "articles"),
            registry.load().builder("lsa"),
            {},
            engine.BuildOptions(name="articles_other"),
        )
    page = make_site(library).get("/library/articles").text
    (links,) = re.findall(r'<p class="semsearch-links">(.*?)</p>', page)
    titles = re.findall(r'title="([^"]*)">([^<]*)</a>', links)
    assert [label for _, label in titles] == ["Semantic search: articles_lsa", "Semantic search: articles_other"]
    assert [about.startswith("Recommended") for about, _ in titles] == [True, False]


@only_1
def test_view_menu(site):
    assert f'href="{ARTICLES}"' in site.get("/library/articles_lsa").text


@only_1
def test_jump_menu(site):
    assert any(match["url"] == HOME for match in site.get("/-/jump.json?q=semantic").json()["matches"])


@pytest.mark.parametrize(
    ("row", "similar"),
    [
        ("articles/3", ARTICLES + "/similar/3"),
        ("places/a~2Fb", "/library/-/semsearch/places_lsa/similar/a~2Fb"),
        ("editions/a~2F1~2C+b,4", "/library/-/semsearch/editions_lsa/similar/a~7E2F1~7E2C~2Bb~2C4"),
    ],
)
def test_row_leads_to_more_like_it(site, row, similar):
    page = site.get(f"/library/{row}")
    assert page.status_code == 200
    assert f'href="{similar}"' in page.text and "More like this" in page.text
    assert site.get(similar).status_code == 200


def test_row_of_a_table_without_collections(site):
    page = site.get("/library/articles_lsa_words_vocabulary/moon")
    assert page.status_code == 200 and "More like this" not in page.text


def test_vectors_read_as_a_link(site):
    page = site.get("/library/articles_lsa?_size=2").text
    assert f'4 floats · <a href="{ARTICLES}/similar/1">similar →</a>' in page
    words = site.get("/library/articles_lsa_words?_size=2").text
    assert words.count("4 floats · <a href=") == 2


def test_view_page_survives_its_time_limit(site):
    """sqlite-vec reports an interruption as another error, which Datasette would answer with an error page."""
    pairs = "select count(*) from articles_lsa a, articles_lsa b, articles_lsa c, articles_lsa d"
    with pytest.raises(QueryInterrupted):
        site.call(site.datasette.get_database("library").execute(pairs, custom_time_limit=5))


def test_other_blobs_are_left_alone(site):
    page = site.get("/library/_semsearch_items?_size=2").text
    assert "floats" not in page


def test_internal_tables_are_hidden(site):
    tables = site.get("/library.json").json()["tables"]
    hidden = {table["name"]: table["hidden"] for table in tables}
    internal = [name for name in hidden if name.startswith(("_", "sqlite_"))]
    assert len(internal) > 20 and all(hidden[name] for name in internal)
    assert not hidden["articles"] and not hidden["articles_lsa_words_vocabulary"]


def test_links_do_not_tell_of_private_tables(library, make_site):
    only = {"databases": {"library": {"tables": {name: {"allow": {"id": "owner"}} for name in TABLES}}}}
    site = make_site(library, **configured(only))
    assert 'href="/library/-/semsearch"' not in site.get("/library").text
    assert 'href="/library/-/semsearch"' in site.get("/library", **site.as_actor("owner")).text


TABLES = ("articles", "places", "editions", "notes")


def test_private_rows_are_still_datasettes_to_deny(library, make_site):
    site = make_site(library, **configured(PRIVATE))
    assert site.get("/library/articles/1").status_code == 403


def test_missing_vectors_leave_datasettes_pages_whole(no_vectors, library, make_site):
    site = make_site(library)
    for path in ("/", "/library", "/library/articles", "/library/articles/1"):
        assert site.get(path).status_code == 200


def test_interrupted_vector_tables_are_kept_off_the_terminal(site, capsys):
    """Datasette counts every table it lists, and a large vector table never in the time it gives."""
    library, table = site.datasette.get_database("library"), "_semsearch_vec_1"
    with pytest.raises(QueryInterrupted):
        pairs = ", ".join(f"{table} v{number}" for number in range(6))
        site.call(library.execute(f"select count(*) from {pairs}", custom_time_limit=5))
    assert capsys.readouterr().err == ""
    for sql in (f"select absent from {table}", "select absent"):
        with pytest.raises(driver.OperationalError):
            site.call(library.execute(sql))
        assert "no such column: absent" in capsys.readouterr().err
        with pytest.raises(driver.OperationalError):
            site.call(library.execute(sql, log_sql_errors=False))
        assert capsys.readouterr().err == ""
