"""The rows that `reconstruct` shows: images reconstructed from their codes, repaired, or compressed to few bits.

Compressed images are compared with principal components of the same images in as many bytes.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images import generate, image_io
from semsearch.images.generate import Damage, Model, can_decode, error, open_model, stored_codes
from semsearch.maths.packing import fit_quantiser
from semsearch.records import OpenCollection
from semsearch.storage import collections
from semsearch.storage.driver import Connection

FLOAT_BYTES = 4  # of one dimension of an uncompressed code


@dataclass(frozen=True)
class Quantised:
    """Images reconstructed from quantised codes."""

    name: str  # of the collection
    dims: int  # of the code
    bits: int  # per dimension
    size: int  # bytes per image
    images: ByteArray  # (n, height, width, channels)


def quantised(model: Model, pixels: ByteArray, bits: int, k: int | None = None) -> Quantised:
    """Images (n, height, width, channels) by codes of `bits` per dimension, of the first k dimensions if k is given.

    The quantisation steps are chosen from the stored codes. Raises InputError for impossible bits or k.
    """
    codes = model.encode(pixels)
    dims = codes.shape[1]
    if k is not None:
        model.check_k(k)
        dims = k
    steps = fit_quantiser(stored_codes(model.db, model.collection)[:, :dims], bits)
    codes[:, :dims] = steps.unpack(steps.pack(codes[:, :dims]))
    codes[:, dims:] = 0
    return Quantised(model.collection.name, dims, bits, steps.size, model.decode(codes))


def peer_of(model: Model, among: Container[str] | None = None) -> Model | None:
    """The latest pca collection of the same dataset and image size; None if there is none, or for a pca model.

    Only collections of the names `among` are considered, if these are given.
    """
    if model.collection.builder == "pca":
        return None
    models = [
        open_model(model.db, OpenCollection(other, model.dataset))
        for other in collections.all_collections(model.db)
        if other.dataset == model.collection.dataset and other.builder == "pca" and can_decode(other)
        if among is None or other.name in among
    ]
    same_shape = [other for other in models if other.shape == model.shape]
    return max(same_shape, key=lambda other: other.collection.run, default=None)


def compare(
    model: Model, pixels: ByteArray, bits: int, k: int | None = None, among: Container[str] | None = None
) -> list[Quantised]:
    """The images by the quantised codes of a model, then by those of its peer, with at most as many dimensions.

    The peer is one of the collections `among`, if these are given.
    """
    own = quantised(model, pixels, bits, k)
    peer = peer_of(model, among)
    if peer is None:
        return [own]
    return [own, quantised(peer, pixels, bits, min(own.dims, peer.collection.dim))]


@dataclass(frozen=True)
class Strip:
    """One row of images."""

    caption: str
    pixels: ByteArray  # (n, height, width, channels)
    psnr: float | None  # dB; None for the originals


@dataclass(frozen=True)
class ReconstructionGrid:
    """The rows of images, the originals first, and their scores."""

    strips: list[Strip]
    scores: list[dict[str, Any]]  # `what`, `mse`, `psnr`, and `bytes` per image if compressed


def reconstruct(
    db: Connection,
    opened: OpenCollection,
    ids: Sequence[str] = (),
    *,
    count: int = 16,
    damage: Damage | None = None,
    packing: Packing | None = None,
    seed: int = 0,
) -> ReconstructionGrid:
    """Stored images of a collection through their codes and back: those with these ids, else `count` random ones.

    Raises NotFoundError for an unknown id, and InputError for a collection that cannot decode, a count out of range,
    and what `show` refuses.
    """
    packing = packing or Packing()
    model = generate.open_model(db, opened)
    rng = np.random.default_rng(seed)
    keys = list(ids) or generate.some_keys(model, count, rng)
    pixels = model.images(keys).pixels
    return show(model, pixels, damage=damage or Damage(), bits=packing.bits, k=packing.components, rng=rng)


@dataclass(frozen=True)
class Packing:
    """How codes are shortened: to their first `components` numbers, and to `bits` bits for each number."""

    bits: int | None = None
    components: int | None = None


def show(
    model: Model,
    pixels: ByteArray,
    *,
    damage: Damage,
    bits: int | None = None,
    k: int | None = None,
    rng: np.random.Generator,
    among: Container[str] | None = None,
) -> ReconstructionGrid:
    """Reconstruct images (n, height, width, channels), after a damage, or by codes of `bits` per dimension.

    Codes are compared with those of another collection, which is one of those `among`, if these are given. Raises
    InputError for an impossible damage, bits or k, and for bits and damage together.
    """
    if bits is None:
        result = generate.reconstruct(model, pixels, k=k, damage=damage, rng=rng)
        inputs, own = _inputs(result, damage), (_caption(model, k), result.output)
        scores = [{"what": caption, **error(pixels, images)} for caption, images in (own, *inputs[-1:])]
        return ReconstructionGrid(_strips(pixels, [*inputs, own]), scores)
    if damage != Damage():
        raise InputError("Give either bits or damage, not both: the error of one would hide that of the other")
    compared = compare(model, pixels, bits, k, among)
    rows = [(_in_bits(codes), codes.images) for codes in compared]
    return ReconstructionGrid(_strips(pixels, rows), _quantised_scores(model, pixels, compared))


def _inputs(result: generate.Reconstruction, damage: Damage) -> list[tuple[str, ByteArray]]:
    """The damaged images and the baseline, with captions."""
    if result.baseline is None:
        return []
    if damage.mask is not None:
        return [(f"With a hole of {damage.mask} by {damage.mask}", result.input), ("Smooth filling", result.baseline)]
    return [(f"With noise of {damage.noise:g}" if damage.noise else f"Bicubic from {damage.from_size}", result.input)]


def _caption(model: Model, k: int | None) -> str:
    count = k or model.collection.dim
    return f"{model.collection.name}, {count:,} dimension{'' if count == 1 else 's'}"


def _in_bits(codes: Quantised) -> str:
    return f"{codes.name}, {codes.bits} bit{'' if codes.bits == 1 else 's'} per dimension"


def _strips(originals: ByteArray, rest: Sequence[tuple[str, ByteArray]]) -> list[Strip]:
    strips = [Strip(caption, images, error(originals, images)["psnr"]) for caption, images in rest]
    return [Strip("Original", originals, None), *strips]


def _quantised_scores(model: Model, pixels: ByteArray, compared: Sequence[Quantised]) -> list[dict[str, Any]]:
    """A row for each compressed version, for the model's code in float32, and for lossless PNG files."""
    own = compared[0]
    uncompressed = model.reconstruct(pixels, own.dims if own.dims < model.collection.dim else None)
    png_bytes = sum(len(image_io.to_png(image)) for image in pixels) / len(pixels)
    return [
        *({"what": _in_bits(codes), "bytes": codes.size, **error(pixels, codes.images)} for codes in compared),
        {
            "what": f"{own.name}, {8 * FLOAT_BYTES} bits per dimension (floats)",
            "bytes": FLOAT_BYTES * own.dims,
            **error(pixels, uncompressed),
        },
        {"what": "PNG", "bytes": round(png_bytes), **error(pixels, pixels)},
    ]
