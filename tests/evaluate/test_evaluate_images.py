"""`evaluate images` on planted shapes: labels that codes tell, and a split that is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from semsearch import registry
from semsearch.building import build
from semsearch.errors import CapabilityError, InputError
from semsearch.evaluate import collection_comparison
from semsearch.evaluate.images import evaluate_images
from semsearch.evaluate.sample_scores import Sampling
from semsearch.storage.driver import Connection
from tests.planted import make_articles
from tests.planted_images import load, shapes


def test_planted_shapes_are_told_from_their_codes(db: Connection, run: Callable[..., Any], path: str) -> None:
    pixels, labels = shapes(200)
    build.build(db, load(db, pixels, labels), registry.load().builder("pca"), {"dim": 6})
    found = evaluate_images(db, "shapes_pca")
    assert (found.learned, found.judged, found.split) == (160, 40, "every fifth")
    assert found.probe is not None and found.probe > 0.95 and found.knn is not None and found.knn > 0.95
    assert found.mse is not None and 0 < found.mse < 0.05
    done = run("evaluate", "images", path, "shapes_pca", "--json")
    assert done.exit_code == 0 and '"knn"' in done.stdout


def test_a_split_column_is_kept_and_random_labels_are_not_told(db: Connection) -> None:
    pixels, _ = shapes(200)
    rng = np.random.default_rng(0)
    dataset = load(db, pixels, [str(one) for one in rng.integers(0, 4, 200)])
    db.execute("alter table shapes add column part text")
    db.execute("update shapes set part = case when id <= 120 then 'train' else 'test' end")
    build.build(db, dataset, registry.load().builder("pca"), {"dim": 6})
    found = evaluate_images(db, "shapes_pca", split="part")
    assert (found.learned, found.judged) == (120, 80)
    assert found.probe is not None and found.probe < 0.5 and found.knn is not None and found.knn < 0.5


def test_texts_are_no_pictures(db: Connection) -> None:
    build.build(db, make_articles(db), registry.load().builder("lsa"), {})
    with pytest.raises(InputError, match="needs a collection of images"):
        evaluate_images(db, "articles_lsa")


def test_samples_are_judged_between_a_floor_and_a_ceiling(
    db: Connection, run: Callable[..., Any], path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    from semsearch.nets import classifier

    monkeypatch.setattr(classifier, "IMAGES_SEEN", 6_000)  # enough for four shapes
    pixels, labels = shapes(600)
    build.build(db, load(db, pixels, labels), registry.load().builder("pca"), {"dim": 8})
    scores = {}
    for prior in ("gaussian", "mixture"):
        found = evaluate_images(db, "shapes_pca", wanted=Sampling(120, prior)).sampled
        assert found is not None and found.compared == 120 and found.classifier_accuracy > 0.95
        assert found.frechet_floor < found.frechet < found.frechet_ceiling
        scores[prior] = found
    # Four kinds of shapes are four heaps of codes: one Gaussian over all of them draws much that is between them.
    assert scores["mixture"].frechet < 0.7 * scores["gaussian"].frechet
    assert scores["mixture"].coverage > scores["gaussian"].coverage
    done = run("evaluate", "images", path, "shapes_pca", "--samples", "120", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told[0]["frechet"] == pytest.approx(scores["mixture"].frechet)  # same seed, same samples
    assert "sampled" not in told[0] and told[0]["classifier_accuracy"] > 0.95
    assert "pairs" not in told[0] and 0 <= told[0]["copied"] <= 1 and told[0]["nearness"] > 0
    grid = tmp_path / "pairs.png"
    done = run("evaluate", "images", path, "shapes_pca", "--samples", "120", "--nearest", grid)
    assert done.exit_code == 0 and f"Wrote {grid}: 64 images" in done.stderr
    assert run("evaluate", "images", path, "shapes_pca", "--nearest", grid).exit_code == 2


def test_samples_that_cannot_be_judged(db: Connection, run: Callable[..., Any], path: str) -> None:
    pixels, labels = shapes(40)
    dataset = load(db, pixels, labels)
    build.build(db, dataset, registry.load().builder("pca"), {"dim": 4})
    few = run("evaluate", "images", path, "shapes_pca", "--samples", "3")
    assert few.exit_code == 1 and few.stderr == "Error: --samples must be between 100 and 20,000, not 3\n"
    db.execute("update shapes set label = 'one'")
    alike = run("evaluate", "images", path, "shapes_pca", "--samples", "100")
    assert alike.exit_code == 1 and "on the training images: found 1" in alike.stderr
    unknown = run("evaluate", "images", path, "shapes_pca", "--label", "colour")
    assert unknown.exit_code == 1 and "shapes has no column 'colour': it has id, " in unknown.stderr


def test_without_torch_the_extra_is_named(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from semsearch.evaluate import features

    pixels, labels = shapes(40)
    build.build(db, load(db, pixels, labels), registry.load().builder("pca"), {"dim": 4})
    monkeypatch.setattr(features, "find_spec", lambda package: None)
    with pytest.raises(CapabilityError, match=r"pip install 'datasette-semsearch\[torch\]'"):
        evaluate_images(db, "shapes_pca", wanted=Sampling(100))


def test_collections_are_compared_on_the_same_labels(db: Connection, run: Callable[..., Any], path: str) -> None:
    pixels, labels = shapes(400)
    dataset = load(db, pixels, labels)
    for name, given in (("good", {"dim": 6}), ("poor", {"dim": 1})):
        build.build(db, dataset, registry.load().builder("pca"), given, build.BuildOptions(name=name))
    found = collection_comparison.compare(db, ["poor", "good"])
    assert (found.label, found.labels, found.learned, found.judged, found.split) == ("label", 4, 320, 80, "every fifth")
    poor, good = found.rows
    assert (poor.collection, poor.builder, poor.dim, good.collection) == ("poor", "pca", 1, "good") and good.seconds > 0
    alone = evaluate_images(db, "good")
    assert (good.probe, good.knn) == (alone.probe, alone.knn)  # one way to judge, all pictures being within the bound
    assert good.probe > 0.95 > poor.probe + 0.2 and good.knn > poor.knn
    assert good.few[10] is not None and good.few[1] < good.few[10] <= 1.0 and poor.few[10] < good.few[10]
    assert good.few[100] is None  # 80 of each are learned from
    assert len({labels[int(key) - 1] for key in found.asked}) == 4 and len(found.asked) == 5
    near = collection_comparison.neighbours(db, "good", found.asked)
    assert all(
        labels[int(other) - 1] == labels[int(key) - 1]
        for key, some in zip(found.asked, near, strict=True)
        for other in some
    )
    bounded = collection_comparison.compare(db, ["good"], most=(40, 20), seed=3)
    assert (bounded.learned, bounded.judged) == (40, 20) and bounded == collection_comparison.compare(
        db, ["good"], most=(40, 20), seed=3
    )
    done = run("evaluate", "images", path, "shapes", "--json")
    assert [row["collection"] for row in json.loads(done.stdout)] == ["good", "poor"]
    assert json.loads(done.stdout)[0]["of_10"] == good.few[10]
    assert "80 test images (every fifth), 320 training images" in done.stderr
    assert run("evaluate", "images", path, "good", "poor", "--max-train", "40", "--csv").stdout.count("\n") == 3


def test_pictures_without_a_vector_everywhere_are_left_out(db: Connection) -> None:
    pixels, labels = shapes(100)
    dataset = load(db, pixels, labels)
    build.build(db, dataset, registry.load().builder("pca"), {"dim": 3}, build.BuildOptions(name="one"))
    db.execute("delete from shapes where id > 90")
    build.build(db, dataset, registry.load().builder("pca"), {"dim": 3}, build.BuildOptions(name="other"))
    db.execute("update shapes set label = null where id <= 10")
    found = collection_comparison.compare(db, ["one", "other"])
    assert found.learned + found.judged == 80


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("shapes_pca", "articles_lsa"), "articles_lsa contains documents of articles: only image collections of one"),
        (("shapes_pca", "second", "--label", "width"), "width must have 2 to 100 distinct labels: it has 1"),
        (("shapes_pca", "second", "--samples", "9"), "--samples evaluates one collection at a time"),
        (("shapes_pca", "--max-train", "9"), "--max-train and --max-test are for comparing several"),
        (("shapes_pca", "second", "--max-test", "0"), "--max-test must be at least 1, not 0"),
        (("shapes_pca", "nothing"), "No collection 'nothing'"),
        (("articles",), "articles has no collection of images yet"),
    ],
    ids=["texts", "labels", "samples", "one", "none judged", "unknown", "dataset without"],
)
def test_what_cannot_be_compared(
    db: Connection, run: Callable[..., Any], path: str, said: tuple[str, ...], told: str
) -> None:
    dataset = load(db, *shapes(40))
    for name in ("shapes_pca", "second"):
        build.build(db, dataset, registry.load().builder("pca"), {"dim": 3}, build.BuildOptions(name=name))
    build.build(db, make_articles(db), registry.load().builder("lsa"), {})
    done = run("evaluate", "images", path, *said)
    assert done.exit_code == 1 and told in done.stderr and done.stderr.count("\n") == 1
