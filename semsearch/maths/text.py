"""From text to terms: normalise, split, remove stop words, stem."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import Stemmer

from semsearch.maths.stopwords import ENGLISH

_WORD = re.compile(r"[^\W_]{2,}")


def tokens(text: str) -> list[str]:
    """The words of a text in order: runs of two or more letters or digits, after Unicode NFKC and lower-casing."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Analyzer:
    """How words become terms: English stop words are removed, other words are stemmed (Snowball English)."""

    stem: bool = True
    stop: bool = True

    def terms(self, words: Sequence[str]) -> list[str | None]:
        """The term of each word; None for a stop word."""
        stems = _stemmer().stemWords(list(words)) if self.stem else words
        if not self.stop:
            return list(stems)
        return [None if word in ENGLISH else stem for word, stem in zip(words, stems, strict=True)]

    def content_words(self, text: str) -> list[str]:
        """The distinct words of a text that are not stop words, in order; all of them if every one is."""
        words = list(dict.fromkeys(tokens(text)))
        kept = [word for word, term in zip(words, self.terms(words), strict=True) if term is not None]
        return kept or words


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def pack(terms: Sequence[str]) -> npt.NDArray[np.uint8]:
    """Terms as one array of bytes, for a state. Terms are words and hold no newline."""
    return np.frombuffer("\n".join(terms).encode("utf-8"), dtype=np.uint8)


def unpack(packed: npt.NDArray[np.uint8]) -> list[str]:
    """The inverse of `pack`."""
    return packed.tobytes().decode("utf-8").split("\n") if packed.size else []
