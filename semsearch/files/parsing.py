"""Parses a file in another process, with bounded time and memory: a crash or a loop there is an error here."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, BinaryIO, cast

from semsearch.errors import CapabilityError, InputError
from semsearch.files.worker import LENGTH

MAX_FILE_BYTES = 1 << 30  # bytes of a file that is parsed
MAX_SECONDS = 60.0  # seconds that a parser may be silent
MAX_FILES = 200  # files that one process parses: what a library leaks does not add up
MAX_PARTS = 1_000_000  # frames of an answer
MAX_ATTACHED_BYTES = 256 << 20  # bytes of a file's attachments
CHUNK_BYTES = 1 << 18  # bytes of the file sent at once


@dataclass
class Parsed:
    """A file as text: what it says about itself, its text (see `parts`) and the files in it, as (name, content)."""

    facts: dict[str, str | int] = field(default_factory=dict)
    text: str = ""
    attachments: list[tuple[str, bytes]] = field(default_factory=list)


def parse(format: str, stream: BinaryIO, name: str) -> Parsed:
    """The content of a file of a format in `worker.PARSERS`. `name` is what messages call it.

    Raises InputError for a file that is too large, encrypted, damaged, or that makes its parser crash or hang, and
    CapabilityError if a package is missing.
    """
    with _worker() as worker:
        return worker.parse(format, stream, name)


class _Worker:
    """One process that parses file after file."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, [_root(), os.environ.get("PYTHONPATH", "")]))
        self._folder = tempfile.TemporaryDirectory(prefix="semsearch-")  # an ended process leaves its copy of the file
        self._process = subprocess.Popen(
            [sys.executable, "-m", "semsearch.files.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "TMPDIR": self._folder.name},
        )
        self.files = 0
        self.is_usable = True
        self._timed_out = False

    def close(self) -> None:
        """End the process, and remove its copy of the last file."""
        self.is_usable = False
        with contextlib.suppress(OSError):
            cast(IO[bytes], self._process.stdin).close()
        self._process.kill()
        self._process.wait()
        cast(IO[bytes], self._process.stdout).close()
        self._folder.cleanup()

    def parse(self, format: str, stream: BinaryIO, name: str) -> Parsed:
        self.files += 1
        self.is_usable = False  # until the answer ended: its rest must not become the next one
        self._send(format, stream, name)
        return self._receive(name)

    def _send(self, format: str, stream: BinaryIO, name: str) -> None:
        size = 0
        requests = cast(IO[bytes], self._process.stdin)
        try:
            requests.write(json.dumps({"format": format, "name": name}).encode() + b"\n")
            while chunk := stream.read(CHUNK_BYTES):
                size += len(chunk)
                if size > MAX_FILE_BYTES:
                    raise InputError(f"{name} is larger than {MAX_FILE_BYTES >> 30} GB: split it into parts")
                requests.write(LENGTH.pack(len(chunk)) + chunk)
            requests.write(LENGTH.pack(0))
            requests.flush()
        except BrokenPipeError:
            raise InputError(self._ended(name)) from None
        if not size:
            raise InputError(f"{name} is empty: leave the file out")

    def _receive(self, name: str) -> Parsed:
        parsed, texts, attached = Parsed(), [], 0
        for _ in range(MAX_PARTS):
            kind, content = self._frame(name)
            if kind == b"F":
                parsed.facts.update(json.loads(content))
            elif kind == b"T":
                texts.append(content)
            elif kind == b"N":
                parsed.attachments.append((content.decode(), b""))
            elif kind == b"A":
                attached += len(content)
                if attached > MAX_ATTACHED_BYTES:
                    raise InputError(f"{name} has attachments of more than {MAX_ATTACHED_BYTES >> 20} MB")
                last, before = parsed.attachments[-1]
                parsed.attachments[-1] = (last, before + content)
            elif kind == b"Z":
                self.is_usable = True
                parsed.text = b"".join(texts).decode()
                return parsed
            elif kind != b"P":
                self.is_usable = kind != b"M"
                raise _error(kind, content.decode(), name)
        raise InputError(f"{name} has more than {MAX_PARTS:,} parts: split it")

    def _frame(self, name: str) -> tuple[bytes, bytes]:
        """The next frame. Raises InputError if the process ended or is silent for MAX_SECONDS."""
        answers = cast(IO[bytes], self._process.stdout)
        watch = threading.Timer(MAX_SECONDS, self._stop)
        watch.daemon = True
        watch.start()
        try:
            header = answers.read(1 + LENGTH.size)
            length = LENGTH.unpack(header[1:])[0] if len(header) == 1 + LENGTH.size else 0
            content = answers.read(length)
        finally:
            watch.cancel()
        if len(header) < 1 + LENGTH.size or len(content) < length:
            raise InputError(self._ended(name))
        return header[:1], content

    def _stop(self) -> None:
        self._timed_out = True
        self._process.kill()

    def _ended(self, name: str) -> str:
        self._process.wait()
        if self._timed_out:
            return f"{name} takes its parser longer than {MAX_SECONDS:g} seconds: it is too complex, or made to do so"
        return f"{name} makes its parser crash, as only damaged or hostile files do: open and save it with its program"


def _error(kind: bytes, message: str, name: str) -> Exception:
    if kind == b"E":
        return InputError(message)
    if kind == b"M":
        return CapabilityError(f"Reading {name} needs the package {message}: pip install 'datasette-semsearch[files]'")
    line = " ".join("".join(one if one.isprintable() else " " for one in message).split())[:200]
    return InputError(f"{name} is damaged, or not of the format its name says ({line}): check it")


def _root() -> str:
    """The folder that this package is imported from."""
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


_idle: list[_Worker] = []
_lock = threading.Lock()


@contextmanager
def _worker() -> Iterator[_Worker]:
    """A process that waits for work, or a new one. It is kept for the next file unless it failed."""
    with _lock:
        worker = _idle.pop() if _idle else None
    worker = worker or _Worker()
    try:
        yield worker
    finally:
        if worker.is_usable and worker.files < MAX_FILES:
            with _lock:
                _idle.append(worker)
        else:
            worker.close()


def end_workers() -> None:
    """End the processes that wait for work."""
    with _lock:
        ended = _idle[:]
        _idle.clear()
    for worker in ended:
        worker.close()


atexit.register(end_workers)
