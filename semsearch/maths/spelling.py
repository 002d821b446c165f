"""Find the words of texts among words with vectors, in the spelling of those words.

Words learned by semsearch have the spelling of its tokenizer (maths.text). Imported vectors keep the words of their
publisher: with capitals, don't, New_York, a comma. For these a text is split at white space. Each piece is looked up as
it is, without surrounding punctuation, and both in lower case.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import IntArray
from semsearch.maths.counts import Numbers, word_numbers
from semsearch.maths.sparse import sp
from semsearch.maths.tally import tally
from semsearch.maths.text import Analyzer, tokens

_PUNCTUATION = "\"'`.,;:!?()[]{}<>…“”„‘’«»—–-"
_MAX_UNKNOWN_SPELLINGS = 0.01  # share of words that our tokenizer would split or change


def spellings(piece: str) -> list[str]:
    """The spellings under which a piece of text may be among imported words, likeliest first."""
    bare = piece.strip(_PUNCTUATION)
    return [spelled for spelled in dict.fromkeys([piece, bare, piece.lower(), bare.lower()]) if spelled]


def uses_other_tokenizer(words: Sequence[str]) -> bool:
    """Whether more than a few of these words are not tokens of our tokenizer."""
    return sum(tokens(word) != [word] for word in words) > _MAX_UNKNOWN_SPELLINGS * len(words)


@dataclass(frozen=True)
class Pieces:
    """Texts as numbers: `stream` (m,) the numbers of distinct pieces, `starts` (n + 1,) the start of each text.

    `spelled` holds the candidate words of each distinct piece, likeliest first.
    """

    spelled: list[list[str]]
    stream: Numbers
    starts: IntArray

    def words(self) -> list[str]:
        """All candidate words of all pieces, once each, in order of first occurrence."""
        return list(dict.fromkeys(word for candidates in self.spelled for word in candidates))

    def counts(self, place: Mapping[str, int]) -> sp.csr_matrix:
        """(n, len(place)) float32 counts of the known words in each text; `place` maps a word to its column."""
        columns = [next((place[word] for word in words if word in place), -1) for words in self.spelled]
        return tally(self.stream, self.starts, np.array(columns, np.int32), len(place))


def pieces(texts: Iterable[str], *, elsewhere: bool, analyzer: Analyzer | None = None) -> Pieces:
    """The texts as tokens of the analyzer, or as pieces between white space if the words come from `elsewhere`."""
    if not elsewhere:
        numbers, stream, starts = word_numbers(texts, analyzer)
        return Pieces([[word] for word in numbers], stream, starts)
    numbers_of: dict[str, int] = {}
    numbered, begins = array("i"), array("q", [0])
    for text in texts:
        numbered.extend([numbers_of.setdefault(piece, len(numbers_of)) for piece in text.split()])
        begins.append(len(numbered))
    spelled = [spellings(piece) for piece in numbers_of]
    return Pieces(spelled, np.frombuffer(numbered, np.int32), np.frombuffer(begins, np.int64))
