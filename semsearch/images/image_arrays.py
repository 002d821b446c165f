"""A dataset's images as arrays of one size, from the bytes in its table or from the files that its paths name."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from semsearch.arrays import ByteArray
from semsearch.errors import BuildError, InputError
from semsearch.images import image_io
from semsearch.images.image_io import ImageSpec
from semsearch.records import Dataset, Images, State
from semsearch.storage import images
from semsearch.storage.driver import Connection
from semsearch.storage.keys import as_text
from semsearch.threads import map_ranges, thread_count

Shape = tuple[int, int, int]
MAX_DEFAULT_SIDE = 128  # pixels on the longer side of what is learned from, without --side: the rest is mostly detail
DECODE_BATCH = 512  # images decoded together


def common_shape(db: Connection, dataset: Dataset, side: int | None = None) -> Shape:
    """Height, width and channels at which a dataset's images are learned from; 3 channels if any image is in colour.

    If all images have one size, it is that size, reduced to at most 128 pixels on the longer side. Otherwise it is a
    square with the median of their longer sides, at most 128. `side` sets the longer side instead. Raises BuildError if
    there is no image.
    """
    sizes = images.sizes(db, dataset) if dataset.image_column is None else _sizes_of_files(db, dataset)
    if not sizes:
        column = f".{dataset.image_column}" if dataset.image_column else ""
        raise BuildError(f"{dataset.name}{column} holds no images: add some with `semsearch ingest images`")
    channels = max(size[2] for size in sizes)
    distinct = {size[:2] for size in sizes}
    if len(distinct) == 1:
        height, width = distinct.pop()
        longest = max(height, width)
        scale = (side or min(longest, MAX_DEFAULT_SIDE)) / longest
        return max(1, round(height * scale)), max(1, round(width * scale)), channels
    longer = np.repeat([max(size[:2]) for size in sizes], list(sizes.values()))
    square = side or min(MAX_DEFAULT_SIDE, int(np.median(longer)))
    return square, square, channels


def _sizes_of_files(db: Connection, dataset: Dataset) -> Counter[Shape]:
    """The number of images of each height, width and channels in a user's table, from the file headers."""
    sizes: Counter[Shape] = Counter()
    for content in images.contents(db, dataset):
        with suppress(InputError):
            sizes[image_io.read_size(content)] += 1
    return sizes


def shape_of_model(state: State) -> Shape:
    """Height, width and channels that a model of images was built on, which its builder stores as `shape`.

    Raises InputError for a model of anything else.
    """
    if "shape" not in state.arrays:
        raise InputError("This collection was not built from images: choose one that was")
    height, width, channels = state.arrays["shape"].tolist()
    return int(height), int(width), int(channels)


def corpus(db: Connection, dataset: Dataset, keys: Sequence[str], shape: Shape) -> Images:
    """The images with these keys at one shape, without those that cannot be read or whose file is gone."""
    pixels = np.empty((len(keys), *shape), np.uint8)
    is_readable = np.zeros(len(keys), bool)
    labels: list[str | None] = [None] * len(keys)
    batch: list[tuple[int, Mapping[str, Any]]] = []

    def decode() -> None:
        def work(start: int, end: int) -> None:
            for place, row in batch[start:end]:
                try:
                    pixels[place] = at_shape(content_of(dataset, row), shape)
                    is_readable[place] = True
                except InputError:
                    pass

        map_ranges(work, np.linspace(0, len(batch), min(len(batch), thread_count()) + 1).astype(int).tolist())
        batch.clear()

    for place, _, row in images.rows(db, dataset, keys):
        batch.append((place, row))
        label = row.get(dataset.label_column) if dataset.label_column else None
        labels[place] = None if label is None else as_text(label)
        if len(batch) >= DECODE_BATCH:
            decode()
    if batch:
        decode()
    places = np.flatnonzero(is_readable).tolist()
    labels = [labels[place] for place in places]
    return Images(
        [keys[place] for place in places],
        pixels if len(places) == len(keys) else pixels[places],
        labels if any(label is not None for label in labels) else None,
    )


def content_of(dataset: Dataset, row: Mapping[str, Any]) -> bytes:
    """The bytes of a row's image, from the row or from the file that its path names. Raises InputError without any."""
    content = row.get(dataset.image_column or "content")
    if isinstance(content, bytes):
        return content
    if dataset.image_column is not None:
        raise InputError(f"has no image in {dataset.image_column!r}")
    path = row.get("path")
    if not isinstance(path, str) or not os.path.isfile(path):
        raise InputError(f"has no bytes, and there is no file {path}: run `semsearch ingest images` again")
    with open(path, "rb") as file:
        return file.read()


def at_shape(content: bytes, shape: Shape) -> ByteArray:
    """An image file's bytes as pixels (height, width, channels). Raises InputError for what is not an image.

    A square shape keeps the proportions, as `image_io.fit` does. Any other shape is reached by scaling, because only
    datasets whose images all have one size are learned at it.
    """
    height, width, channels = shape
    if height == width:
        return image_io.read(content, ImageSpec(height, channels)).pixels
    pixels = image_io.read(content, ImageSpec(None, channels, max(image_io.LARGEST_SIDE, height, width))).pixels
    return image_io.resized(pixels, height, width)
