"""The task of self-supervised collections on stored pictures: one seed asks the same, of pictures that are there."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from semsearch import registry
from semsearch.building import build
from semsearch.errors import InputError, NotFoundError
from semsearch.images import quizzes
from semsearch.images.quizzes import TaskScore
from semsearch.storage import collections
from semsearch.storage.collections import open_collection
from semsearch.storage.driver import Connection
from tests.planted_images import load, painted


@pytest.mark.parametrize("name", ["rotation", "inpainting", "colorization", "contrastive", "patches", "jigsaw"])
def test_pictures_are_asked_about(db: Connection, name: str) -> None:
    dataset = load(db, painted(60), ["lamp"] * 60, "lamps")
    built = build.build(db, dataset, registry.load().builder(name), {"epochs": 2, "width": 4, "image_size": 24})
    collection = built.collections[0]
    assert quizzes.has_task(collection) and quizzes.question_of(collection).endswith("?")
    one, again, other = (
        quizzes.ask(db, open_collection(db, collection.name), count=12, seed=seed) for seed in (1, 1, 2)
    )
    assert len(one.keys) == len(one.quizzes) == 12 and one.keys == again.keys != other.keys
    assert [quiz.predicted for quiz in one.quizzes] == [quiz.predicted for quiz in again.quizzes]
    assert all((a.input == b.input).all() for a, b in zip(one.quizzes, again.quizzes, strict=True))
    chosen = quizzes.ask(db, open_collection(db, collection.name), ["7", "3"], count=6, seed=1)
    assert len(chosen.keys) == 6 and {"7", "3"} <= set(chosen.keys)
    allowed = quizzes.ask(
        db,
        open_collection(db, collection.name),
        count=6,
        seed=1,
        may=lambda keys: [key for key in keys if int(key) > 30],
    )
    assert 1 <= len(allowed.keys) <= 6 and all(int(key) > 30 for key in allowed.keys)
    found = quizzes.task_score(collections.get_run(db, collection.run).metrics)
    assert found is not None and found.is_error == (name in ("inpainting", "colorization")) and found.baseline > 0


def test_what_cannot_be_asked(db: Connection) -> None:
    dataset = load(db, painted(20), ["lamp"] * 20, "lamps")
    build.build(db, dataset, registry.load().builder("pca"), {"dim": 4})
    build.build(db, dataset, registry.load().builder("rotation"), {"epochs": 0, "width": 4})
    with pytest.raises(InputError, match="lamps_pca was built by pca, which has no self-supervised task"):
        quizzes.ask(db, open_collection(db, "lamps_pca"), count=3, seed=0)
    with pytest.raises(NotFoundError, match="No image '21' in lamps_rotation"):
        quizzes.ask(db, open_collection(db, "lamps_rotation"), ["21"], count=3, seed=0)
    with pytest.raises(NotFoundError, match="No image in lamps_rotation can be shown"):
        quizzes.ask(db, open_collection(db, "lamps_rotation"), count=3, seed=0, may=lambda keys: [])
    with pytest.raises(InputError, match="The number of images must be between 1 and 40, not 41"):
        quizzes.ask(db, open_collection(db, "lamps_rotation"), [str(n) for n in range(1, 42)], count=3, seed=0)


def test_standings_are_read_off_the_metrics_of_a_run() -> None:
    assert quizzes.task_score({"held_out_accuracy": 0.5, "chance": 0.25}) == TaskScore(0.5, 0.25, False)
    assert quizzes.task_score({"held_out_error": 0.5, "held_out_mean": 2.0}) == TaskScore(0.5, 2.0, True)
    assert quizzes.task_score({"held_out": 0.5, "chance": 0.25}) is None
