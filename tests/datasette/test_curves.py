"""The page of runs shows a training: its curves, and what it made of a few pictures as it went on."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from semsearch_datasette.parts.curves import HEIGHT, WIDTH, panels

pytest.importorskip("torch")

from semsearch import registry
from semsearch.building import build
from semsearch.storage import connect
from tests.datasette.pages import configured
from tests.planted_images import load, shapes

BASE = "/pics/-/semsearch/shapes_autoencoder"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("curves") / "pics.db")
    with connect.writing(path, create=True) as db:
        options = {"dim": 4, "epochs": 30, "width": 2}
        build.build(db, load(db, *shapes(60, 12)), registry.load().builder("autoencoder"), options)
        connect.checkpoint(db)
    return path


def test_curves_and_pictures_of_a_training_are_shown(file: str, make_site: Any) -> None:
    site = make_site(file)
    text, twin = site.get(f"{BASE}/runs").text, site.get(f"{BASE}/runs.json").json()
    labels = re.findall(r'role="img" aria-label="([^"]*)"', text)
    assert [label.partition(":")[0] for label in labels] == ["loss", "held-out loss"]
    assert len(twin["curve"]) >= 30 and twin["curve"][-1]["held_out"] < twin["curve"][0]["held_out"] * 1.5
    addresses = re.findall(r'<img src="([^"]*/trained/[^"]*)"', text)
    told = [one["url"] for one in twin["pictures"]]  # the first and the last are also shown on their own
    assert [told[0], told[-1], *told] == [one.replace("&amp;", "&") for one in addresses]
    assert 6 <= len(told) <= 12
    for address in addresses:
        answer = site.get(address.replace("&amp;", "&"))
        assert answer.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(answer.content)).size[1] == 24  # two rows of pictures of 12 pixels
    assert site.get(f"{BASE}/trained/999999").status_code == 404


def test_a_closed_table_closes_the_pictures_of_its_training(file: str, make_site: Any) -> None:
    site = make_site(file, **configured({"databases": {"pics": {"tables": {"shapes": {"allow": {"id": "root"}}}}}}))
    step = make_site(file).get(f"{BASE}/runs.json").json()["pictures"][0]["step"]
    for page in (f"{BASE}/runs", f"{BASE}/trained/{step}", "/pics/_semsearch_run_pictures"):
        assert site.get(page).status_code == (404 if "/-/" in page else 403), page


def test_a_panel_is_drawn_to_scale() -> None:
    curve = [
        (0, {"loss": 100.0}),
        (50, {"loss": 10.0, "once": 1.0}),
        (100, {"loss": 1.0}),
        (150, {"loss": float("nan")}),
    ]
    (panel,) = panels(curve)  # a measure told once is no curve, and what is no number is left out
    assert panel.is_log and (panel.first, panel.last, panel.begin, panel.end) == ("100", "1", "0", "100")
    assert (panel.greatest, panel.least) == ("100", "1")
    assert panel.points == f"0.0,0.0 {WIDTH / 2:.1f},{HEIGHT / 2:.1f} {WIDTH:.1f},{HEIGHT:.1f}"
