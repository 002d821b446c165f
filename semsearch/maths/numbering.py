"""Words as numbers: what the kernels of `scan` need around them, a vocabulary for each thread, and their joining."""

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

_AT_ONCE = 1 << 18  # characters scanned at once: what is written meanwhile stays in the cache
_BLOCK = 8  # bytes
_GROWTH = 1.5  # the lower case of some letters of two bytes takes three


class _Scanner:
    """A vocabulary, and what is written over from one scan to the next."""

    def __init__(self) -> None:
        self.vocabulary = _empty(1, 0)
        self.resize(0)

    def resize(self, size: int) -> None:
        """Room for texts of so many bytes. A text of n bytes holds at most (n + 1) / 2 words."""
        self.size = size
        self.blocks = np.empty(int(size * _GROWTH) // _BLOCK + 2, np.uint64)
        self.words = np.empty((size // 2 + 1, 2), np.int64)
        self.odd = np.empty((size // 2 + 1, 2), np.int64)
        self.keys = np.empty(size // 2 + 1, np.uint64)


@dataclass
class _Part:
    """The words of some texts in a row: numbers in the vocabulary of scanner `by`, where texts end, and phrases.

    `fresh` are the numbers from and up to which words were new to the scanner, in the order in which they stand here.
    `odd` int32 is which phrase stands for each odd stretch; in `stream` int32 phrase p is -1 - p.
    """

    by: int
    stream: Array
    ends: IntArray
    fresh: tuple[int, int]
    odd: Array = field(default_factory=lambda: np.empty(0, np.int32))


def number_words(texts: Iterable[str]) -> tuple[list[str], npt.NDArray[np.int32], IntArray]:
    """The distinct words in order of first occurrence, the numbers of all words, and where each text begins (n + 1,).

    The same as numbering the words of `text.tokens` one by one, several times faster.
    """
    scanners: dict[int, _Scanner] = {}

    def work(batch: list[str]) -> tuple[_Part, list[bytes]]:
        mine = get_ident()  # a thread takes batches in their order: what is new to its scanner it met here first
        if mine not in scanners:
            scanners[mine] = _Scanner()
        return _scanned(batch, mine, scanners[mine])

    parts: list[_Part] = []
    phrases: dict[bytes, int] = {}
    for part, odd in map_items(work, _batches(texts)):
        part.odd = np.array([phrases.setdefault(phrase, len(phrases)) for phrase in odd], np.int32)
        if odd:
            part.stream[part.stream == 0] = -1 - part.odd
        parts.append(part)
    return _joined(parts, scanners, [tokens(phrase.decode("utf-8", "surrogatepass")) for phrase in phrases])


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """The texts, some at a time."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _scanned(texts: list[str], by: int, scanner: _Scanner) -> tuple[_Part, list[bytes]]:
    """The part, and its odd stretches. Lone surrogates are kept."""
    lines = [text.encode("utf-8", "surrogatepass") for text in texts]
    ends = np.cumsum([len(line) + 1 for line in lines])  # each with a line break behind it
    text = b"\n".join([*lines, b""])
    if scanner.size < len(text):
        scanner.resize(2 * len(text))
    blocks, words, odd, keys = scanner.blocks, scanner.words, scanner.odd, scanner.keys
    data = np.frombuffer(text, np.uint8)
    n, odds = scan.lower(data, ends, codepoints.table(), (blocks.view(np.uint8), words, odd))
    n = scan.hashed(blocks, words, ends, keys)
    before = int(scanner.vocabulary.counted[0])
    stream = _numbers(scanner, blocks, words[:n], keys[:n])
    fresh = before, int(scanner.vocabulary.counted[0])
    return _Part(by, stream, ends, fresh), [text[start:end] for start, end in odd[:odds].tolist()]


def _numbers(scanner: _Scanner, blocks: Array, words: Array, keys: Array) -> Array:
    """The numbers int32 of these words, which the scanner knows from now on."""
    scanner.vocabulary = _with_room(scanner.vocabulary, len(keys), len(keys) + len(blocks))
    stream = np.empty(len(keys), np.int32)
    scan.number(scanner.vocabulary, blocks, words, keys, stream)
    return stream


@dataclass(frozen=True)
class _Phrases:
    """Phrase p is the words `words[places[p]:places[p + 1]]`, numbers int32 in the joined vocabulary."""

    words: Array
    places: IntArray

    def lengths(self, odd: Array) -> IntArray:
        """How many words each of these phrases has."""
        return self.places[odd + 1] - self.places[odd]


def _joined(
    parts: Sequence[_Part], scanners: Mapping[int, _Scanner], phrases: Sequence[Sequence[str]]
) -> tuple[list[str], npt.NDArray[np.int32], IntArray]:
    """One vocabulary, numbered by first occurrence, and one stream."""
    joined = _Scanner()
    known = {by: _entered(joined, scanner.vocabulary) for by, scanner in scanners.items()}
    odd = _spelt_out(joined, phrases)
    met = [_first_met(part, known[part.by], odd) for part in parts]
    order = _distinct(np.concatenate([*met, np.empty(0, np.int32)]), int(joined.vocabulary.counted[0]))
    numbers = np.zeros(int(joined.vocabulary.counted[0]), np.int32)
    numbers[order] = np.arange(len(order))
    final = {by: numbers[mine] for by, mine in known.items()}
    bounds = np.cumsum([0] + [len(part.stream) + int((odd.lengths(part.odd) - 1).sum()) for part in parts])
    stream = np.empty(bounds[-1], np.int32)

    def work(first: int, last: int) -> None:
        for part, start, end in zip(parts[first:last], bounds[first:last], bounds[first + 1 : last + 1], strict=True):
            mine = (part.stream, part.ends, final[part.by])
            scan.settle(mine, (numbers[odd.words], odd.places), stream[start:end])

    map_ranges(work, np.linspace(0, len(parts), thread_count() + 1).astype(int).tolist())
    starts = np.concatenate([[0], *(part.ends + start for part, start in zip(parts, bounds[:-1], strict=True))])
    return _words(joined.vocabulary, order), stream, starts


def _spelt_out(scanner: _Scanner, phrases: Sequence[Sequence[str]]) -> _Phrases:
    """The phrases by the scanner's numbers."""
    distinct = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(phrases)))}
    which = np.array([distinct[word] for phrase in phrases for word in phrase], np.int64)
    places = np.cumsum([0, *map(len, phrases)])
    return _Phrases(_spelt(scanner, list(distinct))[which], places)


def _first_met(part: _Part, known: Array, odd: _Phrases) -> Array:
    """The words that may stand in this part for the first time, by the joined numbers, in the order of the text."""
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
    """The distinct ones of numbers below the limit, in order of first occurrence."""
    place = np.empty(limit, np.int64)
    place[numbers[::-1]] = np.arange(len(numbers))[::-1]  # of those written to one place the last stays
    return numbers[place[numbers] == np.arange(len(numbers))]


def _entered(scanner: _Scanner, other: Vocabulary) -> Array:
    """The numbers of the other's words, which the scanner knows from now on."""
    count = int(other.counted[0])
    bounds = _BLOCK * other.bounds[: count + 1]
    return _numbers(
        scanner,
        other.letters[: other.bounds[count] + 1],
        np.stack([bounds[:-1], bounds[1:]], axis=1),
        other.keys[:count],
    )


def _spelt(scanner: _Scanner, words: Sequence[str]) -> Array:
    """The numbers of these words, which the scanner knows from now on."""
    spelt = [word.encode() for word in words]
    ends = np.cumsum([0, *map(len, spelt)])
    places = np.stack([ends[:-1], ends[1:]], axis=1)
    blocks = np.frombuffer(b"".join(spelt) + bytes(2 * _BLOCK - ends[-1] % _BLOCK), "<u8").astype(np.uint64)
    keys = np.empty(len(words), np.uint64)
    scan.hashed(blocks, places, np.array([len(words)]), keys)
    return _numbers(scanner, blocks, places, keys)


def _words(vocabulary: Vocabulary, order: Array) -> list[str]:
    """These words."""
    out = np.empty(_BLOCK * int(vocabulary.bounds[vocabulary.counted[0]]) + len(order), np.uint8)
    return out[: scan.spell(vocabulary, order, out)].tobytes().decode().split("\n")[:-1]


def _empty(words: int, blocks: int) -> Vocabulary:
    """A vocabulary of the empty word, with room for so many words and blocks at least."""
    bits = max(8, (2 * words).bit_length())  # at most half of the slots are ever taken
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


def _with_room(old: Vocabulary, words: int, blocks: int) -> Vocabulary:
    """The vocabulary with room for so many words and blocks more."""
    count = int(old.counted[0])
    filled = int(old.bounds[count])
    if count + words > len(old.keys) or filled + blocks >= len(old.letters):
        new = _empty(count + words, 2 * (filled + blocks))
        new.keys[:count], new.bounds[: count + 1] = old.keys[:count], old.bounds[: count + 1]
        new.letters[:filled], new.counted[0] = old.letters[:filled], count
        scan.rehash(new)
        return new
    return old
