"""The page of samples of a GAN: the same for the same seed, marked as made, beside what is real, closed to some."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from semsearch import registry
from semsearch.building import build
from semsearch.images import generate
from semsearch.images.samples import Drawing, sample
from semsearch.search.query import nearest_to
from semsearch.storage import connect
from semsearch.storage.collections import open_collection
from tests.datasette.pages import configured, ours
from tests.planted_images import load, shapes

BASE = "/pics/-/semsearch/shapes_gan"
PICTURES = ("/sample?seed=3", "/sample?seed=3&number=64", "/walk?seed=3&number=1&other=2", "/trained/20")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("pics") / "pics.db")
    with connect.writing(path, create=True) as db:
        dataset = load(db, *shapes(120, 12))
        build.build(db, dataset, registry.load().builder("gan"), {"steps": 20, "width": 2, "dim": 6})
        build.build(db, dataset, registry.load().builder("pca"), {"dim": 4})
        connect.checkpoint(db)
    return path


def opened(answer: Any) -> np.ndarray:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def images(text: str) -> list[str]:
    return [address.replace("&amp;", "&") for address in re.findall(r'<img[^>]* src="([^"]*)"', text)]


def test_the_page_of_a_gan_shows_the_minimax_game_and_its_loss(file: str, make_site: Any) -> None:
    site = make_site(file)
    page = ours(site.get(f"{BASE}/samples").text)
    assert "min_G max_D" in page and "<code>relativistic</code>" in page and "/lecture#gan" in page
    assert "minimax game" not in ours(site.get("/pics/-/semsearch/shapes_pca/samples").text)


def test_the_page_is_marked_leads_on_and_all_its_pictures_are_there(file: str, make_site: Any) -> None:
    site = make_site(file)
    page = ours(site.get(f"{BASE}/samples?seed=4").text)
    assert "64 generated images" in page and "generated these images from random latent codes" in page
    assert (
        "None of them is a row of the table shapes" in page and 'name="prior"' not in page and 'name="from"' not in page
    )
    chosen = re.findall(r'<li><a href="([^"]*)" aria-label="Generated image (\d+)"', page)
    assert [int(number) for _, number in chosen] == list(range(1, 65))
    one = ours(site.get(chosen[8][0].replace("&amp;", "&")).text)
    assert "Most similar real images" in one and 'aria-current="true"' in one
    for text in (page, one):
        for address in images(text):
            assert opened(site.get(address)).size
    assert "The same latent codes at several steps" in page and "shapes_pca" in page  # beside it
    assert "/shapes_gan/samples?seed=4" in ours(site.get("/pics/-/semsearch/shapes_pca/samples?seed=4").text)


def test_the_same_seed_is_the_same_pictures_and_those_of_the_command(file: str, make_site: Any) -> None:
    one, two, other = (make_site(file).get(f"{BASE}/sample?seed={seed}").content for seed in (5, 5, 6))
    assert one == two != other
    with connect.reading(file) as db:
        model = generate.open_model(db, open_collection(db, "shapes_gan"))
        made = sample(model, 64, Drawing(None, 5))
        near = nearest_to(db, open_collection(db, "shapes_gan"), model.embed(made[8:9])[0], k=6).hits
    shown = opened(make_site(file).get(f"{BASE}/sample?seed=5&number=9"))
    assert np.abs(shown[::10, ::10].astype(int) - made[8, :, :, 0]).max() <= 1  # 12 pixels, each a square of ten
    found = make_site(file).get(f"{BASE}/samples.json?seed=5&number=9").json()
    assert found["generated"] is True and [hit["id"] for hit in found["nearest"]] == [hit.id for hit in near]


def test_samples_are_measured_beside_those_of_others(file: str, make_site: Any) -> None:
    site = make_site(file)
    page = ours(site.get(f"{BASE}/samples?seed=4&number=2").text)
    (address,) = re.findall(r'<a href="([^"]*)#sem-measures">Measure the quality', page)
    assert "number=2" in address
    page = ours(site.get(address.replace("&amp;", "&")).text)
    assert "a classifier trained on 40 images" in page and "Generated image 2" in page
    found = site.get(f"{BASE}/samples.json?measure=1").json()["compared"]
    assert [one["collection"] for one in found["measured"]] == ["shapes_gan", "shapes_pca"] and found["judged"] == 40
    gan, pca = found["measured"]  # after 20 steps a GAN makes noise, which is far from all
    assert gan["nearness"] > pca["nearness"] and gan["copied"] == 0 and min(found["floor"], gan["frechet"]) > 0


def test_urls_that_ask_for_what_is_not_there(file: str, make_site: Any) -> None:
    site = make_site(file)
    for page in (
        "/samples?seed=-1", "/samples?seed=9223372036854775808", "/samples?seed=x", "/samples?prior=mixture",
        "/samples?number=0", "/samples?number=65", "/sample?number=x", "/walk?number=1&other=99", "/walk?from=1&to=2",
        "/reconstruction/1",
    ):  # fmt: skip
        assert site.get(BASE + page).status_code == 400, page
    for page in ("/coded?picture=x", "/trained/99"):
        assert site.get(BASE + page).status_code == 404, page
    assert site.get(f"{BASE}/item/1").status_code == 200  # without reconstructions


def test_classes_are_chosen_where_there_are_some(tmp_path: Path, make_site: Any) -> None:
    file = str(tmp_path / "pics.db")
    with connect.writing(file, create=True) as db:
        given = {"steps": 20, "width": 2, "dim": 6, "conditional": True}
        build.build(db, load(db, *shapes(80, 12)), registry.load().builder("gan"), given)
        connect.checkpoint(db)
    site = make_site(file)
    page = ours(site.get(f"{BASE}/samples?seed=3&label=lying&number=2").text)
    assert "<option selected>lying</option>" in page and "label=lying&amp;number=7" in page
    one, other, any_of_them = (
        site.get(f"{BASE}/sample?seed=3{more}").content for more in ("&label=lying", "&label=standing", "")
    )
    assert len({one, other, any_of_them}) == 3
    for address in images(page):
        assert opened(site.get(address)).size
    assert site.get(f"{BASE}/samples?label=nothing").status_code == 400


def test_whoever_may_not_see_the_table_sees_nothing_made_of_it(file: str, make_site: Any) -> None:
    closed = {"databases": {"pics": {"tables": {"shapes": {"allow": {"id": "owner"}}}}}}
    site = make_site(file, **configured(closed))
    for page in (*PICTURES, "/samples", "/samples?number=3", "/samples.json?number=3"):
        answer = site.get(BASE + page)
        assert answer.status_code == 404 and not answer.content.startswith(b"\x89PNG"), page
        assert site.get(BASE + page, **site.as_actor("owner")).status_code == 200, page


def test_a_collection_that_an_actor_may_not_see_is_not_beside(file: str, make_site: Any) -> None:
    closed = {"databases": {"pics": {"tables": {"shapes_pca": {"allow": {"id": "owner"}}}}}}
    site = make_site(file, **configured(closed))
    assert "shapes_pca" not in ours(site.get(f"{BASE}/samples").text)
    assert "shapes_pca" in ours(site.get(f"{BASE}/samples", **site.as_actor("owner")).text)
