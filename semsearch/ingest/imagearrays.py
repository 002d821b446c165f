"""Pictures kept as arrays: idx files (the layout of MNIST), .npz and .npy. They are known by their number, from 1.

idx     train-images-idx3-ubyte(.gz), with its labels beside it in train-labels-idx1-ubyte(.gz)
npz     images and labels; x_train, y_train, x_test, y_test; train_images, train_labels; or packed pictures: `blob`,
        all files end to end, and `offsets` (n + 1,), where each begins. Other arrays of n numbers become columns
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
from semsearch.ingest.imagefiles import SPLITS, Found, PictureFile, Pixels

Array = npt.NDArray[Any]
BLOCK = 1_000
_GZIP = b"\x1f\x8b"
_LABELS = ("labels", "label", "y", "target", "targets", "subject", "classes")


def is_idx(path: str) -> bool:
    """Whether a file's name says idx."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return name.endswith(("-ubyte", ".idx", ".idx3", ".idx1")) or "-idx" in name


def is_idx_labels(path: str) -> bool:
    """Whether a file's name says that it holds labels."""
    return is_idx(path) and ("labels" in os.path.basename(path) or "idx1" in os.path.basename(path))


def read_idx(path: str) -> Iterator[Found]:
    """The pictures of an idx file, in blocks, with the labels of the file beside it.

    Raises InputError for another layout, a file that is cut short, and labels of another number.
    """
    with _opened(path) as file:
        shape = _idx_shape(file, path)
        if len(shape) not in (3, 4):
            raise InputError(f"{path} has {len(shape)} dimensions: pictures are (number, height, width)")
        n, each = shape[0], tuple(shape[1:]) if len(shape) == 4 else (*shape[1:], 1)
        labels = _idx_labels(path, n)
        split = _split(os.path.basename(path))
        for start in range(0, n, BLOCK):
            count = min(BLOCK, n - start)
            pixels = np.frombuffer(_exactly(file, count * int(np.prod(each)), path), np.uint8).reshape(count, *each)
            columns: dict[str, Sequence[Any]] = {"path": [os.path.basename(path)] * count}
            columns["label"] = labels[start : start + count] if labels else [None] * count
            if split:
                columns["split"] = [split] * count
            yield Pixels(os.path.basename(path), _as_pictures(pixels, path), columns)


def _opened(path: str) -> BinaryIO:
    with open(path, "rb") as file:
        packed = file.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path) if packed else open(path, "rb"))


def _idx_shape(file: BinaryIO, path: str) -> tuple[int, ...]:
    head = _exactly(file, 4, path)
    if head[:2] != b"\0\0" or head[2] != 8:
        raise InputError(f"{path} is no idx file of bytes: it begins with {head.hex(' ')}, not 00 00 08")
    return struct.unpack(f">{head[3]}I", _exactly(file, 4 * head[3], path))


def _exactly(file: BinaryIO, size: int, path: str) -> bytes:
    try:
        content = file.read(size)
    except (EOFError, zlib.error, OSError) as error:
        raise InputError(f"{path} is damaged ({error}): fetch it again") from error
    if len(content) < size:
        raise InputError(f"{path} is cut short: {size - len(content):,} bytes are missing; fetch it again")
    return content


def _idx_labels(path: str, n: int) -> list[int] | None:
    """The labels of the file beside one of pictures; None where there is none."""
    folder, name = os.path.split(path)
    named = name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1").removesuffix(".gz")
    beside = [os.path.join(folder, one) for one in (named, named + ".gz")]
    found = next((one for one in beside if one != path and os.path.isfile(one)), None)
    if found is None:
        return None
    with _opened(found) as file:
        shape = _idx_shape(file, found)
        labels = np.frombuffer(_exactly(file, int(np.prod(shape)), found), np.uint8)
    _check_number(found, len(labels), path, n)
    return labels.tolist()


def _check_number(labels: str, found: int, pictures: str, n: int) -> None:
    if found != n:
        raise InputError(f"{labels} has {found:,} labels, {pictures} {n:,} pictures: each picture needs one, or none")


def _split(name: str) -> str | None:
    """train or test, where a name begins or ends with it."""
    words = name.lower().replace(".", "_").replace("-", "_").split("_")
    return next((SPLITS[word] for word in words if word in SPLITS), None)


def read_arrays(path: str) -> Iterator[Found]:
    """The pictures of an .npz or .npy file, in blocks. InputError for one that holds none, and for pickles."""
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = {"images": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read as numpy's: {error}; save arrays of numbers with numpy.savez"
        ) from error
    if {"blob", "offsets"} <= arrays.keys():
        yield from _packed(path, arrays)
        return
    names = [name for name, array in arrays.items() if array.ndim in (3, 4) and array.dtype == np.uint8]
    if not names:
        held = ", ".join(f"{name} {array.dtype} {array.shape}" for name, array in arrays.items())
        raise InputError(f"{path} has no uint8 array (number, height, width) or (…, channels): it holds {held}")
    for name in names:
        pictures = _as_pictures(arrays[name], path)
        columns = _columns(name, len(pictures), arrays, path, alone=len(names) == 1)
        for start in range(0, len(pictures), BLOCK):
            some = slice(start, start + BLOCK)
            yield Pixels(path, pictures[some], {column: values[some] for column, values in columns.items()})


def _as_pictures(pixels: Array, path: str) -> Array:
    """(n, height, width, channels), 1 channel or 3; channels that come first are put last, opacity is left out."""
    if pixels.ndim == 3:
        return pixels[..., None]
    if pixels.shape[3] not in (1, 3, 4) and pixels.shape[1] in (1, 3):
        pixels = pixels.transpose(0, 2, 3, 1)
    if pixels.shape[3] not in (1, 3, 4):
        raise InputError(f"{path} has pictures of {pixels.shape[3]} channels: 1 is grey, 3 is RGB")
    return pixels[..., :3] if pixels.shape[3] == 4 else pixels


def _columns(name: str, n: int, arrays: Mapping[str, Array], path: str, *, alone: bool) -> dict[str, list[Any]]:
    """What the other arrays say of each picture."""
    partner = name.replace("images", "labels").replace("x_", "y_").replace("X_", "y_").replace("data", "labels")
    given = next((one for one in (partner, *(_LABELS if alone else ())) if one != name and one in arrays), None)
    columns: dict[str, list[Any]] = {"path": [os.path.basename(path)] * n, "label": [None] * n}
    if given is not None:
        labels = arrays[given].reshape(-1)
        _check_number(given, len(labels), f"{name} in {path}", n)
        columns["label"] = _named(labels, arrays.get("classes") if given != "classes" else None)
    if split := _split(name):
        columns["split"] = [split] * n
    return columns | _others(arrays, n, {name, given or "", "classes"}, path) if alone else columns


def _others(arrays: Mapping[str, Array], n: int, known: set[str], path: str) -> dict[str, list[Any]]:
    columns = {}
    for name, array in arrays.items():
        if name in known or array.shape != (n,):
            continue
        if name == "is_test":
            columns["split"] = ["test" if value else "train" for value in array.tolist()]
        elif name.lower() not in ("id", "path", "label", "width", "height", "channels", "content"):
            columns[name] = array.tolist()
    return columns


def _named(labels: Array, classes: Array | None) -> list[Any]:
    """Labels as they are, or the names of the classes that they number."""
    if classes is None or labels.dtype.kind not in "iu" or not len(labels) or labels.max() >= len(classes):
        return list(labels.tolist())
    names = classes.tolist()
    return [names[label] for label in labels.tolist()]


def _packed(path: str, arrays: Mapping[str, Array]) -> Iterator[Found]:
    """Picture files end to end in one array of bytes."""
    blob, offsets = arrays["blob"], arrays["offsets"].tolist()
    n, name = len(offsets) - 1, os.path.basename(path)
    columns = {"path": [name] * n} | _others(arrays, n, {"blob", "offsets", "classes", "labels"}, path)
    if "labels" in arrays:
        _check_number("labels", len(arrays["labels"]), path, n)
        columns["label"] = _named(arrays["labels"], arrays.get("classes"))
    for row in range(n):
        content = blob[offsets[row] : offsets[row + 1]].tobytes()
        facts = {column: values[row] for column, values in columns.items()}
        yield PictureFile(None, f"{name}, picture {row + 1:,}", content, facts)
