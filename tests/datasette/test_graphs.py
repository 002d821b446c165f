"""Pages of a graph: nodes with their neighbours, and edges that are closed close the vectors made of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from semsearch.cli.main import assemble
from semsearch.storage import connect
from semsearch.storage.derived import derived_tables
from tests.datasette.test_answers import _configured

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


def test_a_search_by_text_says_what_is_searched_by_instead(friends: str, make_site) -> None:
    answer = make_site(friends).get(f"{BASE}?q=a1")
    assert answer.status_code in (200, 400) and "Traceback" not in answer.text


def test_closed_edges_close_what_was_made_of_them(friends: str, make_site) -> None:
    with connect.reading(friends) as db:
        made = derived_tables(db)
        (edges,) = made["people_netmf"] - {"people"}
    closed = {"databases": {"friends": {"tables": {edges: {"allow": {"id": "owner"}}}}}}
    site = make_site(friends, **_configured(closed))
    for path in (BASE, f"{BASE}/similar/a1.json", "/friends/people_netmf.json"):
        assert site.get(path).status_code == 403, path
        assert site.get(path, **site.as_actor("owner")).status_code == 200, path
    assert site.get("/friends/people.json").status_code == 200
