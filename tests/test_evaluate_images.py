"""`evaluate images` on planted shapes: labels that codes tell, and a split that is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from semsearch import build, registry
from semsearch.errors import InputError
from semsearch.evaluate.images import evaluate_images
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
