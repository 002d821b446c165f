"""From bytes to text: decoded in chunks, split into lines, with at most one item in memory."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from semsearch.errors import InputError
from semsearch.ingest.base import MAX_ITEM_CHARS, ReadOptions

CHUNK_BYTES = 1 << 16  # bytes decoded at a time
LIMIT = f"{MAX_ITEM_CHARS >> 20} MB"  # the limit of one item, in messages
_MARKS = (  # byte order marks; that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(stream: BinaryIO, options: ReadOptions) -> Iterator[str]:
    """The text in chunks, without byte order mark, with \\n as line end.

    Text that begins with the byte order mark of UTF-16 or UTF-32 is read so, since it cannot be UTF-8. Raises
    InputError for an unknown encoding, and with the position of the byte for a wrong encoding or a NUL byte.
    """
    chunk = stream.read(CHUNK_BYTES)
    encoding = _encoding(chunk, options.encoding)
    decoder = _decoder(encoding)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    done, begun = 0, False
    while True:
        start = done - len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            raise InputError(_undecodable(error, start + error.start, options.name, encoding)) from None
        except UnicodeError as error:
            raise InputError(f"{options.name} is not {encoding} ({error}): give its encoding with --encoding") from None
        if "\0" in text:
            raise InputError(_nul(start, text, options.name, encoding))
        done += len(chunk)
        if text and not begun:
            text, begun = text.removeprefix("\ufeff"), True
        text = newlines.decode(text, final=not chunk)
        if text:
            yield text
        if not chunk:
            return
        chunk = stream.read(CHUNK_BYTES)


def _encoding(start: bytes, given: str) -> str:
    """The encoding that a byte order mark declares where UTF-8 is expected, else the given one."""
    if given.lower().replace("_", "-") not in ("utf-8", "utf8"):
        return given
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), given)


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    try:
        "".encode(encoding)  # raises LookupError for codecs that do not encode text, such as base64
        return codecs.getincrementaldecoder(encoding)()
    except (LookupError, ValueError):  # UnicodeError is a ValueError
        raise InputError(
            f"There is no encoding {encoding!r}: give one that Python knows, such as utf-8 or latin-1"
        ) from None


def _undecodable(error: UnicodeDecodeError, position: int, name: str, encoding: str) -> str:
    data = bytes(error.object)
    guess = "latin-1" if encoding.lower() != "latin-1" else "utf-8"
    result = f"byte {data[error.start]:#04x} at position {position} is invalid" if data else "its end is missing"
    return f"{name} is not {encoding}, {result}: give its encoding, such as --encoding {guess}"


def _nul(start: int, text: str, name: str, encoding: str) -> str:
    at = text.index("\0")
    position = start + len(text[:at].encode(encoding, "replace"))
    guess = "utf-16-be" if at == 0 else "utf-16-le"  # of "a" in UTF-16, the first or the second byte is 0
    return (
        f"{name} has a NUL byte at position {position}, so it is not plain text: "
        f"give --encoding {guess} if that is its encoding, or leave the file out"
    )


def whole_text(stream: BinaryIO, options: ReadOptions) -> str:
    """All the text of a source that is one item. Raises InputError if it is empty or too long."""
    parts: list[str] = []
    size = 0
    for text in decoded(stream, options):
        parts.append(text)
        size += len(text)
        if size > MAX_ITEM_CHARS:
            raise InputError(f"{options.name} is larger than {LIMIT}, the limit of one item: split it into parts")
    text = "".join(parts)
    if not text.strip():
        raise InputError(f"{options.name} is empty: leave the file out")
    return text


class Lines:
    """The lines of a source, each with its \\n; the last may lack it.

    `number` is that of the last line returned; the first is 1. Raises InputError for more than MAX_ITEM_CHARS
    characters between two calls of `item_done`.
    """

    def __init__(self, stream: BinaryIO, options: ReadOptions) -> None:
        self.number = 0
        self._item_chars = 0
        self._first = 1  # the first line of the current item
        self._name = options.name
        self._blocks = self._split(decoded(stream, options))
        self._block: list[str] = []
        self._next = 0  # in the block

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._next == len(self._block):
            self._block, self._next = next(self._blocks), 0
        line = self._block[self._next]
        self._next += 1
        self.number += 1
        self._item_chars += len(line)
        self._check(self._item_chars)
        return line

    def block(self) -> list[str]:
        """The next lines, as many as are decoded already, without taking them; empty at the end."""
        if self._next == len(self._block):
            self._block, self._next = next(self._blocks, []), 0
        return self._block[self._next :]

    def take(self, count: int) -> None:
        """Take this many lines of the block, each an item."""
        self._next += count
        self.number += count
        self.item_done()

    def item_done(self) -> None:
        """Start to count the next item."""
        self._item_chars = 0
        self._first = self.number + 1

    def _check(self, size: int) -> None:
        if size > MAX_ITEM_CHARS:
            raise InputError(
                f"The row at line {self._first} of {self._name} is longer than {LIMIT}, the limit of one item: "
                "check it for a missing line end or an unclosed quote"
            )

    def _split(self, chunks: Iterator[str]) -> Iterator[list[str]]:
        """The whole lines of each chunk, and of those before it that have no line end."""
        held: list[str] = []
        size = 0
        for text in chunks:
            *whole, tail = text.split("\n")
            if whole:
                yield ["".join([*held, whole[0], "\n"]), *[line + "\n" for line in whole[1:]]]
                held, size = [], 0
            held.append(tail)
            size += len(tail)
            self._check(self._item_chars + size)
        if size:
            yield ["".join(held)]


class Text:
    """A source as chunks of text, at most MAX_ITEM_CHARS between `item_done` calls."""

    def __init__(self, stream: BinaryIO, options: ReadOptions) -> None:
        self._chunks = decoded(stream, options)
        self._name = options.name
        self._ahead = ""
        self._item_chars = 0

    def first(self) -> str:
        """The first character that is not white space, without consuming it; empty if there is none."""
        for text in self._chunks:
            self._ahead = text.lstrip()
            if self._ahead:
                break
        return self._ahead[:1]

    def read(self) -> str:
        """The next chunk, of any length; empty at the end. Raises InputError for an item that is too long."""
        text, self._ahead = self._ahead or next(self._chunks, ""), ""
        self._item_chars += len(text)
        if self._item_chars > MAX_ITEM_CHARS + CHUNK_BYTES:
            raise InputError(f"{self._name} has an item longer than {LIMIT}, the limit of one item: split the item")
        return text

    def item_done(self) -> None:
        """Start to count the next item."""
        self._item_chars = 0
