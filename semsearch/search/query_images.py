"""A query image: a small copy of it for the URL, and whether its inverse fits the collection better.

Images of handwriting are often white on black, but people draw and photograph black on white. A model that was trained
on one contrast finds little for the other.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import ByteArray, FloatArray
from semsearch.errors import InputError
from semsearch.images import image_io, png
from semsearch.images.image_io import ImageSpec
from semsearch.records import Collection, OpenCollection
from semsearch.search.images import vector_of_picture
from semsearch.search.query import nearest_to
from semsearch.storage.driver import Connection

COPY_SIDE = {1: 28, 3: 20}  # pixels of the longer side of a copy, by channels, so that a URL stays below 3 kB


@dataclass(frozen=True)
class QueryImage:
    """The vector of a query image and that of its inverse, (dim,) float32; None if the inverse has no vector."""

    vector: FloatArray
    inverse: FloatArray | None


@dataclass(frozen=True)
class Contrast:
    """The similarity of a query image, and of its inverse, to the most similar item of a collection."""

    given: float
    inverted: float

    @property
    def is_inverted(self) -> bool:
        """Whether the inverse is more similar to the collection's images."""
        return self.inverted > self.given

    def remark(self, table: str) -> str:
        """A sentence for people, without its full stop."""
        return (
            f"The inverse of your image is more similar to the images of {table}, with a similarity of"
            f" {self.inverted:.2f} instead of {self.given:.2f}"
        )


def inverted(content: bytes) -> bytes:
    """The file of an image with each value v replaced by 255 - v, as PNG. Raises InputError for what is no image."""
    return image_io.to_png(255 - image_io.read(content, ImageSpec()).pixels)


def query_image(db: Connection, collection: Collection, content: bytes, *, said: str) -> QueryImage:
    """The vectors of an image file and of its inverse. Raises what `vector_of_picture` raises, for the image itself."""
    vector = vector_of_picture(db, collection, content, said=said)
    try:
        inverse = vector_of_picture(db, collection, inverted(content), said=said)
    except InputError:
        return QueryImage(vector, None)
    return QueryImage(vector, inverse if np.abs(inverse).max() > 0 else None)


def contrast(db: Connection, opened: OpenCollection, image: QueryImage) -> Contrast | None:
    """How similar the image and its inverse are to the collection; None if one of them has no nearest item."""
    if image.inverse is None:
        return None
    nearest = [nearest_to(db, opened, vector, k=1).hits for vector in (image.vector, image.inverse)]
    if not all(nearest):
        return None
    given, other = (hits[0].vector_score or 0.0 for hits in nearest)
    return Contrast(given, other)


def copy_of(content: bytes) -> str:
    """A small copy of an image file as text for a URL. Raises InputError for what is no image."""
    pixels = image_io.read(content, ImageSpec(largest=max(COPY_SIDE.values()))).pixels
    small = image_io.read(content, ImageSpec(largest=COPY_SIDE[pixels.shape[2]])).pixels
    return _text(small)


def pixels_of_copy(copy: str) -> ByteArray:
    """The pixels of such a copy, (height, width, channels). Raises InputError for any other text."""
    try:
        content = base64.b64decode(copy + "=" * (-len(copy) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        content = b""
    size = png.size_of(content)  # before decoding, so that a short text cannot claim a large image
    is_small = size is not None and min(size[:2]) > 0 and max(size[:2]) <= max(COPY_SIDE.values())
    pixels = png.decode(content) if is_small else None
    if pixels is None:
        raise InputError("copy is not that of a query image: upload the image again")
    return pixels


def inverted_copy(copy: str) -> str:
    """The copy of the inverse. Raises what `pixels_of_copy` raises."""
    return _text(255 - pixels_of_copy(copy))


def _text(pixels: ByteArray) -> str:
    return base64.urlsafe_b64encode(png.encode(np.ascontiguousarray(pixels))).decode("ascii").rstrip("=")
