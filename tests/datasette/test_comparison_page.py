"""Collections of one table's pictures beside each other: the page says what the command says; who may see it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from semsearch import registry
from semsearch.building import build
from semsearch.storage import connect
from tests.datasette.pages import configured, ours
from tests.planted_images import load, shapes

PAGE = "/pics/-/semsearch/good/comparison"
PIXELS, LABELS = shapes(120, 12)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("pics") / "pics.db")
    with connect.writing(path, create=True) as db:
        dataset = load(db, PIXELS, LABELS)
        for name, dim in (("good", 6), ("poor", 1)):
            build.build(db, dataset, registry.load().builder("pca"), {"dim": dim}, build.BuildOptions(name=name))
        connect.checkpoint(db)
    return path


def test_the_page_says_what_the_command_says(file: str, make_site: Any, run: Any) -> None:
    site = make_site(file)
    answer = site.get(PAGE)
    assert answer.status_code == 200
    text, twin = ours(answer.text), site.get(PAGE.replace("comparison", "comparison.json")).json()
    said = json.loads(run("evaluate", "images", file, "shapes", "--json").stdout)
    assert twin["compared"]["rows"] == said and [row["collection"] for row in said] == ["good", "poor"]
    assert (twin["compared"]["learned"], twin["compared"]["judged"]) == (96, 24)
    best = f"<strong>{100 * said[0]['probe']:.1f}</strong>"
    assert best in text and f"<td>{100 * said[1]['probe']:.1f}</td>" in text
    assert "semsearch evaluate images pics.db shapes --label label" in text
    assert "24 held-out images (every fifth image)" in text
    near = twin["neighbours"]
    assert len(near) == 2 * 5 and all(len(one["near"]) == 5 and one["id"] not in one["near"] for one in near)
    alike = dict.fromkeys(("good", "poor"), 0)
    for one in near:
        alike[one["collection"]] += sum(LABELS[int(id) - 1] == LABELS[int(one["id"]) - 1] for id in one["near"])
    assert alike["good"] > alike["poor"]
    shares = [int(share) for share in re.findall(r'<span class="sem-quiet">(\d) of 5</span>', text)]
    assert sum(shares) == sum(alike.values())
    images = re.findall(r'<img src="([^"]*)" alt="([^"]*)"', text)
    assert len(images) == 5 * (1 + 2 * 5) and all(alt for _, alt in images)
    assert site.get(images[0][0].replace("&amp;", "&")).headers["content-type"] == "image/png"
    assert f'href="{PAGE}"' in site.get("/pics/-/semsearch/good/runs").text


def test_the_page_explains_the_comparison_and_belongs_to_the_runs(file: str, make_site: Any) -> None:
    text = make_site(file).get(PAGE).text
    how = text[text.index("How this works") : text.index("In the guide")]
    assert "a linear probe, and the majority vote of the five nearest neighbours" in how and "run is" not in how
    assert '<a href="/pics/-/semsearch/good/runs" aria-current="true">Runs</a>' in text


def test_other_labels_and_labels_that_are_none(file: str, make_site: Any) -> None:
    site = make_site(file)
    assert "width must have 2 to 100 distinct labels: it has 1 on 120 images" in site.get(f"{PAGE}?label=width").text
    assert site.get(f"{PAGE}.json?label=width").status_code == 400
    assert site.get(f"{PAGE}.json?label=nothing").status_code == 404
    assert "no column" in site.get(f"{PAGE}?label=nothing").text


def test_what_was_compared_is_kept_until_something_is_built(
    file: str, make_site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from semsearch_datasette.pages import comparison_page

    site, asked = make_site(file), []
    compare = comparison_page.collection_comparison.compare
    monkeypatch.setattr(
        comparison_page.collection_comparison,
        "compare",
        lambda *args, **more: asked.append(args[1]) or compare(*args, **more),
    )
    for _ in range(3):
        assert site.get(PAGE).status_code == 200
    assert len(asked) == 1
    with connect.writing(file) as db:
        from semsearch.storage.datasets import get_dataset

        build.build(
            db, get_dataset(db, "shapes"), registry.load().builder("pca"), {"dim": 2}, build.BuildOptions(name="third")
        )
        connect.checkpoint(db)
    assert "third" in site.get(PAGE).text and len(asked) == 2


def test_whoever_may_not_see_the_table_sees_no_comparison(file: str, make_site: Any) -> None:
    closed = {"databases": {"pics": {"tables": {"shapes": {"allow": {"id": "owner"}}}}}}
    site = make_site(file, **configured(closed))
    for page in (PAGE, f"{PAGE}.json"):
        assert site.get(page).status_code == 404
        assert site.get(page, **site.as_actor("owner")).headers["cache-control"].startswith("private")


def test_texts_are_not_compared_here(site: Any) -> None:
    assert site.get("/library/-/semsearch/articles_lsa/comparison").status_code == 400
    assert "comparison" not in ours(site.get("/library/-/semsearch/articles_lsa/runs").text)
