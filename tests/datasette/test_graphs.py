"""Pages of a graph: nodes with their neighbours, and edges that are closed close the vectors made of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from semsearch.cli.main import assemble
from semsearch.storage import connect
from semsearch.storage.derived import derived_tables
from tests.datasette.test_answers import _configured
from tests.datasette.test_pages import Shape, ours

BASE = "/friends/-/semsearch/people_netmf"


@pytest.fixture
def friends(tmp_path: Path) -> str:
    """Two circles of six people who all know each other, joined by one acquaintance, and their vectors."""
    circles = [[f"a{number}" for number in range(6)], [f"b{number}" for number in range(6)]]
    pairs = [(one, other) for circle in circles for one in circle for other in circle if one < other]
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
    apart = {one["id"]: one for one in data["suggested"]}
    assert set(apart) == {"b1", "b2", "b3", "b4", "b5"}
    assert all(one["common_neighbours"] == ["b0"] and one["common"] == 1 for one in apart.values())
    assert ["a0", "b0"] in data["edges"] and len(data["edges"]) == 31
    assert len(data["hits"]) == 8 and data["hits"] == site.get(f"{BASE}/similar/a0.json?k=8").json()["hits"]


def test_the_picture_and_the_table_say_the_same(friends: str, make_site) -> None:
    page = ours(make_site(friends).get(f"{BASE}/item/a0").text)
    svg = page[page.index('<svg class="sem-plot sem-ego"') : page.index('<ul class="sem-key"')]
    drawn = re.findall(r'<a href="[^"]*/item/(\w+)"[^>]* class="(sem-[\w-]+)"><title>(\w+)</title>', svg)
    assert [one[0] for one in drawn] == [one[2] for one in drawn] and drawn[0] == ("a0", "sem-here", "a0")
    kinds = {id: kind for id, kind, _ in drawn}
    assert {id for id, kind in kinds.items() if kind == "sem-apart"} == {"b1", "b2", "b3", "b4", "b5"}
    assert kinds["a1"] == "sem-both" and svg.count("<line") == 31 + 5 and svg.count("sem-dashed") == 5
    assert svg.count("<path") == sum(kind != "sem-here" and kind != "sem-joined" for kind in kinds.values())
    assert "a0 and 6 nodes that edges join to it, with 5 nodes whose vectors are near its own" in svg
    table = page[page.index("sem-around") :]
    assert re.findall(r'<th scope="row"><a href="[^"]*/item/(\w+)"', table) == [one[0] for one in drawn[1:]]
    assert "6 neighbours, then near vectors that no edge joins to it" in page
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
    assert "to 1, from 1" in page and "59 of 70 neighbours, the nearest and heaviest" in page
    assert page.count("sem-joined") + page.count("sem-both") >= 59 and 'marker-start="url(#sem-head)"' in page
    assert "Every node that is near is joined to it already" in page
    data = site.get("/way/-/semsearch/way_netmf/item/n5.json").json()
    joined = {one["id"]: (one["joined"]["there"], one["joined"]["back"]) for one in data["neighbours"]}
    assert joined == {"n6": (1.0, 0.0), "n4": (0.0, 1.0), "hub": (0.0, 1.0)}


def test_a_search_by_text_says_what_is_searched_by_instead(friends: str, make_site) -> None:
    answer = make_site(friends).get(f"{BASE}?q=a1")
    assert answer.status_code in (200, 400) and "Traceback" not in answer.text


def test_closed_edges_close_what_was_made_of_them(friends: str, make_site) -> None:
    with connect.reading(friends) as db:
        made = derived_tables(db)
        (edges,) = made["people_netmf"] - {"people"}
    closed = {"databases": {"friends": {"tables": {edges: {"allow": {"id": "owner"}}}}}}
    site = make_site(friends, **_configured(closed))
    paths = (BASE, f"{BASE}/similar/a1.json", f"{BASE}/item/a1", f"{BASE}/item/a1.json", "/friends/people_netmf.json")
    for path in paths:
        assert site.get(path).status_code == 403, path
        assert site.get(path, **site.as_actor("owner")).status_code == 200, path
    assert site.get("/friends/people.json").status_code == 200
