"""Text out of bytes: decoded in pieces, split into lines, never more in memory than one item may hold."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import MAX_ITEM, ReadOptions

CHUNK = 1 << 16
LIMIT = f"{MAX_ITEM >> 20} MB"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(stream: BinaryIO, options: ReadOptions) -> Iterator[str]:
    """The text in pieces, without byte order mark, all line ends as \\n.

    Raises InputError with the byte's position for a wrong encoding or a NUL, and for an unknown encoding.
    """
    decoder = _decoder(options.encoding)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    done, begun = 0, False
    while True:
        chunk = stream.read(CHUNK)
        start = done - len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise InputError(_undecodable(error, start + error.start, options)) from None
        if "\0" in text:
            raise InputError(_nul(start, text, options))
        done += len(chunk)
        if text and not begun:
            text, begun = text.removeprefix("\ufeff"), True
        text = newlines.decode(text, final=not chunk)
        if text:
            yield text
        if not chunk:
            return


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        "".encode(encoding)  # refuses codecs that are no text encoding, such as base64
        return codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise InputError(f"No encoding {encoding!r}: give one that Python knows, such as utf-8 or latin-1") from None


def _undecodable(error: UnicodeDecodeError, position: int, options: ReadOptions) -> str:
    data = bytes(error.object)
    looks = "utf-16" if position < 2 and data[:2] in _UTF16 else "latin-1"
    found = f"byte {data[error.start]:#04x} at position {position} is wrong" if data else "its end is cut off"
    if looks == options.encoding.lower():
        looks = "utf-8"
    return f"{options.name} is not {options.encoding}: {found}; give its encoding, such as --encoding {looks}"


def _nul(start: int, text: str, options: ReadOptions) -> str:
    at = start + len(text[: text.index("\0")].encode(options.encoding, "replace"))
    return (
        f"{options.name} has a NUL byte at position {at}, so it is no plain text: "
        "give --encoding utf-16 if it is that, or leave the file out"
    )


def whole_text(stream: BinaryIO, options: ReadOptions) -> str:
    """All the text of a source that is one item; InputError if it is empty or beyond the limit."""
    parts: list[str] = []
    size = 0
    for text in decoded(stream, options):
        parts.append(text)
        size += len(text)
        if size > MAX_ITEM:
            raise InputError(f"{options.name} is larger than {LIMIT}, the limit of one item: split it into parts")
    text = "".join(parts)
    if not text.strip():
        raise InputError(f"{options.name} is empty: there is no text in it")
    return text


class Lines:
    """The lines of a source, each with its \\n, the last perhaps without.

    `number` is that of the last line given (1 is the first). Between two calls of `item_done` no more than MAX_ITEM
    characters are given: beyond, InputError.
    """

    def __init__(self, stream: BinaryIO, options: ReadOptions) -> None:
        self.number = 0
        self._since = 0
        self._first = 1  # the line at which the current item begins
        self._name = options.name
        self._lines = self._split(decoded(stream, options))

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number += 1
        self._since += len(line)
        self._check(self._since)
        return line

    def item_done(self) -> None:
        """Count anew: what comes next belongs to another item."""
        self._since = 0
        self._first = self.number + 1

    def _check(self, size: int) -> None:
        if size > MAX_ITEM:
            raise InputError(
                f"The row at line {self._first} of {self._name} is longer than {LIMIT}, the limit of one item: "
                "check for a missing line end or an unclosed quote"
            )

    def _split(self, chunks: Iterator[str]) -> Iterator[str]:
        held: list[str] = []
        size = 0
        for text in chunks:
            *whole, tail = text.split("\n")
            if whole:
                yield "".join([*held, whole[0], "\n"])
                for line in whole[1:]:
                    yield line + "\n"
                held, size = [], 0
            held.append(tail)
            size += len(tail)
            self._check(self._since + size)
        if size:
            yield "".join(held)


class Utf8:
    """A source as a file of UTF-8 bytes, whatever its encoding; no more than MAX_ITEM between `item_done` calls."""

    def __init__(self, stream: BinaryIO, options: ReadOptions) -> None:
        self._chunks = decoded(stream, options)
        self._name = options.name
        self._ahead = ""
        self._since = 0

    def first(self) -> str:
        """The first character that is no white space, left unread; empty if there is none."""
        for text in self._chunks:
            self._ahead = text.lstrip()
            if self._ahead:
                break
        return self._ahead[:1]

    def read(self, size: int = -1) -> bytes:
        """The next piece, of any length; empty at the end, and for `size` 0, by which ijson asks for the type."""
        if size == 0:
            return b""
        text, self._ahead = self._ahead or next(self._chunks, ""), ""
        self._since += len(text)
        if self._since > MAX_ITEM + CHUNK:
            raise InputError(f"{self._name} has an item longer than {LIMIT}, the limit of one item: split the item")
        return text.encode("utf-8", "replace")

    def item_done(self) -> None:
        """Count anew: what comes next belongs to another item."""
        self._since = 0
