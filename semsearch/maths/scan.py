"""Words as numbers, straight from UTF-8 bytes: compiled scanning, hashing and numbering.

The bytes are walked once. A word's lower-case letters are written behind the last known word's, hashed on the way
(FNV-1a over code points), and looked up by open addressing with a comparison of the bytes; only a new word keeps its
letters. What the table of code points calls odd leaves a note instead: the stretch between two separators that holds it
goes through `text.tokens`, once for each distinct stretch. Numbers are given last, in the order of first occurrence,
so that threads may each have a vocabulary of their own and the result is that of the plain path.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from semsearch.maths import codepoints
from semsearch.maths.jit import kernel

Array = npt.NDArray[Any]

_SEPARATOR, _WORD, _ODD, _KIND_BITS = codepoints.SEPARATOR, codepoints.WORD, codepoints.ODD, codepoints.KIND_BITS
_PLANE, _KIND = codepoints.PLANE, (1 << codepoints.KIND_BITS) - 1
_OFFSET, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


class Vocabulary(NamedTuple):
    """Distinct words: `letters[bounds[i]:bounds[i + 1]]` is the UTF-8 of word i of `counted[0]`.

    `slots` (a power of two,) uint64 is a hash table with open addressing: the upper half of the word's hash, and its
    number + 1; 0 is free. `hashes` (room,) uint64, `bounds` (room + 1,) int64, `letters` uint8, `counted` (1,) int64.
    """

    slots: Array
    hashes: Array
    bounds: Array
    letters: Array
    counted: Array


@kernel
def _decoded(data: Array, at: int) -> tuple[int, int]:
    """The code point that begins at a byte of well-formed UTF-8, and where the next one does."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, at + 1
    second = np.int64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, at + 2
    third = np.int64(data[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, at + 3
    return (first & 0x07) << 18 | second << 12 | third << 6 | (np.int64(data[at + 3]) & 0x3F), at + 4


@kernel
def _encoded(letters: Array, at: int, point: int) -> int:
    """Write a code point of the first plane as UTF-8; where the next one goes."""
    if point < 0x80:
        letters[at] = point
        return at + 1
    if point < 0x800:
        letters[at], letters[at + 1] = 0xC0 | point >> 6, 0x80 | (point & 0x3F)
        return at + 2
    letters[at], letters[at + 1], letters[at + 2] = (
        0xE0 | point >> 12,
        0x80 | (point >> 6 & 0x3F),
        0x80 | (point & 0x3F),
    )
    return at + 3


@kernel
def _number(  # flat arguments: unpacking a tuple of arrays for each word would take longer than the rest
    slots: Array, hashes: Array, bounds: Array, letters: Array, counted: Array, hashed: Any, length: int
) -> int:
    """The number of the word whose letters stand behind the last known word's; it becomes known if it is new."""
    count = counted[0]
    begin = bounds[count]
    mask = np.uint64(len(slots) - 1)
    place = (hashed ^ hashed >> _HALF) & mask
    while slots[place] != 0:
        if slots[place] >> _HALF == hashed >> _HALF:
            known = np.int64(slots[place] & _LOW) - 1
            start = bounds[known]
            same = length if bounds[known + 1] - start == length else -1
            at = 0
            while at < same and letters[start + at] == letters[begin + at]:
                at += 1
            if at == same:
                return known
        place = (place + np.uint64(1)) & mask
    slots[place] = hashed >> _HALF << _HALF | np.uint64(count + 1)
    hashes[count] = hashed
    bounds[count + 1] = begin + length
    counted[0] = count + 1
    return count


@kernel
def _kind(data: Array, at: int, end: int, table: Array) -> tuple[int, int, int]:
    """Of the code point at a byte: its kind, its lower case, where the next begins. A text's end is a separator."""
    if at >= end:
        return _SEPARATOR, 0, at + 1
    point, after = _decoded(data, at)
    if point >= _PLANE:
        return _ODD, 0, after
    entry = np.int64(table[point])
    return entry & _KIND, entry >> _KIND_BITS, after


@kernel
def _stretch_end(data: Array, at: int, end: int, table: Array) -> int:
    """Where the next separator is."""
    while at < end:
        kind, _, after = _kind(data, at, end, table)
        if kind == _SEPARATOR:
            return at
        at = after
    return end


@kernel
def scan(data: Array, starts: Array, table: Array, vocabulary: Vocabulary, out: tuple[Array, Array, Array]) -> int:
    """Write the number of each word of each text to `stream`, and to `ends` where each text's words end in it.

    `out` is (stream, ends, odd). The bytes `odd[i]` are the i-th odd stretch, which is -1 in the stream. Returns how
    many odd stretches there are. A word begun in what turns out to be one may become known all the same.
    """
    stream, ends, odd = out
    slots, hashes, bounds, letters, counted = vocabulary
    n = odds = 0
    for row in range(len(starts) - 1):
        at, end = starts[row], starts[row + 1]
        stretch, kept = at, n
        begin = write = bounds[counted[0]]
        size, hashed = 0, _OFFSET
        while at <= end:
            kind, lower, after = _kind(data, at, end, table)
            if kind == _WORD:
                write = _encoded(letters, write, lower)
                hashed = (hashed ^ np.uint64(lower)) * _PRIME
                size += 1
                at = after
                continue
            if size > 1:
                stream[n] = _number(slots, hashes, bounds, letters, counted, hashed, write - begin)
                n += 1
                begin = bounds[counted[0]]
            write, size, hashed = begin, 0, _OFFSET
            if kind == _ODD:
                after = _stretch_end(data, after, end, table)
                odd[odds, 0], odd[odds, 1] = stretch, after
                odds += 1
                stream[kept] = -1
                n = kept + 1
            if kind in (_ODD, _SEPARATOR):
                stretch, kept = after, n
            at = after
        ends[row] = n
    return odds


@kernel
def enter(other: Vocabulary, vocabulary: Vocabulary, numbers: Array) -> None:
    """Write to `numbers` the number in the vocabulary of each word of the other; only its words need be there."""
    slots, hashes, bounds, letters, counted = vocabulary
    _, _, ends, spelt, count = other
    for word in range(count[0]):
        write, at = bounds[counted[0]], ends[word]
        for offset in range(ends[word + 1] - at):
            letters[write + offset] = spelt[at + offset]
        hashed = _OFFSET
        while at < ends[word + 1]:
            point, at = _decoded(spelt, at)
            hashed = (hashed ^ np.uint64(point)) * _PRIME
        numbers[word] = _number(slots, hashes, bounds, letters, counted, hashed, at - ends[word])


@kernel
def rehash(hashes: Array, count: int, slots: Array) -> None:
    """Fill empty slots with the first `count` words."""
    mask = np.uint64(len(slots) - 1)
    for word in range(count):
        hashed = hashes[word]
        place = (hashed ^ hashed >> _HALF) & mask
        while slots[place] != 0:
            place = (place + np.uint64(1)) & mask
        slots[place] = hashed >> _HALF << _HALF | np.uint64(word + 1)


@kernel
def settle(part: tuple[Array, Array, Array], phrases: tuple[Array, Array], numbers: Array, out: Array) -> None:
    """Write a part of the stream to `out` by final numbers, odd stretches as their words.

    `part` is (stream, ends, known): its `ends` are moved to where they are in `out`; `known` maps its numbers to the
    vocabulary's. `numbers` (n + 1,) maps those to final ones, -1 where none is given yet; the last entry counts those
    given. -1 - p in the stream is phrase p, the words `places[p]` to `places[p + 1]` of `phrases` (words, places).
    """
    stream, ends, known = part
    words, places = phrases
    n, at = 0, 0
    given = numbers[-1]
    for row in range(len(ends)):
        while at < ends[row]:
            entry = stream[at]
            at += 1
            start, end = (0, 1) if entry >= 0 else (places[-1 - entry], places[-entry])
            for place in range(start, end):
                word = known[entry] if entry >= 0 else words[place]
                if numbers[word] < 0:
                    numbers[word] = given
                    given += 1
                out[n] = numbers[word]
                n += 1
        ends[row] = n
    numbers[-1] = given


@kernel
def spell(vocabulary: Vocabulary, order: Array, out: Array) -> int:
    """Write the words in this order to `out`, a line break between them; how many bytes."""
    n = 0
    for word in order:
        for at in range(vocabulary.bounds[word], vocabulary.bounds[word + 1]):
            out[n] = vocabulary.letters[at]
            n += 1
        out[n] = 10
        n += 1
    return n - 1
