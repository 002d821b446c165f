"""SOURCE arguments -> picture files, one after the other: folders, single files, zip and tar archives.

Names inside archives are keys and nothing else: nothing is unpacked to disk, so that `../../etc/passwd` is the picture
`etc/passwd`. What is too large to be a picture is not read.
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
from semsearch.images.image_io import SUFFIXES
from semsearch.ingest.base import Fault

MAX_FILE = 100 << 20  # bytes of one picture file
TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test", "t10k": "test"}
SPLITS = _SPLITS | {"val": "validation", "valid": "validation", "validation": "validation"}


@dataclass(frozen=True)
class PictureFile:
    """One picture as bytes: `key` None where it is known by its number, `columns` what is known of it, `file` its path
    if it is a file of its own."""

    key: str | None
    place: str
    content: bytes
    columns: dict[str, Any] = field(default_factory=dict)
    file: str | None = None


@dataclass(frozen=True)
class Pixels:
    """Some pictures as (n, height, width, channels) uint8, known by their number; `columns` (n,) each."""

    place: str
    pixels: ByteArray
    columns: dict[str, Sequence[Any]] = field(default_factory=dict)


Found = PictureFile | Pixels | Fault


def in_folder(folder: str, begin: str = "") -> Iterator[Found]:
    """The picture files below a folder in the order of their paths, hidden ones passed over."""
    for path in files_below(folder):
        if path.lower().endswith(SUFFIXES):
            yield one_file(path, posixpath.join(begin, os.path.relpath(path, folder).replace(os.sep, "/")))


def files_below(folder: str) -> list[str]:
    """The paths of the files below a folder, sorted; hidden ones and what hidden folders hold are left out."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [os.path.join(parent, name) for name in names if not name.startswith(".")]
    return sorted(found)


def one_file(path: str, key: str) -> PictureFile | Fault:
    """A file, read whole."""
    key = key.encode("utf-8", "replace").decode("utf-8")
    try:
        if os.path.getsize(path) > MAX_FILE:
            return Fault(_too_large(key, os.path.getsize(path)))
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        return Fault(f"{key} cannot be read: {error.strerror}")
    return PictureFile(key, key, content, facts_of(key), os.path.abspath(path))


def facts_of(key: str) -> dict[str, Any]:
    """What the folders of a path say: the last one is the label; train, test or val is the split and no label."""
    folders = key.split("/")[:-1]
    split = next((SPLITS[name.lower()] for name in folders if name.lower() in SPLITS), None)
    named = [name for name in folders if name.lower() not in SPLITS]
    facts: dict[str, Any] = {"path": key, "label": named[-1] if named else None}
    return facts | {"split": split} if split else facts


def in_zip(path: str, begin: str = "") -> Iterator[Found]:
    """The pictures in a zip archive. InputError for a file that is none."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(f"{path} is no sound zip archive ({error}): fetch it again") from error
    with archive:
        for info in archive.infolist():
            key = _key(info.filename, begin)
            if info.is_dir() or key is None:
                continue
            if info.flag_bits & 1:
                yield Fault(f"{key} in {path} is encrypted: unpack the archive first")
            elif info.file_size > MAX_FILE:
                yield Fault(_too_large(key, info.file_size))
            else:
                yield _from_zip(archive, info, key)


def _from_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, key: str) -> Found:
    try:
        with archive.open(info) as file:
            content = file.read(MAX_FILE + 1)
    # NotImplementedError is what zipfile raises for an archive packed by a method that it does not know.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        return Fault(f"{key} cannot be unpacked: {error}")
    return _packed(key, content)


def in_tar(path: str, begin: str = "") -> Iterator[Found]:
    """The pictures in a tar archive, packed or not. InputError for a file that is none; links are passed over."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                key = _key(member.name, begin)
                if not member.isreg() or key is None:
                    continue
                if member.size > MAX_FILE:
                    yield Fault(_too_large(key, member.size))
                elif (file := archive.extractfile(member)) is not None:
                    yield _packed(key, file.read())
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{path} is no sound tar archive ({error}): fetch it again") from error


def _packed(key: str, content: bytes) -> Found:
    if len(content) > MAX_FILE:
        return Fault(_too_large(key, len(content)))
    return PictureFile(key, key, content, facts_of(key))


def _key(name: str, begin: str) -> str | None:
    """A member's name as a key: no root, no `..`; None for what is hidden or no picture."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    if hidden or not parts or not parts[-1].lower().endswith(SUFFIXES):
        return None
    return posixpath.join(begin, *parts).encode("utf-8", "replace").decode("utf-8")


def _too_large(key: str, size: int) -> str:
    return f"{key} has {size >> 20:,} MB: the limit of a picture file is {MAX_FILE >> 20} MB"
