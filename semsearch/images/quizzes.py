"""The task that a self-supervised net learned by, on stored pictures: what it is asked, what it says, what is true.

Everything here asks the protocol `Quizzes` of a collection's builder (builders/base.py), and so holds for any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from semsearch import registry
from semsearch.builders.base import Needs, Quizzes
from semsearch.errors import CapabilityError, InputError, NotFoundError
from semsearch.images import image_arrays
from semsearch.records import Collection, OpenCollection, Quiz
from semsearch.search.models import state_of
from semsearch.storage import vectors
from semsearch.storage.driver import Connection

MOST = 40  # pictures asked about at once


@dataclass(frozen=True)
class Answers:
    """The keys of some pictures, and the question about each, in one order."""

    keys: Sequence[str]
    quizzes: Sequence[Quiz]


@dataclass(frozen=True)
class Standing:
    """How a net did on pictures that it had not learned from: `reached`, and what `plain` takes no learning to reach.

    Both are accuracies, 0..1, or both are mean squared errors (`is_error`), of which the smaller one is better.
    """

    reached: float
    plain: float
    is_error: bool


def can_ask(collection: Collection) -> bool:
    """Whether a collection's builder learned by questions about pictures."""
    known = registry.load().builders.get(collection.builder)
    return collection.of == "image" and isinstance(known, Quizzes)


def question_of(collection: Collection) -> str:
    """What is asked, as people would. InputError for a collection that was not learned by questions."""
    return str(_builder(collection).question)


def mean_of(collection: Collection) -> str:
    """The mean that answers are compared with, empty where they are right or wrong. InputError as `question_of`."""
    return str(_builder(collection).mean)


def ask(
    db: Connection,
    opened: OpenCollection,
    keys: Sequence[str] = (),
    *,
    count: int,
    seed: int,
    may: Callable[[Sequence[str]], Sequence[str]] = tuple,
) -> Answers:
    """A question about each of these pictures, and of others, drawn by the seed, up to `count`; the same seed asks the
    same. `may` says which of some pictures may be shown.

    InputError for a collection that was not learned by questions or too many pictures, NotFoundError for a picture that
    is not there or cannot be read, CapabilityError where what the builder needs is not installed.
    """
    collection = opened.collection
    builder = _builder(collection)
    if not 1 <= max(count, len(keys)) <= MOST:
        raise InputError(f"{max(count, len(keys))} pictures: choose 1 to {MOST}")
    needs = builder.needs if isinstance(builder, Needs) else ()
    if lacking := [one for one in needs if find_spec(one) is None]:
        raise CapabilityError(f"{collection.builder} needs {lacking[0]}: pip install 'semsearch[{lacking[0]}]'")
    state = state_of(db, collection)
    every = vectors.all_keys(db, collection)
    drawn = (every[row] for row in np.random.default_rng(seed).permutation(len(every))[: count + len(keys)].tolist())
    others = [key for key in drawn if key not in set(keys)][: max(0, count - len(keys))]
    found = image_arrays.corpus(db, opened.dataset, may([*keys, *others]), image_arrays.shape_of_model(state))
    missing = [key for key in keys if key not in set(found.keys)]
    if missing or not len(found):
        which = f"{missing[0]!r} in {opened.name}" if missing else f"in {opened.name} can be shown"
        raise NotFoundError(f"No picture {which}")
    return Answers(found.keys, builder.quiz(state, found, seed=seed))


def standing(metrics: Mapping[str, float]) -> Standing | None:
    """What a run's metrics say of it; None where nothing was held back."""
    for reached, plain, is_error in (
        ("held_out_accuracy", "chance", False),
        ("held_out_error", "held_out_mean", True),
    ):
        if reached in metrics and plain in metrics:
            return Standing(metrics[reached], metrics[plain], is_error)
    return None


def _builder(collection: Collection) -> Any:
    if not can_ask(collection):
        raise InputError(
            f"{collection.name} was built by {collection.builder}, which learned by no questions about pictures"
        )
    return registry.load().builder(collection.builder)
