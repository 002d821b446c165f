"""Pictures that never were: codes drawn at random, pictures of them, ways between two, and tables of them.

A sample has a seed and a number, from 1: the first of many samples of a seed are those of few, so that the two name it
for good, for as long as the collection is not built anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.builders.base import Conditions
from semsearch.errors import InputError
from semsearch.images import generate, image_io
from semsearch.images.generate import MOST, Model, can_decode, check_steps, stored_codes, walk
from semsearch.maths.latent_prior import Mixture, fit_prior
from semsearch.records import MOST_SEED, Collection
from semsearch.storage import results
from semsearch.storage.codec import vector_to_blob
from semsearch.storage.connect import transaction
from semsearch.storage.driver import Connection

PRIORS = ("mixture", "gaussian", "normal", "own")  # the first is the default where embeddings are the codes


@dataclass(frozen=True)
class Drawing:
    """What codes are drawn from and which: a prior, None for the builder's own idea, a seed, and of which class they
    are to be, None for any."""

    prior: Mixture | None
    seed: int
    label: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MOST_SEED:
            raise InputError(f"seed is {self.seed}: choose 0 to {MOST_SEED:,}")

    def codes(self, model: Model, n: int) -> FloatArray:
        """(n, dim) random codes. InputError for none or more than 400."""
        if not 1 <= n <= MOST:
            raise InputError(f"{n} pictures: choose 1 to {MOST}")
        codes = drawn_codes(model, n, self.prior, np.random.default_rng(self.seed))
        if self.label is None:
            return codes
        check_label(model, self.label)
        return np.asarray(model.builder.of_class(model.state, codes, self.label))

    def code(self, model: Model, number: int) -> FloatArray:
        """That of one sample, (dim,), by its number from 1."""
        if not 1 <= number <= MOST:
            raise InputError(f"No sample {number}: a seed has samples 1 to {MOST}")
        return self.codes(model, number)[-1]


def classes_of(model: Model) -> list[str]:
    """The classes that a model can be told to make pictures of; none where it learned none."""
    return list(model.builder.classes(model.state)) if isinstance(model.builder, Conditions) else []


def check_label(model: Model, label: str) -> None:
    """InputError for a class that the model did not learn."""
    if label not in (known := classes_of(model)):
        what = ", ".join(known)[:200] if known else "none, it was not built with --conditional"
        raise InputError(f"{model.collection.name} makes no {label[:40]!r}: it learned {what}")


def drawn_codes(model: Model, n: int, prior: Mixture | None, rng: np.random.Generator) -> FloatArray:
    """(n, dim) random codes."""
    return np.asarray(model.builder.sample_codes(model.state, n, rng=rng) if prior is None else prior.draw(n, rng))


def priors_of(collection: Collection) -> tuple[str, ...]:
    """What random codes of a collection can be drawn from, the default first."""
    return PRIORS if can_decode(collection) else ("own",)


def prior_of(
    model: Model, name: str | None = None, *, seed: int = 0, codes: Callable[[], FloatArray] | None = None
) -> Mixture | None:
    """What random codes are drawn from, None for the builder's own idea: fitted to the collection's, or to (n, dim)
    `codes`. InputError for an unknown name, and for one that says nothing of this model's codes."""
    known = priors_of(model.collection)
    chosen = name or known[0]
    if chosen not in PRIORS:
        raise InputError(f"prior is {chosen[:40]!r}: choose one of {', '.join(known)}")
    if chosen not in known:
        raise InputError(f"{model.collection.builder} draws its codes itself: leave out the prior {chosen}")
    if chosen == "own":
        return None
    return fit_prior(stored_codes(model.db, model.collection) if codes is None else codes(), chosen, seed=seed)


def sample(model: Model, n: int, drawing: Drawing) -> ByteArray:
    """n pictures of random codes; the same seed gives the same. InputError for none or more than 400."""
    return model.decode(drawing.codes(model, n))


def walk_between(model: Model, one: int, other: int, steps: int, drawing: Drawing) -> ByteArray:
    """Pictures on the way from one sample of a drawing to another, both ends included."""
    check_steps(steps)
    return walk(model, drawing.code(model, one), drawing.code(model, other), steps)


def drawing_of(model: Model, *, seed: int, prior: str | None = None, label: str | None = None) -> Drawing:
    """Codes from the prior of this name (see `prior_of`) by a seed, of one class if `label` is given."""
    return Drawing(prior_of(model, prior, seed=seed), seed, label)


def interpolate(
    model: Model, one: str, other: str, steps: int, *, seed: int | None = None, prior: str | None = None
) -> ByteArray:
    """(steps, height, width, channels) images between two images, both included.

    `one` and `other` are ids of stored images. With a seed, and for a builder whose images have no code, they are
    numbers of samples instead. Raises InputError for anything that is not such a number, or for impossible steps.
    """
    if seed is None and not model.imagines:
        return generate.interpolate(model, one, other, steps)
    drawing = drawing_of(model, seed=seed or 0, prior=prior)
    return walk_between(model, _sample_number(one), _sample_number(other), steps, drawing)


def _sample_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{text!r} is not the number of a sample: samples of a seed are numbered from 1") from None


COLUMNS = {
    "id": "integer",
    "collection": "text",
    "run": "integer",
    "seed": "integer",
    "label": "text",
    "width": "integer",
    "height": "integer",
    "channels": "integer",
    "content": "blob",
    "code": "blob",
}


def write_samples(db: Connection, model: Model, table: str, n: int, drawing: Drawing) -> ByteArray:
    """n samples as rows of a table: `id` is a sample's number, `label` the class that was asked for, `content` a PNG,
    `code` float32 as vectors are stored.

    The table is written anew if it is one of these, else NameTakenError; it is seen by whoever may see the collection's
    own. Returns the pictures.
    """
    results.check_free(db, table, list(COLUMNS))
    codes = drawing.codes(model, n)
    made = model.decode(codes)
    height, width, channels = model.shape
    said = (model.collection.name, model.collection.run, drawing.seed, drawing.label, width, height, channels)
    rows = [
        (number, *said, image_io.to_png(picture), vector_to_blob(code))
        for number, (picture, code) in enumerate(zip(made, codes, strict=True), 1)
    ]
    with transaction(db):
        results.replace(db, table, COLUMNS, rows, made_of=model.dataset.name)
    return made
