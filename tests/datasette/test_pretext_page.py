"""The page of a self-supervised task: right or wrong on the user's pictures; and who may see it."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from PIL import Image

from semsearch import registry
from semsearch.building import build
from semsearch.images import png, quizzes
from semsearch.images.image_io import ImageSpec
from semsearch.ingest.images import load_images, read_images
from semsearch.storage import connect, datasets
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.datasette.pages import configured, ours
from tests.planted_images import load, painted

BUILDERS = ("rotation", "inpainting", "colorization", "contrastive", "patches", "jigsaw")
TINY = {"width": 4, "batch_size": 32}


def fill(db: Connection) -> None:
    """Sixty lamps, and what each builder learned of them in a moment; `lamps_chance` has learned nothing."""
    dataset = load(db, painted(60), ["lamp"] * 60, "lamps")
    for name in BUILDERS:
        parts = {"image_size": 24} if name in ("patches", "jigsaw") else {}  # each part needs eight pixels
        build.build(db, dataset, registry.load().builder(name), {**TINY, **parts, "epochs": 4})
    build.build(
        db, dataset, registry.load().builder("rotation"), {**TINY, "epochs": 0}, build.BuildOptions(name="lamps_chance")
    )
    build.build(db, dataset, registry.load().builder("pca"), {"dim": 4})
    connect.checkpoint(db)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("lamps") / "pics.db")
    with connect.writing(path, create=True) as db:
        fill(db)
    return path


def page(name: str, more: str = "") -> str:
    return f"/pics/-/semsearch/lamps_{name}/pretext{more}"


@pytest.mark.parametrize("name", BUILDERS)
def test_each_task_is_shown_with_what_is_right(file: str, make_site: Any, name: str) -> None:
    site = make_site(file)
    answer = site.get(page(name, "?seed=5"))
    assert answer.status_code == 200
    text, twin = ours(answer.text), site.get(page(name, ".json?seed=5")).json()
    assert twin["ok"] and twin["question"] in text and len(twin["questions"]) == 12
    with connect.reading(file) as db:
        asked = quizzes.ask(db, open_collection(db, f"lamps_{name}"), count=12, seed=5)
    assert [one["id"] for one in twin["questions"]] == list(asked.keys)
    assert [one["right"] for one in twin["questions"]] == [quiz.correct for quiz in asked.quizzes]
    good = sum(quiz.good for quiz in asked.quizzes)
    assert text.count("✓") == good and text.count("✗") == 12 - good and f"{good} of 12" in text
    assert len(re.findall("(?:Right|Wrong|[Bb]etter)", text)) >= 12  # in words beside each mark
    assert "held-out images" in text
    images = re.findall(r'<img src="([^"]*)"', text)
    assert len(images) == 12
    for address, quiz in list(zip(images, asked.quizzes, strict=True))[:3]:
        found = site.get(address.replace("&amp;", "&"))
        assert found.status_code == 200 and "immutable" in found.headers["cache-control"]
        sheet = np.asarray(Image.open(io.BytesIO(found.content)))
        times = sheet.shape[0] // quiz.input.shape[0]
        side = quiz.input.shape[1] * times
        assert (sheet[2 : 2 + times * len(quiz.input) : times, 2 : 2 + side : times] == quiz.input).all()
        assert (sheet[2 : 2 + times * len(quiz.input) : times, -2 - side : -2 : times] == quiz.target).all()


def test_pictures_can_be_named_and_others_asked_for(file: str, make_site: Any) -> None:
    site = make_site(file)
    found = site.get(page("rotation", ".json?seed=5&id=7&id=33")).json()
    assert {"7", "33"} <= {one["id"] for one in found["questions"]} and len(found["questions"]) == 12
    text = ours(site.get(page("rotation", "?seed=5")).text)
    assert 'pretext?seed=6"' in text
    assert "has random weights" in site.get(page("chance")).text
    assert ">The task</a>" in site.get("/pics/-/semsearch/lamps_rotation").text
    assert ">The task</a>" not in site.get("/pics/-/semsearch/lamps_pca").text
    assert page("rotation", "?id=7") in site.get("/pics/-/semsearch/lamps_rotation/item/7").text


def test_what_cannot_be_asked(file: str, make_site: Any) -> None:
    site = make_site(file)
    many = "&".join(f"id={number}" for number in range(1, 43))
    for wrong in (page("rotation", "?seed=x"), page("rotation", "?seed=-1"), page("rotation", f"?{many}"), page("pca")):
        answer = site.get(wrong)
        assert answer.status_code == 400 and "<pre" not in answer.text, wrong
    for gone in (page("rotation", "?id=61"), page("rotation", "?id=x"), page("rotation")[:-7] + "quiz/12"):
        assert site.get(gone).status_code == 404, gone


def test_whoever_may_not_see_the_table_sees_no_task(file: str, make_site: Any) -> None:
    closed = {"databases": {"pics": {"tables": {"lamps": {"allow": {"id": "owner"}}}}}}
    site = make_site(file, **configured(closed))
    owner = site.as_actor("owner")
    for address in (page("rotation"), page("rotation", ".json"), page("rotation")[:-7] + "quiz/0"):
        answer = site.get(address)
        assert answer.status_code == 404 and not answer.content.startswith(b"\x89PNG"), address
        assert site.get(address, **owner).headers["cache-control"].startswith("private"), address


def test_linked_files_are_asked_about_only_in_folders_that_are_named(tmp_path: Path, make_site: Any) -> None:
    folders = [tmp_path / "open", tmp_path / "shut"]
    for row, picture in enumerate(painted(12)):
        folders[row % 2].mkdir(exist_ok=True)
        (folders[row % 2] / f"{row}.png").write_bytes(png.encode(picture))
    file = str(tmp_path / "pics.db")
    with connect.writing(file, create=True) as db:
        sources = [str(folder) for folder in folders]
        load_images(db, "lamps", read_images(sources), ImageSpec(link=True), source="in")
        build.build(db, datasets.get_dataset(db, "lamps"), registry.load().builder("rotation"), {**TINY, "epochs": 1})
        connect.checkpoint(db)
    assert make_site(file).get(page("rotation")).status_code == 404
    site = make_site(file, metadata={"plugins": {"semsearch": {"picture_folders": [str(folders[0])]}}})
    shown = site.get(page("rotation", ".json")).json()["questions"]
    assert len(shown) == 6 and all("open" in one["id"] or int(one["id"].split(".")[0]) % 2 == 0 for one in shown)
