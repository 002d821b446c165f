"""Pictures into a dataset: one ordinary table (id, path, label, width, height, channels, content), all or nothing.

A picture is kept as PNG, upright, in 8 bits, grey or RGB; with --link only the path and a hash of its file are kept.
What cannot be read is left out, counted and listed, or with --strict an error that leaves the file as it was.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from semsearch.errors import InputError, NameTakenError
from semsearch.images import image_io, png
from semsearch.images.image_io import ImageSpec, Picture
from semsearch.ingest.base import Fault
from semsearch.ingest.imagearrays import is_idx, is_idx_labels, read_arrays, read_idx
from semsearch.ingest.imagefiles import (
    TAR,
    Found,
    PictureFile,
    Pixels,
    files_below,
    in_folder,
    in_tar,
    in_zip,
    one_file,
)
from semsearch.maths.jit import spread, threads
from semsearch.records import Dataset, Report, silent
from semsearch.storage.connect import transaction
from semsearch.storage.datasets import check_new_name, draft, find_dataset, save
from semsearch.storage.driver import Connection
from semsearch.storage.keys import shape_of, table_kind
from semsearch.storage.tables import SeenKeys, Upserts, storable

LISTED = 1_000
AT_ONCE = 256  # files decoded together
AT_ONCE_BYTES = 32 << 20


@dataclass
class LoadedImages:
    """What an ingest did: the dataset, its rows by what became of them, what was left out, what is worth saying."""

    dataset: Dataset
    added: int
    updated: int
    unchanged: int
    skipped: list[str] = field(default_factory=list)  # the first LISTED messages
    skipped_count: int = 0
    remarks: list[str] = field(default_factory=list)


def read_images(sources: Sequence[str]) -> Iterator[Found]:
    """The pictures of all sources, one after the other. InputError at once for a source that is not there."""
    for source in sources:
        if not os.path.exists(source):
            raise InputError(f"There is no file or folder {source}: check the path, from the folder you are in")

    def found() -> Iterator[Found]:
        for source in sources:
            name = os.path.basename(os.path.abspath(source))
            yield from _of_source(source, name if len(sources) > 1 else "")

    return found()


def _of_source(source: str, begin: str) -> Iterator[Found]:
    lowered = source.lower()
    if os.path.isdir(source):
        arrays = [path for path in files_below(source) if is_idx(path) and not is_idx_labels(path)]
        for path in arrays:
            yield from read_idx(path)
        if not arrays:
            yield from in_folder(source, begin)
    elif lowered.endswith(".zip"):
        yield from in_zip(source, begin)
    elif lowered.endswith(TAR):
        yield from in_tar(source, begin)
    elif lowered.endswith((".npz", ".npy")):
        yield from read_arrays(source)
    elif is_idx_labels(source):
        return  # read with the pictures it belongs to
    elif is_idx(source):
        yield from read_idx(source)
    else:
        yield one_file(source, os.path.basename(source))


def load_images(
    db: Connection,
    name: str,
    found: Iterable[Found],
    wanted: ImageSpec,
    *,
    source: str,
    strict: bool = False,
    report: Report = silent,
) -> LoadedImages:
    """Write pictures into the dataset `name`: made if it is not there, updated by key if it is.

    One transaction: any error leaves the file as it was. Raises InputError where there is no picture, for pictures
    that cannot be read if `strict`, and for links to pictures that are no files of their own; NameTakenError for a
    table that is somebody else's.
    """
    with transaction(db):
        loading = _Loading(db, name, wanted, source, strict=strict)
        for rows in loading.rows(found):
            loading.write(rows)
            report(loading.number, 0)
        return loading.finish()


class _Loading:
    """Pictures on their way into a table, with what is counted of them."""

    def __init__(self, db: Connection, name: str, wanted: ImageSpec, source: str, *, strict: bool) -> None:
        self.db, self.name, self.wanted, self.source, self.strict = db, name, wanted, source, strict
        self.before = _target(db, name)
        self.skipped: list[str] = []
        self.counts: Counter[str] = Counter()
        self.number = 0  # of the last picture, those left out included
        self.numbered: bool | None = None
        self.upserts: Upserts | None = None
        self.seen = SeenKeys(db)

    def rows(self, found: Iterable[Found]) -> Iterator[list[dict[str, Any]]]:
        """Rows of the table, batch by batch."""
        files: list[PictureFile] = []
        size = 0
        for thing in found:
            if isinstance(thing, Fault):
                self._refuse(thing.message)
                continue
            self._check_kind(thing)
            if isinstance(thing, Pixels):
                yield self._of_pixels(thing)
                continue
            files.append(thing)
            size += len(thing.content)
            if len(files) >= AT_ONCE or size >= AT_ONCE_BYTES:
                yield self._of_files(files)
                files, size = [], 0
        if files:
            yield self._of_files(files)

    def _check_kind(self, thing: PictureFile | Pixels) -> None:
        numbered = isinstance(thing, Pixels) or thing.key is None
        if self.wanted.link and (isinstance(thing, Pixels) or thing.file is None):
            raise InputError(f"{thing.place} is inside of another file: --link keeps paths of picture files only")
        if self.numbered is None:
            self.numbered = numbered
            self._begin(numbered)
        elif self.numbered != numbered:
            raise InputError(f"Picture files and arrays are mixed, from {thing.place} on: ingest them as two datasets")

    def _begin(self, numbered: bool) -> None:
        if self.before is not None:
            advice = "use another name, or `semsearch drop` this dataset and its table first"
            if (self.before.key_kind == "integer") != numbered:
                raise InputError(f"{self.name} is keyed by {'paths' if numbered else 'numbers'}, unlike this: {advice}")
            if numbered and self.before.source != self.source:
                raise InputError(
                    f"{self.name} holds pictures of {self.before.source}; those of {self.source} are known by their"
                    f" numbers too, which would collide: {advice}"
                )
        self.upserts = Upserts(self.db, self.name, "id", integer_key=numbered)

    def _refuse(self, message: str) -> None:
        if self.strict:
            raise InputError(f"{message} (without --strict such pictures are left out)")
        self.counts["skipped"] += 1
        if len(self.skipped) < LISTED:
            self.skipped.append(message)

    def _of_pixels(self, block: Pixels) -> list[dict[str, Any]]:
        """Arrays need no decoding: at the right size they go straight to PNG."""
        pixels = block.pixels
        if pixels.shape[3] == 3 and self.wanted.channels is None and (pixels == pixels[..., :1]).all():
            pixels = pixels[..., :1]
        if self.wanted.channels is not None:
            pixels = image_io.in_channels(pixels, self.wanted.channels)
        height, width = pixels.shape[1:3]
        side = self.wanted.size
        fits = (height, width) == (side, side) if side else max(height, width) <= self.wanted.largest
        if not fits:
            wanted = self.wanted
            pixels = np.stack([image_io.fitted(Picture(one, 1, (width, height)), wanted).pixels for one in pixels])
        rows = []
        small = pixels.shape[1] * pixels.shape[2] <= image_io.SMALL
        contents = png.encode_all(pixels) if small else map(image_io.to_png, pixels)
        for place, content in enumerate(contents):
            self.number += 1
            facts = {column: values[place] for column, values in block.columns.items()}
            rows.append(self._row(self.number, facts, (width, height), pixels[place].shape, content))
        return rows

    def _of_files(self, files: Sequence[PictureFile]) -> list[dict[str, Any]]:
        def work(start: int, end: int) -> list[tuple[Picture, bytes] | InputError]:
            return [_prepared(one.content, self.wanted, keep=not self.wanted.link) for one in files[start:end]]

        bounds = np.linspace(0, len(files), min(len(files), 4 * threads()) + 1).astype(int).tolist()
        made = [one for some in spread(work, bounds) for one in some]
        rows = []
        for file, one in zip(files, made, strict=True):
            self.number += 1
            if isinstance(one, InputError):
                self._refuse(f"{file.place} {one}")
                continue
            key: Any = self.number if file.key is None else file.key
            if file.key is not None and (earlier := self.seen.claim(key, file.place)):
                self._refuse(f"{file.place} stands a second time, after {earlier}")
                continue
            picture, content = one
            self.counts["animated"] += picture.frames > 1
            row = self._row(key, file.columns, picture.was, picture.pixels.shape, content)
            if self.wanted.link:
                digest = hashlib.blake2b(file.content, digest_size=16).hexdigest()
                row |= {"path": file.file, "digest": digest, "width": picture.was[0], "height": picture.was[1]}
            rows.append(row)
        return rows

    def _row(
        self, key: Any, facts: dict[str, Any], was: tuple[int, int], shape: tuple[int, ...], content: bytes
    ) -> dict[str, Any]:
        height, width, channels = shape
        self.counts["pictures"] += 1
        self.counts["colour"] += channels == 3
        self.counts["unlabelled"] += facts.get("label") is None
        self.counts["smaller"] += self.wanted.size is None and max(was) > self.wanted.largest
        row = {"id": key, "path": None, "label": None, **facts, "width": width, "height": height, "channels": channels}
        return row | {"content": None if self.wanted.link else content}

    def write(self, rows: Sequence[dict[str, Any]]) -> None:
        """A batch of rows."""
        if rows and self.upserts is not None:
            self.upserts.write([{name: storable(value) for name, value in row.items()} for row in rows])

    def finish(self) -> LoadedImages:
        """Write the catalogue's row and say what was done."""
        if self.upserts is None or self.upserts.is_empty:
            why = f"all was skipped, first: {self.skipped[0]}" if self.skipped else "no file in it is a picture"
            raise InputError(f"{self.source} holds nothing to ingest: {why}")
        self.seen.close()
        label = "label" if self.counts["unlabelled"] < self.counts["pictures"] else None
        if self.before is not None:
            label = label or self.before.label_column
        shape = shape_of(self.db, self.name)
        drafted = draft(shape, text_columns=(), label_column=label, made_by="ingest", source=self.source)
        dataset = save(self.db, replace(drafted, kind="images"))
        remarks = self._remarks() + self.upserts.remarks
        return LoadedImages(dataset, *self.upserts.counts(), self.skipped, self.counts["skipped"], remarks)

    def _remarks(self) -> list[str]:
        n, colour = self.counts["pictures"], self.counts["colour"]
        remarks = []
        if self.counts["animated"]:
            are = "is" if self.counts["animated"] == 1 else "are"
            remarks.append(f"{self.counts['animated']:,} {are} animated: the first picture of each is kept")
        if 0 < colour < n:
            are = "is" if colour == 1 else "are"
            remarks.append(f"{colour:,} of {n:,} {are} in colour, so all are learned in colour (--grey learns grey)")
        if self.counts["smaller"] and not self.wanted.link:
            largest = self.wanted.largest
            were = "was" if self.counts["smaller"] == 1 else "were"
            remarks.append(f"{self.counts['smaller']:,} {were} made smaller, to {largest} pixels on the longer side")
        if 0 < self.counts["unlabelled"] < n:
            have = "has" if self.counts["unlabelled"] == 1 else "have"
            remarks.append(f"{self.counts['unlabelled']:,} of {n:,} {have} no label")
        return remarks


def _prepared(content: bytes, wanted: ImageSpec, *, keep: bool) -> tuple[Picture, bytes] | InputError:
    """A picture as it is to be kept; the error, not raised, for what is none."""
    try:
        picture = image_io.read(content, wanted)
    except InputError as error:
        return error
    return picture, image_io.to_png(picture.pixels) if keep else b""


def _target(db: Connection, name: str) -> Dataset | None:
    """The dataset to update; None for a new one. NameTakenError for what ingest of pictures did not make."""
    before = find_dataset(db, name)
    taken = table_kind(db, name) is not None
    if before is not None and before.made_by == "ingest" and before.kind == "images":
        return before if taken else None
    if taken:
        raise NameTakenError(f"{name} is already a table or view that holds no pictures of ours: choose another name")
    check_new_name(db, name)
    return None
