"""Run the self-supervised task of a collection on stored images: input, prediction and truth of each.

Everything here uses the protocol `Quizzes` (builders/base.py), so it works for any builder that has such a task.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from semsearch import registry
from semsearch.builders.base import Needs, Quizzes
from semsearch.errors import CapabilityError, InputError, NotFoundError, out_of_range
from semsearch.images import image_arrays
from semsearch.records import Collection, OpenCollection, Quiz
from semsearch.search.models import state_of
from semsearch.storage import vectors
from semsearch.storage.driver import Connection

MAX_QUIZZES = 40  # images at once


@dataclass(frozen=True)
class QuizSet:
    """The keys (n,) of some images, and the quiz (n,) of each."""

    keys: Sequence[str]
    quizzes: Sequence[Quiz]


@dataclass(frozen=True)
class TaskScore:
    """The score of a net on held-out images, and that of a baseline that needs no learning.

    Both are accuracies, 0..1, or mean squared errors if `is_error`.
    """

    value: float
    baseline: float
    is_error: bool


def has_task(collection: Collection) -> bool:
    """Whether a collection holds images and its builder has a self-supervised task."""
    known = registry.load().builders.get(collection.builder)
    return collection.of == "image" and isinstance(known, Quizzes)


def question_of(collection: Collection) -> str:
    """The task as a question. Raises InputError for a collection without a self-supervised task."""
    return str(_builder(collection).question)


def mean_of(collection: Collection) -> str:
    """The mean that predictions are compared with; empty for a task with classes. Raises as `question_of`."""
    return str(_builder(collection).mean)


def ask(
    db: Connection,
    opened: OpenCollection,
    keys: Sequence[str] = (),
    *,
    count: int,
    seed: int,
    may: Callable[[Sequence[str]], Sequence[str]] = tuple,
) -> QuizSet:
    """The quiz of each of these images, and of random others until there are `count`; reproducible by the seed.

    `may` filters keys by what the user may see. Raises InputError for a collection without a self-supervised task and
    for too many images, NotFoundError for an image that is missing or not readable, CapabilityError for a missing
    package.
    """
    collection = opened.collection
    builder = _builder(collection)
    if not 1 <= max(count, len(keys)) <= MAX_QUIZZES:
        raise out_of_range("The number of images", max(count, len(keys)), least=1, most=MAX_QUIZZES)
    needs = builder.needs if isinstance(builder, Needs) else ()
    if missing_packages := [package for package in needs if find_spec(package) is None]:
        package = missing_packages[0]
        raise CapabilityError(f"{collection.builder} needs {package}: pip install 'datasette-semsearch[{package}]'")
    state = state_of(db, collection)
    all_keys = vectors.all_keys(db, collection)
    order = np.random.default_rng(seed).permutation(len(all_keys))[: count + len(keys)].tolist()
    drawn = (all_keys[row] for row in order)
    others = [key for key in drawn if key not in set(keys)][: max(0, count - len(keys))]
    images = image_arrays.corpus(db, opened.dataset, may([*keys, *others]), image_arrays.shape_of_model(state))
    missing = [key for key in keys if key not in set(images.keys)]
    if missing or not len(images):
        which = f"{missing[0]!r} in {opened.name}" if missing else f"in {opened.name} can be shown"
        raise NotFoundError(f"No image {which}")
    return QuizSet(images.keys, builder.quiz(state, images, seed=seed))


def task_score(metrics: Mapping[str, float]) -> TaskScore | None:
    """The held-out score among a run's metrics; None if no image was held out."""
    for value, baseline, is_error in (
        ("held_out_accuracy", "chance", False),
        ("held_out_error", "held_out_mean", True),
    ):
        if value in metrics and baseline in metrics:
            return TaskScore(metrics[value], metrics[baseline], is_error)
    return None


def _builder(collection: Collection) -> Any:
    if not has_task(collection):
        raise InputError(f"{collection.name} was built by {collection.builder}, which has no self-supervised task")
    return registry.load().builder(collection.builder)
