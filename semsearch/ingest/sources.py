"""From sources to files to items: a source is a file, a folder, a glob pattern, or - for standard input."""

from __future__ import annotations

import glob
import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from semsearch.errors import CapabilityError, InputError, NotFoundError
from semsearch.files.parsing import end_workers
from semsearch.images.image_io import IMAGE_SUFFIXES
from semsearch.ingest import front_door
from semsearch.ingest.base import Fault, ItemOrFault, Reader, ReadOptions, Remark, TableOptions, reader_for
from semsearch.ingest.front_door import STDIN, kind_of_path, printable
from semsearch.ingest.left_out import LeftOut

_FORMAT_BY_FIRST_BYTE = {b"{": "jsonl", b"[": "json"}


@dataclass(frozen=True)
class SourceFile:
    """One file to read: its path, its key if it is one item, and its reader."""

    path: str
    key: str
    reader: Reader
    is_named: bool = False  # whether the user named this very file


@dataclass(frozen=True)
class _Reading:
    """How sources are read: all readers, the one chosen by --format, and the options of each file."""

    readers: Mapping[str, Reader]
    chosen: Reader | None
    options: ReadOptions

    @property
    def known(self) -> Mapping[str, Reader]:
        return {self.chosen.name: self.chosen} if self.chosen else self.readers


@dataclass
class _Listing:
    """What a source consists of."""

    files: list[SourceFile] = field(default_factory=list)
    notes: list[Fault | Remark] = field(default_factory=list)


def read_sources(
    sources: Sequence[str],
    readers: Mapping[str, Reader],
    *,
    format: str | None = None,
    encoding: str = "utf-8",
    table: TableOptions | None = None,
    strict: bool = False,
    stdin: BinaryIO | None = None,
) -> Iterator[ItemOrFault]:
    """The items of all sources, one after the other. A file is opened when the one before it has been read.

    With `strict`, no fault is one that is always skipped.
    Raises before anything is read: NotFoundError for an unknown format, InputError for a source that does not exist,
    has an unknown suffix, or holds no file that a reader can read.
    """
    chosen = None if format is None else _reader_named(format, readers)
    reading = _Reading(readers, chosen, ReadOptions("", "", None, encoding, table or TableOptions(), readers))
    listings = {source: _Listing() if source == "-" else _expand(source, reading) for source in dict.fromkeys(sources)}
    if list(sources).count("-") > 1:
        raise InputError("Standard input was given twice: give - once")
    names = _distinct_keys({source: listing.files for source, listing in listings.items()})

    def items() -> Iterator[ItemOrFault]:
        for source, listing in listings.items():
            yield from listing.notes
            if source == "-":
                yield from _read_stdin(stdin, reading)
            for file in names[source]:
                yield from _read_file(file, reading.options)

    return _ending_workers(map(_strictly, items()) if strict else items())


def _strictly(result: ItemOrFault) -> ItemOrFault:
    return replace(result, is_skipped=False) if isinstance(result, Fault) else result


def _ending_workers(items: Iterator[ItemOrFault]) -> Iterator[ItemOrFault]:
    """The items; the processes that parse files end with them."""
    try:
        yield from items
    finally:
        end_workers()


def source_name(sources: Sequence[str]) -> str:
    """The sources as a dataset stores them: names without folders, so independent of the current folder."""
    names = [STDIN if source == "-" else printable(os.path.basename(os.path.abspath(source))) for source in sources]
    return ", ".join(names)


def _reader_named(name: str, readers: Mapping[str, Reader]) -> Reader:
    if name not in readers:
        raise NotFoundError(f"There is no format {name!r}: choose one of {', '.join(readers)}")
    return readers[name]


def _expand(source: str, reading: _Reading) -> _Listing:
    kind = kind_of_path(source)
    if kind == "folder":
        return _in_folder(source, reading.known)
    if kind == "device":
        raise InputError(f"{printable(source)} is a device, not a file: name a file, or - for standard input")
    if kind != "nothing":
        reader = reading.chosen or reader_for(source, reading.readers)
        if reader is None:
            suffixes = ", ".join(_suffixes(reading.readers))
            raise InputError(f"{printable(source)} has none of the suffixes {suffixes}: give its format with --format")
        return _Listing([SourceFile(source, printable(os.path.basename(source)), reader, is_named=True)])
    if glob.has_magic(source):
        return _matching(source, reading)
    raise InputError(f"There is no file or folder {printable(source)}: check the path, relative to the current folder")


def _suffixes(readers: Mapping[str, Reader]) -> list[str]:
    """The suffixes for messages: the first two of each reader."""
    return [suffix for reader in readers.values() for suffix in reader.suffixes[:2]]


def _in_folder(folder: str, readers: Mapping[str, Reader]) -> _Listing:
    """The files below a folder that have a reader, sorted by path, without hidden ones."""
    listing, left_out = _Listing(), LeftOut(folder)

    def unreadable(error: OSError) -> None:
        listing.notes.append(Fault(f"The folder {printable(error.filename)} cannot be read: {error.strerror}"))

    has_images = False
    for parent, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = left_out.visible_folders(parent, folders)
        for name in names:
            path = os.path.join(parent, name)
            reader = reader_for(name, readers)
            has_images = has_images or name.lower().endswith(IMAGE_SUFFIXES)
            if left_out.accepts(path, has_reader=reader is not None) and reader is not None:
                listing.files.append(SourceFile(path, _relative(path, folder), reader))
    if not listing.files and not listing.notes:
        if has_images:
            raise InputError(
                f"The folder {printable(folder)} holds images, not text: read them with `semsearch ingest images`"
            )
        raise InputError(
            f"The folder {printable(folder)} holds no file with one of the suffixes {', '.join(_suffixes(readers))}:"
            f" hidden files are not read{left_out.because()}"
        )
    listing.files.sort(key=lambda file: file.key)
    listing.notes += left_out.remarks()
    return listing


def _matching(pattern: str, reading: _Reading) -> _Listing:
    """The files that a pattern matches. Their keys are relative to the folder before the first wildcard."""
    folder = Path(pattern)
    while glob.has_magic(str(folder)):
        folder = folder.parent
    listing, left_out = _Listing(), LeftOut(str(folder))
    for path in sorted(glob.glob(pattern, recursive=True)):
        reader = reading.chosen or reader_for(path, reading.readers)
        if os.path.isdir(path):
            continue
        if left_out.accepts(path, has_reader=reader is not None) and reader is not None:
            listing.files.append(SourceFile(path, _relative(path, str(folder)), reader))
    if not listing.files:
        raise InputError(
            f"No file with one of the suffixes {', '.join(_suffixes(reading.readers))} matches"
            f" {printable(pattern)}{left_out.because()}"
        )
    listing.notes += left_out.remarks()
    return listing


def _relative(path: str, folder: str) -> str:
    """The path relative to a folder, with / on every system; undecodable bytes are replaced."""
    return printable(os.path.relpath(path, folder).replace(os.sep, "/"))


def _distinct_keys(listed: Mapping[str, Sequence[SourceFile]]) -> dict[str, list[SourceFile]]:
    """The files of each source. A key that several sources have is preceded by the name of each one's folder.

    A file that two sources name is read once. Where the folders' names are equal too, the whole path is the key.
    """
    seen: set[str] = set()
    files: dict[str, list[SourceFile]] = {}
    for source, ones in listed.items():
        files[source] = [file for file in ones if os.path.realpath(file.path) not in seen]
        seen.update(os.path.realpath(file.path) for file in ones)
    for key_of in (_key_below_folder, lambda source, file: _relative(os.path.abspath(file.path), os.sep)):
        counts = Counter(file.key for ones in files.values() for file in ones)
        files = {
            source: [replace(file, key=key_of(source, file)) if counts[file.key] > 1 else file for file in ones]
            for source, ones in files.items()
        }
    return files


def _key_below_folder(source: str, file: SourceFile) -> str:
    folder = source if os.path.isdir(source) else os.path.dirname(os.path.abspath(file.path))
    name = os.path.basename(os.path.abspath(folder))
    return f"{printable(name)}/{file.key}" if name else file.key


def _read_file(file: SourceFile, options: ReadOptions) -> Iterator[ItemOrFault]:
    """The items of one file. An error becomes a Fault, so that the loader may continue with the next file."""
    name = printable(file.path)
    title = os.path.splitext(os.path.basename(file.key).removesuffix(".gz"))[0]
    options = replace(options, name=name, key=file.key, title=title)
    with ExitStack() as stack:
        try:
            with front_door.one_line(name):
                before = _state(file.path)
                stream = stack.enter_context(front_door.opened(file.path, is_named=file.is_named))
            yield from front_door.guarded(file.reader.read(stream, options), name)
            if _state(file.path) != before:
                yield Remark(f"{name} changed while it was read: run ingest again")
        except (InputError, CapabilityError) as error:
            yield Fault(str(error), is_skipped=getattr(file.reader, "skips_unreadable", False))


def _state(path: str) -> tuple[int, int] | None:
    """Size and time of an ordinary file, which change when it is written to."""
    if kind_of_path(path) != "file":
        return None
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns


def _read_stdin(stdin: BinaryIO | None, reading: _Reading) -> Iterator[ItemOrFault]:
    options = replace(reading.options, name=STDIN, key="-")
    raw: io.BufferedReader = io.BufferedReader(cast(Any, stdin or front_door.standard_input()))
    with ExitStack() as stack:
        stack.callback(raw.detach)  # otherwise deleting the buffer closes standard input
        with front_door.one_line(STDIN):
            stream = front_door.decompressed(raw, STDIN)
            reader = reading.chosen or _guess_reader(stream, reading.readers)
        try:
            yield from front_door.guarded(reader.read(stream, options), STDIN)
        except (InputError, CapabilityError) as error:
            yield Fault(str(error))


def _guess_reader(raw: io.BufferedReader, readers: Mapping[str, Reader]) -> Reader:
    """The reader for the format that the first byte indicates."""
    start = raw.peek(64)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    format = _FORMAT_BY_FIRST_BYTE.get(start)
    if format is not None and format in readers:
        return readers[format]
    result = f"begins with {start.decode('utf-8', 'replace')!r}" if start else "is empty"
    raise InputError(f"Standard input {result}, so its format is unknown: give --format {'|'.join(readers)}")
