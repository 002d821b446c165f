"""`build gan` from the command line: samples, walks between them, features that find their like, and bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")

from semsearch import registry
from semsearch.builders.base import Imagines
from semsearch.builders.gan import Gan, GanOptions
from semsearch.building import build
from semsearch.errors import BuildError, InputError
from semsearch.images import generate, png
from semsearch.images.samples import Drawing, classes_of, prior_of, sample, walk_between
from semsearch.records import Device, Images, silent
from semsearch.search.query import similar
from semsearch.storage.codec import blob_to_vector
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from semsearch.storage.lineage import derived_tables
from tests.planted_images import load, shapes

Run = Callable[..., Any]
SMALL = {"steps": 30, "width": 2, "latent_dim": 8}


def built(db: Connection, n: int = 80, **more: Any) -> generate.Model:
    pixels, labels = shapes(n)
    build.build(db, load(db, pixels, labels), registry.load().builder("gan"), {**SMALL, **more})
    return generate.open_model(db, open_collection(db, "shapes_gan"))


def images(n: int, labels: list[str | None] | None = None, *, alike: bool = False) -> Images:
    pixels = np.random.default_rng(0).integers(0, 256, (1 if alike else n, 8, 8, 1), np.uint8)
    return Images([str(row) for row in range(n)], np.repeat(pixels, n, axis=0) if alike else pixels, labels)


def test_samples_are_drawn_and_walked_between_and_no_picture_has_a_code(db: Connection) -> None:
    model = built(db)
    assert model.imagines and isinstance(model.builder, Imagines)
    assert not generate.can_decode(model.collection) and generate.can_sample(model.collection)
    one, two = (sample(model, 9, Drawing(None, 3)) for _ in range(2))
    assert one.tobytes() == two.tobytes() != sample(model, 9, Drawing(None, 4)).tobytes()
    more = sample(model, 20, Drawing(None, 3))
    assert np.abs(more[:9].astype(int) - one).max() <= 1  # other sizes of a product round otherwise
    codes = Drawing(None, 3).codes(model, 2)
    way = generate.walk(model, codes[0], codes[1], 5)
    assert way.shape == (5, 12, 12, 1) and np.abs(way[[0, -1]].astype(int) - one[:2]).max() <= 1
    with pytest.raises(InputError, match="cannot encode an image"):
        generate.interpolate(model, "1", "2", 5)
    with pytest.raises(InputError, match="has a prior of its own"):
        prior_of(model, "mixture", seed=0)


def test_a_walk_stays_where_codes_are() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 64)).astype(np.float32)
    state = Gan().fit(images(64), GanOptions(**SMALL | {"latent_dim": 64, "steps": 1}), **how()).state()
    codes = Gan().walk(state, one, other, 9)
    lengths = np.linalg.norm(codes, axis=1)
    assert np.allclose(codes[[0, -1]], [one, other], atol=1e-5)
    assert lengths.min() > 0.95 * min(lengths[0], lengths[-1])  # a straight line falls to 0.7 of it


def how() -> dict[str, Any]:
    return {"rng": np.random.default_rng(0), "device": Device("cpu", "a test"), "report": silent}


def test_features_find_their_like(db: Connection) -> None:
    built(db, 160, steps=200, width=4)
    _, labels = shapes(160)
    near = [
        labels[int(hit.id) - 1] == labels[row]
        for row in range(0, 160, 9)
        for hit in similar(db, open_collection(db, "shapes_gan"), [str(row + 1)], k=3).hits
    ]
    assert sum(near) / len(near) > 0.6  # four kinds: a quarter is chance


def test_a_conditional_one_draws_classes_as_often_as_they_were(db: Connection) -> None:
    labels = ["often"] * 60 + ["seldom"] * 20 + [None] * 4
    fitted = Gan().fit(images(84, labels), GanOptions(**SMALL, conditional=True), **how())
    assert len(fitted.embeddings[0].keys) == 84 and fitted.metrics["pictures"] == 80
    codes = Gan().sample_codes(fitted.state(), 4000, rng=np.random.default_rng(0))
    assert codes.shape == (4000, 8 + 2) and codes[:, 8].mean() == pytest.approx(0.75, abs=0.03)
    assert Gan().decode(fitted.state(), codes[:5]).shape == (5, 8, 8, 1)
    assert Gan().classes(fitted.state()) == ["often", "seldom"]
    seldom = Gan().of_class(fitted.state(), codes, "seldom")
    assert (seldom[:, :8] == codes[:, :8]).all() and (seldom[:, 8:] == [0, 1]).all()


def test_classes_can_be_asked_for(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    model = built(db, conditional=True)
    known = classes_of(model)
    assert len(known) > 1
    codes = [Drawing(None, 3, label).codes(model, 5) for label in known]
    assert all((one[:, :8] == codes[0][:, :8]).all() for one in codes) and (codes[0] != codes[1]).any()
    grid = tmp_path / "grid.png"
    assert run("sample", path, "shapes_gan", "-o", grid, "--label", known[1]).exit_code == 0
    done = run("sample", path, "shapes_gan", "-o", grid, "--label", "round")
    assert done.exit_code == 1 and f"has no class 'round': choose one of {', '.join(known)}" in done.stderr
    build.build(db, model.dataset, registry.load().builder("pca"), {"dim": 3})
    done = run("sample", path, "shapes_pca", "-o", grid, "--label", "round")
    assert done.exit_code == 1 and "pca learns no classes" in done.stderr


@pytest.mark.parametrize(
    ("corpus", "conditional", "told"),
    [
        (images(63), False, "A GAN needs at least 64 images, found 63"),
        (images(70, alike=True), False, "All 70 images are identical"),
        (images(70), True, "0 images have a label, 64 are needed"),
        (images(70, ["a"] * 70), True, "All labels are 'a'"),
        (images(70, [str(row) for row in range(70)]), True, "70 images have 70 different labels"),
    ],
    ids=["few", "alike", "no label", "one label", "a label each"],
)
def test_pictures_that_cannot_be_learned_from(corpus: Images, conditional: bool, told: str) -> None:
    with pytest.raises(BuildError, match=told):
        Gan().fit(corpus, GanOptions(**SMALL, conditional=conditional), **how())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--steps", "0"), "--steps must be at least 1, not 0"),
        (("--steps", "5", "--seconds", "1"), "--steps and --seconds are both given"),
        (("--seconds", "0"), "--seconds must be above 0, not 0"),
        (("--gradient-penalty", "-1"), "--gradient-penalty must be between 0 and 1,000,000, not -1"),
        (("--schedule", "simultaneous", "--d-steps", "2"), "both networks take one step, leave it out"),
        (("--image-size", "500"), "--image-size must be between 8 and 128, not 500"),
        (("--width", "0"), "--width must be at least 1, not 0"),
        (("--lr", "nan"), "--lr must be above 0 and at most 1, not nan"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_options_get_one_line(db: Connection, run: Run, path: str, said: tuple[str, ...], told: str) -> None:
    load(db, *shapes(8))
    done = run("build", "gan", path, "shapes", *said)
    assert done.exit_code == 1 and told in done.stderr and done.stderr.count("\n") == 1


def test_one_that_goes_wrong_says_so_and_can_be_taken_as_it_was(
    db: Connection, run: Run, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its third check on the generator makes one image for all codes."""
    from semsearch.nets.gan import task
    from semsearch.nets.gan.monitor import Check, Monitor

    load(db, *shapes(80))
    checks: list[Check] = []

    def add(monitor: Monitor, check: Check) -> None:
        checks.append(check)
        monitor.checks.append(Check(0.9 if len(checks) <= 2 else 0.1, 0.5))

    monkeypatch.setattr(Monitor, "add", add)
    monkeypatch.setattr(task, "EPOCH_STEPS", 10)
    given = ("build", "gan", path, "shapes", "--width", "2", "--latent-dim", "8")
    done = run(*given, "--steps", "90")
    assert done.exit_code == 1
    told = done.stderr.splitlines()[-1]
    assert "Mode collapse" in told and "--gradient-penalty 4" in told
    assert "--resume --steps 20 builds from the state at step 20" in told
    assert not db.execute("select 1 from _semsearch_collections").fetchall()
    done = run(*given, "--resume", "--steps", "20")
    assert done.exit_code == 0 and "Built shapes_gan" in done.stderr, done.stderr


def test_commands(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    built(db)
    grid = tmp_path / "grid.png"
    assert run("sample", path, "shapes_gan", "-o", grid, "-n", "9").exit_code == 0 and grid.stat().st_size
    for n in ("0", "100000"):
        done = run("sample", path, "shapes_gan", "-o", grid, "-n", n)
        assert done.exit_code == 1 and "must be between 1 and 400" in done.stderr
    done = run("reconstruct", path, "shapes_gan", "-o", grid)
    assert done.exit_code == 1 and "cannot encode an image" in done.stderr
    for seed in (str(2**63), "-1"):
        done = run("sample", path, "shapes_gan", "-o", grid, "--seed", seed)
        assert (
            done.exit_code == 1
            and f"--seed must be between 0 and 9,223,372,036,854,775,807, not {int(seed):,}" in done.stderr
        )
        done = run("build", "gan", path, "shapes", "--seed", seed)
        assert done.exit_code == 1 and "--seed must be between 0 and" in done.stderr
    assert run("sample", path, "shapes_gan", "-o", grid, "--seed", str(2**63 - 1)).exit_code == 0
    done = run("evaluate", "images", path, "shapes_gan", "--json")
    assert done.exit_code == 0 and '"mse": null' in done.stdout


def test_a_walk_between_samples_is_a_strip_or_a_film(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    model = built(db)
    strip, film = tmp_path / "strip.png", tmp_path / "film.gif"
    assert run("interpolate", path, "shapes_gan", "2", "7", "-o", strip, "--steps", "5").exit_code == 0
    assert run("interpolate", path, "shapes_gan", "2", "7", "-o", film, "--steps", "5", "--seed", "3").exit_code == 0
    with Image.open(film) as moving:
        assert moving.format == "GIF" and getattr(moving, "n_frames", 1) == 8  # there and back
    ends = sample(model, 7, Drawing(None, 3))[[1, 6]].astype(int)
    way = walk_between(model, 2, 7, 4, Drawing(None, 3)).astype(int)
    assert np.abs(way[[0, -1]] - ends).max() <= 1
    for said, told in (
        (("0", "1"), "must be between 1 and 400, not 0"),
        (("a", "1"), "'a' is not the number of a sample"),
        (("1", "401"), "401"),
    ):
        done = run("interpolate", path, "shapes_gan", *said, "-o", strip)
        assert done.exit_code == 1 and told in done.stderr, done.stderr


def test_samples_become_rows_with_their_codes(db: Connection, run: Run, path: str, tmp_path: Path) -> None:
    model = built(db)
    done = run("sample", path, "shapes_gan", "--into", "dreams", "-n", "5", "--seed", "4")
    assert done.exit_code == 0 and "Wrote table dreams: 5 samples" in done.stderr
    rows = db.execute("select id, collection, seed, width, content, code from dreams order by id").fetchall()
    assert [row[:4] for row in rows] == [(number, "shapes_gan", 4, 12) for number in range(1, 6)]
    codes = np.stack([blob_to_vector(row[5]) for row in rows])
    assert (codes == Drawing(None, 4).codes(model, 5)).all()
    made = model.decode(codes)
    assert all((png.decode(row[4]) == picture).all() for row, picture in zip(rows, made, strict=True))
    assert derived_tables(db)["dreams"] == {"shapes"}  # whoever may not see the pictures may not see what is like them
    assert run("sample", path, "shapes_gan", "--into", "dreams", "-n", "2").exit_code == 0
    assert db.execute("select count(*) from dreams").fetchone()[0] == 2
    done = run("sample", path, "shapes_gan", "--into", "shapes")
    assert done.exit_code == 1 and "shapes is already a table that semsearch did not write" in done.stderr
    assert run("sample", path, "shapes_gan").exit_code == 2
