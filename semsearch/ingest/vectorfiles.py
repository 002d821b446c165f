"""Files of word vectors as they stream: GloVe's text, word2vec's text and binary, fastText's .vec.

Text is a line a word: the word, a space, the numbers. word2vec and fastText begin with a line `words dimensions`, GloVe
does not. Binary (word2vec.c, `-binary 1`) is that first line, then for each word its bytes, a space and the numbers as
little-endian float32. A word may hold spaces (GloVe 840B has some), so a line is taken apart from its end. Bytes that
are no UTF-8, which word2vec.c leaves where it cuts long words, become U+FFFD.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError
from semsearch.storage.columns import is_number

ROWS = 4096  # vectors to a block
_BYTES = 4 << 20  # text read at a time
_LONGEST = 1 << 20  # bytes of a first line, and of a word in a binary file: beyond, it is some other file
_FASTTEXT_MODEL = struct.pack("<i", 793712314)  # facebookresearch/fastText src/fasttext.h, FASTTEXT_FILEFORMAT_MAGIC
_NUMERIC = frozenset(b"0123456789.+-eEnaif \t\r\n")


@dataclass(frozen=True)
class Block:
    """Some rows of a source in order: their keys (n,), and vectors (n, dim) of any finite or other value, float32."""

    keys: Sequence[str]
    vectors: FloatArray


@dataclass(frozen=True)
class Source:
    """Vectors of a source as they stream. `total` is how many rows it says it has, None where it does not say."""

    format: str
    dim: int
    total: int | None
    blocks: Iterator[Block]


def read_words(stream: BinaryIO, name: str, format: str | None = None, limit: int | None = None) -> Source:
    """The vectors of a text or binary file; which of both it is shows in its first bytes unless `format` says.

    What comes after `limit` rows is not looked at.

    Raises InputError, here or while the blocks are read, for what is neither, is cut short or has a row of another
    length; it names the row.
    """
    first = stream.readline(_LONGEST)
    if first.startswith(_FASTTEXT_MODEL):
        raise InputError(f"{name} is a fastText model with its subwords: take the .vec file of the same name")
    header = _header(first)
    if header is None and format != "text" and (b"\0" in first or not first.endswith(b"\n")):
        raise InputError(f"{name} is neither a text nor a binary file of word vectors: say what it is with --format")
    if header is None:
        return _text(stream, name, first, None, limit)
    start = stream.readline(_LONGEST) if format == "text" else stream.read(4096)
    if format == "bin" or (format is None and not _looks_like_text(start)):
        return Source("bin", header[1], header[0], _binary(stream, name, start, *header, limit or header[0]))
    if format is None and not start.endswith(b"\n"):
        start += stream.readline(_LONGEST)
    return _text(stream, name, start, header, limit)


def _header(line: bytes) -> tuple[int, int] | None:
    """Words and dimensions, where a first line says them and nothing else."""
    parts = line.split()
    if len(parts) != 2 or not (parts[0].isdigit() and parts[1].isdigit()) or int(parts[1]) == 0:
        return None
    return int(parts[0]), int(parts[1])


def _looks_like_text(start: bytes) -> bool:
    """Whether numbers are written out after the first word."""
    numbers = start.partition(b" ")[2][:64].partition(b"\n")[0]
    return bool(numbers) and all(byte in _NUMERIC for byte in numbers)


def _text(stream: BinaryIO, name: str, start: bytes, header: tuple[int, int] | None, limit: int | None) -> Source:
    lines = [line for line in start.split(b"\n") if line.strip()]
    if not lines:
        raise InputError(f"{name} holds no vector")
    dim = header[1] if header else len(lines[0].split()) - 1
    if dim < 1:
        raise InputError(f"Row 1 of {name} has no number after its word: is it a file of word vectors?")
    total = header[0] if header else None
    wanted = total if total is None or limit is None else min(total, limit)
    return Source("text", dim, total, _parsed_all(islice(_lines(stream, lines), limit), name, dim, wanted))


def _lines(stream: BinaryIO, lines: list[bytes]) -> Iterator[bytes]:
    """The lines of a text, these first, without their ends; empty ones are left out."""
    while lines:
        yield from filter(None, map(bytes.rstrip, lines))
        lines = stream.readlines(_BYTES)


def _parsed_all(lines: Iterator[bytes], name: str, dim: int, wanted: int | None) -> Iterator[Block]:
    done = 0
    while some := list(islice(lines, ROWS)):
        yield _parsed(some, name, done + 1, dim)
        done += len(some)
    if wanted is not None and done < wanted:
        raise InputError(
            f"{name} says it has more words than the {done:,} that are there: it is cut short; fetch it again"
        )


def _parsed(lines: list[bytes], name: str, first: int, dim: int) -> Block:
    """Many lines at once where every word is without spaces, else each from its end."""
    parts = [line.partition(b" ") for line in lines]
    if all(part[2] for part in parts):
        with suppress(ValueError):
            vectors = np.loadtxt([part[2] for part in parts], np.float32, comments=None, ndmin=2)
            if vectors.shape == (len(lines), dim):
                return Block([_word(part[0]) for part in parts], vectors)
    pairs = [_one(line, name, first + at, dim) for at, line in enumerate(lines)]
    return Block([word for word, _ in pairs], np.stack([vector for _, vector in pairs]))


def _one(line: bytes, name: str, row: int, dim: int) -> tuple[str, FloatArray]:
    nameless = line[:1].isspace()
    parts = [b"", *line.split()] if nameless else line.rsplit(None, dim)
    word = parts[0]
    if len(parts) != dim + 1 or is_number(word.rpartition(b" ")[2] if b" " in word else b""):
        found = len(line.split()) - (not nameless)
        raise InputError(f"Row {row:,} of {name} ({_word(line.split()[0])!r}) has {found:,} numbers, not {dim:,}")
    try:
        return _word(word), np.array([float(part) for part in parts[1:]], np.float32)
    except ValueError:
        raise InputError(f"Row {row:,} of {name} ({_word(word)!r}) has something that is no number") from None


def _word(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _binary(stream: BinaryIO, name: str, held: bytes, total: int, dim: int, limit: int) -> Iterator[Block]:
    size, row, wanted = 4 * dim, 0, min(total, limit)
    while row < wanted:
        words: list[str] = []
        vectors: list[bytes] = []
        at = 0
        while row + len(words) < wanted and len(words) < ROWS:
            space = held.find(b" ", at)
            if space < 0 or len(held) < space + 1 + size:
                more = stream.read(_BYTES)
                if not more or len(held) - at > _LONGEST + size:
                    raise InputError(_cut_short(name, row + len(words), total, ended=not more))
                held, at = held[at:] + more, 0
                continue
            words.append(_word(held[at:space].lstrip(b"\n")))  # word2vec.c ends a row with a line end, gensim does not
            vectors.append(held[space + 1 : space + 1 + size])
            at = space + 1 + size
        held = held[at:]
        row += len(words)
        yield Block(words, np.frombuffer(b"".join(vectors), "<f4").reshape(-1, dim))


def _cut_short(name: str, row: int, total: int, *, ended: bool) -> str:
    if ended:
        return f"{name} says it has {total:,} words and breaks off in row {row + 1:,}: it is cut short; fetch it again"
    return f"Row {row + 1:,} of {name} has no end to its word: it is no word2vec binary file, or damaged"
