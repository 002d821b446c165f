"""Images stored as arrays: idx files (the format of MNIST), .npz and .npy. Their numbers, from 1, are their keys.

idx     train-images-idx3-ubyte(.gz), with its labels next to it in train-labels-idx1-ubyte(.gz)
npz     images and labels; x_train, y_train, x_test, y_test; train_images, train_labels; or packed image files: `blob`,
        all files end to end, and `offsets` (n + 1,), the start of each. Other arrays (n,) become columns
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from semsearch.errors import InputError
from semsearch.images.image_io import MAX_IMAGE_PIXELS
from semsearch.ingest.array_stream import Array, ArrayFile
from semsearch.ingest.base import Fault
from semsearch.ingest.front_door import opened, printable, read_exactly
from semsearch.ingest.imagefiles import MAX_IMAGE_FILE_BYTES, SPLIT_NAMES, ImageBlock, ImageFile, ImageOrFault

BLOCK_IMAGES = 1_000  # images in a block
BLOCK_BYTES = 32 << 20  # bytes of pixels in a block
_LABEL_NAMES = ("labels", "label", "y", "target", "targets", "subject", "classes")  # arrays of labels, best first


def is_idx(path: str) -> bool:
    """Whether a file's name is that of an idx file."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return name.endswith(("-ubyte", ".idx", ".idx3", ".idx1")) or "-idx" in name


def is_idx_labels(path: str) -> bool:
    """Whether a file's name is that of an idx file of labels."""
    return is_idx(path) and ("labels" in os.path.basename(path) or "idx1" in os.path.basename(path))


def read_idx(path: str) -> Iterator[ImageOrFault]:
    """The images of an idx file, in blocks, with labels from the file of labels in the same folder, if there is one.

    Raises InputError for another format, a truncated file, and a different number of labels.
    """
    name = printable(path)
    with opened(path) as file:
        shape = _idx_shape(file, name)
        if len(shape) not in (3, 4):
            raise InputError(
                f"{name} has {len(shape)} dimensions: images must be (number, height, width) or (…, channels)"
            )
        n, each = shape[0], tuple(shape[1:]) if len(shape) == 4 else (*shape[1:], 1)
        size = _check_image_size(each, name)
        labels = _idx_labels(path, n)
        split = _split_of(os.path.basename(path))
        step = max(1, min(BLOCK_IMAGES, BLOCK_BYTES // size))
        for start in range(0, n, step):
            count = min(step, n - start)
            pixels = np.frombuffer(read_exactly(file, count * size, name), np.uint8).reshape(count, *each)
            columns: dict[str, Sequence[Any]] = {"path": [printable(os.path.basename(path))] * count}
            columns["label"] = labels[start : start + count] if labels else [None] * count
            if split:
                columns["split"] = [split] * count
            yield ImageBlock(os.path.basename(path), _as_images(pixels, name), columns)


def _check_image_size(each: Sequence[int], name: str) -> int:
    """The bytes of one image of uint8 pixels. Raises InputError for none and for more pixels than an image has."""
    size = math.prod(each)
    if not 0 < size <= 4 * MAX_IMAGE_PIXELS:
        pixels = " × ".join(f"{side:,}" for side in each)
        raise InputError(f"{name} claims images of {pixels} bytes: it is truncated, damaged or not of this format")
    return size


def _idx_shape(file: BinaryIO, name: str) -> tuple[int, ...]:
    head = read_exactly(file, 4, name)
    if head[:2] != b"\0\0" or head[2] != 8:
        raise InputError(f"{name} is not an idx file of bytes: it begins with {head.hex(' ')}, not 00 00 08")
    return struct.unpack(f">{head[3]}I", read_exactly(file, 4 * head[3], name))


def _idx_labels(path: str, n: int) -> list[int] | None:
    """The labels from the idx file that belongs to one of images; None if there is no such file."""
    folder, name = os.path.split(path)
    name = name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1").removesuffix(".gz")
    candidates = [os.path.join(folder, label_file) for label_file in (name, name + ".gz")]
    label_path = next((candidate for candidate in candidates if candidate != path and os.path.isfile(candidate)), None)
    if label_path is None:
        return None
    name = printable(label_path)
    with opened(label_path) as file:
        _check_label_count(name, math.prod(_idx_shape(file, name)), printable(path), n)
        return list(read_exactly(file, n, name))


def _check_label_count(labels: str, count: int, images: str, n: int) -> None:
    if count != n:
        raise InputError(f"{labels} has {count:,} labels, but {images} has {n:,} images: give one label per image")


def _split_of(name: str) -> str | None:
    """train, test or validation, if a word of the name means one."""
    words = name.lower().replace(".", "_").replace("-", "_").split("_")
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)


def read_arrays(path: str) -> Iterator[ImageOrFault]:
    """The images of an .npz or .npy file, in blocks. Raises InputError for one without images, and for pickles."""
    with ArrayFile(path) as file:
        headers = file.headers()
        if {"blob", "offsets"} <= headers.keys():
            yield from _packed_images(file, headers)
            return
        names = [name for name, (shape, dtype) in headers.items() if len(shape) in (3, 4) and dtype == np.uint8]
        if not names:
            held = ", ".join(f"{name} {dtype} {shape}" for name, (shape, dtype) in headers.items())
            raise InputError(
                f"{file.path} has no uint8 array (number, height, width) or (…, channels), but {held or 'none'}: "
                "save one"
            )
        others = {name: file.whole(name) for name, (shape, _) in headers.items() if _is_column(shape)}
        for name in names:
            n, *each = headers[name][0]
            _check_image_size(each, file.path)
            columns = _columns(name, n, others, file.path, alone=len(names) == 1)
            start = 0
            with file.open(name) as array:
                for block in array.blocks(BLOCK_IMAGES, BLOCK_BYTES):
                    rows = slice(start, start + len(block))
                    start += len(block)
                    values: dict[str, Sequence[Any]] = {column: values[rows] for column, values in columns.items()}
                    yield ImageBlock(file.path, _as_images(block, file.path), values)


def _is_column(shape: Sequence[int]) -> bool:
    """Whether an array holds one value for each image, such as labels (n,) or (n, 1)."""
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


def _as_images(pixels: Array, path: str) -> Array:
    """(n, height, width, channels) with 1 or 3 channels: channels-first becomes channels-last, opacity is dropped."""
    if pixels.ndim == 3:
        return pixels[..., None]
    if pixels.shape[3] not in (1, 3, 4) and pixels.shape[1] in (1, 3):
        pixels = pixels.transpose(0, 2, 3, 1)
    if pixels.shape[3] not in (1, 3, 4):
        raise InputError(f"{path} has images with {pixels.shape[3]} channels: 1 (grey), 3 (RGB) or 4 (RGBA) are needed")
    return pixels[..., :3] if pixels.shape[3] == 4 else pixels


def _columns(name: str, n: int, arrays: Mapping[str, Array], path: str, *, alone: bool) -> dict[str, list[Any]]:
    """The columns of each image from the other arrays: path, label, split and, if `name` is the only one, the rest."""
    partner = name.replace("images", "labels").replace("x_", "y_").replace("X_", "y_").replace("data", "labels")
    candidates = (partner, *(_LABEL_NAMES if alone else ()))
    label_name = next((other for other in candidates if other != name and other in arrays), None)
    columns: dict[str, list[Any]] = {"path": [os.path.basename(path)] * n, "label": [None] * n}
    if label_name is not None:
        labels = arrays[label_name].reshape(-1)
        _check_label_count(label_name, len(labels), f"{name} in {path}", n)
        columns["label"] = _label_values(labels, arrays.get("classes") if label_name != "classes" else None)
    if split := _split_of(name):
        columns["split"] = [split] * n
    return columns | _other_columns(arrays, n, {name, label_name or "", "classes"}, path) if alone else columns


def _other_columns(arrays: Mapping[str, Array], n: int, known: set[str], path: str) -> dict[str, list[Any]]:
    columns = {}
    for name, array in arrays.items():
        if name in known or array.shape != (n,):
            continue
        if name == "is_test":
            columns["split"] = ["test" if value else "train" for value in array.tolist()]
        elif name.lower() not in ("id", "path", "label", "width", "height", "channels", "content"):
            columns[name] = array.tolist()
    return columns


def _label_values(labels: Array, classes: Array | None) -> list[Any]:
    """The labels themselves, or the names of the classes that they number."""
    if classes is None or labels.dtype.kind not in "iu" or not len(labels) or labels.max() >= len(classes):
        return list(labels.tolist())
    names = classes.tolist()
    return [names[label] for label in labels.tolist()]


def _packed_images(file: ArrayFile, headers: Mapping[str, Any]) -> Iterator[ImageOrFault]:
    """Image files that are end to end in one array of bytes."""
    arrays = {name: file.whole(name) for name, (shape, _) in headers.items() if name != "blob" and _is_column(shape)}
    offsets = _offsets(arrays, headers["blob"], file.path)
    n, name = len(offsets) - 1, os.path.basename(file.path)
    columns = {"path": [name] * n} | _other_columns(arrays, n, {"blob", "offsets", "classes", "labels"}, file.path)
    if "labels" in arrays:
        _check_label_count("labels", len(arrays["labels"]), file.path, n)
        columns["label"] = _label_values(arrays["labels"].reshape(-1), arrays.get("classes"))
    with file.open("blob") as blob:
        blob.skip(offsets[0])
        for row in range(n):
            size = offsets[row + 1] - offsets[row]
            place = f"{name}, image {row + 1:,}"
            if size > MAX_IMAGE_FILE_BYTES:
                yield Fault(f"{place} has {size:,} bytes, but an image file may have {MAX_IMAGE_FILE_BYTES:,}")
                blob.skip(size)
                continue
            content = blob.take(size).tobytes()
            yield ImageFile(None, place, content, {column: values[row] for column, values in columns.items()})


def _offsets(arrays: Mapping[str, Array], blob: tuple[tuple[int, ...], Any], path: str) -> list[int]:
    """The starts of packed files and their end. Raises InputError unless they rise inside the array of bytes."""
    offsets = arrays.get("offsets", np.zeros(0))
    is_whole = offsets.ndim == 1 and offsets.dtype.kind in "iu" and len(offsets) > 1
    if not is_whole or blob[1] != np.uint8 or len(blob[0]) != 1:
        raise InputError(f"{path} has blob and offsets, but they are not uint8 (bytes,) and integers (images + 1,)")
    values: list[int] = offsets.tolist()
    if values[0] < 0 or values[-1] > blob[0][0] or values != sorted(values):
        raise InputError(
            f"{path} has offsets that do not rise from 0 to the {blob[0][0]:,} bytes of blob: save it again"
        )
    return values
