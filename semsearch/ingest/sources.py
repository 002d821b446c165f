"""From sources to files to items: a source is a file, a folder, a glob pattern, or - for standard input."""

from __future__ import annotations

import glob
import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from semsearch.errors import InputError, NotFoundError
from semsearch.images.image_io import IMAGE_SUFFIXES
from semsearch.ingest.base import GZIP_MAGIC, STDIN, Fault, ItemOrFault, Reader, ReadOptions

_READ_ERRORS = (InputError, EOFError, zlib.error, OSError)  # what reading a file may raise
_FORMAT_BY_FIRST_BYTE = {b"{": "jsonl", b"[": "json"}


@dataclass(frozen=True)
class SourceFile:
    """One file to read: its path, its key if it is one item, and its reader."""

    path: str
    key: str
    reader: Reader


def read_sources(
    sources: Sequence[str],
    readers: Mapping[str, Reader],
    *,
    format: str | None = None,
    encoding: str = "utf-8",
    stdin: BinaryIO | None = None,
) -> Iterator[ItemOrFault]:
    """The items of all sources, one after the other. A file is opened when the one before it has been read.

    Raises before anything is read: NotFoundError for an unknown format, InputError for a source that does not exist,
    has an unknown suffix, or holds no file that a reader can read.
    """
    chosen = None if format is None else _reader_named(format, readers)
    files: list[SourceFile | Fault | None] = []
    for source in sources:
        files.extend([None] if source == "-" else _expand(source, readers, chosen))
    if files.count(None) > 1:
        raise InputError("Standard input was given twice: give - once")

    def items() -> Iterator[ItemOrFault]:
        for file in files:
            if isinstance(file, Fault):
                yield file
            elif file is None:
                yield from _read_stdin(stdin or sys.stdin.buffer, readers, chosen, encoding)
            else:
                yield from _read_file(file, encoding)

    return items()


def source_name(sources: Sequence[str]) -> str:
    """The sources as a dataset stores them: names without folders, so independent of the current folder."""
    names = [STDIN if source == "-" else os.path.basename(os.path.abspath(source)) for source in sources]
    return ", ".join(names)


def _reader_named(name: str, readers: Mapping[str, Reader]) -> Reader:
    if name not in readers:
        raise NotFoundError(f"There is no format {name!r}: choose one of {', '.join(readers)}")
    return readers[name]


def _reader_for(path: str, readers: Mapping[str, Reader]) -> Reader | None:
    """The first reader with this file's suffix, ignoring .gz."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return next((reader for reader in readers.values() if name.endswith(tuple(reader.suffixes))), None)


def _expand(source: str, readers: Mapping[str, Reader], chosen: Reader | None) -> list[SourceFile | Fault]:
    known = {chosen.name: chosen} if chosen else readers
    if os.path.isdir(source):
        return _in_folder(source, known)
    if os.path.exists(source):  # a named pipe is a file too
        reader = chosen or _reader_for(source, readers)
        if reader is None:
            raise InputError(
                f"{source} has none of the suffixes {', '.join(_suffixes(readers))}: give its format with --format"
            )
        return [SourceFile(source, os.path.basename(source), reader)]
    if glob.has_magic(source):
        return _matching(source, readers, chosen)
    raise InputError(f"There is no file or folder {source}: check the path, relative to the current folder")


def _suffixes(readers: Mapping[str, Reader]) -> list[str]:
    return [suffix for reader in readers.values() for suffix in reader.suffixes]


def _in_folder(folder: str, readers: Mapping[str, Reader]) -> list[SourceFile | Fault]:
    """The files below a folder that have a reader, sorted by path, without hidden ones."""
    faults: list[SourceFile | Fault] = []

    def unreadable(error: OSError) -> None:
        faults.append(Fault(f"The folder {error.filename} cannot be read: {error.strerror}"))

    files: list[tuple[str, SourceFile]] = []
    has_images = False
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            reader = _reader_for(name, readers)
            has_images = has_images or name.lower().endswith(IMAGE_SUFFIXES)
            if reader is not None and not name.startswith("."):
                path = os.path.join(parent, name)
                key = _relative(path, folder)
                files.append((key, SourceFile(path, key, reader)))
    if not files and not faults:
        if has_images:
            raise InputError(f"The folder {folder} holds images, not text: read them with `semsearch ingest images`")
        raise InputError(
            f"The folder {folder} holds no file with one of the suffixes {', '.join(_suffixes(readers))}:"
            " hidden files are not read"
        )
    return faults + [file for _, file in sorted(files, key=lambda pair: pair[0])]


def _matching(pattern: str, readers: Mapping[str, Reader], chosen: Reader | None) -> list[SourceFile | Fault]:
    """The files that a pattern matches. Their keys are relative to the folder before the first wildcard."""
    folder = Path(pattern)
    while glob.has_magic(str(folder)):
        folder = folder.parent
    files: list[SourceFile | Fault] = []
    for path in sorted(glob.glob(pattern, recursive=True)):
        reader = chosen or _reader_for(path, readers)
        if reader is not None and not os.path.isdir(path):
            files.append(SourceFile(path, _relative(path, str(folder)), reader))
    if not files:
        raise InputError(f"No file with one of the suffixes {', '.join(_suffixes(readers))} matches {pattern}")
    return files


def _relative(path: str, folder: str) -> str:
    """The path relative to a folder, with / on every system; undecodable bytes are replaced."""
    below = os.path.relpath(path, folder).replace(os.sep, "/")
    return below.encode("utf-8", "replace").decode("utf-8")


def _read_file(file: SourceFile, encoding: str) -> Iterator[ItemOrFault]:
    """The items of one file. An error becomes a Fault, so that the loader may continue with the next file."""
    name = file.path.encode("utf-8", "replace").decode("utf-8")
    title = os.path.splitext(os.path.basename(file.key).removesuffix(".gz"))[0]
    options = ReadOptions(name, file.key, title, encoding)
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(open(file.path, "rb"))
            stream = stack.enter_context(_decompressed(raw, is_gzip=file.path.lower().endswith(".gz")))
            yield from file.reader.read(stream, options)
        except _READ_ERRORS as error:
            yield Fault(_reason(error, name))


def _decompressed(raw: io.BufferedReader, *, is_gzip: bool) -> io.BufferedReader:
    """The stream itself, or its decompressed content if `is_gzip` or if its first bytes are those of gzip."""
    if not is_gzip and raw.peek(2)[:2] != GZIP_MAGIC:
        return raw
    return io.BufferedReader(cast(Any, gzip.GzipFile(fileobj=raw)))


def _reason(error: Exception, name: str) -> str:
    """Why a file could not be read to its end, and what to do."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, EOFError):
        return f"{name} is truncated, the gzip data ends too early: copy or download it again"
    if isinstance(error, (zlib.error, gzip.BadGzipFile)):
        return (
            f"{name} is not valid gzip data ({error}): copy or download it again, or rename it if it is not compressed"
        )
    if isinstance(error, FileNotFoundError):
        return f"{name} no longer exists, although it was listed when ingest began: restore it, or run ingest again"
    reason = getattr(error, "strerror", None) or error
    return f"{name} cannot be read ({reason}): check its permissions"


def _read_stdin(
    stream: BinaryIO, readers: Mapping[str, Reader], chosen: Reader | None, encoding: str
) -> Iterator[ItemOrFault]:
    options = ReadOptions(STDIN, "-", None, encoding)
    raw: io.BufferedReader = io.BufferedReader(cast(Any, stream))
    with ExitStack() as stack:
        stack.callback(raw.detach)  # otherwise deleting the buffer closes standard input
        opened = _decompressed(raw, is_gzip=False)
        reader = chosen or _guess_reader(opened, readers)
        try:
            yield from reader.read(opened, options)
        except _READ_ERRORS as error:
            yield Fault(_reason(error, STDIN))


def _guess_reader(raw: io.BufferedReader, readers: Mapping[str, Reader]) -> Reader:
    """The reader for the format that the first byte indicates."""
    try:
        start = raw.peek(64)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    except _READ_ERRORS as error:
        raise InputError(_reason(error, STDIN)) from error
    format = _FORMAT_BY_FIRST_BYTE.get(start)
    if format is not None and format in readers:
        return readers[format]
    result = f"begins with {start.decode('utf-8', 'replace')!r}" if start else "is empty"
    raise InputError(f"Standard input {result}, so its format is unknown: give --format {'|'.join(readers)}")
