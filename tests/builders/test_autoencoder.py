"""`build autoencoder` from the command line: planted shapes near their own kind, fewer losses than PCA, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from semsearch import registry
from semsearch.builders.autoencoder import Autoencoder, AutoencoderOptions
from semsearch.building import build
from semsearch.errors import BuildError
from semsearch.images import generate
from semsearch.images.generate import Damage
from semsearch.records import Device, Images, silent
from semsearch.search.query import similar
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted_images import load, shapes

Run = Callable[..., Any]


def test_planted_shapes_are_near_their_own_kind_and_lose_less_than_by_pca(db: Connection) -> None:
    pixels, labels = shapes(160)
    dataset = load(db, pixels, labels)
    mse = {}
    for name, more in (("autoencoder", {"epochs": 80}), ("pca", {})):
        built = build.build(db, dataset, registry.load().builder(name), {"dim": 4, **more})
        mse[name] = built.run.metrics["mse"]
    assert mse["autoencoder"] < mse["pca"]  # four numbers say which shape and where, but not linearly
    for row in range(0, 160, 19):
        near = [
            labels[int(hit.id) - 1]
            for hit in similar(db, open_collection(db, "shapes_autoencoder"), [str(row + 1)], k=5).hits
        ]
        assert near.count(labels[row]) >= 4


def test_one_that_was_taught_to_fill_holes_fills_them(db: Connection) -> None:
    pixels, labels = shapes(160)
    given = {"latent_dim": 8, "epochs": 80, "mask": 0.34}
    build.build(db, load(db, pixels, labels), registry.load().builder("autoencoder"), given)
    model = generate.open_model(db, open_collection(db, "shapes_autoencoder"))
    found = generate.reconstruct(model, pixels, damage=Damage(mask=4), rng=np.random.default_rng(0))
    assert found.baseline is not None
    ours, baseline = (generate.error(found.originals, images)["psnr"] for images in (found.output, found.baseline))
    assert ours > baseline + 1


@pytest.mark.parametrize("pictures", [1, 9], ids=["one", "all the same"])
def test_pictures_that_cannot_be_told_apart(pictures: int) -> None:
    images = Images([str(n) for n in range(pictures)], np.full((pictures, 16, 16, 1), 30, np.uint8))
    with pytest.raises(BuildError, match="At least 2 images are needed, found 1|All 9 images are identical"):
        Autoencoder().fit(
            images, AutoencoderOptions(), rng=np.random.default_rng(0), device=Device("cpu", "a test"), report=silent
        )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--latent-dim", "0"), "--latent-dim must be at least 1, not 0"),
        (("--mask", "1"), "--mask must be at least 0 and below 1, not 1"),
        (("--noise", "-1"), "--noise must be at least 0, not -1"),
        (("--kl-weight", "-1"), "--kl-weight must be at least 0, not -1"),
        (("--lr", "0"), "--lr must be above 0 and at most 1, not 0"),
        (("--seconds", "9", "--epochs", "9"), "--seconds and --epochs are both given: choose one"),
        (("--image-size", "500"), "--image-size must be between 8 and 128, not 500"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_bad_options_get_one_line(db: Connection, run: Run, path: str, said: tuple[str, str], told: str) -> None:
    load(db, *shapes(8))
    done = run("build", "autoencoder", path, "shapes", *said)
    assert done.exit_code == 1 and told in done.stderr and done.stderr.count("\n") == 1


def test_without_torch_the_extra_is_named(db: Connection, run: Run, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    load(db, *shapes(8))
    monkeypatch.setattr(build, "find_spec", lambda package: None)
    done = run("build", "autoencoder", path, "shapes")
    assert done.exit_code == 1
    assert done.stderr.endswith("autoencoder needs torch: pip install 'datasette-semsearch[torch]'\n")
