"""Words as numbers: what the kernels of `scan` need around them, a vocabulary for each thread, and their joining."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths import codepoints, scan
from semsearch.maths.jit import spread, threads
from semsearch.maths.scan import Vocabulary
from semsearch.maths.text import tokens

Array = npt.NDArray[Any]

_AT_ONCE = 1 << 18  # bytes scanned at once: what is written meanwhile stays in the cache
_BATCH = 1 << 22  # bytes a thread is given at once: on a busy machine every time that threads wait for each other costs
_BLOCK = 8  # bytes
_GROWTH = 1.5  # the lower case of some letters of two bytes takes three


@dataclass
class _Part:
    """The words of some texts in a row, as `scan.scan` leaves them; in `stream` -1 - p stands for phrase p."""

    thread: int
    stream: Array
    ends: IntArray


def number_words(texts: Iterable[str]) -> tuple[list[str], npt.NDArray[np.int32], IntArray]:
    """The distinct words in order of first occurrence, the numbers of all words, and where each text begins (n + 1,).

    The same as numbering the words of `text.tokens` one by one, several times faster.
    """
    vocabularies = [_empty(0, 0) for _ in range(threads())]
    parts: list[_Part] = []
    phrases: dict[bytes, int] = {}
    for batch in _batches(texts):
        data = np.frombuffer(b"".join(batch), np.uint8)
        starts = np.concatenate([[0], np.cumsum([len(text) for text in batch])])
        for part, odd in _scanned(data, starts, vocabularies):
            found = [phrases.setdefault(data[start:end].tobytes(), len(phrases)) for start, end in odd.tolist()]
            part.stream[part.stream < 0] = -1 - np.array(found, np.int32)
            parts.append(part)
    return _joined(parts, vocabularies, [tokens(phrase.decode("utf-8", "surrogatepass")) for phrase in phrases])


def _batches(texts: Iterable[str]) -> Iterator[list[bytes]]:
    """The texts as UTF-8, so many at once that every thread has something to do. Lone surrogates are kept."""
    batch: list[bytes] = []
    size, enough = 0, _BATCH * threads()
    for text in texts:
        batch.append(text.encode("utf-8", "surrogatepass"))
        size += len(batch[-1])
        if size >= enough:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _scanned(data: Array, starts: IntArray, vocabularies: list[Vocabulary]) -> list[tuple[_Part, Array]]:
    """The parts of a batch in order, each with the odd stretches (n, 2) in it. A thread takes many, one by one."""
    shares = _cuts(starts, len(vocabularies))

    def work(thread: int, _: int) -> list[tuple[_Part, Array]]:
        mine = starts[shares[thread] : shares[thread + 1] + 1]
        cuts = _cuts(mine, int(mine[-1] - mine[0]) // _AT_ONCE + 1)
        return [
            _scanned_by(thread, data, mine[first : last + 1], vocabularies)
            for first, last in zip(cuts[:-1], cuts[1:], strict=True)
            if first < last
        ]

    return [part for parts in spread(work, range(len(vocabularies) + 1)) for part in parts]


def _cuts(starts: IntArray, parts: int) -> list[int]:
    """Bounds between texts that make so many parts of about as many bytes."""
    inner = np.searchsorted(starts, np.linspace(starts[0], starts[-1], parts + 1)[1:-1])
    return [0, *inner.tolist(), len(starts) - 1]


def _scanned_by(thread: int, data: Array, starts: IntArray, vocabularies: list[Vocabulary]) -> tuple[_Part, Array]:
    size = int(starts[-1] - starts[0])
    room = size // 2 + len(starts)  # a text of n bytes holds at most (n + 1) / 3 words and (n + 1) / 2 odd stretches
    vocabularies[thread] = vocabulary = _with_room(vocabularies[thread], room, int(size * _GROWTH) // _BLOCK + room)
    stream, odd, ends = np.empty(room, np.int32), np.empty((room, 2), np.int64), np.zeros(len(starts) - 1, np.int64)
    odds = scan.scan(data, starts, codepoints.table(), vocabulary, (stream, ends, odd))
    return _Part(thread, stream[: ends[-1]].copy(), ends), odd[:odds].copy()


def _joined(
    parts: Sequence[_Part], vocabularies: Sequence[Vocabulary], phrases: Sequence[Sequence[str]]
) -> tuple[list[str], npt.NDArray[np.int32], IntArray]:
    """One vocabulary, numbered by first occurrence, and one stream."""
    odd = {word: number for number, word in enumerate(dict.fromkeys(word for phrase in phrases for word in phrase))}
    joined, known = vocabularies[0], [np.arange(vocabularies[0].counted[0])]
    for other in (*vocabularies[1:], _unhashed(list(odd))):
        joined, numbers = _entered(joined, other)
        known.append(numbers)
    lengths = np.array([len(phrase) for phrase in phrases], np.int64)
    words = known[-1][np.array([odd[word] for phrase in phrases for word in phrase], np.int64)]
    places = np.concatenate([[0], np.cumsum(lengths)])
    numbers = np.full(int(joined.counted[0]) + 1, -1, np.int32)
    numbers[-1] = 0
    ends, before = [np.zeros(1, np.int64)], 0
    for part in parts:
        noted = part.stream[part.stream < 0]
        out = np.empty(len(part.stream) - len(noted) + int(lengths[-1 - noted].sum()), np.int32)
        scan.settle((part.stream, part.ends, known[part.thread]), (words, places), numbers, out)
        part.stream = out
        ends.append(part.ends + before)
        before += len(out)
    stream = np.concatenate([np.empty(0, np.int32), *(part.stream for part in parts)])
    return _words(joined, numbers), stream, np.concatenate(ends)


def _entered(vocabulary: Vocabulary, other: Vocabulary) -> tuple[Vocabulary, IntArray]:
    """The vocabulary with the other's words, and their numbers in it."""
    count = int(other.counted[0])
    vocabulary = _with_room(vocabulary, count, int(other.bounds[count]))
    numbers = np.empty(count, np.int64)
    scan.enter(other, vocabulary, numbers)
    return vocabulary, numbers


def _unhashed(words: Sequence[str]) -> Vocabulary:
    """A vocabulary without slots and keys: only to be entered in another."""
    spelt = [word.encode() for word in words]
    blocks = [-(-len(word) // _BLOCK) for word in spelt]
    bounds = np.concatenate([[0], np.cumsum(blocks)]).astype(np.int64)
    padded = b"".join(word.ljust(_BLOCK * length, b"\0") for word, length in zip(spelt, blocks, strict=True))
    letters = np.frombuffer(padded, "<u8").astype(np.uint64)
    return Vocabulary(np.zeros((0, 2), np.uint64), np.zeros(0, np.uint64), bounds, letters, np.array([len(words), 0]))


def _words(vocabulary: Vocabulary, numbers: Array) -> list[str]:
    """The words that have a number, in the order of their numbers."""
    given = np.flatnonzero(numbers[:-1] >= 0)
    order = given[np.argsort(numbers[given])]
    out = np.empty(_BLOCK * int(vocabulary.bounds[vocabulary.counted[0]]) + len(order), np.uint8)
    return out[: scan.spell(vocabulary, order, out)].tobytes().decode().split("\n")[:-1]


def _empty(words: int, blocks: int) -> Vocabulary:
    bits = max(8, (2 * words).bit_length())  # at most half of the slots are ever taken
    return Vocabulary(
        np.zeros((1 << bits, 2), np.uint64),
        np.empty(words, np.uint64),
        np.zeros(words + 1, np.int64),
        np.empty(blocks, np.uint64),
        np.array([0, 64 - bits]),
    )


def _with_room(old: Vocabulary, words: int, blocks: int) -> Vocabulary:
    """The vocabulary with room for so many words and blocks more; twice what is asked, so that it seldom grows."""
    count = int(old.counted[0])
    filled = int(old.bounds[count])
    if count + words <= len(old.keys) and filled + blocks <= len(old.letters):
        return old
    new = _empty(2 * (count + words), 2 * (filled + blocks))
    new.keys[:count], new.bounds[: count + 1] = old.keys[:count], old.bounds[: count + 1]
    new.letters[:filled], new.counted[0] = old.letters[:filled], count
    scan.rehash(new)
    return new
