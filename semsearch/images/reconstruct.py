"""What `reconstruct` shows, row by row: pictures through their codes, mended of a damage, or packed in few bits.

Packed ones stand beside principal components of the same pictures in as many bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images import generate, image_io
from semsearch.images.generate import Damage, Model, can_decode, error, open_model, stored_codes
from semsearch.maths.packing import steps_of
from semsearch.records import OpenCollection
from semsearch.storage import collections
from semsearch.storage.driver import Connection

FLOAT = 4  # bytes


@dataclass(frozen=True)
class Packed:
    """Pictures made of packed codes: by which collection, of how many numbers, in how many bytes each."""

    name: str
    numbers: int
    bits: int
    size: int
    made: ByteArray


def packed(model: Model, pixels: ByteArray, bits: int, k: int | None = None) -> Packed:
    """Pictures (n, height, width, channels) through codes of `bits` a number, of the first k numbers if k is given.

    The steps are those of the collection's own codes. InputError for bits or a k that cannot be.
    """
    codes = model.encode(pixels)
    numbers = codes.shape[1]
    if k is not None:
        model.check_k(k)
        numbers = k
    steps = steps_of(stored_codes(model.db, model.collection)[:, :numbers], bits)
    codes[:, :numbers] = steps.unpack(steps.pack(codes[:, :numbers]))
    codes[:, numbers:] = 0
    return Packed(model.collection.name, numbers, bits, steps.size, model.decode(codes))


def peer_of(model: Model) -> Model | None:
    """The latest collection of principal components of the same dataset at the same size; None where there is none."""
    found = [
        open_model(model.db, OpenCollection(one, model.dataset))
        for one in collections.all_collections(model.db)
        if one.dataset == model.collection.dataset and one.builder == "pca" and can_decode(one)
    ]
    alike = [one for one in found if one.shape == model.shape]
    return max(alike, key=lambda one: one.collection.run) if alike and model.collection.builder != "pca" else None


def compare(model: Model, pixels: ByteArray, bits: int, k: int | None = None) -> list[Packed]:
    """The pictures by a model's packed codes, then by its peer's, of as many numbers or as many as those have."""
    mine = packed(model, pixels, bits, k)
    peer = peer_of(model)
    if peer is None:
        return [mine]
    return [mine, packed(peer, pixels, bits, min(mine.numbers, peer.collection.dim))]


@dataclass(frozen=True)
class Strip:
    """One row of a grid: what its pictures are, they themselves, and their PSNR in dB; None for the originals."""

    caption: str
    pixels: ByteArray
    psnr: float | None


@dataclass(frozen=True)
class Shown:
    """The rows of a grid, originals first, and what is scored: MSE and PSNR, and the bytes of a picture if packed."""

    strips: list[Strip]
    scores: list[dict[str, Any]]


def reconstruct(
    db: Connection,
    opened: OpenCollection,
    ids: Sequence[str] = (),
    *,
    count: int = 16,
    damage: Damage | None = None,
    packing: Packing | None = None,
    seed: int = 0,
) -> Shown:
    """Stored images of a collection through their codes and back: those with these ids, else `count` random ones.

    Raises NotFoundError for an unknown id, and InputError for a collection that cannot decode, a count out of range,
    and what `show` refuses.
    """
    packing = packing or Packing()
    model = generate.open_model(db, opened)
    rng = np.random.default_rng(seed)
    keys = list(ids) or generate.some_keys(model, count, rng)
    pixels = model.pictures(keys).pixels
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
) -> Shown:
    """Pictures (n, height, width, channels) mended of a damage, or packed in `bits` a number, or as their codes are.

    InputError for a damage, bits or a k that cannot be, and for bits and a damage at once.
    """
    if bits is None:
        found = generate.reconstruct(model, pixels, k=k, damage=damage, rng=rng)
        return Shown(_strips(pixels, [*_before(found, damage), (_mended_by(model, k), found.made)]), found.scores())
    if damage != Damage():
        raise InputError("Give bits or a damage to mend: the error of both together says nothing of either")
    made = compare(model, pixels, bits, k)
    told = [(f"{one.name}, {one.size} bytes each", one.made) for one in made]
    return Shown(_strips(pixels, told), _packed_scores(model, pixels, made))


def _before(found: generate.Reconstruction, damage: Damage) -> list[tuple[str, ByteArray]]:
    """What the model was given, and what is to be compared with what it makes of that."""
    if found.baseline is None:
        return []
    if damage.mask is not None:
        return [(f"With a hole of {damage.mask} by {damage.mask}", found.given), ("Filled smoothly", found.baseline)]
    return [(f"With noise of {damage.noise:g}" if damage.noise else f"Bicubic from {damage.from_size}", found.given)]


def _mended_by(model: Model, k: int | None) -> str:
    return f"{model.collection.name}, {k or model.collection.dim} numbers"


def _strips(originals: ByteArray, rest: Sequence[tuple[str, ByteArray]]) -> list[Strip]:
    told = [Strip(caption, made, error(originals, made)["psnr"]) for caption, made in rest]
    return [Strip("As they are", originals, None), *told]


def _packed_scores(model: Model, pixels: ByteArray, found: Sequence[Packed]) -> list[dict[str, Any]]:
    """Each beside the same code as floats, and the pictures' own PNGs, which lose nothing."""
    mine = found[0]
    whole = model.through(pixels, mine.numbers if mine.numbers < model.collection.dim else None)
    own = sum(len(image_io.to_png(one)) for one in pixels) / len(pixels)
    return [
        *(
            {"what": f"{one.name}, {one.bits} bits a number", "bytes": one.size, **error(pixels, one.made)}
            for one in found
        ),
        {"what": f"{mine.name}, floats", "bytes": FLOAT * mine.numbers, **error(pixels, whole)},
        {"what": "PNG", "bytes": round(own), **error(pixels, pixels)},
    ]
