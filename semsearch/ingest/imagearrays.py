"""Images stored as arrays: idx files (the format of MNIST), .npz and .npy. Their numbers, from 1, are their keys.

idx     train-images-idx3-ubyte(.gz), with its labels next to it in train-labels-idx1-ubyte(.gz)
npz     images and labels; x_train, y_train, x_test, y_test; train_images, train_labels; or packed image files: `blob`,
        all files end to end, and `offsets` (n + 1,), the start of each. Other arrays (n,) become columns
"""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError
from semsearch.ingest.base import GZIP_MAGIC
from semsearch.ingest.imagefiles import SPLIT_NAMES, ImageBlock, ImageFile, ImageOrFault

Array = npt.NDArray[Any]
BLOCK_IMAGES = 1_000  # images in a block
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
    with _open(path) as file:
        shape = _idx_shape(file, path)
        if len(shape) not in (3, 4):
            raise InputError(
                f"{path} has {len(shape)} dimensions: images must be (number, height, width) or (…, channels)"
            )
        n, each = shape[0], tuple(shape[1:]) if len(shape) == 4 else (*shape[1:], 1)
        labels = _idx_labels(path, n)
        split = _split_of(os.path.basename(path))
        for start in range(0, n, BLOCK_IMAGES):
            count = min(BLOCK_IMAGES, n - start)
            pixels = np.frombuffer(_read_exactly(file, count * int(np.prod(each)), path), np.uint8).reshape(
                count, *each
            )
            columns: dict[str, Sequence[Any]] = {"path": [os.path.basename(path)] * count}
            columns["label"] = labels[start : start + count] if labels else [None] * count
            if split:
                columns["split"] = [split] * count
            yield ImageBlock(os.path.basename(path), _as_images(pixels, path), columns)


def _open(path: str) -> BinaryIO:
    with open(path, "rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path) if is_gzip else open(path, "rb"))


def _idx_shape(file: BinaryIO, path: str) -> tuple[int, ...]:
    head = _read_exactly(file, 4, path)
    if head[:2] != b"\0\0" or head[2] != 8:
        raise InputError(f"{path} is not an idx file of bytes: it begins with {head.hex(' ')}, not 00 00 08")
    return struct.unpack(f">{head[3]}I", _read_exactly(file, 4 * head[3], path))


def _read_exactly(file: BinaryIO, size: int, path: str) -> bytes:
    try:
        content = file.read(size)
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path} is damaged ({error}): download it again") from error
    if len(content) < size:
        raise InputError(f"{path} is truncated, {size - len(content):,} bytes are missing: download it again")
    return content


def _idx_labels(path: str, n: int) -> list[int] | None:
    """The labels from the idx file that belongs to one of images; None if there is no such file."""
    folder, name = os.path.split(path)
    name = name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1").removesuffix(".gz")
    candidates = [os.path.join(folder, label_file) for label_file in (name, name + ".gz")]
    label_path = next((candidate for candidate in candidates if candidate != path and os.path.isfile(candidate)), None)
    if label_path is None:
        return None
    with _open(label_path) as file:
        shape = _idx_shape(file, label_path)
        labels = np.frombuffer(_read_exactly(file, int(np.prod(shape)), label_path), np.uint8)
    _check_label_count(label_path, len(labels), path, n)
    return labels.tolist()


def _check_label_count(labels: str, count: int, images: str, n: int) -> None:
    if count != n:
        raise InputError(f"{labels} has {count:,} labels, but {images} has {n:,} images: give one label per image")


def _split_of(name: str) -> str | None:
    """train, test or validation, if a word of the name means one."""
    words = name.lower().replace(".", "_").replace("-", "_").split("_")
    return next((SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES), None)


def read_arrays(path: str) -> Iterator[ImageOrFault]:
    """The images of an .npz or .npy file, in blocks. Raises InputError for one without images, and for pickles."""
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = {"images": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read by numpy ({error}): save arrays of numbers with numpy.savez"
        ) from error
    if {"blob", "offsets"} <= arrays.keys():
        yield from _packed_images(path, arrays)
        return
    names = [name for name, array in arrays.items() if array.ndim in (3, 4) and array.dtype == np.uint8]
    if not names:
        held = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items())
        raise InputError(f"{path} has no uint8 array (number, height, width) or (…, channels), but {held}: save one")
    for name in names:
        images = _as_images(arrays[name], path)
        columns = _columns(name, len(images), arrays, path, alone=len(names) == 1)
        for start in range(0, len(images), BLOCK_IMAGES):
            block = slice(start, start + BLOCK_IMAGES)
            yield ImageBlock(path, images[block], {column: values[block] for column, values in columns.items()})


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


def _packed_images(path: str, arrays: Mapping[str, Array]) -> Iterator[ImageOrFault]:
    """Image files that are end to end in one array of bytes."""
    blob, offsets = arrays["blob"], arrays["offsets"].tolist()
    n, name = len(offsets) - 1, os.path.basename(path)
    columns = {"path": [name] * n} | _other_columns(arrays, n, {"blob", "offsets", "classes", "labels"}, path)
    if "labels" in arrays:
        _check_label_count("labels", len(arrays["labels"]), path, n)
        columns["label"] = _label_values(arrays["labels"], arrays.get("classes"))
    for row in range(n):
        content = blob[offsets[row] : offsets[row + 1]].tobytes()
        facts = {column: values[row] for column, values in columns.items()}
        yield ImageFile(None, f"{name}, image {row + 1:,}", content, facts)
