"""Words as numbers, straight from UTF-8 bytes: compiled scanning, hashing and numbering.

The bytes are walked once. A word's lower-case letters are packed, eight bytes to a block, behind the last known word's,
and looked up by open addressing; only a new word keeps its blocks. The key of a word of one block is that block times
an odd number, so that equal keys are equal words; longer words are compared. What the table of code points calls odd
leaves a note instead: the stretch between two separators that holds it goes through `text.tokens`, once for each
distinct stretch. Numbers are given last, in the order of first occurrence, so that threads may each have a vocabulary
of their own and the result is that of the plain path.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from semsearch.maths import codepoints
from semsearch.maths.jit import kernel

Array = npt.NDArray[Any]

_SEPARATOR, _WORD, _ODD, _PLANE = codepoints.SEPARATOR, codepoints.WORD, codepoints.ODD, codepoints.PLANE
_KIND, _BYTES = 0x3, 0xC  # the bits of an entry that say its kind, and how many bytes its lower case takes
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: Knuth's multiplicative hashing
_HALF, _BYTE, _BLOCK = np.uint64(32), np.uint64(8), np.uint64(64)
_LONG = np.uint64(1 << 63)
_ASCII = 0x80


class Vocabulary(NamedTuple):
    """Distinct words: word i of `counted[0]` is the blocks `letters[bounds[i]:bounds[i + 1]]`.

    `letters` uint64 holds the UTF-8 eight bytes to a block, the first byte lowest, zeros behind the last. `slots`
    (2^b, 2) uint64 is a hash table with open addressing, a word standing at the upper b bits of its key or soon after:
    its key, and its number + 1 with the highest bit set where it is longer than a block; 0 is free. `keys` (room,)
    uint64, `bounds` (room + 1,) int64, `counted` (2,) int64: how many words there are, and 64 - b.
    """

    slots: Array
    keys: Array
    bounds: Array
    letters: Array
    counted: Array


@kernel
def _entry(data: Array, at: int, end: int, table: Array) -> tuple[int, int]:
    """What the table says of the code point that begins at a byte, and where the next begins.

    A text ends with a separator. The UTF-8 is taken to be well-formed.
    """
    if at >= end:
        return _SEPARATOR, at + 1
    first = np.int64(data[at])
    if first < 0x80:
        return np.int64(table[first]), at + 1
    if first >= 0xF0:
        return _ODD, at + 4
    second = np.int64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return np.int64(table[(first & 0x1F) << 6 | second]), at + 2
    return np.int64(table[(first & 0x0F) << 12 | second << 6 | (np.int64(data[at + 2]) & 0x3F)]), at + 3


@kernel
def _key(before: Any, block: Any) -> Any:
    """The key of a word, from the key of what stands before its last block (0 before the first)."""
    return ((before << _HALF | before >> _HALF) ^ block) * _GOLDEN


@kernel
def _number(vocabulary: Vocabulary, key: Any, end: int) -> int:
    """The number of the word whose blocks stand behind the last known word's, up to `end`; it becomes known if new."""
    slots, keys, bounds, letters, counted = vocabulary
    count = counted[0]
    begin = bounds[count]
    long = _LONG if end - begin > 1 else np.uint64(0)
    place = key >> np.uint64(counted[1])
    while slots[place, 1] != 0:
        if slots[place, 0] == key and slots[place, 1] & _LONG == long:
            known = np.int64(slots[place, 1] & ~_LONG) - 1
            if not long:
                return known
            shift = bounds[known] - begin
            at = begin
            while at < end and letters[at + shift] == letters[at]:
                at += 1
            if at == end and at + shift == bounds[known + 1]:
                return known
        place = (place + np.uint64(1)) & np.uint64(len(slots) - 1)
    slots[place, 0], slots[place, 1] = key, long | np.uint64(count + 1)
    keys[count], bounds[count + 1], counted[0] = key, end, count + 1
    return count


@kernel
def _stretch_end(data: Array, at: int, end: int, table: Array) -> int:
    """Where the next separator is."""
    while at < end:
        entry, after = _entry(data, at, end, table)
        if entry & _KIND == _SEPARATOR:
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
    _, _, bounds, letters, counted = vocabulary
    n = odds = 0
    for row in range(len(starts) - 1):
        at, end = starts[row], starts[row + 1]
        stretch, kept = at, n
        write, size, key, block, filled = bounds[counted[0]], 0, np.uint64(0), np.uint64(0), np.uint64(0)
        while at <= end:
            ascii = at < end and data[at] < _ASCII  # most bytes by far, and no call is as quick
            entry, at = (np.int64(table[data[at]]), at + 1) if ascii else _entry(data, at, end, table)
            if entry & _KIND == _WORD:
                spelt, bits = np.uint64(entry >> 4), np.uint64((entry & _BYTES) << 1)
                block |= spelt << filled
                filled += bits
                size += 1
                if filled >= _BLOCK:
                    letters[write] = block
                    key = _key(key, block)
                    write += 1
                    filled -= _BLOCK
                    block = spelt >> (bits - filled)
                continue
            if size > 1:
                if filled:
                    letters[write] = block
                    key = _key(key, block)
                    write += 1
                stream[n] = _number(vocabulary, key, write)
                n += 1
            if size:
                write, size, key, block, filled = bounds[counted[0]], 0, np.uint64(0), np.uint64(0), np.uint64(0)
            if entry & _KIND == _ODD:
                at = _stretch_end(data, at, end, table)
                odd[odds, 0], odd[odds, 1] = stretch, at
                odds += 1
                stream[kept] = -1
                n = kept + 1
            if entry & _KIND in (_ODD, _SEPARATOR):
                stretch, kept = at, n
        ends[row] = n
    return odds


@kernel
def enter(other: Vocabulary, vocabulary: Vocabulary, numbers: Array) -> None:
    """Write to `numbers` the number in the vocabulary of each word of the other; only its words need be there."""
    _, _, bounds, letters, counted = vocabulary
    _, _, ends, spelt, count = other
    for word in range(count[0]):
        write, key = bounds[counted[0]], np.uint64(0)
        for at in range(ends[word], ends[word + 1]):
            letters[write] = spelt[at]
            key = _key(key, spelt[at])
            write += 1
        numbers[word] = _number(vocabulary, key, write)


@kernel
def rehash(vocabulary: Vocabulary) -> None:
    """Fill the empty slots with the words that are known."""
    slots, keys, bounds, _, counted = vocabulary
    for word in range(counted[0]):
        place = keys[word] >> np.uint64(counted[1])
        while slots[place, 1] != 0:
            place = (place + np.uint64(1)) & np.uint64(len(slots) - 1)
        long = _LONG if bounds[word + 1] - bounds[word] > 1 else np.uint64(0)
        slots[place, 0], slots[place, 1] = keys[word], long | np.uint64(word + 1)


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
    """Write the words in this order to `out` as UTF-8, a line break after each; how many bytes."""
    _, _, bounds, letters, _ = vocabulary
    n = 0
    for word in order:
        for at in range(bounds[word], bounds[word + 1]):
            block = letters[at]
            while block:
                out[n] = block & np.uint64(0xFF)
                block >>= _BYTE
                n += 1
        out[n] = 10
        n += 1
    return n
