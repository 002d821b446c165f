"""Counting words in documents, into sparse matrices."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths.numbering import number_words
from semsearch.maths.scan import number
from semsearch.maths.sparse import sp
from semsearch.maths.tally import documents_with, number_counts, tally
from semsearch.maths.text import Analyzer, old_tokens, tokens

Numbers: TypeAlias = npt.NDArray[np.int32 | np.int64]

# Characters from which the compiled scanner is faster: once it is loaded, and when it and numba must be loaded first.
_WARM_CHARS, _COLD_CHARS = 100_000, 10_000_000


@dataclass(frozen=True)
class TermCounts:
    """The counts of each term in each document.

    `matrix` (n_documents, n_terms) float32 CSR of counts; `terms` (n_terms,) as the model stores them, those in most
    documents first; `surfaces` (n_terms,) the most frequent written form of each; `totals` (n_terms,) occurrences;
    `documents` (n_terms,) documents that hold it.
    """

    matrix: sp.csr_matrix
    terms: list[str]
    surfaces: list[str]
    totals: IntArray
    documents: IntArray


def word_numbers(texts: Iterable[str], analyzer: Analyzer | None = None) -> tuple[list[str], Numbers, IntArray]:
    """The distinct words, the numbers of all words in order, and the start of each text in them (n + 1,).

    Word i has the number i; words are in order of first occurrence. Much text is scanned by compiled code, with the
    same result. The words are those of `tokens`, or of the analyzer.
    """
    if analyzer is not None and analyzer.old:
        return _number_words(texts, old_tokens)
    rest = iter(texts if analyzer is None else analyzer.prepared(texts))
    enough = _WARM_CHARS if number.ready else _COLD_CHARS
    first, size = [], 0
    for text in rest:
        first.append(text)
        size += len(text)
        if size >= enough:
            return number_words(chain(first, rest))
    return _number_words(first)


def _number_words(
    texts: Iterable[str], split: Callable[[str], list[str]] = tokens
) -> tuple[list[str], Numbers, IntArray]:
    numbers: dict[str, int] = {}
    stream, starts = array("i"), array("q", [0])
    for text in texts:
        stream.extend([numbers.setdefault(word, len(numbers)) for word in split(text)])
        starts.append(len(stream))
    return list(numbers), np.frombuffer(stream, dtype=np.int32), np.frombuffer(starts, dtype=np.int64)


def count_terms(
    texts: Sequence[str], analyzer: Analyzer, *, min_documents: int = 1, progress: Callable[[int], None] | None = None
) -> TermCounts:
    """Count every term that occurs in at least `min_documents` of the texts. `progress` gets the texts read so far.

    Words are counted as written and stemmed once per distinct word, because there are few distinct words.
    """
    words, stream, starts = word_numbers(with_progress(texts, progress), analyzer)
    terms, column = _terms_of(words, analyzer)
    documents = documents_with(stream, starts, column, len(terms))
    order = _by_document_count(documents, min_documents)
    written = number_counts(stream, starts, len(words))
    surface = _commonest_words(column, written, len(terms))[order]
    totals = np.bincount(column[column >= 0], weights=written[column >= 0], minlength=len(terms))
    rank = np.full(len(terms) + 1, -1, np.int32)  # the last entry is for words without a term
    rank[order] = np.arange(len(order))
    return TermCounts(
        matrix=tally(stream, starts, rank[column], len(order)),
        terms=[terms[row] for row in order.tolist()],
        surfaces=[words[number] for number in surface.tolist()],
        totals=totals[order].astype(np.int64),
        documents=documents[order].astype(np.int64),
    )


def _terms_of(words: list[str], analyzer: Analyzer) -> tuple[list[str], npt.NDArray[np.int32]]:
    """The distinct terms in order of first occurrence, and each word's position among them, -1 for no term."""
    if not (analyzer.stem or analyzer.stop or analyzer.own):
        return words, np.arange(len(words), dtype=np.int32)
    of_word = analyzer.terms(words)
    terms = [term for term in dict.fromkeys(of_word) if term is not None]
    return terms, _columns_of(of_word, dict(zip(terms, range(len(terms)), strict=True)))


def _columns_of(terms: Sequence[str | None], where: Mapping[str, int]) -> npt.NDArray[np.int32]:
    """The column of each term, -1 for no term and for an unknown term."""
    return np.fromiter((-1 if term is None else where.get(term, -1) for term in terms), np.int32, len(terms))


def with_progress(texts: Sequence[str], progress: Callable[[int], None] | None) -> Iterable[str]:
    """The texts; `progress` gets the number read so far, every thousand."""
    for done, text in enumerate(texts):
        if progress is not None and done % 1000 == 0:
            progress(done)
        yield text


def _by_document_count(documents: IntArray, least: int) -> IntArray:
    """The numbers of the terms in at least `least` documents, by falling document count, ties by first occurrence."""
    frequent = np.flatnonzero(documents >= least)
    ordered: IntArray = frequent[np.argsort(-documents[frequent], kind="stable")]
    return ordered


def _commonest_words(column: Numbers, written: Numbers, width: int) -> IntArray:
    """(width,) the number of the most frequent word of each term; of equally frequent words the first."""
    rising = len(column) - 1 - np.argsort(written[::-1], kind="stable")  # of equals the first word comes last
    best = np.zeros(width + 1, np.int64)  # the last entry is for words without a term
    best[column[rising]] = rising  # of several writes to one entry the last counts
    return best[:-1]


def count_all_terms(texts: Iterable[str], analyzer: Analyzer, where: Mapping[str, int]) -> sp.csr_matrix:
    """(n, len(where) + m) float32 counts of all terms: known ones by number, then m new ones by first occurrence."""
    words, stream, starts = word_numbers(texts, analyzer)
    columns = dict(where)
    column = np.array(
        [-1 if term is None else columns.setdefault(term, len(columns)) for term in analyzer.terms(words)],
        dtype=np.int32,
    )
    return tally(stream, starts, column, len(columns))


def count_known_terms(texts: Iterable[str], analyzer: Analyzer, where: Mapping[str, int]) -> sp.csr_matrix:
    """(n, len(where)) float32 counts of the known terms, by their numbers; other words are ignored."""
    words, stream, starts = word_numbers(texts, analyzer)
    return tally(stream, starts, _columns_of(analyzer.terms(words), where), len(where))
