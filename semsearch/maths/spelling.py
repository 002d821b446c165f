"""Words of texts among words that have vectors, as those are spelled.

Words learned here are spelled as texts are read everywhere here (maths.text). Vectors made elsewhere keep what their
publisher calls a word: capitals, don't, New_York, a comma. Then a text is cut at its spaces, and each piece is looked
for as it stands, without the punctuation around it, and both in lower case.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import IntArray
from semsearch.maths.counts import Numbers, word_numbers
from semsearch.maths.tally import tally
from semsearch.maths.text import tokens

_PUNCTUATION = "\"'`.,;:!?()[]{}<>…“”„‘’«»—–-"
_MAX_UNKNOWN_SPELLINGS = 0.01  # of the words, spelled as no text is read here: from there on they come from elsewhere


def spellings(piece: str) -> list[str]:
    """How a piece of text may stand among the words of others, likeliest first."""
    bare = piece.strip(_PUNCTUATION)
    return [spelled for spelled in dict.fromkeys([piece, bare, piece.lower(), bare.lower()]) if spelled]


def uses_other_tokenizer(words: Sequence[str]) -> bool:
    """Whether more than a few of these words are none that reading a text here would give."""
    return sum(tokens(word) != [word] for word in words) > _MAX_UNKNOWN_SPELLINGS * len(words)


@dataclass(frozen=True)
class Pieces:
    """Texts as numbers: `stream` (m,) which of the distinct pieces stands there, `starts` (n + 1,) where texts begin.

    `spelled` holds for each distinct piece the words it may be, likeliest first.
    """

    spelled: list[list[str]]
    stream: Numbers
    starts: IntArray

    def words(self) -> list[str]:
        """Every word that any piece may be, once, in order of first occurrence."""
        return list(dict.fromkeys(word for some in self.spelled for word in some))

    def counts(self, place: Mapping[str, int]) -> sp.csr_matrix:
        """(n, len(place)) float32: how often each of the known words, by its place, stands in each text."""
        columns = [next((place[word] for word in some if word in place), -1) for some in self.spelled]
        return tally(self.stream, self.starts, np.array(columns, np.int32), len(place))


def pieces(texts: Iterable[str], *, elsewhere: bool) -> Pieces:
    """The texts as words of ours, or as pieces between spaces where the words were spelled elsewhere."""
    if not elsewhere:
        numbers, stream, starts = word_numbers(texts)
        return Pieces([[word] for word in numbers], stream, starts)
    found: dict[str, int] = {}
    told, begins = array("i"), array("q", [0])
    for text in texts:
        told.extend([found.setdefault(piece, len(found)) for piece in text.split()])
        begins.append(len(told))
    return Pieces([spellings(piece) for piece in found], np.frombuffer(told, np.int32), np.frombuffer(begins, np.int64))
