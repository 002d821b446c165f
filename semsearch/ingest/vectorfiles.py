"""Files of word vectors as streams: GloVe's text, word2vec's text and binary, fastText's .vec.

A text file has one line per word: the word, a space, the numbers. word2vec and fastText begin with a line
`words dimensions`; GloVe does not. A binary file (word2vec.c, `-binary 1`) has that first line, then for each word its
bytes, a space and the numbers as little-endian float32. A word may hold spaces (GloVe 840B has some), so a line is
split from its end. Bytes that are not UTF-8 become U+FFFD: word2vec.c leaves some where it truncates long words.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError
from semsearch.storage.columns import is_number
from semsearch.storage.vectors import MAX_DIM

BLOCK_ROWS = 4096  # vectors in a block
_READ_BYTES = 4 << 20  # bytes read at a time
_MAX_LINE_BYTES = 1 << 20  # bytes of the first line, and of a word in a binary file; a longer one means another format
_FASTTEXT_MODEL = struct.pack("<i", 793712314)  # facebookresearch/fastText src/fasttext.h, FASTTEXT_FILEFORMAT_MAGIC
_MAX_DIGITS = 12  # digits of a number in the first line
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # no word holds these; bytes that are read as words do


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a source: keys (n,), and vectors (n, dim) float32, which may hold NaN and infinity."""

    keys: Sequence[str]
    vectors: FloatArray


@dataclass(frozen=True)
class VectorStream:
    """The vectors of a source as a stream. `total` is the number of rows it declares, None if it declares none.

    `remarks` may grow while the blocks are read.
    """

    format: str
    dim: int
    total: int | None
    blocks: Iterator[Block]
    remarks: list[str] = field(default_factory=list)


def check_dim(dim: int, name: str) -> None:
    """Raise InputError for a number of dimensions that cannot be stored."""
    if not 1 <= dim <= MAX_DIM:
        raise InputError(f"{name} has vectors of {dim:,} dimensions: 1 to {MAX_DIM:,} can be stored")


def read_words(stream: BinaryIO, name: str, format: str | None = None, limit: int | None = None) -> VectorStream:
    """The vectors of a text or binary file, whose format is recognised from its first bytes unless `format` is given.

    Nothing after `limit` rows is read. Raises InputError, here or while the blocks are read, for another format, a
    truncated file, and a row of another length, which it names.
    """
    first = stream.readline(_MAX_LINE_BYTES)
    if first.startswith(_FASTTEXT_MODEL):
        raise InputError(f"{name} is a fastText model with subwords: ingest the .vec file of the same name")
    header = _header(first)
    if header is None and format != "text" and (b"\0" in first or not first.endswith(b"\n")):
        raise InputError(f"{name} is neither a text nor a binary file of word vectors: give its format with --format")
    if header is None:
        return _text(stream, name, first, None, limit)
    check_dim(header[1], name)
    start = stream.readline(_MAX_LINE_BYTES) if format == "text" else stream.read(4096)
    if format == "bin" or (format is None and not _looks_like_text(start)):
        remarks: list[str] = []
        blocks = _binary_blocks(stream, name, start, *header, limit or header[0])
        return VectorStream("bin", header[1], header[0], _with_rest(blocks, stream, name, header[0], remarks), remarks)
    if format is None and not start.endswith(b"\n"):
        start += stream.readline(_MAX_LINE_BYTES)
    return _text(stream, name, start, header, limit)


def _header(line: bytes) -> tuple[int, int] | None:
    """The number of words and of dimensions, if a first line holds these two and nothing else."""
    parts = line.split()
    if len(parts) != 2 or not all(part.isdigit() and len(part) <= _MAX_DIGITS for part in parts) or not int(parts[1]):
        return None
    return int(parts[0]), int(parts[1])


def _looks_like_text(start: bytes) -> bool:
    """Whether the first line is text, without the control characters that the bytes of numbers have."""
    first = start.partition(b"\n")[0][:_MAX_LINE_BYTES]
    try:
        text = first[:-3].decode() if len(first) == len(start) else first.decode()  # the end may be half a character
    except UnicodeDecodeError:
        return False
    return bool(text.strip()) and not _CONTROL.search(text.replace("\t", " ").rstrip("\r"))


def _text(stream: BinaryIO, name: str, start: bytes, header: tuple[int, int] | None, limit: int | None) -> VectorStream:
    lines = [line for line in start.split(b"\n") if line.strip()]
    if not lines:
        raise InputError(f"{name} holds no vectors: ingest another file")
    dim = header[1] if header else len(lines[0].split()) - 1
    if dim < 1:
        raise InputError(f"Row 1 of {name} has no number after its word: check that it is a file of word vectors")
    check_dim(dim, name)
    total = header[0] if header else None
    remarks: list[str] = []
    wanted = total if total is None or limit is None else min(total, limit)
    blocks = _text_blocks(islice(_lines(stream, lines, name), limit), name, dim, wanted, remarks)
    return VectorStream("text", dim, total, blocks, remarks)


def _lines(stream: BinaryIO, lines: list[bytes], name: str) -> Iterator[bytes]:
    """These lines and then those of the stream, without line ends and without empty lines."""
    row = 0
    while lines:
        for line in lines:
            row += 1
            if len(line) >= _MAX_LINE_BYTES:
                raise InputError(
                    f"Row {row:,} of {name} is longer than {_MAX_LINE_BYTES >> 20} MB: it is damaged, or no file of"
                    " word vectors"
                )
            if stripped := line.rstrip():
                yield stripped
        content = stream.read(_READ_BYTES)
        lines = (content + stream.readline(_MAX_LINE_BYTES)).split(b"\n") if content else []


def _text_blocks(
    lines: Iterator[bytes], name: str, dim: int, wanted: int | None, remarks: list[str]
) -> Iterator[Block]:
    done = 0
    while batch := list(islice(lines, BLOCK_ROWS)):
        yield _parse_lines(batch, name, done + 1, dim)
        done += len(batch)
    if wanted is not None and done < wanted:
        raise InputError(f"{name} declares {wanted:,} words but holds {done:,}: it is truncated; download it again")
    if wanted is not None and done > wanted:
        remarks.append(f"{name} declares {wanted:,} words but holds {done:,}: all were read")


def _parse_lines(lines: list[bytes], name: str, first: int, dim: int) -> Block:
    """All lines at once if no word holds a space, else each line split from its end."""
    parts = [line.partition(b" ") for line in lines]
    if all(part[2] for part in parts):
        with suppress(ValueError):
            vectors = np.loadtxt([part[2] for part in parts], np.float32, comments=None, ndmin=2)
            if vectors.shape == (len(lines), dim):
                return Block([_decode_word(part[0]) for part in parts], vectors)
    pairs = [_parse_line(line, name, row, dim) for row, line in enumerate(lines, first)]
    return Block([word for word, _ in pairs], np.stack([vector for _, vector in pairs]))


def _parse_line(line: bytes, name: str, row: int, dim: int) -> tuple[str, FloatArray]:
    has_no_word = line[:1].isspace()
    parts = [b"", *line.split()] if has_no_word else line.rsplit(None, dim)
    word = parts[0]
    if len(parts) != dim + 1 or is_number(word.rpartition(b" ")[2] if b" " in word else b""):
        count = len(line.split()) - (not has_no_word)
        raise InputError(
            f"Row {row:,} of {name} ({_decode_word(line.split()[0])!r}) has {count:,} numbers, not {dim:,}: fix it"
        )
    try:
        return _decode_word(word), np.array([float(part) for part in parts[1:]], np.float32)
    except ValueError:
        raise InputError(
            f"Row {row:,} of {name} ({_decode_word(word)!r}) has a value that is not a number: fix that row"
        ) from None


def _decode_word(content: bytes) -> str:
    return content.decode("utf-8", "replace")


def _binary_blocks(
    stream: BinaryIO, name: str, held: bytes, total: int, dim: int, limit: int
) -> Iterator[tuple[Block, bytes]]:
    """Blocks, each with the bytes that were read after it."""
    size, row, wanted = 4 * dim, 0, min(total, limit)
    while row < wanted:
        words: list[str] = []
        vectors: list[bytes] = []
        at = 0
        while row + len(words) < wanted and len(words) < BLOCK_ROWS:
            space = held.find(b" ", at)
            if space < 0 or len(held) < space + 1 + size:
                more = stream.read(_READ_BYTES)
                if not more or (space < 0 and len(held) - at > _MAX_LINE_BYTES):
                    raise InputError(_incomplete(name, row + len(words), total, ended=not more))
                held, at = held[at:] + more, 0
                continue
            # word2vec.c ends each row with a line end, gensim does not
            words.append(_checked_word(held[at:space].lstrip(b"\n"), name, row + len(words) + 1))
            vectors.append(held[space + 1 : space + 1 + size])
            at = space + 1 + size
        held = held[at:]
        row += len(words)
        yield Block(words, np.frombuffer(b"".join(vectors), "<f4").reshape(-1, dim)), held


def _checked_word(content: bytes, name: str, row: int) -> str:
    word = _decode_word(content)
    if _CONTROL.search(word):
        raise InputError(
            f"Row {row:,} of {name} has a word with a control character: its numbers are not 4 bytes each, its first"
            " line gives another number of dimensions, or a word before it holds a space"
        )
    return word


def _with_rest(
    blocks: Iterator[tuple[Block, bytes]], stream: BinaryIO, name: str, declared: int, remarks: list[str]
) -> Iterator[Block]:
    """The blocks, and a remark if the file goes on after the words that it declares."""
    done, rest = 0, b""
    for block, after in blocks:
        done, rest = done + len(block.keys), after
        yield block
    if done == declared and (rest.strip() or stream.read(2).strip()):
        remarks.append(f"{name} declares {declared:,} words but goes on after them: the rest was left out")


def _incomplete(name: str, row: int, total: int, *, ended: bool) -> str:
    if ended:
        return f"{name} declares {total:,} words but ends in row {row + 1:,}: it is truncated; download it again"
    return f"Row {row + 1:,} of {name} has a word without end: it is damaged, or not a binary file of word2vec"
