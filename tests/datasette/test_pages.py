"""Every page of a text collection and its JSON twin, on whichever Datasette is installed."""

from __future__ import annotations

import json
import re

import pytest
from datasette.utils import tilde_encode
from semsearch_datasette.respond import plugin_name

from semsearch.search import query
from semsearch.search.components import topics
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from tests.datasette.pages import ARTICLES, HOME, WORDS, Shape, each_page, ours, twin
from tests.datasette.site import SPACE, WEIRD
from tests.planted import BREAD


@pytest.fixture(scope="module")
def followed() -> set[str]:
    """The links that a test of this module has followed: most are on every page."""
    return set()


@each_page
def test_page_and_twin_answer(site, path):
    page, data = site.get(path), site.get(twin(path))
    assert (page.status_code, data.status_code) == (200, 200)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert data.headers["content-type"].startswith("application/json")
    assert data.json()["ok"] is True
    assert "next_url" in data.json()
    assert f'href="{twin(path)}"'.replace("&", "&amp;") in page.text


@each_page
def test_page_is_light_labelled_and_without_script(site, path):
    page = site.get(path).text
    style = site.get(f"/-/static-plugins/{plugin_name()}/semsearch.css")
    assert style.status_code == 200
    assert len(page.encode()) + len(style.content) <= 60_000
    shape = Shape(ours(page))
    assert "script" not in shape.tags and "style" not in shape.tags
    ids = [field["id"] for field in shape.fields]
    assert len(set(ids)) == len(ids) and set(ids) <= shape.labels
    assert shape.tags.count("h1") == 1
    assert all(link.startswith("/") for link in shape.links)


@each_page
def test_every_link_of_a_page_leads_somewhere(site, path, followed):
    for link in sorted(set(Shape(ours(site.get(path).text)).links) - followed):
        assert site.get(link).status_code == 200, link
        followed.add(link)


@pytest.mark.parametrize("mode", query.MODES)
def test_search_shows_what_search_finds(site, library, mode):
    with connect.reading(library) as db:
        found = query.search(db, open_collection(db, "articles_lsa"), "orbit around the moon", mode=mode, k=5).hits
    data = site.get(f"{ARTICLES}.json?q=orbit+around+the+moon&mode={mode}&k=5").json()
    assert data["collection"] == "articles_lsa" and data["query"] == "orbit around the moon"
    assert [hit["id"] for hit in data["hits"]] == [hit.id for hit in found]
    assert [hit["score"] for hit in data["hits"]] == pytest.approx([hit.score for hit in found])
    assert data["hits"][0]["row"] == dict(found[0].row)
    page = Shape(ours(site.get(f"{ARTICLES}?q=orbit+around+the+moon&mode={mode}&k=5").text))
    assert [link for link in page.links if "/item/" in link] == [f"{ARTICLES}/item/{hit.id}" for hit in found]


def test_search_finds_by_meaning(site):
    hits = site.get(f"{ARTICLES}.json?q=astronaut&mode=vector&k=6").json()["hits"]
    assert {hit["row"]["theme"] for hit in hits} == {"space"}
    assert any("astronaut" not in hit["row"]["body"] for hit in hits)


def test_search_marks_the_words_of_the_query(site):
    page = site.get(ARTICLES + "?q=kneading").text
    assert "<mark>knead</mark>" in page
    assert 'value="kneading"' in page


def test_pages_of_a_search_join_into_the_whole_list(site):
    whole = site.get(f"{ARTICLES}.json?q=moon+dough&k=9").json()
    joined, url = [], f"{ARTICLES}.json?q=moon+dough&k=4"
    while url:
        part = site.get(url.removeprefix("http://localhost")).json()
        joined += [hit["id"] for hit in part["hits"]]
        url = part["next_url"] and part["next_url"].replace("articles_lsa?", "articles_lsa.json?")
    assert joined[:9] == [hit["id"] for hit in whole["hits"]]
    assert len(joined) == len(set(joined))


def test_nothing_known_is_said(site):
    page = site.get(ARTICLES + "?q=xyzzy&mode=vector")
    assert page.status_code == 200 and "has no word of the query" in page.text
    assert "Try other words." in page.text and "mode Text" not in page.text
    filtered = ours(site.get(ARTICLES + "?q=xyzzy&mode=vector&theme=space").text)
    assert "Remove or change the filter, or try other words." in filtered
    assert site.get(ARTICLES + ".json?q=xyzzy").json()["hits"] == []


def test_misspelled_words_are_replaced_and_that_is_said(site):
    page = ours(site.get(ARTICLES + "?q=astronuats+moon&k=3").text)
    assert "articles_lsa has no word “astronuats”. The results are for" in page and "astronauts moon" in page
    assert "<mark>astronauts</mark>" in page
    data = site.get(ARTICLES + ".json?q=astronuats+moon&k=3").json()
    assert (data["corrected"], data["did_you_mean"], data["unknown_words"]) == ("astronauts moon", None, [])
    assert data["hits"] == site.get(ARTICLES + ".json?q=astronauts+moon&k=3").json()["hits"]
    as_written = next(link for link in Shape(page).links if "typos=0" in link)
    kept = site.get(as_written).text
    assert "The results are for" not in kept and "typos=0" in kept
    assert site.get(ARTICLES + "?q=moon&typos=maybe").status_code == 400
    explained = site.get(ARTICLES + ".json?q=astronuats&explain=1&k=1").json()["hits"][0]["explanation"]
    assert "astronauts" in json.dumps(explained)
    assert site.get(WORDS + ".json?q=astronuats&k=1").json()["hits"][0]["id"] == "astronauts"


def test_words_have_no_text_mode(site):
    assert 'name="mode"' not in site.get(WORDS).text
    hits = site.get(WORDS + ".json?q=moon&k=3").json()["hits"]
    assert hits[0]["id"] == "moon" and hits[0]["score"] == hits[0]["vector_score"]
    assert site.get(WORDS + "?q=moon&mode=text").status_code == 400


def test_similar_shows_what_similar_finds(site, library):
    with connect.reading(library) as db:
        found = query.similar(db, open_collection(db, "articles_lsa"), ["2"], k=4).hits
    data = site.get(f"{ARTICLES}/similar/2.json?k=4").json()
    assert data["id"] == 2
    assert [hit["id"] for hit in data["hits"]] == [hit.id for hit in found]


def test_item_shows_row_and_neighbours(site):
    data = site.get(ARTICLES + "/item/8.json").json()
    assert data["row"]["title"] == "Baguette" and data["row"]["theme"] == "bread"
    assert len(data["hits"]) == 8 and 8 not in [hit["id"] for hit in data["hits"]]
    page = site.get(ARTICLES + "/item/8").text
    assert "salt and yeast baked" in page and '<a href="/library/articles/8">' in page


def test_word_shows_its_counts(site):
    data = site.get(WORDS + "/item/moon.json").json()
    assert data["row"] == {"word": "moon", "term": "moon", "count": 3, "documents": 3}
    assert f'href="{ARTICLES}?q=moon"' in site.get(WORDS + "/item/moon").text


def test_item_added_after_the_build_is_shown_without_neighbours(site, library):
    with connect.writing(library) as db:
        db.execute("insert into articles (id, title, body) values (99, 'Late', 'the moon')")
    page = site.get(ARTICLES + "/item/99")
    assert page.status_code == 200 and "It has no vector" in page.text
    assert site.get(ARTICLES + "/similar/99").status_code == 404


def test_topics_set_the_planted_subjects_apart(site, library):
    data = site.get(ARTICLES + "/components.json?view=plain").json()
    assert data["rotated"] is False
    assert [topic["component"] for topic in data["components"]] == [1, 2, 3, 4]
    shares = [topic["share"] for topic in data["components"]]
    assert shares == sorted(shares, reverse=True) and sum(shares) == pytest.approx(data["captured_energy"])
    for topic, subject in zip(data["components"][:2], ("bread", "space"), strict=True):
        (end,) = topic["ends"]
        assert {site.get(f"{ARTICLES}/item/{hit['id']}.json").json()["row"]["theme"] for hit in end["documents"]} == {
            subject
        }
        loadings = [hit["loading"] for hit in end["documents"]]
        assert loadings == sorted(loadings, reverse=True) and 1 >= loadings[0] > loadings[-1] > 0
    third = data["components"][2]["ends"]
    assert [end["words"][0]["loading"] < 0 for end in third] in ([True, False], [False, True])
    with connect.reading(library) as db:
        assert len(topics(db, open_collection(db, "articles_lsa"), k=2, after=3).topics) == 1


def test_rotated_topics_have_one_side_and_a_name(site):
    data = site.get(ARTICLES + "/components.json").json()
    plain = site.get(ARTICLES + "/components.json?view=plain").json()
    assert data["rotated"] is True and data["captured_energy"] == pytest.approx(plain["captured_energy"])
    assert sum(topic["share"] for topic in data["components"]) == pytest.approx(plain["captured_energy"])
    shares = [topic["share"] for topic in data["components"]]
    assert shares == sorted(shares, reverse=True)
    for topic in data["components"]:
        (end,) = topic["ends"]
        words = [word["word"] for word in end["words"]]
        assert topic["name"] == ", ".join(words[:2]) and 2 <= len(words) <= 8
        loadings = [word["loading"] for word in end["words"]]
        assert loadings == sorted(loadings, reverse=True) and loadings[-1] > 0
    page = site.get(ARTICLES + "/components").text
    assert "after a varimax rotation" in page and "components?view=plain" in page
    assert "Show rotated topics" in site.get(ARTICLES + "/components?view=plain").text


def test_topics_page_by_page(site):
    first = site.get(ARTICLES + "/components.json?k=3").json()
    assert len(first["components"]) == 3 and first["next_url"].endswith("/components?k=3&after=3")
    last = site.get(ARTICLES + "/components.json?k=3&after=3").json()
    assert [topic["component"] for topic in last["components"]] == [4] and last["next_url"] is None


def test_runs_say_how_it_was_made(site):
    (run,) = site.get(ARTICLES + "/runs.json").json()["runs"]
    assert run["options"]["dim"] == 4 and run["metrics"]["documents"] == len(SPACE + BREAD)
    assert "sqlite-vec" in run["versions"] and run["collections"] == ["articles_lsa", "articles_lsa_words"]
    assert ">current<" in site.get(ARTICLES + "/runs").text


def test_home_lists_every_collection(site):
    data = site.get(HOME + ".json").json()
    assert [row["name"] for row in data["collections"]][:2] == ["articles_lsa", "articles_lsa_words"]
    assert data["collections"][0]["count"] == 12 and data["collections"][0]["url"].endswith(ARTICLES)
    assert site.get(HOME).text.count("<form") == len(data["collections"]) == 8


def test_an_items_page_says_where_it_belongs(site):
    for page, said in (("", "page"), ("/item/1", "true"), ("/similar/1", "true"), ("/runs", "page")):
        text = site.get(ARTICLES + page).text
        (current,) = re.findall(r'<a href="[^"]*" aria-current="(\w+)">(\w+)', text)
        assert current == (said, "Runs" if page == "/runs" else "Search"), page


def test_home_of_an_empty_instance_says_what_to_do(make_site, tmp_path):
    file = str(tmp_path / "empty.db")
    with connect.writing(file, create=True) as db:
        db.execute("create table t (a)")
    for site in (make_site(file), make_site()):
        page = site.get(HOME)
        assert page.status_code == 200 and "semsearch index my.db TABLE" in page.text
        assert site.get(HOME + ".json").json()["collections"] == []


@pytest.mark.parametrize("key", WEIRD)
def test_ids_that_strain_urls(site, key):
    base = f"/library/-/semsearch/places_lsa/item/{tilde_encode(key)}"
    data = site.get(base + ".json").json()
    assert data["id"] == key and data["row"]["code"] == key
    page = site.get(base)
    assert page.status_code == 200
    row = next(link for link in Shape(ours(page.text)).links if link.startswith("/library/places/"))
    assert site.get(row + ".json?_shape=objects").json()["rows"][0]["code"] == key
    near = site.get(base.replace("/item/", "/similar/") + ".json").json()
    assert near["id"] == key and key not in [hit["id"] for hit in near["hits"]]


def test_compound_keys_lead_to_their_rows(site):
    hit = site.get("/library/-/semsearch/editions_lsa.json?q=moon&k=1").json()["hits"][0]
    page = site.get(f"/library/-/semsearch/editions_lsa/item/{tilde_encode(hit['id'])}")
    row = next(link for link in Shape(ours(page.text)).links if link.startswith("/library/editions/"))
    assert site.get(row + ".json?_shape=objects").json()["rows"][0]["number"] == hit["row"]["number"]


def test_table_without_a_key(site):
    hit = site.get("/library/-/semsearch/notes_lsa.json?q=moon&k=1").json()["hits"][0]
    page = site.get(f"/library/-/semsearch/notes_lsa/item/{hit['id']}")
    assert page.status_code == 200 and hit["row"]["day"] in page.text


def test_nothing_of_a_row_is_executed(site):
    for path in (ARTICLES + "?q=capsule", ARTICLES + "/item/6", ARTICLES + "/similar/6", ARTICLES + "/components"):
        page = site.get(path).text
        assert "<script>alert" not in page and "<b onload" not in page
        assert "&lt;script&gt;alert(&#39;title&#39;)&lt;/script&gt;" in page
    asked = site.get(ARTICLES + "?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E+moon").text
    assert "<script>alert(1)" not in asked


def test_json_holds_the_same_text_untouched(site):
    hit = site.get(ARTICLES + ".json?q=capsule&k=1").json()["hits"][0]
    assert hit["row"]["title"] == "<script>alert('title')</script>"
    assert json.dumps(hit)


def test_results_can_be_unlike_some(site):
    page = ours(site.get(ARTICLES + "/similar/1?k=3").text)
    less = [link for link in Shape(page).links if "unlike=" in link]
    assert len(less) == 3 and "Less like this" in page
    found = site.get(less[0])
    gone = less[0].rpartition("unlike=")[2]
    assert found.status_code == 200 and "orthogonal" in found.text and f'name="unlike" value="{gone}"' in found.text
    assert ARTICLES + "/similar/1?k=3" in Shape(ours(found.text)).links  # to remove it again
    data = site.get(twin(less[0])).json()
    assert data["unlike"] == [gone] and int(gone) not in [hit["id"] for hit in data["hits"]]
    assert site.get(ARTICLES + "/similar/1?unlike=99").status_code == 404
    assert site.get(ARTICLES + "/similar/1?unlike=1").status_code == 400
    many = "&".join(f"unlike={number}" for number in range(21))
    assert "at most 20, not 21" in site.get(f"{ARTICLES}/similar/2?{many}").text
