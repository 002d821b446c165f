"""Many texts as lines of index terms: what `index_terms.indexing` gives text by text, several times faster.

The words are numbered by the compiled scanner, each distinct word is analysed once, and a kernel writes the lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.maths import numbering, scan
from semsearch.maths.index_terms import index_terms, indexing
from semsearch.maths.languages import language_of
from semsearch.maths.text import Analyzer, word_terms

Array = npt.NDArray[Any]

_COLD_CHARS = 10_000_000  # from which compiling is worthwhile; a scanner that is ready is used from the first text on
_SIGNS = re.compile(r"[^\W_](?:\+\+|#)")  # C++ and C#, which the scanner would split


class _Terms:
    """The terms of numbered words as bytes, word by word; room is doubled when it is used up."""

    def __init__(self) -> None:
        self.count = 0
        self.bounds, self.letters = np.zeros(1, np.int64), np.empty(0, np.uint8)

    def add(self, terms: Sequence[str]) -> None:
        encoded = [term.encode("utf-8", "surrogatepass") for term in terms]
        ends = self.bounds[self.count] + np.cumsum([0, *map(len, encoded)])
        first, last = int(ends[0]), int(ends[-1])
        self.bounds = _with_room(self.bounds, self.count + len(terms) + 1)
        self.letters = _with_room(self.letters, last)
        self.bounds[self.count : self.count + len(ends)] = ends
        self.letters[first:last] = np.frombuffer(b"".join(encoded), np.uint8)
        self.count += len(terms)


def _with_room(values: Array, size: int) -> Array:
    if size <= len(values):
        return values
    larger = np.empty(2 * size, values.dtype)
    larger[: len(values)] = values
    return larger


class TermLines:
    """The terms of texts, joined by blanks, in batches. It remembers words, so one serves a whole table."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._line = indexing(language)
        self._prepared = Analyzer(language=language).prepared
        self._scanner = numbering.Scanner()
        self._terms = _Terms()
        self._terms.add([""])  # word 0 is the empty one
        self._read = 0

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """The line of each text."""
        self._read += sum(map(len, texts))
        if not scan.write_terms.ready and self._read < _COLD_CHARS:
            return [self._line(text) for text in texts]
        signed = {at for at, text in enumerate(texts) if ("++" in text or "#" in text) and _SIGNS.search(text)}
        lines = self._scanned(["" if at in signed else text for at, text in enumerate(self._prepared(texts))])
        for at in signed:
            lines[at] = self._line(texts[at])
        return lines

    def _scanned(self, texts: Sequence[str]) -> list[str]:
        part, odd = numbering.scan_batch(texts, 0, self._scanner, least=1)
        first, last = part.fresh
        self._terms.add(self._terms_of(numbering.spell_words(self._scanner.vocabulary, np.arange(first, last))))
        phrases = _Terms()
        numbers: dict[bytes, int] = {}
        for piece in odd:
            numbers.setdefault(piece, len(numbers))
        phrases.add([self._line(piece.decode("utf-8", "surrogatepass")) for piece in numbers])
        stream = part.stream
        stream[stream == 0] = [-1 - numbers[piece] for piece in odd]
        lengths = np.diff(self._terms.bounds[: self._terms.count + 1])
        room = int(lengths[stream[stream >= 0]].sum()) + len(stream) + len(texts)
        room += int(np.diff(phrases.bounds)[-1 - stream[stream < 0]].sum()) if odd else 0
        out = np.empty(room, np.uint8)
        held = [(each.bounds, each.letters) for each in (self._terms, phrases)]
        written = scan.write_terms((stream, part.ends), held[0], held[1], out)
        return out[:written].tobytes().decode("utf-8", "surrogatepass").split("\n")[:-1]

    def _terms_of(self, words: list[str]) -> list[str]:
        """The terms of each word, joined by blanks."""
        if language_of(self._language).grams:
            return [" ".join(index_terms(word, self._language)) for word in words]
        return word_terms(words, self._language)


def term_lines(language: str | None) -> Callable[[Sequence[str]], Sequence[str]]:
    """The function from texts to their lines; with None the texts themselves, for the old analyser."""
    return list if language is None else TermLines(language)
