"""Decode images from codes: reconstruction, repair, and interpolation (samples.py generates images of random codes).

Everything here uses the protocols of builders/base.py, so it works for any model of images. `decode` and `sample_codes`
suffice to generate images; `encode` is needed to begin with an image. The codes of a builder that Imagines, as a GAN,
have no encoder: it can only generate images, and interpolate between generated ones. Errors are mean squared
differences of pixels scaled to 0..1; PSNR is 10 log10(1 / MSE).
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
from semsearch.errors import InputError, NotFoundError, out_of_range, written_list
from semsearch.images import image_arrays, image_io
from semsearch.maths.repair import fill_holes
from semsearch.records import Collection, Images, OpenCollection, State
from semsearch.search.models import state_of
from semsearch.storage import chunks, vectors
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection

PRIOR_CODES = 8_000  # stored codes that a prior is fitted to, at most
ITERATIONS = 30  # of encoding and decoding in a repair; PCA has converged by then
MAX_IMAGES = 400  # images generated at once


class Model:
    """A collection of images whose builder has a decoder.

    `shape` is height, width and channels of an image, `ordered` whether the first k dimensions of a code are the best
    k, `imagines` whether the builder has no encoder to codes.
    """

    def __init__(self, db: Connection, opened: OpenCollection, builder: Any, state: State) -> None:
        self.db, self.builder, self.state = db, builder, state
        self.collection, self.dataset = opened.collection, opened.dataset
        self.shape = image_arrays.shape_of_model(state)
        self.ordered = is_ordered(opened.collection)
        self.imagines = isinstance(builder, Imagines)

    def images(self, keys: Sequence[str]) -> Images:
        """Stored images at the model's shape. Raises NotFoundError for one that is missing or not readable."""
        images = self.readable_images(keys)
        missing = [key for key in keys if key not in set(images.keys)]
        if missing:
            raise NotFoundError(f"{self.dataset.name} has no readable image {missing[0]!r}")
        return images

    def readable_images(self, keys: Sequence[str]) -> Images:
        """The readable ones of these stored images, at the model's shape."""
        return image_arrays.corpus(self.db, self.dataset, keys, self.shape)

    def encode(self, pixels: ByteArray) -> FloatArray:
        """Codes (n, dim) of images (n, height, width, channels). Raises InputError for a builder without an encoder."""
        if self.imagines:
            raise InputError(
                f"{self.collection.builder} generates images from random codes and cannot encode an image:"
                " use `sample`, or `interpolate --seed`"
            )
        return self.embed(pixels)

    def embed(self, pixels: ByteArray) -> FloatArray:
        """Embeddings (n, dim) of images (n, height, width, channels): their codes, unless the builder Imagines."""
        with fitting(f"The model of {self.collection.name}"):
            return np.asarray(self.builder.encode(self.state, Images([str(n) for n in range(len(pixels))], pixels)))

    def decode(self, codes: FloatArray) -> ByteArray:
        """Images (n, height, width, channels) of codes (n, dim)."""
        with fitting(f"The model of {self.collection.name}"):
            return np.asarray(self.builder.decode(self.state, np.asarray(codes, np.float32)), np.uint8)

    def reconstruct(self, pixels: ByteArray, k: int | None = None) -> ByteArray:
        """Images encoded and decoded, by the first k dimensions of the code only if k is given."""
        codes = self.encode(pixels)
        if k is not None:
            self.check_k(k)
            codes[:, k:] = 0
        return self.decode(codes)

    def check_k(self, k: int) -> None:
        """Raises InputError for a number of dimensions that this model cannot be cut to."""
        if not self.ordered:
            raise InputError(
                f"The codes of {self.collection.builder} are not ordered by importance: leave out --components"
            )
        if not 1 <= k <= self.collection.dim:
            raise out_of_range("--components", k, least=1, most=self.collection.dim)


def decoders(*, reconstructs: bool = False) -> list[str]:
    """The builders of images that have a decoder; with `reconstructs`, those whose decoder reads stored vectors."""
    return [
        name
        for name, builder in registry.load().builders.items()
        if builder.reads == "images"
        and isinstance(builder, Decodes)
        and not (reconstructs and isinstance(builder, Imagines))
    ]


def can_sample(collection: Collection) -> bool:
    """Whether a collection holds images and its builder has a decoder."""
    known = registry.load().builders.get(collection.builder)
    return collection.of == "image" and isinstance(known, Decodes)


def can_decode(collection: Collection) -> bool:
    """Whether the embeddings of a collection are codes, so that every stored image can be reconstructed."""
    known = registry.load().builders.get(collection.builder)
    return can_sample(collection) and isinstance(known, Encodes) and not isinstance(known, Imagines)


def is_ordered(collection: Collection) -> bool:
    """Whether the first k dimensions of a collection's codes are the best k."""
    builder = registry.load().builders.get(collection.builder)
    return isinstance(builder, OrdersCodes) and builder.ordered


def open_model(db: Connection, opened: OpenCollection) -> Model:
    """The model of a collection. Raises InputError if it has no decoder."""
    collection = opened.collection
    if not can_sample(collection):
        raise InputError(
            f"{opened.name} contains {collection.of}s and was built by {collection.builder}, which has no decoder:"
            f" `semsearch build` with {written_list(decoders(), 'or')} makes one that has"
        )
    return Model(db, opened, registry.load().builder(collection.builder), state_of(db, collection))


def some_keys(model: Model, n: int, rng: np.random.Generator) -> list[str]:
    """Keys of n random images, in the collection's order. Raises InputError unless n is 1 to MAX_IMAGES."""
    if not 1 <= n <= MAX_IMAGES:
        raise out_of_range("-n", n, least=1, most=MAX_IMAGES, of="images")
    keys = vectors.all_keys(model.db, model.collection)
    return [keys[row] for row in sorted(rng.permutation(len(keys))[:n].tolist())]


@dataclass(frozen=True)
class Damage:
    """How images are damaged before they are repaired: at most one of the three."""

    noise: float | None = None  # standard deviation of Gaussian noise, for pixels 0..1
    mask: int | None = None  # side of a square hole, in pixels
    from_size: int | None = None  # longer side to which they are reduced, in pixels

    def __post_init__(self) -> None:
        if sum(damage is not None for damage in (self.noise, self.mask, self.from_size)) > 1:
            raise InputError(
                "Give only one of --noise, --mask and --from-size: one kind of damage is repaired at a time"
            )
        if self.noise is not None and not 0 < self.noise <= 2:
            raise out_of_range("--noise", self.noise, above=0, most=2)


@dataclass(frozen=True)
class Reconstruction:
    """Images and their reconstructions, each (n, height, width, channels)."""

    originals: ByteArray
    input: ByteArray  # the damaged images
    baseline: ByteArray | None  # a repair without a model, for comparison; None if nothing was damaged
    output: ByteArray  # by the model


def error(truth: ByteArray, output: ByteArray) -> dict[str, float]:
    """`mse`, of pixels scaled to 0..1, and `psnr` in dB, at most 99: that of an exact copy."""
    mse = float(np.mean((truth.astype(np.float32) - output.astype(np.float32)) ** 2)) / 255**2
    return {"mse": mse, "psnr": float(min(99.0, -10 * np.log10(max(mse, 1e-12))))}


def reconstruct(
    model: Model, pixels: ByteArray, *, k: int | None = None, damage: Damage, rng: np.random.Generator
) -> Reconstruction:
    """Damage images, and repair them by encoding and decoding. Raises InputError for an impossible damage or k."""
    if damage.noise is not None:
        noisy = pixels / 255 + damage.noise * rng.standard_normal(pixels.shape)
        noisy_pixels = np.rint(np.clip(noisy, 0, 1) * 255).astype(np.uint8)
        return Reconstruction(pixels, noisy_pixels, noisy_pixels, model.reconstruct(noisy_pixels, k))
    if damage.mask is not None:
        return _inpainted(model, pixels, damage.mask, k, rng)
    if damage.from_size is not None:
        return _enlarged(model, pixels, damage.from_size, k)
    return Reconstruction(pixels, pixels, None, model.reconstruct(pixels, k))


def _enlarged(model: Model, pixels: ByteArray, side: int, k: int | None) -> Reconstruction:
    """Images reduced to this longer side, and enlarged by the model; the baseline is bicubic enlargement.

    The model's image is corrected again and again, so that its reduction equals the reduced image.
    """
    height, width = model.shape[:2]
    if not 1 <= side < max(height, width):
        raise out_of_range("--from-size", side, least=1, most=max(height, width) - 1, of="pixels")
    scale = side / max(height, width)
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    enlarged = np.stack([_reduced_and_enlarged(image, size) for image in pixels])
    current = enlarged
    for _ in range(ITERATIONS // 3):
        output = model.reconstruct(current, k)
        reduced = np.stack([_reduced_and_enlarged(image, size) for image in output]).astype(np.float32)
        current = np.rint(np.clip(output + (enlarged.astype(np.float32) - reduced), 0, 255)).astype(np.uint8)
    return Reconstruction(pixels, enlarged, enlarged, current)


def _reduced_and_enlarged(pixels: ByteArray, size: tuple[int, int]) -> ByteArray:
    """An image (height, width, channels) reduced to `size`, height and width, and enlarged again."""
    height, width = pixels.shape[:2]
    reduced = image_io.resized(pixels, size[0], size[1], "box")
    return image_io.resized(reduced, height, width, "bicubic")


def _inpainted(model: Model, pixels: ByteArray, side: int, k: int | None, rng: np.random.Generator) -> Reconstruction:
    """A square hole at a random place of each image, filled by the model; the baseline is a smooth filling.

    The hole is filled from the reconstruction of the image as filled so far, again and again: alternating projections.
    For PCA they converge to the code that fits the pixels outside of the hole best.
    """
    n, (height, width, _) = len(pixels), model.shape
    if not 1 <= side < min(height, width):
        raise out_of_range("--mask", side, least=1, most=min(height, width) - 1, of="pixels")
    hole = holes(n, height, width, side, rng)
    masked = np.where(hole, 0, pixels).astype(np.uint8)
    smooth_filling = output = fill_holes(masked, hole)
    if (grey := model.state.arrays.get("hole")) is not None:  # a model trained to fill holes needs one pass only
        filling = model.reconstruct(np.where(hole, grey, pixels).astype(np.uint8), k)
        output = np.where(hole, filling, pixels).astype(np.uint8)
    else:
        for _ in range(ITERATIONS):
            output = np.where(hole, model.reconstruct(output, k), pixels).astype(np.uint8)
    return Reconstruction(pixels, masked, smooth_filling, output)


def holes(n: int, height: int, width: int, side: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """(n, height, width, 1), true in a square of this side at a random place of each image."""
    hole = np.zeros((n, height, width, 1), bool)
    tops, lefts = (rng.integers(0, length - side + 1, n) for length in (height, width))
    for row, (top, left) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        hole[row, top : top + side, left : left + side] = True
    return hole


def stored_codes(db: Connection, collection: Collection, most: int = PRIOR_CODES) -> FloatArray:
    """The first codes of a collection, at most `most`, not normalised, (n, dim) float32."""
    blocks: list[FloatArray] = []
    for block in chunks.at_full_length(db, collection):
        blocks.append(block.vectors)
        if sum(map(len, blocks)) >= most:
            break
    return np.concatenate(blocks)[:most]


def interpolate(model: Model, first: str, last: str, steps: int) -> ByteArray:
    """Images (steps, height, width, channels) between the codes of two stored images, both included."""
    check_steps(steps)
    ends = model.encode(model.images([first, last] if first != last else [first]).pixels)
    return walk(model, ends[0], ends[-1], steps)


def check_steps(steps: int) -> None:
    """Raises InputError unless an interpolation has 2 to MAX_IMAGES images."""
    if not 2 <= steps <= MAX_IMAGES:
        raise out_of_range("--steps", steps, least=2, most=MAX_IMAGES)


def walk(model: Model, first: FloatArray, last: FloatArray, steps: int) -> ByteArray:
    """Images (steps, height, width, channels) between two codes (dim,), both included.

    The path is straight, unless the builder has one of its own.
    """
    if model.imagines:
        return model.decode(model.builder.walk(model.state, first, last, steps))
    share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    return model.decode((1 - share) * first + share * last)
