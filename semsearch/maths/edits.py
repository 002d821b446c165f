"""Words within a few edits of another: an index of many words by which characters they contain.

An edit inserts, deletes or replaces a character, or swaps two neighbours (optimal string alignment, after Damerau,
1964). It brings in or removes at most one kind of character, so most words are ruled out by one machine word of bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray

ONE_EDIT_FROM, TWO_EDITS_FROM = 4, 8  # letters; shorter words have too many others within an edit
_BITS = 64
LONGEST = 60  # letters of a word that others are compared with
_CHUNK = 100_000  # words whose characters are looked at together


def most_edits(word: str) -> int:
    """How many edits a word of this length may be from the one that was meant: 0, 1 or 2."""
    return (len(word) >= ONE_EDIT_FROM) + (len(word) >= TWO_EDITS_FROM)


def edits(one: str, other: str) -> int:
    """The number of edits between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        earlier, before, row = before, row, [i] * (len(other) + 1)
        for j, right in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                row[j] = min(row[j], earlier[j - 2] + 1)
    return row[-1]


@dataclass(frozen=True)
class Spellings:
    """Words (n,) with the number of characters of each and the kinds of its characters, one bit for each, modulo 64."""

    words: Sequence[str]
    lengths: IntArray
    kinds: npt.NDArray[np.uint64]

    def near(self, word: str, most: int) -> list[tuple[int, int]]:
        """The rows of the words within `most` edits, 1 or 2, and that number, in the order of rows, without the word.

        None for a word of more than LONGEST letters.
        """
        if len(word) > LONGEST:
            return []
        kinds = _kinds([word])[0]
        close = np.abs(self.lengths - len(word)) <= most
        close &= (_ones(self.kinds & ~kinds) <= most) & (_ones(~self.kinds & kinds) <= most)
        counted = [(row, edits(word, self.words[row])) for row in np.flatnonzero(close).tolist()]
        return [(row, number) for row, number in counted if 0 < number <= most]


def spellings(words: Sequence[str]) -> Spellings:
    """The index of some words."""
    parts = [_kinds(words[start : start + _CHUNK]) for start in range(0, len(words), _CHUNK)]
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    return Spellings(words, lengths, np.concatenate(parts) if parts else np.empty(0, np.uint64))


def _kinds(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    """(n,) the characters of each word as bits, up to some that no word within two edits of LONGEST letters has."""
    longest = min(LONGEST + 3, max(map(len, words)))
    characters = np.array(words, f"<U{longest}").view(np.uint32).reshape(len(words), longest)
    bits = np.left_shift(np.uint64(1), (characters % _BITS).astype(np.uint64))
    bits[characters == 0] = 0  # beyond the end of a word
    return np.bitwise_or.reduce(bits, axis=1)


def _ones(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    return np.asarray(np.bitwise_count(bits))
