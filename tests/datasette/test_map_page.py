"""The map page and what its script asks for: points, selections, colours, search hits; and who may see them."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from semsearch.analysis import maps
from semsearch.building import build
from semsearch.storage import connect, datasets
from semsearch.storage.collections import open_collection
from tests.datasette.pages import ARTICLES, PRIVATE, WORDS, configured, ours
from tests.helpers import built_once

MAP = ARTICLES + "/map"
ALL = "0,0,65535,0,65535,65535,0,65535"


def fill(folder, built):
    import shutil

    path = str(shutil.copy(built, folder / "library.db"))
    with connect.writing(path) as db:
        for name in ("articles_lsa", "articles_lsa_words", "editions_lsa", "places_lsa"):
            maps.write(db, maps.make_map(db, open_collection(db, name), "pca"))
        connect.checkpoint(db)


@pytest.fixture(scope="session")
def mapped(tmp_path_factory, built):
    return built_once(tmp_path_factory, "mapped", lambda folder: fill(folder, built)) / "library.db"


@pytest.fixture
def path(mapped, tmp_path):
    import shutil

    return str(shutil.copy(mapped, tmp_path / "library.db"))


@pytest.fixture
def site(path, make_site):
    return make_site(path)


def unpacked(content):
    n, some = struct.unpack("<II", content[4:12])
    assert content[:4] == b"SMAP"
    x, y = (np.frombuffer(content, "<u2", n, 12 + 2 * n * axis) for axis in (0, 1))
    groups = np.frombuffer(content, np.uint8, n, 12 + 4 * n)
    rows = np.frombuffer(content, "<u4", n, 12 + -(-5 * n // 4) * 4) if some else np.arange(n)
    return x, y, groups, rows.tolist()


def test_the_page_lists_the_groups_and_is_csp_safe(site):
    page = site.get(MAP)
    text = ours(page.text)
    assert page.status_code == 200 and "style=" not in text and "<script" not in text
    data = site.get(MAP + ".json").json()
    assert data["shown"] == data["total"] == 12 and data["method"] == "pca" and data["selected"] is None
    assert sum(group["items"] for group in data["groups"] if group["level"] == 1) == 12
    for group in data["groups"]:
        assert 0 <= group["x"] <= 1 and 0 <= group["y"] <= 1
        if group["level"] == 1:
            assert f"group=1-{group['number']}" in text


def test_points_are_packed_and_cached(site):
    answer = site.get(MAP + ".bin")
    x, y, groups, rows = unpacked(answer.content)
    assert rows == list(range(12)) and set(groups.tolist()) <= {1, 2, 3}
    stored = site.get("/library/articles_lsa_map.json?_shape=array&_size=100").json()
    expected = [(round(row["x"] * 65535), round(row["y"] * 65535)) for row in stored]
    assert np.abs(np.array(expected) - np.stack([x, y], axis=1)).max() <= 1
    assert site.get(MAP + ".bin", headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    plain = site.get(MAP + ".bin", headers={"accept-encoding": "identity"})
    assert plain.content == answer.content and "content-encoding" not in plain.headers


def test_points_of_rows_that_a_filter_hides_do_not_travel(site):
    _, _, _, rows = unpacked(site.get(MAP + ".bin?theme=bread").content)
    assert len(rows) == 6
    data = site.get(MAP + f".json?theme=bread&polygon={ALL}").json()
    assert data["shown"] == data["selected"]["count"] == 6
    assert {item["row"] for item in data["selected"]["items"]} == set(rows)
    hidden = next(row for row in range(12) if row not in rows)
    assert site.get(f"{MAP}/items.json?theme=bread&rows={hidden}").json()["items"] == []
    everything = site.get(f"{MAP}/found.json?q=the+moon+dough").json()["rows"]
    assert set(site.get(f"{MAP}/found.json?q=the+moon+dough&theme=bread").json()["rows"]) <= set(rows) & set(everything)


def test_a_polygon_and_a_group_select_items(site):
    items = site.get(f"{MAP}/items.json?rows=0,1,2").json()["items"]
    assert [item["row"] for item in items] == [0, 1, 2] and all(item["title"] and item["href"] for item in items)
    x, y, groups, _ = unpacked(site.get(MAP + ".bin").content)
    around = f"{x[0] - 9},{y[0] - 9},{x[0] + 9},{y[0] - 9},{x[0] + 9},{y[0] + 9},{x[0] - 9},{y[0] + 9}".replace(
        "-9,", "0,"
    )
    chosen = site.get(f"{MAP}.json?polygon={around}").json()["selected"]
    assert [item["row"] for item in chosen["items"]] == [0]
    of_group = site.get(f"{MAP}.json?group=1-1").json()["selected"]
    assert of_group["count"] == int((groups == 1).sum())
    rows = site.get(f"{MAP}.csv?group=1-1").text.strip().splitlines()
    assert rows[0].startswith("id,title,x,y,group") and len(rows) == of_group["count"] + 1


def test_the_selection_in_sql_is_the_same(site):
    page = site.get(f"{MAP}?polygon={ALL}").text
    sql = page.partition("<pre><code>select")[2].partition("</code>")[0]
    from html import unescape
    from urllib.parse import quote

    from semsearch_datasette.compat import IS_1

    query = quote("select" + unescape(sql))
    found = site.get(
        f"/library/-/query.json?sql={query}&_shape=array" if IS_1 else f"/library.json?sql={query}&_shape=array"
    )
    assert len(found.json()) == 12


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("polygon=" + ",".join(["1,1"] * 10_000), "the limit is 200"),
        ("polygon=1,2", "at least three corners"),
        ("polygon=a", "whole numbers"),
        ("group=9", "group must be"),
        ("group=1-x", "group must be"),
        ("v=0.0.0", "has changed since this page was loaded"),
        ("nothing=1", "no column"),
        ("k=0", "k must be"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(site, arguments, told):
    answer = site.get(f"{MAP}.json?{arguments}")
    assert answer.status_code == 400 and told in answer.json()["error"]


def test_unknown_groups_columns_and_rows(site):
    assert site.get(f"{MAP}?group=1-99").status_code == 404
    assert site.get(f"{MAP}/column.json?column=secret").status_code == 404
    assert site.get(f"{MAP}/items.json?rows=12").status_code == 400
    assert site.get(f"{MAP}/items.json?rows=" + ",".join(["1"] * 61)).status_code == 400
    assert site.get(f"{MAP}/items").status_code == 302


def test_colours_by_a_column(site):
    import base64

    found = site.get(f"{MAP}/column.json?column=theme").json()
    assert found["names"] == ["bread", "space"] and found["counts"] == [6, 6] and not found["ordered"]
    codes = base64.b64decode(found["codes"])
    titles = {
        item["row"]: item["id"]
        for item in site.get(f"{MAP}/items.json?rows=" + ",".join(map(str, range(12)))).json()["items"]
    }
    assert all((codes[row] == 1) == (int(id) <= 6) for row, id in titles.items())


def test_thousands_of_categories_numbers_and_dates_become_a_few_colours():
    from semsearch.analysis.map_view import colouring, shown_among, view_of
    from semsearch.storage.maps import Points
    from semsearch.storage.result_states import ResultState

    keys = [str(number) for number in range(10_000)]
    points = Points(keys, np.zeros((10_000, 2)), np.ones(10_000, np.int64), (), ResultState(1, 1, {}))
    view = view_of(points)
    everything = shown_among(view, None)
    many = colouring(view, everything, {key: f"kind {int(key) % 5_000}" for key in keys})
    assert len(many.names) == 13 and many.names[-1] == "4,988 other values" and sum(many.counts) == 10_000
    numbers = colouring(view, everything, {key: float("nan") if key == "7" else int(key) ** 2 for key in keys})
    assert numbers.ordered and len(numbers.names) == 9 and numbers.names[-1] == "no value" and numbers.counts[-1] == 1
    assert max(numbers.counts[:-1]) < 1_300
    dates = colouring(view, everything, {key: f"20{int(key) % 20 + 10}-01-0{int(key) % 9 + 1}" for key in keys})
    assert dates.ordered and dates.names[0].startswith("2010-01-01")
    nothing = colouring(view, everything, {})
    assert nothing.names == ["no value"] and nothing.counts == [10_000]


def test_arrow_keys_get_the_stored_neighbours(site):
    found = site.get(f"{MAP}/items.json?near=3").json()["items"]
    assert found[0]["row"] == 3 and len(found) == 12
    nearest = site.get(f"{ARTICLES}/similar/{found[0]['id']}.json?k=11").json()["hits"]
    assert [item["id"] for item in found[1:3]] == [hit["id"] for hit in nearest[:2]] or len(nearest) == 11


@pytest.mark.parametrize("collection", ["articles_lsa_words", "editions_lsa", "places_lsa"])
def test_words_and_other_keys_have_maps_too(site, collection):
    base = f"/library/-/semsearch/{collection}/map"
    data = site.get(f"{base}.json?polygon={ALL}").json()
    assert data["selected"]["count"] == data["total"] > 10
    for item in data["selected"]["items"][:4]:
        assert site.get(item["href"]).status_code == 200
    assert site.get(f"{base}/found.json?q=moon").status_code == 200


def test_a_picture_for_browsers_without_webgl(site):
    for arguments in ("", "?dark=1", "?small=1"):
        picture = site.get(f"{MAP}.png{arguments}")
        assert picture.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert f'href="{MAP}?group=1-1"' in site.get(MAP).text


def test_a_map_of_another_run_is_called_stale(path, make_site):
    with connect.writing(path) as db:
        from semsearch import registry

        lsa = registry.load(entry_points=False).builder("lsa")
        build.build(db, datasets.get_dataset(db, "articles"), lsa, {"dim": 3})
    site = make_site(path)
    assert "semsearch map library.db articles_lsa" in site.get(MAP).text
    assert "has changed since its map was made" in site.get(MAP + ".json").json()["remark"]


def test_without_a_map_the_page_says_the_command(library, make_site):
    site = make_site(library)
    assert "semsearch map library.db articles_lsa" in site.get(MAP).text
    assert site.get(MAP + ".json").json()["exists"] is False
    assert site.get(MAP + ".bin").status_code == 404


def test_a_damaged_map_is_said_in_one_line(path, make_site):
    with connect.writing(path) as db:
        db.execute("update articles_lsa_map set x = 'far' where rowid = 3")
        db.commit()
    answer = make_site(path).get(MAP + ".json")
    assert answer.status_code == 503 and "damaged" in answer.json()["error"]


def test_a_visitor_who_may_not_see_the_table_sees_no_map(path, make_site):
    site = make_site(path, **configured(PRIVATE))
    for page in (
        "",
        ".json",
        ".bin",
        ".png",
        ".csv",
        "/items.json?rows=1",
        "/found.json?q=moon",
        "/column.json?column=theme",
    ):
        there, never = site.get(MAP + page), site.get(MAP.replace("articles_lsa", "nothing_lsa") + page)
        assert there.status_code == never.status_code == 404
    assert site.get("/library/articles_lsa_map.json").status_code == 403
    assert site.get("/library/articles_lsa_map_groups.json").status_code == 403
    owner = site.get(MAP + ".bin", **site.as_actor("owner"))
    assert owner.status_code == 200 and owner.headers["cache-control"].startswith("private")


def test_a_closed_map_is_as_if_it_were_not_there(path, make_site):
    closed = {"databases": {"library": {"tables": {"articles_lsa_map": {"allow": {"id": "owner"}}}}}}
    site = make_site(path, **configured(closed))
    assert site.get(MAP + ".json").json()["exists"] is False and site.get(MAP + ".bin").status_code == 404
    assert ">Map<" not in site.get(WORDS.replace("_words", "")).text


def test_gzip_is_the_content(site):
    raw = site.get(MAP + ".bin", headers={"accept-encoding": "gzip"})
    assert raw.headers["content-encoding"] == "gzip" and raw.content[:4] == b"SMAP"  # the client has unpacked it
    assert gzip.decompress(gzip.compress(raw.content)) == raw.content
