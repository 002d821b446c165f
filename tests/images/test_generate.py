"""Pictures out of codes, on planted shapes: what is mended comes nearer, samples are like what was learned from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from semsearch import registry
from semsearch.building import build
from semsearch.errors import InputError, NotFoundError
from semsearch.images import generate, png, reconstruct
from semsearch.images.generate import Damage, Model
from semsearch.images.samples import PRIORS, Drawing, prior_of, sample
from semsearch.maths.latent_prior import fit_prior
from semsearch.maths.repair import fill_holes
from semsearch.records import OpenCollection
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted import make_articles
from tests.planted_images import load, shapes


@pytest.fixture
def model(db: Connection) -> Iterator[Model]:
    """pca of planted shapes."""
    build.build(db, load(db, *shapes(120, 16)), registry.load().builder("pca"), {"dim": 8})
    yield generate.open_model(db, open_collection(db, "shapes_pca"))


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_more_components_are_nearer(model: Model) -> None:
    pixels = model.images(["1", "2", "3", "50"]).pixels
    errors = [generate.error(pixels, model.reconstruct(pixels, k))["mse"] for k in range(1, 9)]
    assert errors == sorted(errors, reverse=True) and errors[7] < errors[0] / 2
    for k in (0, 9):
        with pytest.raises(InputError, match="--components must be between 1 and 8, not"):
            model.reconstruct(pixels, k)


@pytest.mark.parametrize("damage", [Damage(noise=0.3), Damage(mask=5), Damage(from_size=4)], ids=str)
def test_what_is_damaged_comes_nearer_than_the_baseline(model: Model, damage: Damage) -> None:
    pixels = model.images([str(key) for key in range(1, 41)]).pixels
    found = generate.reconstruct(model, pixels, damage=damage, rng=rng())
    assert found.baseline is not None
    ours, baseline = (generate.error(found.originals, images)["psnr"] for images in (found.output, found.baseline))
    assert ours > baseline + 1
    again = generate.reconstruct(model, pixels, damage=damage, rng=rng())
    assert found.output.tobytes() == again.output.tobytes()
    if damage.mask:
        assert ((found.input == found.originals) | (found.input == 0)).all()
        outside = (found.input == found.originals).all(axis=-1)
        assert (found.output[outside] == found.originals[outside]).mean() > 0.99


def test_damages_that_cannot_be(model: Model) -> None:
    pixels = model.images(["1"]).pixels
    with pytest.raises(InputError, match="one kind of damage is"):
        Damage(noise=0.1, mask=3)
    for damage, said in (
        (Damage(mask=16), "--mask must be between 1 and 15"),
        (Damage(from_size=16), "--from-size must be"),
    ):
        with pytest.raises(InputError, match=said):
            generate.reconstruct(model, pixels, damage=damage, rng=rng())
    with pytest.raises(InputError, match="--noise must be above 0 and at most 2"):
        Damage(noise=3)


def test_a_walk_begins_and_ends_at_its_pictures(model: Model) -> None:
    ends = model.reconstruct(model.images(["1", "4"]).pixels)
    walk = generate.interpolate(model, "1", "4", 5)
    assert (walk[[0, -1]] == ends).all() and walk.shape == (5, 16, 16, 1)
    with pytest.raises(NotFoundError, match="no readable image '999'"):
        generate.interpolate(model, "1", "999", 5)


def test_samples_are_spread_like_the_codes(model: Model) -> None:
    codes = generate.stored_codes(model.db, model.collection)
    for name in ("gaussian", "mixture"):
        drawn = fit_prior(codes, name, seed=0).draw(4000, rng())
        assert np.abs(drawn.mean(axis=0) - codes.mean(axis=0)).max() < 0.1 * codes.std(axis=0).max()
        assert np.allclose(np.cov(drawn.T), np.cov(codes.T), atol=0.15 * codes.var(axis=0).max())
    # Ten Gaussians know that there are four kinds with nothing between; one does not.
    drawn = {name: fit_prior(codes, name, seed=0).draw(400, rng()) for name in ("gaussian", "mixture")}
    likely = {name: np.median(nearest(some, codes)) for name, some in drawn.items()}
    assert likely["mixture"] < 0.8 * likely["gaussian"]
    one, two = (sample(model, 9, Drawing(None, seed)) for seed in (3, 3))
    assert one.tobytes() == two.tobytes() != sample(model, 9, Drawing(None, 4)).tobytes()


@pytest.mark.parametrize("prior", PRIORS)
def test_the_first_of_many_samples_are_those_of_few(model: Model, prior: str) -> None:
    drawing = Drawing(prior_of(model, prior), 5)
    assert np.allclose(drawing.codes(model, 30)[:4], drawing.codes(model, 4), atol=1e-5)
    assert np.allclose(drawing.code(model, 4), drawing.codes(model, 30)[3], atol=1e-5)


def nearest(drawn: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return np.linalg.norm(drawn[:, None] - codes[None], axis=2).min(axis=1)


def test_a_hole_is_filled_smoothly() -> None:
    ramp = np.tile(np.arange(0, 160, 10, dtype=np.uint8), (16, 1))[None, :, :, None]
    hole = np.zeros(ramp.shape, bool)
    hole[:, 5:10, 5:10] = True
    filled = fill_holes(np.where(hole, 0, ramp), hole)
    assert np.abs(filled.astype(int) - ramp).max() <= 2  # a plane is harmonic


def test_collections_of_texts_make_no_pictures(db: Connection) -> None:
    build.build(db, make_articles(db), registry.load().builder("lsa"), {})
    with pytest.raises(InputError, match="which has no decoder"):
        generate.open_model(db, open_collection(db, "articles_lsa"))


def test_a_builder_without_classes_advises_no_option_that_it_lacks(
    model: Model, path: str, run: Callable[..., Any]
) -> None:
    done = run("sample", path, "shapes_pca", "--label", "7", "-o", "grid.png")
    assert done.exit_code == 1
    advice = "Leave out --label, or build with gan --conditional"
    assert done.stderr == f"Error: shapes_pca has no class '7': pca learns no classes. {advice}\n"


def test_commands_write_grids(model: Model, path: str, run: Callable[..., Any], tmp_path: Path) -> None:
    grid = tmp_path / "grid.png"
    done = run("reconstruct", path, "shapes_pca", "1", "2", "3", "-o", grid, "--from-size", "4", "--json")
    assert done.exit_code == 0 and '"what": "Bicubic from 4"' in done.stdout
    with Image.open(grid) as made:
        assert made.size == (3 * 66 + 2, 3 * 66 + 2)  # as they are, enlarged, made
    assert run("reconstruct", path, "shapes_pca", "1", "-o", grid, "--mask", "4").exit_code == 0
    with Image.open(grid) as made:
        assert made.size == (66 + 2, 4 * 66 + 2)  # filled smoothly, too
    assert run("reconstruct", path, "shapes_pca", "-o", grid, "--components", "3").exit_code == 0
    assert run("sample", path, "shapes_pca", "-o", grid, "-n", "9", "--prior", "gaussian").exit_code == 0
    assert run("interpolate", path, "shapes_pca", "1", "3", "-o", grid).exit_code == 0
    picture = tmp_path / "picture.png"
    picture.write_bytes(png.encode(model.images(["6"]).pixels[0]))
    done = run("search", path, "shapes_pca", "--image", picture, "-k", "2", "--json")
    assert done.exit_code == 0 and '"id": 6' in done.stdout and "--invert" not in done.stderr
    picture.write_bytes(png.encode(255 - model.images(["6"]).pixels[0]))
    done = run("search", path, "shapes_pca", "--image", picture, "-k", "1")
    assert "The inverse of your image is more similar to the images of shapes" in done.stderr
    assert done.stderr.endswith(": try --invert\n")
    done = run("search", path, "shapes_pca", "--image", picture, "-k", "1", "--invert", "--json")
    assert '"id": 6' in done.stdout and done.stderr == ""
    picture.write_bytes(b"words")
    done = run("search", path, "shapes_pca", "--image", picture)
    assert done.exit_code == 1 and f"{picture} is not an image of a known format" in done.stderr
    assert "--image FILE" in run("search", path, "shapes_pca", "words").stderr
    assert "--invert inverts an image" in run("search", path, "shapes_pca", "words", "--invert").stderr
    done = run("sample", path, "shapes_pca", "-o", tmp_path / "no" / "grid.png")
    assert done.exit_code == 1 and "cannot be written" in done.stderr
    done = run("sample", path, "shapes_pca", "-o", grid, "-n", "4000")
    assert done.exit_code == 1 and "-n must be between 1 and 400 images, not" in done.stderr


def test_a_builder_that_was_taught_to_fill_holes_is_shown_them_as_it_was(model: Model) -> None:
    pixels = model.images(["1", "2"]).pixels
    shown: list[Any] = []
    through = model.reconstruct
    model.state = replace(model.state, arrays={**model.state.arrays, "hole": np.array(128)})
    model.reconstruct = lambda given, k=None: (shown.append(given), through(given, k))[1]
    made = generate.reconstruct(model, pixels, damage=Damage(mask=4), rng=rng()).output
    (given,) = shown  # once
    hole = (given != pixels).any(axis=-1)
    assert (given[hole] == 128).all() and 0 < hole.sum() <= 2 * 16
    assert (made[~hole] == pixels[~hole]).all()


def test_codes_of_few_bits_lose_little(model: Model) -> None:
    pixels = model.images([str(key) for key in range(1, 41)]).pixels
    whole = generate.error(pixels, model.reconstruct(pixels))["psnr"]
    found = {bits: reconstruct.quantised(model, pixels, bits) for bits in (2, 4, 8)}
    psnr = {bits: generate.error(pixels, one.images)["psnr"] for bits, one in found.items()}
    assert [one.size for one in found.values()] == [2, 4, 8]  # of 8 numbers
    assert psnr[2] < psnr[4] < psnr[8] and psnr[8] > whole - 0.1
    fewer = reconstruct.quantised(model, pixels, 8, 3)
    assert (fewer.dims, fewer.size) == (3, 3) and generate.error(pixels, fewer.images)["psnr"] < psnr[8]


def test_packed_codes_stand_beside_components_in_as_many_bytes(
    model: Model, path: str, run: Callable[..., Any], tmp_path: Path
) -> None:
    grid, shapes = tmp_path / "grid.png", ("reconstruct", path, "shapes_pca")
    done = run(*shapes, "-o", grid, "--bits", "8", "--json")
    assert [row["what"].split(", ")[-1] for row in json.loads(done.stdout)] == [
        "8 bits per dimension",
        "32 bits per dimension (floats)",
        "PNG",
    ]
    assert [row["bytes"] for row in json.loads(done.stdout)][:2] == [8, 32]
    other = replace(model.collection, id=99, name="shapes_other", builder="other", dim=5)
    mine = Model(model.db, OpenCollection(other, model.dataset), model.builder, model.state)
    assert (peer := reconstruct.peer_of(mine)) is not None and peer.collection.name == "shapes_pca"
    assert reconstruct.peer_of(model) is None
    done = run(*shapes, "-o", grid, "--bits", "8", "--noise", "0.3")
    assert done.exit_code == 1 and "Give either bits or damage" in done.stderr
    assert "--bits must be between 1 and 16, not 40" in run(*shapes, "-o", grid, "--bits", "40").stderr
