"""Readers of zip and tar archives: their members are read by suffix, as the files of a folder are."""

from __future__ import annotations

import io
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO, cast

from semsearch.errors import InputError
from semsearch.ingest.base import Fault, ItemOrFault, Reader, ReadOptions
from semsearch.ingest.front_door import MAX_RATIO, RATIO_BYTES, Expanding, one_line
from semsearch.ingest.imagefiles import Member
from semsearch.ingest.members import Members

MAX_MEMBER_BYTES = 1 << 30  # bytes of a member
MAX_MEMBERS = 1_000_000  # members of an archive
IN_MEMORY = 16 << 20  # bytes of a member that is not written to a temporary file


@contextmanager
def seekable(stream: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """A stream that can be read at any position: the stream itself, or a temporary copy of at most MAX_MEMBER_BYTES."""
    raw = getattr(stream, "raw", stream)
    if isinstance(raw, (io.FileIO, io.BytesIO)) and stream.seekable():
        yield stream
        return
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as copy:
        _copy(stream, cast(BinaryIO, copy), name)
        yield cast(BinaryIO, copy)


def _copy(stream: Any, copy: BinaryIO, name: str) -> None:
    size = 0
    while chunk := stream.read(1 << 20):
        size += len(chunk)
        if size > MAX_MEMBER_BYTES:
            raise InputError(f"{name} is larger than {MAX_MEMBER_BYTES >> 30} GB: unpack it first")
        copy.write(chunk)
    copy.seek(0)


class ZipReader:
    """The files in a zip archive."""

    name = "zip"
    suffixes: tuple[str, ...] = (".zip",)
    skips_unreadable = True

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """The items of all members. Raises InputError for what is no zip archive, or expands without measure."""
        members = Members(options, "member")
        with seekable(stream, options.name) as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            try:
                archive = zipfile.ZipFile(file)
            except zipfile.BadZipFile as error:
                raise InputError(
                    f"{options.name} is not a zip archive, or is damaged ({error}): download it again"
                ) from error
            with archive:
                yield from _zipped(archive, size, members, options)
        yield from members.remarks()


def _zipped(archive: zipfile.ZipFile, size: int, members: Members, options: ReadOptions) -> Iterator[ItemOrFault]:
    unpacked = 0
    for number, info in enumerate(archive.infolist()):
        if number >= MAX_MEMBERS:
            raise InputError(f"{options.name} has more than {MAX_MEMBERS:,} members: split it into parts")
        if info.is_dir() or (reader := members.reader_of(info.filename)) is None:
            continue
        if info.flag_bits & 1:
            message = f"{info.filename} in {options.name} is encrypted: unpack it and ingest the folder"
            yield Fault(message, is_skipped=True)
            continue
        unpacked += info.file_size
        if unpacked > max(RATIO_BYTES, MAX_RATIO * size):
            raise InputError(
                f"{options.name} unpacks to more than {MAX_RATIO} times its size, as only faulty or hostile files do:"
                " unpack it first if you trust it"
            )
        yield from _member(archive, info, reader, members, options)


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, reader: Reader, members: Members, options: ReadOptions
) -> Iterator[ItemOrFault]:
    """The items of a member; a Fault if its compressed data are damaged."""
    name = f"{info.filename} in {options.name}"
    with ExitStack() as stack:
        try:
            with one_line(name):
                content = cast(BinaryIO, stack.enter_context(archive.open(info)))
                copy = stack.enter_context(seekable(content, name))
        except InputError as error:
            yield Fault(str(error), is_skipped=True)
        else:
            yield from members.read(info.filename, reader, cast(BinaryIO, _Whole(copy)))


class TarReader:
    """The files in a tar archive, without its links."""

    name = "tar"
    suffixes: tuple[str, ...] = (".tar", ".tgz", ".tar.bz2", ".tar.xz")
    skips_unreadable = True

    def read(self, stream: BinaryIO, options: ReadOptions) -> Iterator[ItemOrFault]:
        """The items of all members. Raises InputError for what is no tar archive, or expands without measure."""
        members = Members(options, "member")
        content = Expanding(cast(io.BufferedReader, stream), options.name)
        try:
            with tarfile.open(fileobj=cast(Any, content), mode="r|", tarinfo=Member) as archive:
                yield from _tarred(archive, members, options)
        except tarfile.TarError as error:
            raise InputError(
                f"{options.name} is not a tar archive, or is damaged ({error}): download it again"
            ) from error
        yield from members.remarks()


def _tarred(archive: tarfile.TarFile, members: Members, options: ReadOptions) -> Iterator[ItemOrFault]:
    for number, member in enumerate(archive):
        vars(archive)["members"].clear()  # otherwise it keeps all of them
        if number >= MAX_MEMBERS:
            raise InputError(f"{options.name} has more than {MAX_MEMBERS:,} members: split it into parts")
        if member.isdir():
            continue
        if not member.isreg():
            members.leave_out(member.name, "link or device")
        elif (reader := members.reader_of(member.name)) is not None:
            content = archive.extractfile(member)
            if content is not None:
                with seekable(cast(BinaryIO, content), member.name) as copy:
                    yield from members.read(member.name, reader, cast(BinaryIO, _Whole(copy)))


class _Whole(io.RawIOBase):
    """A temporary file as a raw stream, which closes without closing it."""

    def __init__(self, copy: BinaryIO) -> None:
        self._copy = copy

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position."""
        return self._copy.seek(offset, whence)

    def tell(self) -> int:
        return self._copy.tell()

    def readinto(self, buffer: Any) -> int:
        data = self._copy.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
