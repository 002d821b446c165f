"""The pages of near-duplicates and of clusters."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from semsearch_datasette import target
from semsearch_datasette.compat import IS_1
from semsearch_datasette.pages import duplicates_page

from semsearch.analysis import clusters, duplicates
from semsearch.building.update import update
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from tests.datasette.pages import ARTICLES, WORDS, Shape, ours, twin
from tests.datasette.site import SPACE, build_lsa

DUPLICATES, CLUSTERS = f"{ARTICLES}/duplicates", f"{ARTICLES}/clusters"
NEAR = "?threshold=0.5&words=0.1"


@pytest.fixture
def clustered(library, make_site):
    """The library with two clusters of articles."""
    with connect.writing(library) as db:
        clusters.write(db, clusters.cluster(db, open_collection(db, "articles_lsa"), 2))
    return make_site(library)


def test_pairs_are_those_that_learn_finds(site, library):
    with connect.reading(library) as db:
        found = duplicates.duplicates(db, open_collection(db, "articles_lsa"), threshold=0.5, words=0.1)
    data = site.get(twin(DUPLICATES + NEAR)).json()
    assert data["total"] == len(found) > 2
    shown = [(pair["one"]["id"], pair["other"]["id"], pair["cosine"], pair["words"]) for pair in data["pairs"]]
    assert shown == [(pair.one, pair.other, pair.cosine, pair.words) for pair in found[:10]]
    page = ours(site.get(DUPLICATES + NEAR).text)
    assert all(
        pair[side]["title"] in page or "<" in pair[side]["title"]
        for pair in data["pairs"]
        for side in pair
        if side in ("one", "other")
    )
    first, rest = (site.get(twin(f"{DUPLICATES}{NEAR}&k=2{after}")).json() for after in ("", "&after=2"))
    assert first["next_url"].endswith("/duplicates?threshold=0.5&words=0.1&k=2&after=2")
    assert first["pairs"] + rest["pairs"] == data["pairs"][:4]


def test_a_planted_copy_is_found_and_shown(tmp_path, make_site):
    file = str(tmp_path / "copies.db")
    with connect.writing(file, create=True) as db:
        db.execute("create table copies (id integer primary key, title text, body text)")
        rows = [*SPACE, ("A copy of Apollo", SPACE[0][1])]
        db.executemany("insert into copies (title, body) values (?, ?)", rows)
        build_lsa(db, "copies", ["body"], "title", 3)
    site = make_site(file)
    base = "/copies/-/semsearch/copies_lsa/duplicates"
    (pair,) = site.get(base + ".json").json()["pairs"]
    assert {pair["one"]["title"], pair["other"]["title"]} == {"Apollo", "A copy of Apollo"}
    with connect.writing(file) as db:  # cached for the run: what is gone since is called by its id
        db.execute("delete from copies where id = 7")
    assert site.get(base + ".json").json()["pairs"][0]["other"]["title"] == "7"


def test_pairs_are_computed_once_and_again_after_a_build(site, library, monkeypatch):
    calls, compare = [], duplicates.duplicates
    monkeypatch.setattr(duplicates, "duplicates", lambda *a, **b: calls.append(b["threshold"]) or compare(*a, **b))
    for path in (DUPLICATES, twin(DUPLICATES), DUPLICATES + "?k=3", DUPLICATES + "?threshold=0.8"):
        assert site.get(path).status_code == 200
    assert calls == [0.9, 0.8]
    with connect.writing(library) as db:
        build_lsa(db, "articles", ["body"], "title", 3)
    assert site.get(DUPLICATES).status_code == 200
    assert calls == [0.9, 0.8, 0.9]


def test_what_failed_is_tried_again(site, monkeypatch):
    monkeypatch.setattr(duplicates_page, "MAX_COMPARED_PAIRS", 1)
    answer = site.get(DUPLICATES + NEAR)
    assert answer.status_code == 400 and "More than 1 pairs have a similarity of 0.5 or more" in answer.text
    monkeypatch.setattr(duplicates_page, "MAX_COMPARED_PAIRS", 1000)
    assert site.get(DUPLICATES + NEAR).status_code == 200


def test_large_collections_are_left_to_the_command(site, monkeypatch):
    monkeypatch.setattr(duplicates_page, "MAX_COMPARED", 11)
    monkeypatch.setattr(target, "MAX_COMPARED", 11)
    answer = site.get(DUPLICATES)
    assert answer.status_code == 400 and "semsearch duplicates library.db articles_lsa" in answer.text
    assert site.get(twin(DUPLICATES)).json()["status"] == 400
    assert DUPLICATES not in Shape(ours(site.get(ARTICLES).text)).links


def test_words_are_compared_by_meaning_alone(site):
    data = site.get(f"{WORDS}/duplicates.json?threshold=0.95").json()
    assert data["words"] is None and data["pairs"] and all(pair["words"] is None for pair in data["pairs"])


def test_without_clusters_the_page_says_the_command(site):
    page = site.get(CLUSTERS)
    assert page.status_code == 200 and "semsearch cluster library.db articles_lsa --clusters 12" in page.text
    assert CLUSTERS not in Shape(ours(site.get(ARTICLES).text)).links
    assert site.get(twin(CLUSTERS)).json()["clusters"] == []


def test_clusters_with_their_items(clustered):
    data = clustered.get(twin(CLUSTERS)).json()
    assert [one["cluster"] for one in data["clusters"]] == [1, 2] == list(range(1, data["total"] + 1))
    assert sum(one["count"] for one in data["clusters"]) == 12
    for one in data["clusters"]:
        themes = {clustered.get(f"{ARTICLES}/item/{item['id']}.json").json()["row"]["theme"] for item in one["nearest"]}
        assert len(one["nearest"]) == 4 and len(themes) == 1
    page = ours(clustered.get(CLUSTERS).text)
    links = Shape(page).links
    assert CLUSTERS in Shape(ours(clustered.get(ARTICLES).text)).links
    for link in sorted(set(links)):
        assert clustered.get(link).status_code == 200, link
    rows = next(link for link in links if "cluster=2" in link)
    parts = urlsplit(rows)
    listed = clustered.get(f"{parts.path}.json?{parts.query}&_shape=array").json()
    assert {row["cluster"] for row in listed} == {2} and len(listed) == data["clusters"][1]["count"]
    assert clustered.get(twin(CLUSTERS + "?k=1")).json()["next_url"].endswith("/clusters?k=1&after=1")


def test_clusters_of_an_earlier_state_are_called_stale(library, make_site):
    with connect.writing(library) as db:
        clusters.write(db, clusters.cluster(db, open_collection(db, "articles_lsa"), 2))
    assert make_site(library).get(twin(CLUSTERS)).json()["remark"] is None
    with connect.writing(library) as db:
        db.execute("insert into articles (id, title, body) values (99, 'Moon', 'a rocket and the moon')")
        update(db)
    site = make_site(library)
    assert (
        site.get(twin(CLUSTERS))
        .json()["remark"]
        .startswith(
            "articles_lsa has changed since its clusters were computed. Run: semsearch cluster library.db articles_lsa"
        )
    )
    page = ours(site.get(CLUSTERS).text)
    assert "articles_lsa has changed since these clusters were computed" in page and "No clusters yet" not in page


def test_another_table_of_that_name_is_no_clusters(library, make_site):
    with connect.writing(library) as db:
        db.execute("create table articles_lsa_clusters (mine)")
    site = make_site(library)
    assert "No clusters yet" in site.get(CLUSTERS).text


def test_closed_clusters_are_not_shown(library, make_site):
    with connect.writing(library) as db:
        clusters.write(db, clusters.cluster(db, open_collection(db, "articles_lsa"), 2))
    closed = {"databases": {"library": {"tables": {"articles_lsa_clusters": {"allow": {"id": "owner"}}}}}}
    site = make_site(library, **{"config" if IS_1 else "metadata": closed})
    page, data = site.get(CLUSTERS), site.get(twin(CLUSTERS)).json()  # as if there were none
    assert page.status_code == 200 and "semsearch cluster" in page.text and "articles_lsa_clusters" not in page.text
    assert data["clusters"] == [] and "has no clusters yet" in data["remark"]
    assert CLUSTERS not in site.get(ARTICLES).text
    owner = site.as_actor("owner")
    page = site.get(CLUSTERS, **owner)
    assert page.status_code == 200 and page.headers["cache-control"].startswith("private")
    assert CLUSTERS in site.get(ARTICLES, **owner).text
