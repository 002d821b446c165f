"""Pages of a graph: nodes with their neighbours, and edges that are closed close the vectors made of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from semsearch.analysis.example_walks import example_walks
from semsearch.analysis.links import link_model, predict_links
from semsearch.cli.main import assemble
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from semsearch.storage.lineage import derived_tables
from tests.datasette.pages import Shape, configured, ours

BASE = "/friends/-/semsearch/people_netmf"


@pytest.fixture
def friends(tmp_path: Path) -> str:
    """Two circles of six people who know each other, but for a1 and a2, joined by one acquaintance; their vectors."""
    circles = [[f"a{number}" for number in range(6)], [f"b{number}" for number in range(6)]]
    pairs = [(one, other) for circle in circles for one in circle for other in circle if one < other]
    pairs.remove(("a1", "a2"))
    edges = tmp_path / "edges.csv"
    edges.write_text("source,target\n" + "\n".join(f"{one},{other}" for one, other in [*pairs, ("a0", "b0")]))
    path = str(tmp_path / "friends.db")
    for arguments in (("ingest", "edges", path, "people", str(edges)), ("build", "netmf", path, "people")):
        done = CliRunner().invoke(assemble(), list(arguments))
        assert done.exit_code == 0, done.output
    return path


@pytest.mark.parametrize("page", ["", "/item/a1", "/similar/a1", "/runs", "/clusters", "/duplicates"])
def test_every_page_of_nodes_answers(friends: str, make_site, page: str) -> None:
    site = make_site(friends)
    assert site.get(BASE + page).status_code == 200
    assert site.get(f"{BASE}{page}.json").json()["ok"] is True


def test_neighbours_are_of_the_same_circle(friends: str, make_site) -> None:
    hits = make_site(friends).get(f"{BASE}/similar/a1.json?k=4").json()["hits"]
    assert len(hits) == 4 and all(hit["id"].startswith("a") for hit in hits)


def test_a_nodes_page_tells_its_neighbours_and_suggests_links(friends: str, make_site) -> None:
    site = make_site(friends)
    data = site.get(f"{BASE}/item/a0.json").json()
    assert data["degree"] == 6 and not data["directed"]
    assert {one["id"] for one in data["neighbours"]} == {"a1", "a2", "a3", "a4", "a5", "b0"}
    assert all(one["joined"] == {"weight": 1.0, "there": 1.0, "back": 0.0} for one in data["neighbours"])
    assert ["a0", "b0"] in data["edges"] and data["suggested"] == []  # b1 to b5 have almost orthogonal vectors
    assert len(data["hits"]) == 8 and data["hits"] == site.get(f"{BASE}/similar/a0.json?k=8").json()["hits"]


def test_suggested_links_are_those_of_predict_links(friends: str, make_site) -> None:
    site = make_site(friends)
    data = site.get(f"{BASE}/item/a1.json").json()
    assert data["suggested"][0]["id"] == "a2" and data["suggested"][0]["vector_score"] > 0.5
    assert data["suggested"][0]["common_neighbours"] == ["a0", "a3", "a4", "a5"]
    with connect.reading(friends) as db:
        links = predict_links(db, open_collection(db, "people_netmf"))
    mine = [{link.source, link.target} for link in links if "a1" in (link.source, link.target)]
    assert mine == [{"a1", one["id"]} for one in data["suggested"]]
    page = ours(site.get(f"{BASE}/item/a1").text)
    assert "semsearch predict-links</code>" in page and "4 common neighbours" in page


def test_predicted_links_have_a_page_that_says_when_they_are_stale(friends: str, make_site) -> None:
    site = make_site(friends)
    assert "semsearch predict-links friends.db people_netmf" in ours(site.get(f"{BASE}/links").text)
    assert "/links" not in str(Shape(ours(site.get(f"{BASE}/runs").text)).links)  # no tab for a page that is empty
    done = CliRunner().invoke(assemble(), ["predict-links", friends, "people_netmf", "--json"])
    assert done.exit_code == 0, done.output
    site = make_site(friends)
    data = site.get(f"{BASE}/links.json").json()
    written = json.loads(done.stdout)
    assert data["total"] == len(written) and data["remark"] is None
    ends = [(link["source"]["id"], link["target"]["id"], link["score"]) for link in data["links"]]
    assert ends == [(link["source"], link["target"], link["score"]) for link in written]
    page = ours(site.get(f"{BASE}/links").text)
    assert f"{BASE}/item/a1" in page and "have changed" not in page and "has changed" not in page
    assert f"{BASE}/links" in Shape(ours(site.get(f"{BASE}/runs").text)).links
    assert CliRunner().invoke(assemble(), ["build", "netmf", friends, "people"]).exit_code == 0
    site = make_site(friends)
    assert "has changed since these links were predicted" in ours(site.get(f"{BASE}/links").text)
    assert "has changed" in site.get(f"{BASE}/links.json").json()["remark"]


def test_walks_of_the_graph_stand_as_sentences(friends: str, make_site) -> None:
    site = make_site(friends)
    data = site.get(f"{BASE}/item/a3.json").json()
    with connect.reading(friends) as db:
        graph = link_model(db, open_collection(db, "people_netmf")).graph
    assert data["walks"] == example_walks(graph, "a3") and all(walk[0] == "a3" for walk in data["walks"])
    page = ours(site.get(f"{BASE}/item/a3").text)
    lines = re.findall(r"<li><strong>a3</strong> → .*?</li>", page)
    assert [re.findall(r">(\w+)</(?:strong|a)>", line) for line in lines] == data["walks"]
    assert "at most 10 steps apart" in page


def test_the_key_of_the_picture_names_what_is_in_it(friends: str, make_site) -> None:
    page = ours(make_site(friends).get(f"{BASE}/item/a0").text)
    key = page[page.index('<ul class="sem-key">') :]
    assert "adjacent, with a similar vector" in key and "similar vector, not adjacent" in key
    assert ("</svg> adjacent</li>" in key) == ('class="sem-joined"><title>' in page)


def test_the_picture_and_the_table_say_the_same(friends: str, make_site) -> None:
    page = ours(make_site(friends).get(f"{BASE}/item/a0").text)
    svg = page[page.index('<svg class="sem-plot sem-ego"') : page.index('<ul class="sem-key"')]
    drawn = re.findall(r'<a href="[^"]*/item/(\w+)"[^>]* class="(sem-[\w-]+)"><title>(\w+)</title>', svg)
    assert [one[0] for one in drawn] == [one[2] for one in drawn] and drawn[0] == ("a0", "sem-here", "a0")
    kinds = {id: kind for id, kind, _ in drawn}
    data = make_site(friends).get(f"{BASE}/item/a0.json").json()
    apart = {hit["id"] for hit in data["hits"]} - {one["id"] for one in data["neighbours"]}
    assert {id for id, kind in kinds.items() if kind == "sem-apart"} == apart and apart
    assert kinds["a1"] == "sem-both" and svg.count("sem-dashed") == len(apart)
    assert svg.count("<line") == len(data["edges"]) + len(apart)
    assert svg.count("<path") == sum(kind != "sem-here" and kind != "sem-joined" for kind in kinds.values())
    assert "a0 and 6 adjacent nodes, with 2 nodes that have a similar vector" in svg
    table = page[page.index("sem-around") :]
    assert re.findall(r'<th scope="row"><a href="[^"]*/item/(\w+)"', table) == [one[0] for one in drawn[1:]]
    assert "6 adjacent nodes, then similar nodes that are not adjacent" in page
    assert "style=" not in page and "<script" not in page  # CSP-safe


def test_every_link_of_a_nodes_page_leads_somewhere(friends: str, make_site) -> None:
    site = make_site(friends)
    for link in Shape(ours(site.get(f"{BASE}/item/a0").text)).links:
        assert site.get(link, follow_redirects=True).status_code == 200, link


def test_directed_edges_are_told_apart(tmp_path: Path, make_site) -> None:
    path, edges = str(tmp_path / "way.db"), tmp_path / "edges.csv"
    ring = [(f"n{number}", f"n{(number + 1) % 70}") for number in range(70)]
    spokes = [("hub", name) for name, _ in ring] + [("n0", "hub")]
    edges.write_text("source,target\n" + "\n".join(f"{one},{other}" for one, other in [*ring, *spokes]))
    for arguments in (("ingest", "edges", path, "way", str(edges), "--directed"), ("build", "netmf", path, "way")):
        assert CliRunner().invoke(assemble(), list(arguments)).exit_code == 0
    site = make_site(path)
    page = ours(site.get("/way/-/semsearch/way_netmf/item/hub").text)
    assert "→ 1, ← 1" in page and "59 of 70 adjacent nodes are shown, those with the most similar vectors" in page
    assert page.count("sem-joined") + page.count("sem-both") >= 59 and 'marker-mid="url(#sem-head)"' in page
    assert "All similar nodes are adjacent already" in page
    data = site.get("/way/-/semsearch/way_netmf/item/n5.json").json()
    joined = {one["id"]: (one["joined"]["there"], one["joined"]["back"]) for one in data["neighbours"]}
    assert joined == {"n6": (1.0, 0.0), "n4": (0.0, 1.0), "hub": (0.0, 1.0)}


def test_a_nodes_name_leads_to_its_page(friends: str, make_site) -> None:
    site = make_site(friends)
    answer = site.get(f"{BASE}?q=a1&k=10")
    assert answer.status_code == 302 and answer.headers["location"] == f"{BASE}/item/a1"
    assert site.get(f"{BASE}.json?q=a1").json()["hits"][0]["id"] == "a1"  # a twin answers, it leads nowhere


def test_nodes_are_found_by_part_of_their_name(friends: str, make_site) -> None:
    site = make_site(friends)
    page = site.get(f"{BASE}?q=b")
    assert page.status_code == 200 and "6 results" in page.text and "with the most edges" not in page.text
    assert re.findall(r'<h3><a href="[^"]*/item/(\w+)"', page.text) == [f"b{number}" for number in range(6)]
    found = [site.get(f"{BASE}.json?q=b&k=2&after={after}").json() for after in (0, 2, 4)]
    assert [hit["id"] for page in found for hit in page["hits"]] == [f"b{number}" for number in range(6)]
    assert [bool(page["next_url"]) for page in found] == [True, True, False] and found[0]["mode"] == "text"
    for nothing in ("%25", "zebra", "_"):
        page = site.get(f"{BASE}?q={nothing}")
        assert page.status_code == 200 and "No results" in page.text and "Nodes with the most edges" in page.text
    refused = site.get(f"{BASE}.json?q=a1&mode=vector")
    assert "`semsearch similar friends.db people_netmf ID`" in refused.json()["error"]
    assert refused.status_code == 400  # what cannot be is said where it was asked for


def test_a_misspelled_name_gets_a_suggestion(tmp_path: Path, make_site) -> None:
    circles = [[f"Person {letter}{number}" for number in range(6)] for letter in "ab"]
    pairs = [(one, other) for circle in circles for one in circle for other in circle if one < other]
    edges, path = tmp_path / "edges.csv", str(tmp_path / "friends.db")
    edges.write_text("source,target\n" + "\n".join(f"{one},{other}" for one, other in pairs))
    for arguments in (("ingest", "edges", path, "people", str(edges)), ("build", "netmf", path, "people")):
        assert CliRunner().invoke(assemble(), list(arguments)).exit_code == 0
    site = make_site(path)
    data = site.get(f"{BASE}.json?q=persno+a1").json()
    assert data["hits"] == [] and data["did_you_mean"] == "Person a1"
    assert "Did you mean" in site.get(f"{BASE}?q=persno+a1").text
    assert site.get(f"{BASE}.json?q=nobody").json()["did_you_mean"] is None


def test_the_form_of_nodes_asks_for_a_name_and_shows_where_to_begin(friends: str, make_site) -> None:
    site = make_site(friends)
    page = ours(site.get(BASE).text)
    assert "Find a node by its name or text" in page and "own words" not in page and 'name="mode"' not in page
    begun = re.findall(r'<li><a href="[^"]*/item/(\w+)">\w+</a> <span class="sem-for">(\d) edges', page)
    assert begun[:2] == [("a0", "6"), ("b0", "6")] and len(begun) == 12
    assert {count for _, count in begun[2:]} == {"4", "5"}
    assert "Find a node by its name or text" in ours(site.get("/-/semsearch").text)
    assert site.get(f"{BASE}.json").json()["starts"][0] == {"id": "a0", "edges": 6}


def test_rows_are_found_by_title_and_by_the_words_of_their_text(tmp_path: Path, make_site) -> None:
    path = str(tmp_path / "wines.db")
    with connect.writing(path, create=True) as db:
        db.execute("create table wines (id integer primary key, name text, note text, acid real, sugar real)")
        rows = [(1, "Red Hill", "dark plum"), (2, "Red Rock", "a hill of plums"), (3, "White", "lime"), (4, "Hill", "")]
        db.executemany("insert into wines values (?, ?, ?, ?, ?)", [(*row, row[0] % 3, row[0] ** 2) for row in rows])
    for arguments in (
        ("ingest", "table", path, "wines", "--title", "name", "--text", "note", "--language", "english"),
        ("build", "pca", path, "wines", "--columns", "acid,sugar"),
    ):
        done = CliRunner().invoke(assemble(), list(arguments))
        assert done.exit_code == 0, done.output
    site, base = make_site(path), "/wines/-/semsearch/wines_pca"
    assert "Find a row by its name or text" in site.get(base).text
    assert [one["id"] for one in site.get(f"{base}.json").json()["starts"]] == [4, 1, 2, 3]  # by title
    for asked, id in (("3", 3), ("white", 3), ("hill", 4)):
        assert site.get(f"{base}?q={asked}").headers["location"] == f"{base}/item/{id}"
    found = site.get(f"{base}.json?q=hill").json()["hits"]
    assert [hit["id"] for hit in found] == [4, 1, 2]  # the very title, one that holds it, then a text with the word
    assert [hit["score"] for hit in found[:2]] == [3.0, 1.0] and found[2]["text_score"] > 0
    assert [hit["id"] for hit in site.get(f"{base}.json?q=hill&acid__exact=2").json()["hits"]] == [2]
    assert site.get(f"{base}?q=plum").text.count("<h3>") == 2


def test_closed_edges_close_what_was_made_of_them(friends: str, make_site) -> None:
    with connect.reading(friends) as db:
        made = derived_tables(db)
        (edges,) = made["people_netmf"] - {"people"}
    closed = {"databases": {"friends": {"tables": {edges: {"allow": {"id": "owner"}}}}}}
    site = make_site(friends, **configured(closed))
    paths = (BASE, f"{BASE}/similar/a1.json", f"{BASE}/item/a1", f"{BASE}/item/a1.json", "/friends/people_netmf.json")
    for path in paths:
        assert site.get(path).status_code == (404 if "/-/" in path else 403), path
        assert site.get(path, **site.as_actor("owner")).status_code == 200, path
    assert site.get("/friends/people.json").status_code == 200
