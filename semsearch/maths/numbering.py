"""From texts to word numbers: buffers for the kernels of `scan`, one vocabulary per thread, and their merging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from threading import get_ident
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths import codepoints, scan
from semsearch.maths.scan import Vocabulary
from semsearch.maths.text import tokens
from semsearch.threads import map_items, map_ranges, thread_count

Array = npt.NDArray[Any]

_BATCH_CHARS = 1 << 18  # characters scanned together, so that the output stays in the cache
_BLOCK_BYTES = 8  # bytes in a block of letters
_LOWERCASE_GROWTH = 1.5  # bytes of the lower case per byte: some letters of two bytes become three


class Scanner:
    """A vocabulary, and buffers that every scan reuses."""

    def __init__(self) -> None:
        self.vocabulary = _empty_vocabulary(1, 0)
        self.resize(0)

    def resize(self, size: int) -> None:
        """Allocate buffers for texts of `size` bytes. A text of n bytes holds at most (n + 1) / 2 words."""
        self.size = size
        self.blocks = np.empty(int(size * _LOWERCASE_GROWTH) // _BLOCK_BYTES + 2, np.uint64)
        self.words = np.empty((size // 2 + 1, 2), np.int64)
        self.odd = np.empty((size // 2 + 1, 2), np.int64)
        self.keys = np.empty(size // 2 + 1, np.uint64)


@dataclass
class _Part:
    """The words of consecutive texts: numbers in the vocabulary of scanner `by`, text ends, and phrases.

    `fresh` is the range of the numbers of words that were new to the scanner, in order of occurrence here. `odd` int32
    holds the phrase of each odd piece; in `stream` int32 phrase p is -1 - p.
    """

    by: int
    stream: Array
    ends: IntArray
    fresh: tuple[int, int]
    odd: Array = field(default_factory=lambda: np.empty(0, np.int32))


def number_words(texts: Iterable[str]) -> tuple[list[str], npt.NDArray[np.int32], IntArray]:
    """The distinct words in order of first occurrence, the numbers of all words, and the start of each text (n + 1,).

    Equal to numbering the words of `text.tokens` one by one, but several times faster.
    """
    scanners: dict[int, Scanner] = {}

    def work(batch: list[str]) -> tuple[_Part, list[bytes]]:
        mine = get_ident()  # a thread takes batches in order, so a word new to its scanner occurs here first
        if mine not in scanners:
            scanners[mine] = Scanner()
        return scan_batch(batch, mine, scanners[mine])

    parts: list[_Part] = []
    phrases: dict[bytes, int] = {}
    for part, odd in map_items(work, _batches(texts)):
        part.odd = np.array([phrases.setdefault(phrase, len(phrases)) for phrase in odd], np.int32)
        if odd:
            part.stream[part.stream == 0] = -1 - part.odd
        parts.append(part)
    return _join_parts(parts, scanners, [tokens(phrase.decode("utf-8", "surrogatepass")) for phrase in phrases])


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts in batches of at least _BATCH_CHARS characters."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH_CHARS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def scan_batch(texts: Sequence[str], by: int, scanner: Scanner, least: int = 2) -> tuple[_Part, list[bytes]]:
    """The part of the words of at least so many letters, 1 or 2, and its odd pieces. Lone surrogates are kept."""
    lines = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([len(line) + 1 for line in lines])  # each is followed by a line break
    text = b"\n".join([*lines, b""])
    if scanner.size < len(text):
        scanner.resize(2 * len(text))
    blocks, words, odd, keys = scanner.blocks, scanner.words, scanner.odd, scanner.keys
    data = np.frombuffer(text, np.uint8)
    n, odds = scan.lower(data, ends, codepoints.table(), (blocks.view(np.uint8), words, odd), least)
    n = scan.hash_words(blocks, words, ends, keys, 1 if least > 1 else -1)
    before = int(scanner.vocabulary.counted[0])
    stream = _numbers(scanner, blocks, words[:n], keys[:n])
    fresh = before, int(scanner.vocabulary.counted[0])
    return _Part(by, stream, ends, fresh), [text[start:end] for start, end in odd[:odds].tolist()]


def _numbers(scanner: Scanner, blocks: Array, words: Array, keys: Array) -> Array:
    """The numbers int32 of these words, after adding new ones to the scanner's vocabulary."""
    scanner.vocabulary = _grown(scanner.vocabulary, len(keys), len(keys) + len(blocks))
    stream = np.empty(len(keys), np.int32)
    scan.number(scanner.vocabulary, blocks, words, keys, stream)
    return stream


@dataclass(frozen=True)
class _Phrases:
    """Phrase p is the words `words[places[p]:places[p + 1]]`, numbers int32 in the merged vocabulary."""

    words: Array
    places: IntArray

    def lengths(self, odd: Array) -> IntArray:
        """The number of words in each of these phrases."""
        return self.places[odd + 1] - self.places[odd]


def _join_parts(
    parts: Sequence[_Part], scanners: Mapping[int, Scanner], phrases: Sequence[Sequence[str]]
) -> tuple[list[str], npt.NDArray[np.int32], IntArray]:
    """One vocabulary, numbered by first occurrence, one stream, and the start of each text in it."""
    joined = Scanner()
    known = {by: _merge_vocabulary(joined, scanner.vocabulary) for by, scanner in scanners.items()}
    odd = _number_phrases(joined, phrases)
    met = [_new_words(part, known[part.by], odd) for part in parts]
    order = _distinct(np.concatenate([*met, np.empty(0, np.int32)]), int(joined.vocabulary.counted[0]))
    numbers = np.zeros(int(joined.vocabulary.counted[0]), np.int32)
    numbers[order] = np.arange(len(order))
    final = {by: numbers[mine] for by, mine in known.items()}
    bounds = np.cumsum([0] + [len(part.stream) + int((odd.lengths(part.odd) - 1).sum()) for part in parts])
    stream = np.empty(bounds[-1], np.int32)

    def work(first: int, last: int) -> None:
        for part, start, end in zip(parts[first:last], bounds[first:last], bounds[first + 1 : last + 1], strict=True):
            mine = (part.stream, part.ends, final[part.by])
            scan.write_final_numbers(mine, (numbers[odd.words], odd.places), stream[start:end])

    map_ranges(work, np.linspace(0, len(parts), thread_count() + 1).astype(int).tolist())
    starts = np.concatenate([[0], *(part.ends + start for part, start in zip(parts, bounds[:-1], strict=True))])
    return spell_words(joined.vocabulary, order), stream, starts


def _number_phrases(scanner: Scanner, phrases: Sequence[Sequence[str]]) -> _Phrases:
    """The phrases by the numbers of the scanner's vocabulary."""
    distinct = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(phrases)))}
    which = np.array([distinct[word] for phrase in phrases for word in phrase], np.int64)
    places = np.cumsum([0, *map(len, phrases)])
    return _Phrases(_number_spelled(scanner, list(distinct))[which], places)


def _new_words(part: _Part, known: Array, odd: _Phrases) -> Array:
    """The words that may occur first in this part, by merged numbers, in text order."""
    first, last = part.fresh
    if not len(part.odd):
        return known[first:last]
    late = np.flatnonzero(part.stream >= first)
    _, earliest = np.unique(part.stream[late], return_index=True)
    stretches = np.repeat(np.flatnonzero(part.stream < 0), odd.lengths(part.odd))
    phrases = [odd.words[odd.places[phrase] : odd.places[phrase + 1]] for phrase in part.odd]
    order = np.argsort(np.concatenate([late[earliest], stretches]), kind="stable")
    return np.concatenate([known[first:last], *phrases])[order]


def _distinct(numbers: Array, limit: int) -> Array:
    """The distinct numbers, all below `limit`, in order of first occurrence."""
    place = np.empty(limit, np.int64)
    place[numbers[::-1]] = np.arange(len(numbers))[::-1]  # of several writes to one entry the last counts
    return numbers[place[numbers] == np.arange(len(numbers))]


def _merge_vocabulary(scanner: Scanner, other: Vocabulary) -> Array:
    """The numbers of the other vocabulary's words, after adding new ones to the scanner's vocabulary."""
    count = int(other.counted[0])
    bounds = _BLOCK_BYTES * other.bounds[: count + 1]
    return _numbers(
        scanner,
        other.letters[: other.bounds[count] + 1],
        np.stack([bounds[:-1], bounds[1:]], axis=1),
        other.keys[:count],
    )


def _number_spelled(scanner: Scanner, words: Sequence[str]) -> Array:
    """The numbers of these words, after adding new ones to the scanner's vocabulary."""
    spelt = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, spelt)])
    places = np.stack([ends[:-1], ends[1:]], axis=1)
    blocks = np.frombuffer(b"".join(spelt) + bytes(2 * _BLOCK_BYTES - ends[-1] % _BLOCK_BYTES), "<u8").astype(np.uint64)
    keys = np.empty(len(words), np.uint64)
    scan.hash_words(blocks, places, np.array([len(words)]), keys, 1)
    return _numbers(scanner, blocks, places, keys)


def spell_words(vocabulary: Vocabulary, order: Array) -> list[str]:
    """The words with these numbers, in this order."""
    out = np.empty(_BLOCK_BYTES * int(vocabulary.bounds[vocabulary.counted[0]]) + len(order), np.uint8)
    return out[: scan.write_words(vocabulary, order, out)].tobytes().decode().split("\n")[:-1]


def _empty_vocabulary(words: int, blocks: int) -> Vocabulary:
    """A vocabulary of the empty word, with room for at least this many words and blocks."""
    bits = max(8, (2 * words).bit_length())  # at most half of the slots are used
    room = 1 << bits - 1
    vocabulary = Vocabulary(
        np.zeros((1 << bits, 2), np.uint64),
        np.zeros(room, np.uint64),
        np.zeros(room + 1, np.int64),
        np.empty(blocks, np.uint64),
        np.array([1, 64 - bits]),
    )
    vocabulary.slots[0, 1] = 1  # the key of the empty word is 0
    return vocabulary


def _grown(old: Vocabulary, words: int, blocks: int) -> Vocabulary:
    """The vocabulary with room for this many more words and blocks."""
    count = int(old.counted[0])
    filled = int(old.bounds[count])
    if count + words > len(old.keys) or filled + blocks >= len(old.letters):
        new = _empty_vocabulary(count + words, 2 * (filled + blocks))
        new.keys[:count], new.bounds[: count + 1] = old.keys[:count], old.bounds[: count + 1]
        new.letters[:filled], new.counted[0] = old.letters[:filled], count
        scan.rehash(new)
        return new
    return old
