"""What pictures cost as codes of few bits, and what is left of them: beside principal components at the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from semsearch import pictures
from semsearch.arrays import ByteArray
from semsearch.generate import Model, can_decode, error, open_model, stored_codes
from semsearch.maths.packing import steps_of
from semsearch.storage import collections

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
        open_model(model.db, one.name)
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


def scores(model: Model, pixels: ByteArray, found: list[Packed]) -> list[dict[str, Any]]:
    """Bytes, MSE and PSNR of each, beside the same code as floats and the pictures' own PNGs, which lose nothing."""
    mine = found[0]
    whole = model.through(pixels, mine.numbers if mine.numbers < model.collection.dim else None)
    own = sum(len(pictures.to_png(one)) for one in pixels) / len(pixels)
    return [
        *(
            {"what": f"{one.name}, {one.bits} bits a number", "bytes": one.size, **error(pixels, one.made)}
            for one in found
        ),
        {"what": f"{mine.name}, floats", "bytes": FLOAT * mine.numbers, **error(pixels, whole)},
        {"what": "PNG", "bytes": round(own), **error(pixels, pixels)},
    ]
