"""`evaluate images` on planted shapes: labels that codes tell, and a split that is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from semsearch import build, registry
from semsearch.errors import CapabilityError, InputError
from semsearch.evaluate.images import evaluate_images
from semsearch.evaluate.sampled import Sampling
from semsearch.storage.driver import Connection
from tests.builders.test_pca import load, shapes
from tests.conftest import make_articles


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
    with pytest.raises(InputError, match="judges collections of pictures"):
        evaluate_images(db, "articles_lsa")


def test_samples_are_judged_between_a_floor_and_a_ceiling(
    db: Connection, run: Callable[..., Any], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from semsearch.nets import classifier

    monkeypatch.setattr(classifier, "SEEN", 6_000)  # enough for four shapes
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


def test_samples_that_cannot_be_judged(db: Connection, run: Callable[..., Any], path: str) -> None:
    pixels, labels = shapes(40)
    dataset = load(db, pixels, labels)
    build.build(db, dataset, registry.load().builder("pca"), {"dim": 4})
    few = run("evaluate", "images", path, "shapes_pca", "--samples", "3")
    assert few.exit_code == 1 and few.stderr == "Error: samples is 3: choose 100 to 20,000\n"
    db.execute("update shapes set label = 'one'")
    alike = run("evaluate", "images", path, "shapes_pca", "--samples", "100")
    assert alike.exit_code == 1 and "have 1 different labels" in alike.stderr
    unknown = run("evaluate", "images", path, "shapes_pca", "--label", "colour")
    assert unknown.exit_code == 1 and "shapes has no column 'colour': it has id, " in unknown.stderr


def test_without_torch_the_extra_is_named(db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from semsearch.evaluate import features

    pixels, labels = shapes(40)
    build.build(db, load(db, pixels, labels), registry.load().builder("pca"), {"dim": 4})
    monkeypatch.setattr(features, "find_spec", lambda package: None)
    with pytest.raises(CapabilityError, match=r"pip install 'semsearch\[torch\]'"):
        evaluate_images(db, "shapes_pca", wanted=Sampling(100))
