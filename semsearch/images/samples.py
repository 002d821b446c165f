"""Generate images from random codes, interpolate between two of them, and write them to a table.

A generated image is identified by its seed and its number, from 1. The first samples of a seed do not depend on how
many are drawn, so the two identify it until the collection is rebuilt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from semsearch import registry
from semsearch.arrays import ByteArray, FloatArray
from semsearch.builders.base import Conditions
from semsearch.errors import InputError, not_a_choice, out_of_range
from semsearch.images import generate, image_io
from semsearch.images.generate import MAX_IMAGES, Model, can_decode, check_steps, stored_codes, walk
from semsearch.maths.latent_prior import Mixture, fit_prior
from semsearch.records import MOST_SEED, Collection
from semsearch.storage import results
from semsearch.storage.codec import vector_to_blob
from semsearch.storage.connect import transaction
from semsearch.storage.driver import Connection

PRIORS = ("mixture", "gaussian", "normal", "own")  # the first is the default where embeddings are the codes


@dataclass(frozen=True)
class Drawing:
    """How codes are drawn."""

    prior: Mixture | None  # the distribution; None: the builder's own prior
    seed: int
    label: str | None = None  # the class; None: any

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= MOST_SEED:
            raise out_of_range("--seed", self.seed, least=0, most=MOST_SEED)

    def codes(self, model: Model, n: int) -> FloatArray:
        """(n, dim) random codes. Raises InputError unless n is 1 to MAX_IMAGES, or for an unknown class."""
        if not 1 <= n <= MAX_IMAGES:
            raise out_of_range("-n", n, least=1, most=MAX_IMAGES, of="images")
        codes = drawn_codes(model, n, self.prior, np.random.default_rng(self.seed))
        if self.label is None:
            return codes
        check_label(model, self.label)
        return np.asarray(model.builder.of_class(model.state, codes, self.label))

    def code(self, model: Model, number: int) -> FloatArray:
        """The code (dim,) of one sample, by its number from 1."""
        if not 1 <= number <= MAX_IMAGES:
            raise out_of_range("The number of a generated image", number, least=1, most=MAX_IMAGES)
        return self.codes(model, number)[-1]


def classes_of(model: Model) -> list[str]:
    """The classes that a model can generate images of; empty for an unconditional model."""
    return list(model.builder.classes(model.state)) if isinstance(model.builder, Conditions) else []


def check_label(model: Model, label: str) -> None:
    """Raises InputError for a class that the model did not learn."""
    known = classes_of(model)
    if label in known:
        return
    if known:
        what = f"choose one of {', '.join(known)[:200]}"
    elif isinstance(model.builder, Conditions):
        what = "it was not built with --conditional"
    else:
        others = [name for name, other in registry.load().builders.items() if isinstance(other, Conditions)]
        what = f"{model.collection.builder} learns no classes. Leave out --label"
        what += f", or build with {' or '.join(others)} --conditional" if others else ""
    raise InputError(f"{model.collection.name} has no class {label[:40]!r}: {what}")


def drawn_codes(model: Model, n: int, prior: Mixture | None, rng: np.random.Generator) -> FloatArray:
    """(n, dim) random codes from a prior; None: the builder's own prior."""
    return np.asarray(model.builder.sample_codes(model.state, n, rng=rng) if prior is None else prior.draw(n, rng))


def priors_of(collection: Collection) -> tuple[str, ...]:
    """The names of the priors that codes of a collection can be drawn from, the default first."""
    return PRIORS if can_decode(collection) else ("own",)


def prior_of(
    model: Model, name: str | None = None, *, seed: int = 0, codes: Callable[[], FloatArray] | None = None
) -> Mixture | None:
    """The prior of this name, fitted to the stored codes or to `codes` (n, dim); None: the builder's own prior.

    Raises InputError for an unknown name, and for a prior that cannot be fitted because the codes are not stored.
    """
    known = priors_of(model.collection)
    chosen = name or known[0]
    if chosen not in PRIORS:
        raise not_a_choice("--prior", chosen, known)
    if chosen not in known:
        raise InputError(f"{model.collection.builder} has a prior of its own: leave out the prior {chosen}")
    if chosen == "own":
        return None
    return fit_prior(stored_codes(model.db, model.collection) if codes is None else codes(), chosen, seed=seed)


def sample(model: Model, n: int, drawing: Drawing) -> ByteArray:
    """n images of random codes, reproducible by the seed. Raises InputError as Drawing.codes."""
    return model.decode(drawing.codes(model, n))


def walk_between(model: Model, first: int, last: int, steps: int, drawing: Drawing) -> ByteArray:
    """Images (steps, height, width, channels) between two samples of a drawing, both included."""
    check_steps(steps)
    return walk(model, drawing.code(model, first), drawing.code(model, last), steps)


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


SAMPLE_COLUMNS = {
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
    """Write n samples as rows of a table; the images (n, height, width, channels).

    `id` is the number of a sample, `label` the class it was drawn for, `content` a PNG, `code` float32 as vectors are
    stored. An earlier table of samples is replaced; raises NameTakenError for any other table of that name. Users who
    may read the dataset may read the table.
    """
    results.check_free(db, table, list(SAMPLE_COLUMNS))
    codes = drawing.codes(model, n)
    images = model.decode(codes)
    height, width, channels = model.shape
    facts = (model.collection.name, model.collection.run, drawing.seed, drawing.label, width, height, channels)
    rows = [
        (number, *facts, image_io.to_png(image), vector_to_blob(code))
        for number, (image, code) in enumerate(zip(images, codes, strict=True), 1)
    ]
    with transaction(db):
        results.replace(db, table, SAMPLE_COLUMNS, rows, model.collection)
    return images
