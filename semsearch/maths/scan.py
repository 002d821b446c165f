"""From UTF-8 bytes to word numbers, in three compiled passes with few branches each.

1. `lower` writes the words of a text in lower case, with the start and end of each. ASCII goes byte by byte through a
   table. A piece between two ASCII separators that holds other bytes goes code point by code point through the table of
   `codepoints`. A code point that this table calls odd leaves an empty word: the piece between two separators that
   holds it goes through `text.tokens`, once per distinct piece.
2. `hash_words` gives each word its key, eight bytes at a time.
3. `number` looks the keys up.

A fused single pass is slower, because branch mispredictions stall it at every word. A vocabulary numbers words as they
come. In the end they are renumbered by first occurrence. So each thread may have its own vocabulary, and the result is
that of the plain path.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from semsearch.maths import codepoints
from semsearch.maths.jit import kernel

Array = npt.NDArray[Any]

_SEPARATOR, _WORD, _ODD = codepoints.SEPARATOR, codepoints.WORD, codepoints.ODD
_KIND, _BYTES = 0x3, 0xC  # the bits of a table entry with its kind, and with the bytes of its lower case
_ASCII = 0x80
_LOWER = np.array([ord(chr(byte).lower()) if chr(byte).isalnum() else 0 for byte in range(_ASCII)], np.uint8)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: multiplicative hashing (Knuth)
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(9)], np.uint64)  # of the first 0 to 8 bytes of a block
_ONE, _THREE, _SEVEN, _HALF, _BITS = (np.uint64(number) for number in (1, 3, 7, 32, 63))
_LONG_FLAG = np.uint64(1 << 63)


class Vocabulary(NamedTuple):
    """Distinct words: word i of `counted[0]` is the blocks `letters[bounds[i]:bounds[i + 1]]`; word 0 is the empty one.

    `letters` uint64 holds the UTF-8 in blocks of eight bytes, the first byte lowest, padded with zeros. `slots`
    (2^b, 2) uint64 is a hash table with open addressing, in which a word is at the upper b bits of its key or soon
    after. A slot holds the key, and the number + 1, whose highest bit is set if the word is longer than a block; 0 is
    free. `keys` (capacity,) uint64, `bounds` (capacity + 1,) int64, `counted` (2,) int64: the number of words, and
    64 - b.
    """

    slots: Array
    keys: Array
    bounds: Array
    letters: Array
    counted: Array


@kernel
def lower(data: Array, ends: Array, table: Array, out: tuple[Array, Array, Array], least: int) -> tuple[int, int]:
    """Write the words of texts in lower case to `text`, and the start and end of each in it to `words` (n, 2).

    `data` is well-formed UTF-8, with a line break after each text. `ends` holds the ends of the texts in `data`, and
    gets their ends in `words`. `out` is (text, words, odd). The bytes `data[odd[i, 0]:odd[i, 1]]` are the i-th odd
    piece, which is written as an empty word. Words of fewer than `least` letters are left out, but for ASCII words of
    one letter, which are not removed yet. Returns the number of words and of odd pieces.
    """
    text, words, _ = out
    edges = words.reshape(-1)
    n = odds = at = write = 0
    inside = False
    for row in range(len(ends)):
        start = at
        while at < ends[row]:
            if data[at] < _ASCII:
                letter = _LOWER[data[at]]
                text[write] = letter
                edges[n] = write  # overwritten unless a word begins or ends here
                n += (letter != 0) != inside
                inside = letter != 0
                at, write = at + 1, write + 1
                continue
            while at > start and not _is_separator(data[at - 1], table):
                at, write = at - 1, write - 1
            while n and edges[n - 1] >= write:
                n -= 1
            at, write, n, odds = _lower_stretch(data, at, table, out, (write, n >> 1, odds, least))
            n, inside = 2 * n, False
        ends[row] = n >> 1
    return n >> 1, odds


@kernel
def _is_separator(byte: Any, table: Array) -> bool:
    return byte < _ASCII and table[byte] & _KIND == _SEPARATOR


@kernel
def _lower_stretch(
    data: Array, at: int, table: Array, out: tuple[Array, Array, Array], done: tuple[int, int, int, int]
) -> tuple[int, int, int, int]:
    """As `lower`, from after an ASCII separator to the next one.

    Returns the position of the next one, and the bytes, words and odd pieces written since the first text; `done` holds
    the last three before, and the least letters of a word.
    """
    text, words, odd = out
    write, n, odds, least = done
    stretch, kept, is_odd = at, n, False
    begin, size = write, 0
    while True:
        entry, after = _table_entry(data, at, table)
        kind = entry & _KIND
        if kind == _WORD:
            size += 1
            for _ in range((entry & _BYTES) >> 2):
                text[write] = entry >> 4 & 0xFF
                entry >>= 8
                write += 1
        else:
            if size >= least:
                words[n, 0], words[n, 1] = begin, write
                n += 1
            else:
                write = begin
            begin, size = write, 0
        is_odd |= kind == _ODD
        if kind == _SEPARATOR:
            if is_odd:
                odd[odds, 0], odd[odds, 1] = stretch, at
                n = kept
                words[n, 0] = words[n, 1] = write
                n, odds = n + 1, odds + 1
            if data[at] < _ASCII:
                return at, write, n, odds
            stretch, kept, is_odd = after, n, False
        at = after


@kernel
def _table_entry(data: Array, at: int, table: Array) -> tuple[int, int]:
    """The table entry of the code point that begins at a byte, and the position of the next code point."""
    first = np.int64(data[at])
    if first < _ASCII:
        return np.int64(table[first]), at + 1
    if first >= 0xF0:
        return _ODD, at + 4
    second = np.int64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return np.int64(table[(first & 0x1F) << 6 | second]), at + 2
    return np.int64(table[(first & 0x0F) << 12 | second << 6 | (np.int64(data[at + 2]) & 0x3F)]), at + 3


@kernel
def _block(blocks: Array, at: Any, end: Any) -> Any:
    """Eight bytes from any position in the blocks, with those from `end` on zero."""
    which, shift = at >> _THREE, (at & _SEVEN) << _THREE
    both = blocks[which] >> shift | blocks[which + _ONE] << _ONE << (_BITS - shift)
    return both & _MASKS[min(end - at, np.uint64(8))]


@kernel
def hash_words(blocks: Array, words: Array, ends: Array, keys: Array, removed: int) -> int:
    """Write the key of each word and remove words of `removed` bytes, one or -1 for none, from `words` and `ends`;
    returns the words that remain.

    The key of a word of one block is that block times an odd number, so equal keys are equal words. `blocks` is what
    `lower` wrote, with one extra block.
    """
    n = word = 0
    for row in range(len(ends)):
        while word < ends[row]:
            at, end = np.uint64(words[word, 0]), np.uint64(words[word, 1])
            words[n, 0], words[n, 1] = at, end
            keys[n] = _block(blocks, at, end) * _GOLDEN
            n += np.int64(end) - np.int64(at) != removed
            word += 1
            while end - at > np.uint64(8):
                at += np.uint64(8)
                key = keys[n - 1]
                keys[n - 1] = ((key << _HALF | key >> _HALF) ^ _block(blocks, at, end)) * _GOLDEN
        ends[row] = n
    return n


@kernel
def number(vocabulary: Vocabulary, blocks: Array, words: Array, keys: Array, stream: Array) -> None:
    """Write each word's number to `stream`. New words are added to the vocabulary, which must have room for them."""
    slots, _, _, _, counted = vocabulary
    shift, last = np.uint64(counted[1]), np.uint64(len(slots) - 1)
    for word in range(len(keys)):
        key, at, end = keys[word], np.uint64(words[word, 0]), np.uint64(words[word, 1])
        long = _LONG_FLAG if end - at > np.uint64(8) else np.uint64(0)
        place = key >> shift
        while True:
            held = slots[place, 1]
            if held == 0:
                held = long | np.uint64(counted[0] + 1)
                slots[place, 0], slots[place, 1] = key, held
                _add_word(vocabulary, key, blocks, at, end)
                break
            alike = slots[place, 0] == key and held & _LONG_FLAG == long
            if alike and (not long or _equals(vocabulary, np.int64(held & ~_LONG_FLAG) - 1, blocks, at, end)):
                break
            place = (place + _ONE) & last
        stream[word] = np.int64(held & ~_LONG_FLAG) - 1


@kernel
def _add_word(vocabulary: Vocabulary, key: Any, blocks: Array, at: Any, end: Any) -> None:
    """Add a word with the next number."""
    _, keys, bounds, letters, counted = vocabulary
    count = counted[0]
    write = bounds[count]
    while at < end:
        letters[write] = _block(blocks, at, end)
        at += np.uint64(8)
        write += 1
    keys[count], bounds[count + 1], counted[0] = key, write, count + 1


@kernel
def _equals(vocabulary: Vocabulary, word: int, blocks: Array, at: Any, end: Any) -> bool:
    """Whether the word has these letters."""
    _, _, bounds, letters, _ = vocabulary
    place = bounds[word]
    while at < end and place < bounds[word + 1] and letters[place] == _block(blocks, at, end):
        at += np.uint64(8)
        place += 1
    return at >= end and place == bounds[word + 1]


@kernel
def rehash(vocabulary: Vocabulary) -> None:
    """Fill the empty hash table with the words of the vocabulary, except the empty word, which is in it already."""
    slots, keys, bounds, _, counted = vocabulary
    for word in range(1, counted[0]):
        place = keys[word] >> np.uint64(counted[1])
        while slots[place, 1] != 0:
            place = (place + _ONE) & np.uint64(len(slots) - 1)
        long = _LONG_FLAG if bounds[word + 1] - bounds[word] > 1 else np.uint64(0)
        slots[place, 0], slots[place, 1] = keys[word], long | np.uint64(word + 1)


@kernel
def write_final_numbers(part: tuple[Array, Array, Array], phrases: tuple[Array, Array], out: Array) -> None:
    """Write a part of the stream to `out` by final numbers, with odd pieces as their words.

    `part` is (stream, ends, final): `ends` gets the ends in `out`, and `final` maps its numbers. -1 - p in the stream
    is phrase p, the words `places[p]` to `places[p + 1]` of `phrases` (words, places).
    """
    stream, ends, final = part
    words, places = phrases
    n, at = 0, 0
    for row in range(len(ends)):
        while at < ends[row]:
            entry = stream[at]
            at += 1
            if entry >= 0:
                out[n] = final[np.uint64(entry)]
                n += 1
            else:
                for place in range(places[-1 - entry], places[-entry]):
                    out[n] = words[place]
                    n += 1
        ends[row] = n


@kernel
def write_terms(part: tuple[Array, Array], terms: tuple[Array, Array], phrases: tuple[Array, Array], out: Array) -> int:
    """Write the terms of each text to `out`, a blank after each, and a line break after each text; returns the bytes.

    `part` is (stream, ends). Word w has the bytes `terms[1][terms[0][w]:terms[0][w + 1]]`, and -1 - p in the stream is
    phrase p, likewise.
    """
    stream, ends = part
    n = at = 0
    for row in range(len(ends)):
        while at < ends[row]:
            entry = stream[at]
            at += 1
            bounds, letters = terms if entry >= 0 else phrases
            which = entry if entry >= 0 else -1 - entry
            for place in range(bounds[which], bounds[which + 1]):
                out[n] = letters[place]
                n += 1
            out[n] = 32
            n += 1
        out[n] = 10
        n += 1
    return n


@kernel
def write_words(vocabulary: Vocabulary, order: Array, out: Array) -> int:
    """Write the words in this order to `out` as UTF-8, with a line break after each; returns the number of bytes."""
    _, _, bounds, letters, _ = vocabulary
    n = 0
    for word in order:
        for at in range(bounds[word], bounds[word + 1]):
            block = letters[at]
            while block:
                out[n] = block & np.uint64(0xFF)
                block >>= np.uint64(8)
                n += 1
        out[n] = 10
        n += 1
    return n
