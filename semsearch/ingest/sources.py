"""SOURCE arguments -> files -> items: a file, a folder, a glob pattern, or - for standard input."""

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
from semsearch.images.image_io import SUFFIXES as PICTURES
from semsearch.ingest.base import Fault, Read, Reader, ReadOptions

STDIN = "standard input"
_GZIP = b"\x1f\x8b"
_UNREADABLE = (InputError, EOFError, zlib.error, OSError)
_GUESSED = {b"{": "jsonl", b"[": "json"}


@dataclass(frozen=True)
class SourceFile:
    """One file to read: where, the key it has if it is one item, and the reader for it."""

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
) -> Iterator[Read]:
    """The items of all sources, one after the other, each file opened when its turn comes.

    Raises at once, before anything is read: NotFoundError for a format no reader has, InputError for a source that does
    not exist, holds no file a reader knows, or has an unknown suffix.
    """
    chosen = None if format is None else _reader_named(format, readers)
    files: list[SourceFile | Fault | None] = []
    for source in sources:
        files.extend([None] if source == "-" else _expand(source, readers, chosen))
    if files.count(None) > 1:
        raise InputError("Standard input was given twice: name - once")

    def items() -> Iterator[Read]:
        for file in files:
            if isinstance(file, Fault):
                yield file
            elif file is None:
                yield from _read_stdin(stdin or sys.stdin.buffer, readers, chosen, encoding)
            else:
                yield from _read_file(file, encoding)

    return items()


def source_name(sources: Sequence[str]) -> str:
    """How a dataset remembers its sources: names without their folders, the same from wherever one calls."""
    names = [STDIN if source == "-" else os.path.basename(os.path.abspath(source)) for source in sources]
    return ", ".join(names)


def _reader_named(name: str, readers: Mapping[str, Reader]) -> Reader:
    if name not in readers:
        raise NotFoundError(f"No format {name!r}: there are {', '.join(readers)}")
    return readers[name]


def _reader_for(path: str, readers: Mapping[str, Reader]) -> Reader | None:
    """The first reader that has this file's suffix, .gz aside."""
    name = os.path.basename(path).lower().removesuffix(".gz")
    return next((reader for reader in readers.values() if name.endswith(tuple(reader.suffixes))), None)


def _expand(source: str, readers: Mapping[str, Reader], chosen: Reader | None) -> list[SourceFile | Fault]:
    known = {chosen.name: chosen} if chosen else readers
    if os.path.isdir(source):
        return _in_folder(source, known)
    if os.path.exists(source):  # a pipe of the shell is a file too
        reader = chosen or _reader_for(source, readers)
        if reader is None:
            raise InputError(
                f"{source} has none of the suffixes {', '.join(_suffixes(readers))}: say what it is with --format"
            )
        return [SourceFile(source, os.path.basename(source), reader)]
    if glob.has_magic(source):
        return _matching(source, readers, chosen)
    raise InputError(f"There is no file or folder {source}: check the path, from the folder you are in")


def _suffixes(readers: Mapping[str, Reader]) -> list[str]:
    return [suffix for reader in readers.values() for suffix in reader.suffixes]


def _in_folder(folder: str, readers: Mapping[str, Reader]) -> list[SourceFile | Fault]:
    """The files below a folder that a reader knows, in the order of their paths; hidden ones are passed over."""
    faults: list[SourceFile | Fault] = []

    def unreadable(error: OSError) -> None:
        faults.append(Fault(f"The folder {error.filename} cannot be read: {error.strerror}"))

    found: list[tuple[str, SourceFile]] = []
    pictures = 0
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            reader = _reader_for(name, readers)
            pictures += name.lower().endswith(PICTURES)
            if reader is not None and not name.startswith("."):
                path = os.path.join(parent, name)
                key = _relative(path, folder)
                found.append((key, SourceFile(path, key, reader)))
    if not found and not faults:
        if pictures:
            raise InputError(f"The folder {folder} holds pictures, not text: `semsearch ingest images` reads those")
        raise InputError(
            f"The folder {folder} holds no file to read: looked for {', '.join(_suffixes(readers))}, hidden files aside"
        )
    return faults + [file for _, file in sorted(found, key=lambda pair: pair[0])]


def _matching(pattern: str, readers: Mapping[str, Reader], chosen: Reader | None) -> list[SourceFile | Fault]:
    """The files a pattern matches, their keys relative to the folder before its first wildcard."""
    folder = Path(pattern)
    while glob.has_magic(str(folder)):
        folder = folder.parent
    found: list[SourceFile | Fault] = []
    for path in sorted(glob.glob(pattern, recursive=True)):
        reader = chosen or _reader_for(path, readers)
        if reader is not None and not os.path.isdir(path):
            found.append(SourceFile(path, _relative(path, str(folder)), reader))
    if not found:
        raise InputError(f"No file matches {pattern} that has one of the suffixes {', '.join(_suffixes(readers))}")
    return found


def _relative(path: str, folder: str) -> str:
    """The path below a folder with / on every system; bytes that are no text are replaced."""
    below = os.path.relpath(path, folder).replace(os.sep, "/")
    return below.encode("utf-8", "replace").decode("utf-8")


def _read_file(file: SourceFile, encoding: str) -> Iterator[Read]:
    """The items of one file; what stops its reading as a Fault, so that the loader may go on with the next file."""
    name = file.path.encode("utf-8", "replace").decode("utf-8")
    title = os.path.splitext(os.path.basename(file.key).removesuffix(".gz"))[0]
    options = ReadOptions(name, file.key, title, encoding)
    with ExitStack() as stack:
        try:
            raw = stack.enter_context(open(file.path, "rb"))
            stream = stack.enter_context(_unzipped(raw, zipped=file.path.lower().endswith(".gz")))
            yield from file.reader.read(stream, options)
        except _UNREADABLE as error:
            yield Fault(_reason(error, name))


def _unzipped(raw: io.BufferedReader, *, zipped: bool) -> io.BufferedReader:
    """The stream itself, or what it holds if it is gzip, by its name or by its first bytes."""
    if not zipped and raw.peek(2)[:2] != _GZIP:
        return raw
    return io.BufferedReader(cast(Any, gzip.GzipFile(fileobj=raw)))


def _reason(error: Exception, name: str) -> str:
    """Why a file could not be read to its end, and what to do."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, EOFError):
        return f"{name} is cut short: the gzip data breaks off before its end; copy or download it again"
    if isinstance(error, (zlib.error, gzip.BadGzipFile)):
        return (
            f"{name} is not sound gzip data ({error}): copy or download it again, or rename it if it is not compressed"
        )
    if isinstance(error, FileNotFoundError):
        return f"{name} is no longer there: it was listed when ingest began"
    reason = getattr(error, "strerror", None) or error
    return f"{name} cannot be read: {reason}; check its permissions"


def _read_stdin(
    stream: BinaryIO, readers: Mapping[str, Reader], chosen: Reader | None, encoding: str
) -> Iterator[Read]:
    options = ReadOptions(STDIN, "-", None, encoding)
    raw: io.BufferedReader = io.BufferedReader(cast(Any, stream))
    with ExitStack() as stack:
        stack.callback(raw.detach)  # else dropping the buffer closes standard input
        opened = _unzipped(raw, zipped=False)
        reader = chosen or _guessed(opened, readers)
        try:
            yield from reader.read(opened, options)
        except _UNREADABLE as error:
            yield Fault(_reason(error, STDIN))


def _guessed(raw: io.BufferedReader, readers: Mapping[str, Reader]) -> Reader:
    """The reader for what begins with this byte."""
    try:
        start = raw.peek(64)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    except _UNREADABLE as error:
        raise InputError(_reason(error, STDIN)) from error
    if start in _GUESSED and _GUESSED[start] in readers:
        return readers[_GUESSED[start]]
    found = f"begins with {start.decode('utf-8', 'replace')!r}" if start else "is empty"
    raise InputError(f"Standard input {found}, which does not tell its format: give --format {'|'.join(readers)}")
