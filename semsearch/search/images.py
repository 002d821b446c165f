"""Searching by picture, and what the components of pictures look like.

A picture asked for stands in a URL as its code: the vector's direction as int8 numbers in base64url. Nothing of an
upload is stored, and the same URL always shows the same results.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import ByteArray, FloatArray
from semsearch.errors import InputError, NotFoundError
from semsearch.images import image_io
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search.models import encode_picture, state_of
from semsearch.search.query import Filter, Found, nearest_to
from semsearch.storage import collections, datasets, filters, vectors
from semsearch.storage.driver import Connection
from semsearch.storage.filters import EVERYTHING

MAX_UPLOAD = 10 << 20  # bytes
_FULL = 127.0
Picture: TypeAlias = str | os.PathLike[str] | bytes | ByteArray


def search_by_picture(
    db: Connection, opened: OpenCollection, picture: Picture, *, k: int = 10, only: Filter = EVERYTHING
) -> Found:
    """The k items nearest to a picture: a path, the bytes of a file, or pixels. InputError for what is no picture, for
    a file that cannot be read, and for a collection of anything else."""
    return nearest_to(db, opened, vector_of_picture(db, opened.collection, picture), k=k, only=only)


def vector_of_picture(
    db: Connection, collection: Collection, picture: Picture, *, said: str | None = None
) -> FloatArray:
    """A picture's vector in a collection, (dim,) float32; errors call it `said`, by default by its path if it has one.

    Raises what `search_by_picture` raises.
    """
    content = picture if isinstance(picture, bytes) else bytes_of(picture)
    by_path = os.fspath(picture) if isinstance(picture, str | os.PathLike) else "The image"
    return encode_picture(db, collection, content, said=said or by_path)


def bytes_of(picture: str | os.PathLike[str] | ByteArray) -> bytes:
    """A file's bytes, or those of a PNG that pixels make, which loses nothing."""
    if isinstance(picture, np.ndarray):
        pixels = picture[:, :, None] if picture.ndim == 2 else picture
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or not pixels.size:
            raise InputError(
                f"The image is an array of {picture.dtype} and shape {picture.shape}: uint8 of (height, width), or"
                " (height, width, 1 or 3), is needed"
            )
        return image_io.to_png(np.ascontiguousarray(pixels))
    try:
        return Path(picture).read_bytes()
    except OSError as error:
        raise InputError(f"{os.fspath(picture)} cannot be read: {error.strerror}") from error


def code_of(vector: FloatArray) -> str:
    """A vector (dim,) as text for a URL: its length as a float32, then int8 numbers; a 254th of the largest is lost."""
    largest = float(np.abs(vector).max())
    if largest <= 0:
        raise InputError("This image equals the mean of all images, so it has no nearest neighbours")
    numbers = np.rint(vector / largest * _FULL).astype(np.int8).tobytes()
    return base64.urlsafe_b64encode(np.array(largest, "<f4").tobytes() + numbers).decode("ascii").rstrip("=")


def vector_of_code(code: str, dim: int) -> FloatArray:
    """The inverse, (dim,) float32; InputError for text that is no code of this many dimensions."""
    try:
        content = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != 4 + dim:
        raise InputError(f"picture is not the code of an image in {dim} dimensions: upload the image again")
    largest = float(np.frombuffer(content[:4], "<f4")[0])
    numbers = np.frombuffer(content[4:], np.int8).astype(np.float32)
    if not 0 < largest < 1e12 or not numbers.any():
        raise InputError(f"picture is not the code of an image in {dim} dimensions: upload the image again")
    return numbers * np.float32(largest / _FULL)


def browse(db: Connection, opened: OpenCollection, *, k: int, after: int = 0) -> list[Hit]:
    """k items in the order they were written, after the first few, each with its row."""
    return _with_rows(db, opened, vectors.some_keys(db, opened.collection, k, after))


def browse_filtered(db: Connection, opened: OpenCollection, *, k: int, only: Filter) -> Found:
    """k of the items whose rows a filter keeps, in key order; a hit's score says nothing."""
    dataset = opened.dataset
    kept = filters.matching_keys(db, dataset.name, dataset.key_kind, dataset.key_columns, only)
    known = vectors.known(db, opened.collection, kept)
    keys = [key for key in kept if key in known][:k]
    remark = None if keys else f"The filter matches no row of {dataset.name}"
    return Found(tuple(_with_rows(db, opened, keys)), remark)


def _with_rows(db: Connection, opened: OpenCollection, keys: Sequence[str]) -> list[Hit]:
    """These items as hits without a score, each with its row; those whose row is gone are left out."""
    rows = datasets.rows_by_key(db, opened.dataset, keys)
    return [Hit(opened.collection.typed(key), 0.0, row=rows[key]) for key in keys if key in rows]


def code_stored(db: Connection, collection: Collection, key: str) -> FloatArray | None:
    """An item's vector at full length, (dim,) float32; None where it has none."""
    try:
        return vectors.full_vector(db, collection, key)
    except NotFoundError:
        return None


def has_pictures(db: Connection, collection: Collection) -> bool:
    """Whether a collection's components are pictures themselves."""
    return collection.of == "image" and all(
        collections.has_array(db, collection.run, name) for name in ("components", "shape", "captured")
    )


@dataclass(frozen=True)
class Eigen:
    """The components of pictures: `captured` (k,) float64, the share of the variance that the first so many hold, 0..1;
    `singular_values` (k,)."""

    captured: npt.NDArray[np.float64]
    singular_values: npt.NDArray[np.float64]
    arrays: Any

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of each in pixels."""
        height, width, _ = self.arrays["shape"].tolist()
        return height, width

    def share(self, number: int) -> float:
        """The share of one component, numbered from 1."""
        before = float(self.captured[number - 2]) if number > 1 else 0.0
        return float(self.captured[number - 1]) - before

    def picture(self, number: int) -> ByteArray:
        """A component, numbered from 1, as a picture (height, width, channels): middle grey is nothing, its strongest
        pixel is white or black. Number 0 is the mean of all pictures. NotFoundError for others."""
        shape = self.arrays["shape"].tolist()
        if number == 0:
            return np.asarray(np.rint(np.clip(self.arrays["mean"], 0, 255)), np.uint8).reshape(shape)
        if not 1 <= number <= len(self.captured):
            raise NotFoundError(f"No component {number}: there are {len(self.captured)}")
        component = self.arrays["components"][number - 1]
        largest = float(np.abs(component).max()) or 1.0
        return np.asarray(np.rint(127.5 + 127.5 * component / largest), np.uint8).reshape(shape)


def eigen(db: Connection, collection: Collection) -> Eigen:
    """The components of a collection of pictures. InputError for one that has none."""
    if not has_pictures(db, collection):
        raise InputError(
            f"{collection.name} was built by {collection.builder}, whose components are not images:"
            " use `semsearch build pca`"
        )
    arrays = state_of(db, collection).arrays
    return Eigen(arrays["captured"], arrays["singular_values"], arrays)
