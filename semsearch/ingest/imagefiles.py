"""From sources to image files, one after the other: folders, single files, zip and tar archives.

Names inside archives are only used as keys. Nothing is unpacked to disk, so `../../etc/passwd` is the image
`etc/passwd`. Files larger than MAX_IMAGE_FILE_BYTES are not read.
"""

from __future__ import annotations

import os
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images.image_io import IMAGE_SUFFIXES
from semsearch.ingest.base import Fault

MAX_IMAGE_FILE_BYTES = 100 << 20  # bytes in one image file
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
SPLIT_NAMES = {  # names of folders, files and arrays, and the split that they mean
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing", "t10k"), "test"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
}


@dataclass(frozen=True)
class ImageFile:
    """One image as the bytes of a file."""

    key: str | None  # None if its number is its key
    place: str  # what messages call it
    content: bytes
    columns: dict[str, Any] = field(default_factory=dict)  # its label, split and the like
    file: str | None = None  # its absolute path, if it is a file of its own


@dataclass(frozen=True)
class ImageBlock:
    """Images as pixels (n, height, width, channels) uint8. Their numbers are their keys; each of `columns` is (n,)."""

    place: str
    pixels: ByteArray
    columns: dict[str, Sequence[Any]] = field(default_factory=dict)


ImageOrFault = ImageFile | ImageBlock | Fault


def read_folder(folder: str, prefix: str = "") -> Iterator[ImageOrFault]:
    """The image files below a folder, sorted by path, without hidden ones."""
    for path in files_below(folder):
        if path.lower().endswith(IMAGE_SUFFIXES):
            yield read_file(path, posixpath.join(prefix, os.path.relpath(path, folder).replace(os.sep, "/")))


def files_below(folder: str) -> list[str]:
    """The paths of the files below a folder, sorted, without hidden files and hidden folders."""
    paths = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [os.path.join(parent, name) for name in names if not name.startswith(".")]
    return sorted(paths)


def read_file(path: str, key: str) -> ImageFile | Fault:
    """One image file, read whole; a Fault if it cannot be read or is too large."""
    key = key.encode("utf-8", "replace").decode("utf-8")
    try:
        if os.path.getsize(path) > MAX_IMAGE_FILE_BYTES:
            return Fault(_too_large(key, os.path.getsize(path)))
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return Fault(f"{key} cannot be read: {error.strerror}")
    return ImageFile(key, key, content, facts_of(key), os.path.abspath(path))


def facts_of(key: str) -> dict[str, Any]:
    """Columns from the folders of a path: train, test or val is the split; the last other folder is the label."""
    folders = key.split("/")[:-1]
    split = next((SPLIT_NAMES[name.lower()] for name in folders if name.lower() in SPLIT_NAMES), None)
    named = [name for name in folders if name.lower() not in SPLIT_NAMES]
    facts: dict[str, Any] = {"path": key, "label": named[-1] if named else None}
    return facts | {"split": split} if split else facts


def read_zip(path: str, prefix: str = "") -> Iterator[ImageOrFault]:
    """The images in a zip archive. Raises InputError for a file that is not a readable zip archive."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path} is not a zip archive, or is damaged ({error}): download it again") from error
    with archive:
        for info in archive.infolist():
            key = _key(info.filename, prefix)
            if info.is_dir() or key is None:
                continue
            if info.flag_bits & 1:
                yield Fault(f"{key} in {path} is encrypted: unpack the archive and ingest the folder")
            elif info.file_size > MAX_IMAGE_FILE_BYTES:
                yield Fault(_too_large(key, info.file_size))
            else:
                yield _from_zip(archive, info, key)


def _from_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, key: str) -> ImageOrFault:
    try:
        with archive.open(info) as file:
            content = file.read(MAX_IMAGE_FILE_BYTES + 1)
    # zipfile raises NotImplementedError for an unknown compression method.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        return Fault(f"{key} cannot be unpacked: {error}")
    return _unpacked(key, content)


def read_tar(path: str, prefix: str = "") -> Iterator[ImageOrFault]:
    """The images in a tar archive, compressed or not, without links. Raises InputError for any other file."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                key = _key(member.name, prefix)
                if not member.isreg() or key is None:
                    continue
                if member.size > MAX_IMAGE_FILE_BYTES:
                    yield Fault(_too_large(key, member.size))
                elif (file := archive.extractfile(member)) is not None:
                    yield _unpacked(key, file.read())
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{path} is not a tar archive, or is damaged ({error}): download it again") from error


def _unpacked(key: str, content: bytes) -> ImageOrFault:
    if len(content) > MAX_IMAGE_FILE_BYTES:
        return Fault(_too_large(key, len(content)))
    return ImageFile(key, key, content, facts_of(key))


def _key(name: str, prefix: str) -> str | None:
    """A member's name as a key, without root and `..`; None for hidden files and files that are not images."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    if hidden or not parts or not parts[-1].lower().endswith(IMAGE_SUFFIXES):
        return None
    return posixpath.join(prefix, *parts).encode("utf-8", "replace").decode("utf-8")


def _too_large(key: str, size: int) -> str:
    return f"{key} has {size >> 20:,} MB, but an image file may have at most {MAX_IMAGE_FILE_BYTES >> 20} MB"
