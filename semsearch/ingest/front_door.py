"""The one way into a file or stream for every reader: what may be opened, how far it may unpack, how it fails.

Files are not trusted. Only ordinary files are opened, and a named pipe if the user names it. Compressed data is
unpacked as a stream and given up where it expands without measure. Every exception of a library becomes one InputError
that names the file.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import IO, Any, BinaryIO, TypeVar, cast

from semsearch.errors import InputError, SemsearchError

Result = TypeVar("Result")
STDIN = "standard input"  # its name in messages
GZIP_MAGIC = b"\x1f\x8b"  # the first bytes of gzip data (RFC 1952)
MAX_RATIO = 100  # unpacked bytes for each compressed byte; text reaches 10, deflate's bound is 1,032
RATIO_BYTES = 16 << 20  # unpacked bytes over which the ratio is measured
MAX_REASON_CHARS = 200  # characters of a library's message that an error quotes


def kind_of_path(path: str) -> str:
    """What a path names: "file", "folder", "pipe", "nothing", or "device" for a device or a socket."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # ValueError: a NUL character
        return "nothing"
    kinds = {"file": stat.S_ISREG, "folder": stat.S_ISDIR, "pipe": stat.S_ISFIFO}
    return next((kind for kind, is_kind in kinds.items() if is_kind(mode)), "device")


def leads_outside(path: str, folder: str) -> bool:
    """Whether a symbolic link on the way from the folder to the path leads out of the folder."""
    root = os.path.realpath(folder)
    return not os.path.realpath(path).startswith(root.rstrip(os.sep) + os.sep)


def open_file(path: str, *, is_named: bool = False) -> io.BufferedReader:
    """An ordinary file, opened to read; a pipe only if the user named it (`is_named`).

    Raises InputError for a folder, a device and any other pipe. Nothing waits for a writer, except on a named pipe.
    """
    kind = kind_of_path(path)
    if kind == "pipe" and is_named:
        return open(path, "rb")
    if kind not in ("file", "nothing"):
        raise InputError(f"{printable(path)} is a {kind}, not a file: name a file")
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(number).st_mode):  # it was replaced since it was looked at
        os.close(number)
        raise InputError(f"{printable(path)} is no longer an ordinary file: name a file")
    return open(number, "rb")


def check_file(path: str) -> None:
    """Raise InputError for a path that is no ordinary file, for libraries that open the path themselves."""
    open_file(path).close()


def standard_input() -> BinaryIO:
    """The bytes of standard input. Raises InputError if it is closed."""
    if sys.stdin is None or sys.stdin.closed:
        raise InputError("Standard input is closed: give a file, or pipe data into the command")
    return sys.stdin.buffer


@contextmanager
def opened(path: str, *, is_named: bool = False) -> Iterator[io.BufferedReader]:
    """The content of a file, or of standard input for "-", decompressed if it is gzip data."""
    with ExitStack() as stack:
        if path == "-":
            raw = io.BufferedReader(cast(Any, standard_input()))
            stack.callback(raw.detach)  # otherwise deleting the buffer closes standard input
        else:
            raw = stack.enter_context(open_file(path, is_named=is_named))
        name = STDIN if path == "-" else printable(path)
        content = decompressed(raw, name, is_gzip=path.lower().endswith(".gz"))
        yield content if content is raw else stack.enter_context(content)


def decompressed(raw: io.BufferedReader, name: str, *, is_gzip: bool = False) -> io.BufferedReader:
    """The stream itself, or its decompressed content if `is_gzip` or if its first bytes are those of gzip."""
    if not is_gzip and raw.peek(2)[:2] != GZIP_MAGIC:
        return raw
    return io.BufferedReader(Unpacked(raw, name))


class Ratio:
    """Compares unpacked with compressed bytes. Raises InputError where RATIO_BYTES grow from too few."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._packed = self._unpacked = 0  # at the last comparison

    def check(self, packed: int, unpacked: int) -> None:
        """`packed` bytes read so far have become `unpacked` bytes."""
        grown = unpacked - self._unpacked
        if grown < RATIO_BYTES:
            return
        if grown > MAX_RATIO * (packed - self._packed):
            raise InputError(
                f"{self._name} unpacks to more than {MAX_RATIO} times its size, as only faulty or hostile files do:"
                " unpack it first if you trust it"
            )
        self._packed, self._unpacked = packed, unpacked


class Unpacked(io.RawIOBase):
    """Decompressed gzip data, which is given up where it expands without measure. It can be rewound if `raw` can."""

    def __init__(self, raw: BinaryIO, name: str) -> None:
        self._raw, self._name = raw, name
        self._start()
        if raw.seekable():  # a bomb is noticed before its first row is read
            with suppress(EOFError, OSError, zlib.error):  # damage is reported where it is met again
                while self._count < RATIO_BYTES and self.read(1 << 20):
                    pass
            self.seek(0)

    def _start(self) -> None:
        self._counted = _Counted(self._raw)
        self._gzip = gzip.GzipFile(fileobj=cast(Any, self._counted))
        self._ratio, self._count = Ratio(self._name), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._raw.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Back to the beginning, and nowhere else."""
        if offset or whence:
            raise io.UnsupportedOperation("only seek(0)")
        self._raw.seek(0)
        self._start()
        return 0

    def tell(self) -> int:
        return self._count

    def readinto(self, buffer: Any) -> int:
        data = self._gzip.read1(len(buffer))
        buffer[: len(data)] = data
        self._count += len(data)
        self._ratio.check(self._counted.count, self._count)
        return len(data)


class _Counted:
    """Counts the bytes that are read from a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.count = stream, 0
        self.mode = "rb"

    def seekable(self) -> bool:
        """Never: packed data is read once."""
        return False

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data


class Expanding:
    """The unpacked content of a .gz, .bz2 or .xz file, or of one that is not packed, given up if it is a bomb."""

    def __init__(self, raw: io.BufferedReader, name: str) -> None:
        counted = _Counted(raw)
        start = raw.peek(6)[:6]
        self._counted, self._ratio, self._count = counted, Ratio(name), 0
        self._stream: Any = counted
        modules = {GZIP_MAGIC: "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "lzma"}
        module = next((module for magic, module in modules.items() if start.startswith(magic)), None)
        self._is_packed = module is not None
        if module is not None:
            self._stream = import_module(module).open(counted)  # some builds of Python lack bz2 or lzma

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data: bytes = self._stream.read(size)
        self._count += len(data)
        if self._is_packed:
            self._ratio.check(self._counted.count, self._count)
        return data


@contextmanager
def rewindable(stream: BinaryIO) -> Iterator[BinaryIO]:
    """A stream that `seek(0)` reads again: the stream itself, or a temporary copy of a pipe."""
    if stream.seekable() and stream.tell() == 0:
        yield stream
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.seek(0)
        yield cast(BinaryIO, copy)


def read_exactly(stream: IO[bytes], size: int, name: str) -> bytearray:
    """The next `size` bytes. Memory grows with what is there, not with what a header claims.

    Raises InputError if there are fewer.
    """
    content = bytearray()
    while len(content) < size:
        chunk = stream.read(min(size - len(content), 1 << 20))
        if not chunk:
            raise InputError(f"{name} is truncated, {size - len(content):,} bytes are missing: download it again")
        content += chunk
    return content


@contextmanager
def one_line(name: str) -> Iterator[None]:
    """Turn whatever a library raises inside into one InputError that names the file."""
    try:
        yield
    except SemsearchError as error:
        if str(error).isprintable():
            raise
        raise type(error)(printable(str(error))) from error  # it quotes the file
    except Exception as error:  # parsers may raise anything on damaged bytes
        raise InputError(explain(error, name)) from error


def guarded(results: Iterator[Result], name: str) -> Iterator[Result]:
    """The results; whatever their computation raises becomes one InputError that names the file."""
    with one_line(name):
        yield from results


def explain(error: Exception, name: str) -> str:
    """Why a file could not be read to its end, and what to do, in one line."""
    if isinstance(error, SemsearchError):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"{name} no longer exists, although it was listed when ingest began: restore it, or run ingest again"
    if isinstance(error, (zlib.error, gzip.BadGzipFile)):
        return (
            f"{name} is not valid gzip data ({error}): copy or download it again, or rename it if it is not compressed"
        )
    if isinstance(error, EOFError):
        return f"{name} is truncated, its compressed data ends too early: copy or download it again"
    if isinstance(error, MemoryError):
        return f"{name} needs more memory than there is: split it into parts"
    if isinstance(error, RecursionError):
        return f"{name} is nested too deeply: simplify it"
    if isinstance(error, NotImplementedError):  # zipfile documents it for unsupported compression
        return f"{name} has a compression that Python cannot read ({_short(error)}): unpack it first"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, zipfile.BadZipFile):
        return f"{name} cannot be read ({error.strerror}): check its permissions"
    if isinstance(error, (zipfile.BadZipFile, OSError)):
        return f"{name} is damaged, or not of the format its name says ({_short(error)}): download it again"
    return f"{name} is damaged, or not of the format its name says ({_short(error)}): check it, or give its --format"


def _short(error: Exception) -> str:
    """The message of an error on one line, or its kind if it has none."""
    text = " ".join(printable(str(error)).split())
    return text[:MAX_REASON_CHARS] or type(error).__name__


def printable(text: str) -> str:
    """A text without undecodable bytes and control characters, for messages and keys."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole if whole.isprintable() else "".join(one if one.isprintable() else " " for one in whole)
