"""Self-supervised builders from the command line: they learn, are searched by picture, and say bad input in a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from semsearch import registry
from semsearch.builders.selfsupervised import SelfSupervised
from semsearch.building import build
from semsearch.errors import InputError
from semsearch.images import png
from semsearch.records import Images
from semsearch.search.models import state_of
from semsearch.storage import collections
from semsearch.storage.driver import Connection
from tests.planted_images import lamps, load, painted

Run = Callable[..., Any]
QUICK = ("--width", "8", "--batch-size", "64", "--lr", "0.004")


def two_kinds(n: int = 240, side: int = 16) -> tuple[np.ndarray, list[str]]:
    """Lamps, and lamps whose disc is a square ring, anywhere to the left or right: what they are called."""
    pixels = lamps(n, side)
    for picture in pixels[1::2]:
        at = int(np.random.default_rng(int(picture.sum())).integers(3, side - 5))
        picture[: side // 2] = 40
        picture[1:7, at - 3 : at + 4] = 230
        picture[3:5, at - 1 : at + 2] = 30
    return pixels, ["disc", "ring"] * (n // 2)


def test_pictures_come_in_are_learned_from_and_are_searched_by(
    db: Connection, run: Run, path: str, tmp_path: Path
) -> None:
    pixels, labels = two_kinds()
    np.savez(tmp_path / "lamps.npz", images=pixels, labels=labels)
    assert run("ingest", "images", path, "lamps", tmp_path / "lamps.npz").exit_code == 0
    done = run("build", "rotation", path, "lamps", "--epochs", "24", *QUICK)
    assert done.exit_code == 0 and "Built lamps_rotation: 240 images, 256 dimensions" in done.stderr
    metrics = collections.get_run(db, 1).metrics
    assert metrics["held_out_accuracy"] > 0.7 > 2 * metrics["chance"] == 0.5
    near = json.loads(run("similar", path, "lamps_rotation", "2", "-k", "8", "--json").stdout)
    assert [labels[hit["id"] - 1] for hit in near].count("ring") >= 7
    (tmp_path / "one.png").write_bytes(png.encode(pixels[6]))
    found = json.loads(
        run("search", path, "lamps_rotation", "--image", tmp_path / "one.png", "-k", "1", "--json").stdout
    )
    assert found[0]["id"] == 7 and found[0]["vector_score"] > 0.999  # the very picture, uploaded


def test_whitened_features_have_the_same_variance_each_way_and_others_are_placed_alike(db: Connection) -> None:
    pixels, labels = two_kinds(80)
    dataset = load(db, pixels, labels, "lamps")
    builder = registry.load().builder("rotation")
    built = build.build(db, dataset, builder, {"epochs": 2, "width": 4, "whiten": True})
    collection = built.collections[0]
    state = state_of(db, collection)
    vectors = builder.encode(state, Images([str(n) for n in range(80)], pixels))
    assert vectors.shape[1] == collection.dim <= 80
    strong = vectors.std(axis=0)[:4]
    assert 0.9 < strong.min() <= strong.max() <= 1.0
    with pytest.raises(InputError, match="the model was trained on"):
        builder.encode(state, Images(["1"], pixels[:1, :8]))


def test_no_epoch_leaves_weights_at_random_and_a_budget_of_seconds_is_kept(db: Connection, run: Run, path: str) -> None:
    load(db, *two_kinds(40), "lamps")
    assert run("build", "rotation", path, "lamps", "--epochs", "0", "--name", "chance", "--width", "4").exit_code == 0
    assert run("build", "rotation", path, "lamps", "--seconds", "0.5", "--width", "4").exit_code == 0
    none, some = (
        collections.get_run(db, collections.get_collection(db, name).run) for name in ("chance", "lamps_rotation")
    )
    assert none.metrics["steps"] == 0
    assert some.metrics["steps"] > 0 and 0.4 < some.metrics["seconds_training"] < 20


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--epochs", "-1"), "--epochs must be at least 0, not -1"),
        (("--seconds", "0"), "--seconds must be above 0, not 0"),
        (("--seconds", "9", "--epochs", "9"), "--seconds and --epochs are both given: choose one"),
        (("--width", "0"), "--width must be at least 1, not 0"),
        (("--lr", "2"), "--lr must be above 0 and at most 1, not 2"),
        (("--image-size", "4"), "--image-size must be between 8 and 128, not 4"),
        (("--min-crop", "0"), "--min-crop must be above 0 and at most 1, not 0"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_bad_options_get_one_line(db: Connection, run: Run, path: str, said: tuple[str, str], told: str) -> None:
    load(db, *two_kinds(8), "lamps")
    done = run("build", "rotation", path, "lamps", *said)
    assert done.exit_code == 1 and told in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--mask-ratio", "0.95"), "--mask-ratio must be between 0 and 0.9, not 0.95"),
        (("--mask-ratio", "0.05"), "--mask-ratio must be between 0.1 and 0.9, or 0 for a plain autoencoder, not 0.05"),
        (("--block-size", "0"), "--block-size must be at least 1, not 0"),
        (("--block-size", "9"), "--block-size must be at most 8 for images of 16 × 16 pixels, not 9"),
        (("--min-crop", "1.5"), "--min-crop must be above 0 and at most 1, not 1.5"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_bad_holes_get_one_line(db: Connection, run: Run, path: str, said: tuple[str, str], told: str) -> None:
    load(db, *two_kinds(8), "lamps")
    done = run("build", "inpainting", path, "lamps", *said)
    assert done.exit_code == 1 and told in done.stderr


@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (lamps(20, 16, 1), "The images are grey: colorization learns from colours; try rotation or contrastive"),
        (
            np.repeat(lamps(20, 16, 1), 3, axis=3) + np.arange(3, dtype=np.uint8),  # a tint, as scanners leave
            "0 of 20 images have colour, the others are grey in three channels: colorization learns from colours",
        ),
    ],
    ids=["grey", "grey in three channels"],
)
def test_grey_pictures_have_no_colours_to_tell(
    db: Connection, run: Run, path: str, pixels: np.ndarray, told: str
) -> None:
    load(db, pixels, ["one"] * 20, "lamps")
    done = run("build", "colorization", path, "lamps")
    assert done.exit_code == 1 and told in done.stderr


def test_a_coloured_picture_is_found_by_its_grey_one(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    pixels = painted(60)
    load(db, pixels, ["one"] * 60, "lamps")
    assert run("build", "colorization", path, "lamps", "--epochs", "1", *QUICK).exit_code == 0
    state = state_of(db, collections.get_collection(db, "lamps_colorization"))
    grey = registry.load().builder("colorization").quiz(state, Images(["7"], pixels[6:7]), seed=0)[0].input
    (tmp_path / "one.png").write_bytes(png.encode(grey))
    found = json.loads(
        run("search", path, "lamps_colorization", "--image", tmp_path / "one.png", "-k", "1", "--json").stdout
    )
    assert found[0]["id"] == 7 and found[0]["vector_score"] > 0.999


BUILDERS = sorted(name for name, builder in registry.load().builders.items() if isinstance(builder, SelfSupervised))


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize(
    ("pixels", "told"),
    [
        (np.zeros((3, 16, 16, 3), np.uint8), "{name} needs at least 4 images, better thousands; found 3"),
        (np.full((9, 16, 16, 1), 7, np.uint8), "All 9 images are identical: there is nothing to learn"),
        (np.arange(9 * 35, dtype=np.uint8).reshape(9, 5, 7, 1), "The images are 5 × 7 pixels, {name} needs"),
    ],
    ids=["few", "the same", "small"],
)
def test_pictures_that_teach_nothing(
    db: Connection, run: Run, path: str, name: str, pixels: np.ndarray, told: str
) -> None:
    load(db, pixels, ["one"] * len(pixels))
    done = run("build", name, path, "shapes")
    assert done.exit_code == 1 and told.format(name=name) in done.stderr
    assert done.stderr.count("\n") == 2  # the other says which device
