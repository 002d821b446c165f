"""Pictures out of codes: reconstructions, repairs, and walks between two pictures (samples.py has what chance makes).

Everything here asks protocols of a collection's builder (builders/base.py), and so holds for any model of pictures:
`decode` and `sample_codes` for samples, `encode` beside them for what begins with a picture. A builder that imagines,
as a GAN does, has codes of its own, which no picture leads to: samples and walks between these are all it has. Errors
are mean squared differences of pixels that count from 0 to 1; PSNR is 10 log10(1 / MSE).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch import registry
from semsearch.arrays import ByteArray, FloatArray
from semsearch.builders.base import Decodes, Encodes, Imagines, OrdersCodes
from semsearch.errors import InputError, NotFoundError
from semsearch.images import image_arrays, image_io
from semsearch.maths.repair import smooth
from semsearch.records import Collection, Images, OpenCollection, State
from semsearch.search.models import state_of
from semsearch.storage import chunks, vectors
from semsearch.storage.driver import Connection

ENOUGH = 8_000  # codes that say how all of them are spread
ROUNDS = 30  # of encoding and decoding a repair; PCA's has then settled
SMOOTH = "smooth filling"
MOST = 400  # pictures made at once


class Model:
    """A collection whose builder makes codes of pictures and pictures of codes."""

    def __init__(self, db: Connection, opened: OpenCollection, builder: Any, state: State) -> None:
        self.db, self.builder, self.state = db, builder, state
        self.collection, self.dataset = opened.collection, opened.dataset
        self.shape = image_arrays.shape_of_model(state)
        self.ordered = is_ordered(opened.collection)
        self.imagines = isinstance(builder, Imagines)

    def pictures(self, keys: Sequence[str]) -> Images:
        """Stored pictures at the model's shape; NotFoundError for one that is not there or cannot be read."""
        found = self.readable(keys)
        missing = [key for key in keys if key not in set(found.keys)]
        if missing:
            raise NotFoundError(f"{self.dataset.name} has no picture {missing[0]!r} that can be read")
        return found

    def readable(self, keys: Sequence[str]) -> Images:
        """Those of some stored pictures that can be read, at the model's shape."""
        return image_arrays.corpus(self.db, self.dataset, keys, self.shape)

    def encode(self, pixels: ByteArray) -> FloatArray:
        """Codes (n, dim) of pictures (n, height, width, channels). InputError where pictures have none."""
        if self.imagines:
            raise InputError(
                f"{self.collection.builder} makes pictures of random codes, and finds none for a picture:"
                " `sample` and `interpolate --seed` are what there is"
            )
        return self.embed(pixels)

    def embed(self, pixels: ByteArray) -> FloatArray:
        """The embeddings (n, dim) of pictures, which are their codes unless the builder imagines."""
        return np.asarray(self.builder.encode(self.state, Images([str(n) for n in range(len(pixels))], pixels)))

    def decode(self, codes: FloatArray) -> ByteArray:
        """Pictures of codes."""
        return np.asarray(self.builder.decode(self.state, np.asarray(codes, np.float32)), np.uint8)

    def through(self, pixels: ByteArray, k: int | None = None) -> ByteArray:
        """Pictures through their codes and back, of the first k numbers alone if k is given."""
        codes = self.encode(pixels)
        if k is not None:
            self.check_k(k)
            codes[:, k:] = 0
        return self.decode(codes)

    def check_k(self, k: int) -> None:
        """InputError for a k that says nothing in this model."""
        if not self.ordered:
            raise InputError(f"The codes of {self.collection.builder} have no order: leave k out")
        if not 1 <= k <= self.collection.dim:
            raise InputError(f"k is {k}: choose 1 to {self.collection.dim}")


def can_sample(collection: Collection) -> bool:
    """Whether a collection is of pictures by a builder that makes pictures of codes."""
    known = registry.load().builders.get(collection.builder)
    return collection.of == "image" and isinstance(known, Decodes)


def can_decode(collection: Collection) -> bool:
    """Whether the codes that pictures are made of are the collection's embeddings, so that each picture has one."""
    known = registry.load().builders.get(collection.builder)
    return can_sample(collection) and isinstance(known, Encodes) and not isinstance(known, Imagines)


def is_ordered(collection: Collection) -> bool:
    """Whether the first k numbers of a collection's codes are the best k."""
    builder = registry.load().builders.get(collection.builder)
    return isinstance(builder, OrdersCodes) and builder.ordered


def open_model(db: Connection, opened: OpenCollection) -> Model:
    """The model behind a collection. InputError for one that makes no pictures."""
    collection = opened.collection
    if not can_sample(collection):
        raise InputError(
            f"{opened.name} was built by {collection.builder} of {opened.of}s, which makes no pictures of codes:"
            " build pca"
        )
    return Model(db, opened, registry.load().builder(collection.builder), state_of(db, collection))


def some_keys(model: Model, n: int, rng: np.random.Generator) -> list[str]:
    """Keys of n pictures drawn at random, in the collection's order. InputError for no picture or more than 400."""
    if not 1 <= n <= MOST:
        raise InputError(f"{n} pictures: choose 1 to {MOST}")
    keys = vectors.all_keys(model.db, model.collection)
    return [keys[row] for row in sorted(rng.permutation(len(keys))[:n].tolist())]


@dataclass(frozen=True)
class Damage:
    """What is done to pictures before they are mended: noise of this deviation (pixels 0..1), a square hole of so many
    pixels, or that they are known at a smaller size only."""

    noise: float | None = None
    mask: int | None = None
    from_size: int | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.noise, self.mask, self.from_size)) > 1:
            raise InputError("Give one of noise, mask and from-size: what is mended is one damage at a time")
        if self.noise is not None and not 0 < self.noise <= 2:
            raise InputError(f"noise is {self.noise:g}: choose above 0, up to 2")


@dataclass(frozen=True)
class Reconstruction:
    """Pictures as they are, as they were given to the model, as the baseline mends them, and as the model does."""

    originals: ByteArray
    given: ByteArray
    baseline: ByteArray | None
    made: ByteArray
    baseline_name: str = ""

    def scores(self) -> list[dict[str, Any]]:
        """MSE and PSNR of the model, and of what it is to be compared with."""
        rows = [{"what": "model", **error(self.originals, self.made)}]
        if self.baseline is not None:
            rows.append({"what": self.baseline_name, **error(self.originals, self.baseline)})
        return rows


def error(truth: ByteArray, made: ByteArray) -> dict[str, float]:
    """Mean squared error of pixels 0..1, and PSNR in dB; an exact copy has 99 dB."""
    mse = float(np.mean((truth.astype(np.float32) - made.astype(np.float32)) ** 2)) / 255**2
    return {"mse": mse, "psnr": float(min(99.0, -10 * np.log10(max(mse, 1e-12))))}


def reconstruct(
    model: Model, pixels: ByteArray, *, k: int | None = None, damage: Damage, rng: np.random.Generator
) -> Reconstruction:
    """Pictures damaged as asked, and mended by a way through the code and back."""
    if damage.noise is not None:
        noisy = pixels / 255 + damage.noise * rng.standard_normal(pixels.shape)
        given = np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8)
        return Reconstruction(pixels, given, given, model.through(given, k), "noisy")
    if damage.mask is not None:
        return _mended(model, pixels, damage.mask, k, rng)
    if damage.from_size is not None:
        height, width = model.shape[:2]
        if not 1 <= damage.from_size < max(height, width):
            raise InputError(f"from-size is {damage.from_size}: choose 1 to {max(height, width) - 1}")
        scale = damage.from_size / max(height, width)
        small = (max(1, round(height * scale)), max(1, round(width * scale)))
        given = np.stack([_there_and_back(one, small) for one in pixels])
        return Reconstruction(pixels, given, given, _consistent(model, given, small, k), "bicubic")
    return Reconstruction(pixels, pixels, None, model.through(pixels, k))


def _consistent(model: Model, given: ByteArray, small: tuple[int, int], k: int | None) -> ByteArray:
    """The model's picture of an enlarged one, whose reduction is brought back to what was known, some rounds long."""
    current = given
    for _ in range(ROUNDS // 3):
        made = model.through(current, k)
        lost = np.stack([_there_and_back(one, small) for one in made]).astype(np.float32)
        current = np.rint(np.clip(made + (given.astype(np.float32) - lost), 0, 255)).astype(np.uint8)
    return current


def _there_and_back(pixels: ByteArray, small: tuple[int, int]) -> ByteArray:
    height, width = pixels.shape[:2]
    reduced = image_io.resized(pixels, small[0], small[1], "box")
    return image_io.resized(reduced, height, width, "bicubic")


def _mended(model: Model, pixels: ByteArray, side: int, k: int | None, rng: np.random.Generator) -> Reconstruction:
    """A hole somewhere in each picture, filled again and again from the code of the picture as it is filled so far:
    alternating projections, which for PCA find the code that the pixels outside of the hole speak for."""
    n, (height, width, _) = len(pixels), model.shape
    if not 1 <= side < min(height, width):
        raise InputError(f"mask is {side}: choose 1 to {min(height, width) - 1} pixels")
    hole = holes(n, height, width, side, rng)
    given = np.where(hole, 0, pixels).astype(np.uint8)
    filled = smooth(given, hole)
    if (grey := model.state.arrays.get("hole")) is not None:  # one that was taught to fill holes needs no more
        through = model.through(np.where(hole, grey, pixels).astype(np.uint8), k)
        return Reconstruction(pixels, given, filled, np.where(hole, through, pixels).astype(np.uint8), SMOOTH)
    made = filled
    for _ in range(ROUNDS):
        made = np.where(hole, model.through(made, k), pixels).astype(np.uint8)
    return Reconstruction(pixels, given, filled, made, SMOOTH)


def holes(n: int, height: int, width: int, side: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """(n, height, width, 1), true in a square of this side somewhere in each picture."""
    hole = np.zeros((n, height, width, 1), bool)
    tops, lefts = (rng.integers(0, length - side + 1, n) for length in (height, width))
    for row, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        hole[row, top : top + side, left : left + side] = True
    return hole


def stored_codes(db: Connection, collection: Collection, most: int = ENOUGH) -> FloatArray:
    """Up to `most` of a collection's codes at full length, (n, dim) float32."""
    found: list[FloatArray] = []
    for block in chunks.at_full_length(db, collection):
        found.append(block.vectors)
        if sum(map(len, found)) >= most:
            break
    return np.concatenate(found)[:most]


def interpolate(model: Model, one: str, other: str, steps: int) -> ByteArray:
    """Pictures on the straight way from one item's code to another's, both ends included."""
    check_steps(steps)
    ends = model.encode(model.pictures([one, other] if one != other else [one]).pixels)
    return walk(model, ends[0], ends[-1], steps)


def check_steps(steps: int) -> None:
    """InputError for fewer than two or more than 400 pictures on a way."""
    if not 2 <= steps <= MOST:
        raise InputError(f"steps is {steps}: choose 2 to {MOST}")


def walk(model: Model, one: FloatArray, other: FloatArray, steps: int) -> ByteArray:
    """Pictures on the way from one code (dim,) to another: the straight one, or the one that the builder knows."""
    if model.imagines:
        return model.decode(model.builder.walk(model.state, one, other, steps))
    at = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return model.decode((1 - at) * one + at * other)
