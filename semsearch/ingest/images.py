"""Images into a dataset: one ordinary table (id, path, label, width, height, channels, content), all or nothing.

An image is stored as an upright 8-bit PNG, grey or RGB; with --link only the path and a hash of its file are stored.
Unreadable images are skipped, counted and listed. With --strict they are an error that leaves the database as it was.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from semsearch.errors import InputError
from semsearch.images import image_io, png
from semsearch.images.image_io import DecodedImage, ImageSpec
from semsearch.ingest.base import Fault, Loaded, Remark, Remarks, Skipped, check_limit
from semsearch.ingest.front_door import guarded, kind_of_path, printable
from semsearch.ingest.imagearrays import is_idx, is_idx_labels, read_arrays, read_idx
from semsearch.ingest.imagefiles import (
    TAR_SUFFIXES,
    ImageBlock,
    ImageFile,
    ImageOrFault,
    files_below,
    read_file,
    read_folder,
    read_tar,
    read_zip,
)
from semsearch.ingest.load import dataset_to_update
from semsearch.records import Report, silent
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import draft, save
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of
from semsearch.storage.tables import SeenKeys, Upserts, storable
from semsearch.threads import map_ranges, thread_count

BATCH_FILES = 256  # image files decoded together
BATCH_BYTES = 32 << 20  # bytes of image files decoded together


def read_images(sources: Sequence[str]) -> Iterator[ImageOrFault]:
    """The images of all sources, one after the other. Raises InputError at once for a source that does not exist."""
    for source in sources:
        kind = kind_of_path(source)
        if kind == "nothing":
            raise InputError(
                f"There is no file or folder {printable(source)}: check the path, relative to the current folder"
            )
        if kind not in ("file", "folder"):
            raise InputError(f"{printable(source)} is a {kind}, not a file: name a file or a folder of images")
    distinct = list({os.path.realpath(source): source for source in reversed(sources)}.values())[::-1]

    def images() -> Iterator[ImageOrFault]:
        for source, prefix in zip(distinct, _prefixes(distinct), strict=True):
            yield from guarded(_read_source(source, prefix), printable(source))

    return images()


def _prefixes(sources: Sequence[str]) -> list[str]:
    """What precedes the keys of each of several sources: its name, or its whole path where names are equal."""
    if len(sources) == 1:
        return [""]
    names = [os.path.basename(os.path.abspath(source)) for source in sources]
    paths = [os.path.abspath(source).replace(os.sep, "/").lstrip("/") for source in sources]
    return [path if names.count(name) > 1 else name for name, path in zip(names, paths, strict=True)]


def _read_source(source: str, prefix: str) -> Iterator[ImageOrFault]:
    lowered = source.lower()
    if os.path.isdir(source):
        arrays, notes = files_below(source, is_idx)
        if arrays:
            yield from notes
            for path in (path for path in arrays if not is_idx_labels(path)):
                yield from read_idx(path)
        else:
            yield from read_folder(source, prefix)
    elif lowered.endswith(".zip"):
        yield from read_zip(source, prefix)
    elif lowered.endswith(TAR_SUFFIXES):
        yield from read_tar(source, prefix)
    elif lowered.endswith((".npz", ".npy")):
        yield from read_arrays(source)
    elif is_idx_labels(source):
        return  # read together with its images
    elif is_idx(source):
        yield from read_idx(source)
    else:
        yield read_file(source, os.path.basename(source))


def first_images(images: Iterable[ImageOrFault], limit: int | None) -> Iterator[ImageOrFault]:
    """The results up to the `limit`-th image; nothing after it is read. Raises InputError for a limit below 1."""
    check_limit(limit)
    return iter(images) if limit is None else _up_to(images, limit)


def _up_to(images: Iterable[ImageOrFault], limit: int) -> Iterator[ImageOrFault]:
    wanted = limit
    for image in images:
        if isinstance(image, ImageBlock):
            columns = {name: values[:wanted] for name, values in image.columns.items()}
            image = ImageBlock(image.place, image.pixels[:wanted], columns)
            wanted -= len(image.pixels)
        elif isinstance(image, ImageFile):
            wanted -= 1
        yield image
        if wanted == 0:
            yield Remark(f"Only the first {limit:,} images were read (--limit)")
            return


def load_images(
    db: Connection,
    name: str,
    images: Iterable[ImageOrFault],
    spec: ImageSpec,
    *,
    source: str,
    strict: bool = False,
    report: Report = silent,
) -> Loaded:
    """Write images into the dataset `name`, which is created, or updated by key if it exists.

    One transaction: an error leaves the file as it was. Raises InputError if there is no image, for an unreadable image
    if `strict`, and for links to images that are not files of their own; NameTakenError for a table that the ingest of
    images did not create.
    """
    with transaction(db):
        loading = _Loading(db, name, spec, source, strict=strict)
        for rows in loading.rows(images):
            loading.write(rows)
            report(loading.number, 0)
        return loading.finish()


class _Loading:
    """One ingest of images: the rows it writes, and what it counts for the remarks."""

    def __init__(self, db: Connection, name: str, spec: ImageSpec, source: str, *, strict: bool) -> None:
        self.db, self.name, self.spec, self.source = db, name, spec, source
        advice = "that ingest of images did not create: choose another name"
        self.existing = dataset_to_update(db, name, advice, kind="images")
        self.skipped = Skipped(allowed=not strict)
        self.counts: Counter[str] = Counter()
        self.number = 0  # of the last image, counting skipped ones
        self.is_numbered: bool | None = None  # whether numbers are the keys; None before the first image
        self.upserts: Upserts | None = None
        self.seen = SeenKeys(db)
        self.remarks = Remarks()

    def rows(self, images: Iterable[ImageOrFault]) -> Iterator[list[dict[str, Any]]]:
        """Rows of the table, batch by batch."""
        files: list[ImageFile] = []
        size = 0
        for image in images:
            if isinstance(image, Fault):
                self._skip(image.message)
                continue
            if isinstance(image, Remark):
                self.remarks.add(image.message)
                continue
            self._check_key_kind(image)
            if isinstance(image, ImageBlock):
                yield self._rows_of_block(image)
                continue
            files.append(image)
            size += len(image.content)
            if len(files) >= BATCH_FILES or size >= BATCH_BYTES:
                yield self._rows_of_files(files)
                files, size = [], 0
        if files:
            yield self._rows_of_files(files)

    def _check_key_kind(self, image: ImageFile | ImageBlock) -> None:
        is_numbered = isinstance(image, ImageBlock) or image.key is None
        if self.spec.link and (isinstance(image, ImageBlock) or image.file is None):
            raise InputError(f"{image.place} is inside another file: --link needs image files; leave it out")
        if self.is_numbered is None:
            self.is_numbered = is_numbered
            self._begin(is_numbered)
        elif self.is_numbered != is_numbered:
            raise InputError(f"The source mixes image files and arrays, from {image.place} on: ingest two datasets")

    def _begin(self, is_numbered: bool) -> None:
        if self.existing is not None:
            advice = "choose another name, or `semsearch drop` this dataset and its table first"
            if (self.existing.key_kind == "integer") != is_numbered:
                kinds = ("paths", "numbers") if is_numbered else ("numbers", "paths")
                raise InputError(f"{self.name!r} is keyed by {kinds[0]}, this source by {kinds[1]}: {advice}")
            if is_numbered and self.existing.source != self.source:
                raise InputError(
                    f"{self.name!r} holds the numbered images of {self.existing.source};"
                    f" those of {self.source} would overwrite them: {advice}"
                )
        self.upserts = Upserts(self.db, self.name, "id", integer_key=is_numbered)

    def _skip(self, message: str) -> None:
        self.skipped.add(message, "without --strict such images are left out")

    def _rows_of_block(self, block: ImageBlock) -> list[dict[str, Any]]:
        """Arrays need no decoding: at the right size they are encoded as PNG at once."""
        pixels = block.pixels
        if pixels.shape[3] == 3 and self.spec.channels is None and (pixels == pixels[..., :1]).all():
            pixels = pixels[..., :1]
        if self.spec.channels is not None:
            pixels = image_io.to_channels(pixels, self.spec.channels)
        height, width = pixels.shape[1:3]
        side = self.spec.size
        fits = (height, width) == (side, side) if side else max(height, width) <= self.spec.largest
        if not fits:
            originals = (DecodedImage(image, 1, (width, height)) for image in pixels)
            pixels = np.stack([image_io.fit(original, self.spec).pixels for original in originals])
        rows = []
        is_small = pixels.shape[1] * pixels.shape[2] <= image_io.PLAIN_PNG_PIXELS
        contents = png.encode_all(pixels) if is_small else map(image_io.to_png, pixels)
        for position, content in enumerate(contents):
            self.number += 1
            columns = {column: values[position] for column, values in block.columns.items()}
            rows.append(self._row(self.number, columns, (width, height), pixels[position].shape, content))
        return rows

    def _rows_of_files(self, files: Sequence[ImageFile]) -> list[dict[str, Any]]:
        def work(start: int, end: int) -> list[tuple[DecodedImage, bytes] | InputError]:
            return [_decode(file.content, self.spec) for file in files[start:end]]

        bounds = np.linspace(0, len(files), min(len(files), 4 * thread_count()) + 1).astype(int).tolist()
        decoded = chain.from_iterable(map_ranges(work, bounds))
        rows = []
        for file, result in zip(files, decoded, strict=True):
            self.number += 1
            if isinstance(result, InputError):
                self._skip(f"{file.place} {result}")
                continue
            key: Any = self.number if file.key is None else file.key
            earlier = None if file.key is None else self.seen.claim(key, file.place, file.content)
            if earlier == "":
                self.counts["repeated"] += 1
                continue
            if earlier is not None:
                self._skip(f"{file.place} has the same key as {earlier} and another content")
                continue
            image, content = result
            self.counts["animated"] += image.frames > 1
            row = self._row(key, file.columns, image.original_size, image.pixels.shape, content)
            if self.spec.link:
                width, height = image.original_size
                digest = hashlib.blake2b(file.content, digest_size=16).hexdigest()
                row |= {"path": file.file, "digest": digest, "width": width, "height": height}
            rows.append(row)
        return rows

    def _row(
        self, key: Any, columns: dict[str, Any], original: tuple[int, int], shape: tuple[int, ...], content: bytes
    ) -> dict[str, Any]:
        height, width, channels = shape
        self.counts["images"] += 1
        self.counts["colour"] += channels == 3
        self.counts["unlabelled"] += columns.get("label") is None
        self.counts["reduced"] += self.spec.size is None and max(original) > self.spec.largest
        size = {"width": width, "height": height, "channels": channels}
        return {"id": key, "path": None, "label": None, **columns, **size, "content": self._stored(content)}

    def _stored(self, content: bytes) -> bytes | None:
        return None if self.spec.link else content

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write a batch of rows."""
        if rows and self.upserts is not None:
            self.upserts.write([{name: storable(value) for name, value in row.items()} for row in rows])

    def finish(self) -> Loaded:
        """Save the dataset in the catalogue and return what was done."""
        if self.upserts is None or self.upserts.is_empty:
            why = self.skipped.why_empty("none of its files is an image")
            raise InputError(f"{self.source} holds nothing to ingest: {why}")
        self.seen.close()
        label = "label" if self.counts["unlabelled"] < self.counts["images"] else None
        if self.existing is not None:
            label = label or self.existing.label_column
        shape = shape_of(self.db, self.name)
        drafted = draft(shape, text_columns=(), label_column=label, made_by="ingest", source=self.source)
        dataset = save(self.db, replace(drafted, kind="images"))
        remarks = self.remarks.lines() + self._remarks() + self.upserts.remarks
        return Loaded(dataset, self.skipped.messages, self.skipped.count, remarks, *self.upserts.counts())

    def _remarks(self) -> list[str]:
        n, coloured, animated = self.counts["images"], self.counts["colour"], self.counts["animated"]
        reduced, unlabelled = self.counts["reduced"], self.counts["unlabelled"]
        remarks = []
        if self.counts["repeated"]:
            verb = "image repeats" if self.counts["repeated"] == 1 else "images repeat"
            remarks.append(f"{self.counts['repeated']:,} {verb} an earlier one, path and content: each is stored once")
        if animated:
            verb = "is" if animated == 1 else "are"
            remarks.append(f"{animated:,} {verb} animated: the first image of each was stored")
        if 0 < coloured < n:
            verb = "is" if coloured == 1 else "are"
            remarks.append(
                f"{coloured:,} of {n:,} {verb} in colour, so all are learned in colour (--grey converts all)"
            )
        if reduced and not self.spec.link:
            verb = "was" if reduced == 1 else "were"
            remarks.append(f"{reduced:,} {verb} reduced to {self.spec.largest} pixels on the longer side")
        if 0 < unlabelled < n:
            verb = "has" if unlabelled == 1 else "have"
            remarks.append(f"{unlabelled:,} of {n:,} {verb} no label")
        return remarks


def _decode(content: bytes, spec: ImageSpec) -> tuple[DecodedImage, bytes] | InputError:
    """An image and its PNG, which is empty for a linked image; the error, not raised, for unreadable bytes."""
    try:
        image = image_io.read(content, spec)
    except InputError as error:
        return error
    return image, b"" if spec.link else image_io.to_png(image.pixels)
