"""From sources to image files, one after the other: folders, single files, zip and tar archives.

Names inside archives are only used as keys. Nothing is unpacked to disk, so `../../etc/passwd` is the image
`etc/passwd`. Files larger than MAX_IMAGE_FILE_BYTES are not read.
"""

from __future__ import annotations

import os
import posixpath
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, cast

from semsearch.arrays import ByteArray
from semsearch.errors import InputError
from semsearch.images.image_io import IMAGE_SUFFIXES
from semsearch.ingest.base import Fault, Remark, quantity
from semsearch.ingest.front_door import MAX_RATIO, RATIO_BYTES, Expanding, one_line, open_file, printable
from semsearch.ingest.left_out import LeftOut

MAX_HEADER_BYTES = 1 << 20  # bytes of a header of a tar archive, which holds a path
_EXTENDED_HEADERS = (
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)
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


ImageOrFault = ImageFile | ImageBlock | Fault | Remark


def read_folder(folder: str, prefix: str = "") -> Iterator[ImageOrFault]:
    """The image files below a folder, sorted by path, without hidden ones, and remarks on what is left out."""
    paths, notes = files_below(folder, lambda path: path.lower().endswith(IMAGE_SUFFIXES))
    yield from notes
    for path in paths:
        yield read_file(path, posixpath.join(prefix, os.path.relpath(path, folder).replace(os.sep, "/")))


def files_below(folder: str, is_wanted: Callable[[str], bool]) -> tuple[list[str], list[Fault | Remark]]:
    """The paths of the wanted files below a folder, sorted, and what else is there."""
    paths: list[str] = []
    notes: list[Fault | Remark] = []
    left_out = LeftOut(folder)

    def unreadable(error: OSError) -> None:
        notes.append(Fault(f"The folder {printable(error.filename)} cannot be read: {error.strerror}"))

    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = left_out.visible_folders(parent, folders)
        for path in (os.path.join(parent, name) for name in names):
            if left_out.accepts(path, has_reader=is_wanted(path)):
                paths.append(path)
    return sorted(paths), [*notes, *left_out.remarks()]


def read_file(path: str, key: str) -> ImageFile | Fault:
    """One image file, read whole; a Fault if it cannot be read or is too large."""
    key = printable(key)
    try:
        with one_line(key), open_file(path) as file:
            content = file.read(MAX_IMAGE_FILE_BYTES + 1)
    except InputError as error:
        return Fault(str(error))
    if len(content) > MAX_IMAGE_FILE_BYTES:
        return Fault(_too_large(key, os.path.getsize(path)))
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
    name = printable(path)
    others = _Others(name)
    with one_line(name), ExitStack() as stack:
        file = stack.enter_context(open_file(path))
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
        except zipfile.BadZipFile as error:
            raise InputError(f"{name} is not a zip archive, or is damaged ({error}): download it again") from error
        packed, unpacked = os.fstat(file.fileno()).st_size, 0
        for info in archive.infolist():
            key = _key(info.filename, prefix)
            if info.is_dir():
                continue
            if key is None:
                others.add(info.filename)
                continue
            unpacked += min(info.file_size, MAX_IMAGE_FILE_BYTES)
            if unpacked > max(RATIO_BYTES, MAX_RATIO * packed):
                raise InputError(
                    f"{name} unpacks to more than {MAX_RATIO} times its size, as only faulty or hostile files do:"
                    " unpack it first if you trust it"
                )
            if info.file_size > MAX_IMAGE_FILE_BYTES:
                yield Fault(_too_large(key, info.file_size))
            else:
                yield _from_zip(archive, info, key)
    yield from others.remarks()


def _from_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, key: str) -> ImageOrFault:
    if info.flag_bits & 1:
        return Fault(f"{key} in {archive.filename or 'the archive'} is encrypted: unpack it and ingest the folder")
    try:
        with one_line(key), archive.open(info) as file:
            return _unpacked(key, file.read(MAX_IMAGE_FILE_BYTES + 1))
    except InputError as error:
        return Fault(str(error))


class _Others:
    """Counts the members of an archive that are no images: links, hidden files and files of other formats."""

    def __init__(self, archive: str) -> None:
        self._archive, self._count, self._first = archive, 0, ""

    def add(self, name: str) -> None:
        self._count += 1
        self._first = self._first or printable(name)

    def remarks(self) -> Iterator[Remark]:
        if self._count:
            files = quantity(self._count, "member")
            yield Remark(f"Left out {files} of {self._archive} that are no images (the first: {self._first})")


class Member(tarfile.TarInfo):
    """A member of a tar archive whose extended headers may not be endless: tarfile reads those whole."""

    @classmethod
    def frombuf(cls, buf: Any, encoding: str, errors: str) -> Any:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _EXTENDED_HEADERS and member.size > MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header claims {member.size:,} bytes")
        return member


def read_tar(path: str, prefix: str = "") -> Iterator[ImageOrFault]:
    """The images in a tar archive, compressed or not, without links. Raises InputError for any other file."""
    name = printable(path)
    others = _Others(name)
    with one_line(name), open_file(path) as file:
        counted = Expanding(file, name)
        try:
            with tarfile.open(fileobj=cast(Any, counted), mode="r|", tarinfo=Member) as archive:
                yield from _members(archive, prefix, others)
        except tarfile.TarError as error:
            raise InputError(f"{name} is not a tar archive, or is damaged ({error}): download it again") from error
    yield from others.remarks()


def _members(archive: tarfile.TarFile, prefix: str, others: _Others) -> Iterator[ImageOrFault]:
    for member in archive:
        vars(archive)["members"].clear()  # otherwise it keeps all of them
        key = _key(member.name, prefix)
        if member.isdir():
            continue
        if not member.isreg() or key is None:
            others.add(member.name)
        elif member.size > MAX_IMAGE_FILE_BYTES:
            yield Fault(_too_large(key, member.size))
        elif (content := archive.extractfile(member)) is not None:
            yield _unpacked(key, content.read(MAX_IMAGE_FILE_BYTES + 1))


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
    return printable(posixpath.join(prefix, *parts))


def _too_large(key: str, size: int) -> str:
    return f"{key} has {size >> 20:,} MB, but an image file may have at most {MAX_IMAGE_FILE_BYTES >> 20} MB"
