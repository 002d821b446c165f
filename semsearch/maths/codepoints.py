"""The role of each code point in splitting a text into words, as a table for the scanner.

`text.tokens` normalises (NFKC), lower-cases and splits a whole text. Doing so character by character gives the same
result where neither normalising nor lower-casing depends on the neighbours. The table says for which code points that
holds, and where a text may be cut so that the rest can be given to `tokens` piece by piece:

- A code point that NFKC does not change, of combining class 0, and never second in a composition, is a boundary for
  normalising (Unicode Standard Annex 15, section 9, "Stable Code Points"). A text of such code points is normalised.
- Lower-casing depends on neighbours only for Σ, which becomes ς at the end of a word; it looks through letters and
  case-ignorable code points (Unicode Standard 3.13). İ is the only code point whose lower case is two code points.
- Runs of unspaced scripts become pairs, and some characters are ignored: for these the table says that they are odd.
- A separator is such a boundary, part of no word, never first in a composition, and blocks the view of a Σ. So
  tokens(a + separator + b) = tokens(a) + tokens(b) for all texts a and b.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

from semsearch.maths.text import is_mark, is_odd

SEPARATOR, OTHER, WORD, ODD = range(4)  # OTHER ends a word; a piece with an ODD one goes through `tokens`
PLANE = 0x10000  # the table covers the Basic Multilingual Plane; other code points are odd

_SIGMA = "Σ"
_JAMO = range(0x1100, 0x1200)  # Hangul letters compose by rule, not by table


@cache
def table() -> npt.NDArray[np.uint32]:
    """(65536,) uint32 with `bytes << 4 | count << 2 | kind` for each code point. Takes about 50 ms.

    `bytes` is its lower case in UTF-8, first byte lowest, and `count` their number.
    """
    firsts, seconds = _composition_parts()
    entries = np.empty(PLANE, np.uint32)
    for number in range(PLANE):
        char = chr(number)
        lower = char.lower()
        if char in seconds or number in _JAMO or char == _SIGMA or len(lower) > 1 or not _is_plain(char):
            kind = ODD
        elif lower.isalnum() or is_mark(char):  # a word character of re, except the underscore, or a mark
            kind = WORD
        else:
            kind = SEPARATOR if char not in firsts and _blocks_sigma(char) else OTHER
        spelt = lower.encode() if kind == WORD else b""
        entries[number] = int.from_bytes(spelt, "little") << 4 | len(spelt) << 2 | kind
    entries.flags.writeable = False
    return entries


def _composition_parts() -> tuple[set[str], set[str]]:
    """The code points that are first, and second, in canonical decompositions, including those never composed again."""
    firsts, seconds = set(), set()
    for number in range(PLANE):
        parts = unicodedata.decomposition(chr(number)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            firsts.add(chr(int(parts[0], 16)))
            seconds.add(chr(int(parts[1], 16)))
    return firsts, seconds


def _is_plain(char: str) -> bool:
    """Whether neither normalising nor splitting does anything else to it than to letters, marks or punctuation."""
    return not is_odd(char) and unicodedata.is_normalized("NFKC", char) and not unicodedata.combining(char)


def _blocks_sigma(char: str) -> bool:
    """Whether lower-casing a Σ ignores what precedes this: it is neither cased nor case-ignorable."""
    return f"A{char}{_SIGMA}".lower().endswith("σ")
