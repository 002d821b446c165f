"""`build patches` and `build jigsaw`: shortcuts are found where they are left open, and not where they are blocked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from scipy.ndimage import gaussian_filter, map_coordinates

from semsearch.builders.patches import Patches, PatchesOptions
from semsearch.nets.patches import Patches as PatchTask
from semsearch.nets.patches import PatchLayout
from semsearch.records import Device, Images, silent
from semsearch.storage.driver import Connection
from tests.nets.training import trained
from tests.planted_images import load, shapes

Run = Callable[..., Any]


def clouds(n: int, side: int, size: float) -> np.ndarray:
    """Shades without meaning, the same everywhere: a place is like those next to it, and like no place farther off."""
    noise = np.random.default_rng(0).standard_normal((n, side, side))
    shades = gaussian_filter(noise, (0, size, size), mode="wrap")
    return np.clip(128 + 50 * shades / shades.std(), 0, 255).astype(np.uint8)[..., None]


def through_a_lens(grey: np.ndarray) -> np.ndarray:
    """Grey pictures in colour, their red enlarged about the middle, as chromatic aberration does."""
    n, side = grey.shape[:2]
    middle = (side - 1) / 2
    down, along = middle + 0.88 * (np.mgrid[:side, :side] - middle)
    red = [map_coordinates(picture[..., 0].astype(np.float32), [down, along], order=1) for picture in grey]
    return np.concatenate([np.array(red, np.uint8)[..., None], grey, grey], axis=3)


def test_edges_that_fit_give_a_place_away_unless_there_is_a_gap() -> None:
    """The same patches of the same shades, next to each other, and with the gap and the straying there are by default.

    Of 200 questions, guessing answers .25 ± .03: below .36 nothing was learned, and there is nothing to learn.
    """
    pixels = clouds(2000, 32, 2.0)
    rules = Patches().rules((32, 32, 1), PatchesOptions())
    blocked = PatchLayout(int(rules["side"]), int(rules["gap"]), int(rules["jitter"]), 0.0)
    assert blocked == PatchLayout(12, 4, 2, 0.0)
    for layout, least, most in ((PatchLayout(12, 0, 0, 0.0), 0.5, 1.0), (blocked, 0.0, 0.36)):
        assert least <= trained(PatchTask, pixels, 12, layout, 4).judge()["held_out_accuracy"] <= most


def test_a_lens_gives_a_place_away_unless_patches_are_without_colour() -> None:
    """Here of 100 questions: .25 ± .04."""
    pixels = through_a_lens(clouds(1000, 32, 1.2))
    images = Images([str(row) for row in range(len(pixels))], pixels)
    for given, least, most in (({"color_drop": 0.0}, 0.8, 1.0), ({}, 0.0, 0.42)):
        options = PatchesOptions(epochs=10, width=8, batch_size=64, lr=0.004, **given)
        fitted = Patches().fit(images, options, rng=np.random.default_rng(0), device=Device(), report=silent)
        assert fitted.metrics["chance"] == 0.25 and least <= fitted.metrics["held_out_accuracy"] <= most


@pytest.mark.parametrize(
    ("name", "said", "told"),
    [
        ("patches", ("--positions", "6"), "--positions must be 4 or 8, not 6"),
        ("patches", ("--gap", "3"), "--gap must be between 0 and 2, not 3"),
        ("patches", ("--color-drop", "2"), "--color-drop must be between 0 and 1, not 2"),
        (
            "patches",
            (),
            "12 × 12 pixels, patches needs 20 each way (two patches of 8 and the gap): --image-size enlarges",
        ),
        ("jigsaw", (), "12 × 12 pixels, jigsaw needs 20 each way (2 × 2 tiles of 8 and their gaps)"),
        ("jigsaw", ("--grid", "4"), "--grid must be 2 or 3, not 4"),
        ("jigsaw", ("--grid", "3", "--image-size", "24"), "24 × 24 pixels, jigsaw needs 30 each way (3 × 3 tiles of 8"),
        ("jigsaw", ("--gap", "1"), "--gap must be at least 0 and below 1, not 1"),
        (
            "jigsaw",
            ("--permutations", "25", "--image-size", "24"),
            "--permutations must be at most 24, those of 2 × 2 tiles, not 25",
        ),
        ("jigsaw", ("--permutations", "1"), "--permutations must be between 2 and 1,000, not 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_gets_one_line(
    db: Connection, run: Run, path: str, name: str, said: tuple[str, str], told: str
) -> None:
    load(db, *shapes(8))
    done = run("build", name, path, "shapes", *said)
    assert done.exit_code == 1 and told in done.stderr and done.stderr.count("\n") <= 2


def test_small_pictures_are_enlarged_for_it(db: Connection, run: Run, path: str) -> None:
    load(db, *shapes(20))
    for name in ("patches", "jigsaw"):
        done = run("build", name, path, "shapes", "--image-size", "24", "--epochs", "1", "--width", "4")
        assert done.exit_code == 0 and "20 images, 128 dimensions" in done.stderr
