"""What each code point does to the splitting of a text into words, as a table for the scanner.

`text.tokens` normalises (NFKC), lower-cases and splits a whole text. Character by character is the same where neither
normalising nor lower-casing looks at the neighbours; the table says for which code points that is so, and where a text
may be cut so that the rest can be left to `tokens` piece by piece:

- A code point that NFKC leaves as it is, of combining class 0, that never stands second in a composition, begins
  anew: what stands before it is normalised by itself (Unicode Standard Annex 15, section 9, "Stable Code Points"). A
  text of such code points alone is normal already.
- Lower-casing looks at the neighbours of Σ only (at a word's end it is ς), through letters and through what is
  case-ignorable (Unicode Standard 3.13). İ is the one code point whose lower case is two.
- A separator is of the first kind, part of no word, never first in a composition, and hides what is beyond it from a
  Σ. So tokens(a + separator + b) = tokens(a) + tokens(b) for all texts a and b.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

SEPARATOR, OTHER, WORD, ODD = range(4)  # OTHER ends a word; ODD is for `tokens` to decide, with all up to a separator
PLANE = 0x10000  # the table has the Basic Multilingual Plane; what is beyond it is odd

_SIGMA = "Σ"
_JAMO = range(0x1100, 0x1200)  # they compose by rule, not by table


@cache
def table() -> npt.NDArray[np.uint32]:
    """(65536,) for each code point its lower case in UTF-8, first byte lowest, the number of bytes, and its kind.

    As `bytes << 4 | number << 2 | kind`. Takes about 50 ms.
    """
    firsts, seconds = _composition_parts()
    entries = np.empty(PLANE, np.uint32)
    for number in range(PLANE):
        char = chr(number)
        lower = char.lower()
        if char in seconds or number in _JAMO or char == _SIGMA or len(lower) > 1 or not _is_stable(char):
            kind = ODD
        elif lower.isalnum():  # what re calls a word character, but for the underscore
            kind = WORD
        else:
            kind = SEPARATOR if char not in firsts and _blocks_sigma(char) else OTHER
        spelt = lower.encode() if kind == WORD else b""
        entries[number] = int.from_bytes(spelt, "little") << 4 | len(spelt) << 2 | kind
    entries.flags.writeable = False
    return entries


def _composition_parts() -> tuple[set[str], set[str]]:
    """The code points that stand first, and second, in canonical decompositions; those not composed again as well."""
    firsts, seconds = set(), set()
    for number in range(PLANE):
        parts = unicodedata.decomposition(chr(number)).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            firsts.add(chr(int(parts[0], 16)))
            seconds.add(chr(int(parts[1], 16)))
    return firsts, seconds


def _is_stable(char: str) -> bool:
    return unicodedata.is_normalized("NFKC", char) and not unicodedata.combining(char)


def _blocks_sigma(char: str) -> bool:
    """Whether a Σ does not see past this: neither a cased letter nor case-ignorable. Σ after a cased letter is ς."""
    return f"A{char}{_SIGMA}".lower().endswith("σ")
