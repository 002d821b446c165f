"""Counting words in documents, into sparse matrices."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import IntArray
from semsearch.maths.numbering import number_words
from semsearch.maths.scan import number
from semsearch.maths.tally import documents_with, tally, times
from semsearch.maths.text import Analyzer, tokens

Numbers: TypeAlias = npt.NDArray[np.int32 | np.int64]

# Characters from which compiled scanning takes less time: once it is loaded, and with loading it and numba.
_SOON, _LATER = 100_000, 10_000_000


@dataclass(frozen=True)
class TermCounts:
    """How often each term stands in each document.

    `matrix` (n_documents, n_terms) float32 CSR of counts; `terms` (n_terms,) what the model calls them, most
    widespread first; `surfaces` the commonest way each is written; `totals` (n_terms,) occurrences; `documents`
    (n_terms,) documents holding it.
    """

    matrix: sp.csr_matrix
    terms: list[str]
    surfaces: list[str]
    totals: IntArray
    documents: IntArray


def word_numbers(texts: Iterable[str]) -> tuple[list[str], Numbers, IntArray]:
    """The distinct words, the numbers of all words in order, and where each text begins in them (n + 1,).

    Word i has the number i; they are in order of first occurrence. Much text is scanned by compiled code, with the same
    result.
    """
    rest = iter(texts)
    enough = _SOON if number.ready else _LATER
    first, size = [], 0
    for text in rest:
        first.append(text)
        size += len(text)
        if size >= enough:
            return number_words(chain(first, rest))
    return _numbered(first)


def _numbered(texts: Iterable[str]) -> tuple[list[str], Numbers, IntArray]:
    numbers: dict[str, int] = {}
    stream, starts = array("i"), array("q", [0])
    for text in texts:
        stream.extend([numbers.setdefault(word, len(numbers)) for word in tokens(text)])
        starts.append(len(stream))
    return list(numbers), np.frombuffer(stream, dtype=np.int32), np.frombuffer(starts, dtype=np.int64)


def count_terms(
    texts: Sequence[str], analyzer: Analyzer, *, min_documents: int = 1, progress: Callable[[int], None] | None = None
) -> TermCounts:
    """Count every term of the texts that stands in at least `min_documents` of them.

    Words are counted as written, and stemmed once per distinct word: a million documents hold few distinct words.
    """
    words, stream, starts = word_numbers(_told(texts, progress))
    terms, column = _terms(words, analyzer)
    documents = documents_with(stream, starts, column, len(terms))
    order = _most_widespread(documents, min_documents)
    written = times(stream, starts, len(words))
    surface = _commonest(column, written, len(terms))[order]
    totals = np.bincount(column[column >= 0], weights=written[column >= 0], minlength=len(terms))
    rank = np.full(len(terms) + 1, -1, np.int32)  # the last for words without a term
    rank[order] = np.arange(len(order))
    return TermCounts(
        matrix=tally(stream, starts, rank[column], len(order)),
        terms=[terms[row] for row in order.tolist()],
        surfaces=[words[number] for number in surface.tolist()],
        totals=totals[order].astype(np.int64),
        documents=documents[order].astype(np.int64),
    )


def _terms(words: list[str], analyzer: Analyzer) -> tuple[list[str], npt.NDArray[np.int32]]:
    """The distinct terms in order of first occurrence, and each word's place among them, -1 for none."""
    if not (analyzer.stem or analyzer.stop):
        return words, np.arange(len(words), dtype=np.int32)
    of_word = analyzer.terms(words)
    terms = [term for term in dict.fromkeys(of_word) if term is not None]
    return terms, _columns(of_word, dict(zip(terms, range(len(terms)), strict=True)))


def _columns(terms: Sequence[str | None], where: Mapping[str, int]) -> npt.NDArray[np.int32]:
    """The column of each term, -1 for none and for one that has no column."""
    return np.fromiter((-1 if term is None else where.get(term, -1) for term in terms), np.int32, len(terms))


def _told(texts: Sequence[str], progress: Callable[[int], None] | None) -> Iterable[str]:
    for done, text in enumerate(texts):
        if progress is not None and done % 1000 == 0:
            progress(done)
        yield text


def _most_widespread(documents: IntArray, least: int) -> IntArray:
    """The terms of at least so many documents, by number: most widespread first, then the first met."""
    kept = np.flatnonzero(documents >= least)
    ordered: IntArray = kept[np.argsort(-documents[kept], kind="stable")]
    return ordered


def _commonest(column: Numbers, written: Numbers, width: int) -> IntArray:
    """(width,) for each term the number of the word most often written for it; the first met wins a tie."""
    rising = len(column) - 1 - np.argsort(written[::-1], kind="stable")  # of equals the first met comes last
    best = np.zeros(width + 1, np.int64)  # the last for words without a term
    best[column[rising]] = rising  # of those written to one place the last stays
    return best[:-1]


def count_open(texts: Iterable[str], analyzer: Analyzer, where: Mapping[str, int]) -> sp.csr_matrix:
    """(n, len(where) + m) float32 counts of all terms: the known ones by their numbers, then m others as they come."""
    words, stream, starts = word_numbers(texts)
    columns = dict(where)
    column = np.array(
        [-1 if term is None else columns.setdefault(term, len(columns)) for term in analyzer.terms(words)],
        dtype=np.int32,
    )
    return tally(stream, starts, column, len(columns))


def count_known(texts: Iterable[str], analyzer: Analyzer, where: Mapping[str, int]) -> sp.csr_matrix:
    """(n, len(where)) float32 counts of the terms already known, by their numbers; other words are left out."""
    words, stream, starts = word_numbers(texts)
    return tally(stream, starts, _columns(analyzer.terms(words), where), len(where))
