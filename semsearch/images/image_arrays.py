"""A dataset's pictures as arrays of one size: from the bytes in its table, or from the files that its paths name."""

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
MOST_SIDE = 128  # of what is learned from where nothing else is said: a larger picture is mostly detail
AT_ONCE = 512


def common_shape(db: Connection, dataset: Dataset, side: int | None = None) -> Shape:
    """Height, width and channels at which a dataset's pictures are learned from; 3 channels if any is in colour.

    Where all have one size, that one, made smaller if the longer side is beyond 128; else a square of the median of
    their longer sides, at most 128. `side` says the longer side instead. Raises BuildError where there is no picture.
    """
    found = images.sizes(db, dataset) if dataset.image_column is None else _measured(db, dataset)
    if not found:
        column = f".{dataset.image_column}" if dataset.image_column else ""
        raise BuildError(f"{dataset.name}{column} holds no picture: `semsearch ingest images` brings some in")
    channels = max(one[2] for one in found)
    different = {one[:2] for one in found}
    if len(different) == 1:
        height, width = different.pop()
        longest = max(height, width)
        scale = (side or min(longest, MOST_SIDE)) / longest
        return max(1, round(height * scale)), max(1, round(width * scale)), channels
    longer = np.repeat([max(one[:2]) for one in found], list(found.values()))
    square = side or min(MOST_SIDE, int(np.median(longer)))
    return square, square, channels


def _measured(db: Connection, dataset: Dataset) -> Counter[tuple[int, int, int]]:
    """How many pictures of a table of somebody's own have each height, width and number of channels."""
    found: Counter[tuple[int, int, int]] = Counter()
    for content in images.contents(db, dataset):
        with suppress(InputError):
            found[image_io.measured(content)] += 1
    return found


def shape_of_model(state: State) -> Shape:
    """Height, width and channels of what a model of pictures was built of, which its builder keeps as `shape`.

    InputError for a model of anything else.
    """
    if "shape" not in state.arrays:
        raise InputError("This collection was not built of pictures")
    height, width, channels = state.arrays["shape"].tolist()
    return int(height), int(width), int(channels)


def corpus(db: Connection, dataset: Dataset, keys: Sequence[str], shape: Shape) -> Images:
    """The pictures with these keys at one shape. Those that cannot be read, or whose file is gone, are left out."""
    pixels = np.empty((len(keys), *shape), np.uint8)
    good = np.zeros(len(keys), bool)
    labels: list[str | None] = [None] * len(keys)
    batch: list[tuple[int, Mapping[str, Any]]] = []

    def decode() -> None:
        def work(start: int, end: int) -> None:
            for place, row in batch[start:end]:
                try:
                    pixels[place] = at_shape(content_of(dataset, row), shape)
                    good[place] = True
                except InputError:
                    pass

        map_ranges(work, np.linspace(0, len(batch), min(len(batch), thread_count()) + 1).astype(int).tolist())
        batch.clear()

    for place, _, row in images.rows(db, dataset, keys):
        batch.append((place, row))
        label = row.get(dataset.label_column) if dataset.label_column else None
        labels[place] = None if label is None else as_text(label)
        if len(batch) >= AT_ONCE:
            decode()
    if batch:
        decode()
    kept = np.flatnonzero(good).tolist()
    told = [labels[place] for place in kept]
    return Images(
        [keys[place] for place in kept],
        pixels if len(kept) == len(keys) else pixels[kept],
        told if any(label is not None for label in told) else None,
    )


def content_of(dataset: Dataset, row: Mapping[str, Any]) -> bytes:
    """The bytes of a row's picture: its own, or those of the file its path names. InputError where there are none."""
    content = row.get(dataset.image_column or "content")
    if isinstance(content, bytes):
        return content
    if dataset.image_column is not None:
        raise InputError(f"has no picture in {dataset.image_column}")
    path = row.get("path")
    if not isinstance(path, str) or not os.path.isfile(path):
        raise InputError(f"has no bytes, and there is no file {path}: `semsearch ingest images` reads it again")
    with open(path, "rb") as file:
        return file.read()


def at_shape(content: bytes, shape: Shape) -> ByteArray:
    """A picture file's bytes as (height, width, channels). InputError for what is no picture.

    Proportions stay: on a square canvas as `pictures.fitted` does; a shape that is not square is met by scaling, since
    only pictures that all have one size are learned in it.
    """
    height, width, channels = shape
    if height == width:
        return image_io.read(content, ImageSpec(height, channels)).pixels
    made = image_io.read(content, ImageSpec(None, channels, max(image_io.LARGEST, height, width))).pixels
    return image_io.resized(made, height, width)
