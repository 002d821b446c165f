"""Standard streams: any output encoding, closed streams, and a reader or a disk that accepts no more."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from semsearch.errors import InputError

MAX_TEXT = 1 << 20  # bytes of a file whose text becomes an option


def prepare() -> None:
    """Print characters that the encoding of the output lacks as escapes, such as \\u2603."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def shows_unicode() -> bool:
    """Whether standard output can print every character."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return encoding.lower().replace("_", "-").startswith(("utf-8", "utf8", "utf-16", "utf-32"))


def read_input() -> str:
    """All text of standard input. Raises InputError if it is closed or not in its encoding."""
    if sys.stdin is None:
        raise InputError("Standard input is closed: give the text as an argument")
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise InputError(
            f"Standard input is not {error.encoding}, byte {error.start} is invalid: convert it first"
        ) from error


def read_text(path: str) -> str:
    """The text of a file in UTF-8. Raises InputError if it is not, or larger than MAX_TEXT."""
    if os.path.getsize(path) > MAX_TEXT:
        raise InputError(f"{path} has {os.path.getsize(path):,} bytes: the limit is {MAX_TEXT:,}")
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read(MAX_TEXT)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8, byte {error.start} is invalid: convert it first") from error


def finish() -> OSError | None:
    """Flush the output. Returns the error if it cannot be written, and then discards the rest."""
    failed: OSError | None = None
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except OSError as error:
            discard(stream)
            failed = failed or error
    return failed


def discard(stream: TextIO) -> None:
    """Send the rest of a stream to nowhere, so that Python does not report it again at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
