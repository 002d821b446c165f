"""Counting words in documents, into sparse matrices."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from semsearch.arrays import IntArray
from semsearch.maths.text import Analyzer, tokens

Numbers: TypeAlias = npt.NDArray[np.int32 | np.int64]


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


def word_numbers(texts: Iterable[str]) -> tuple[dict[str, int], Numbers, IntArray]:
    """Each distinct word's number, the numbers of all words in order, and where each document begins (n + 1,)."""
    numbers: dict[str, int] = {}
    stream, starts = array("i"), array("q", [0])
    for text in texts:
        stream.extend([numbers.setdefault(word, len(numbers)) for word in tokens(text)])
        starts.append(len(stream))
    return numbers, np.frombuffer(stream, dtype=np.int32), np.frombuffer(starts, dtype=np.int64)


def _tally(columns: Numbers, starts: IntArray, width: int) -> sp.csr_matrix:
    """(n, width) counts of the column numbers in each stretch; negative numbers are left out."""
    keep = columns >= 0
    ends = np.concatenate([[0], np.cumsum(keep)])[starts]
    kept = columns[keep]
    matrix = sp.csr_matrix((np.ones(len(kept), np.float32), kept, ends), shape=(len(starts) - 1, width))
    matrix.sum_duplicates()
    return matrix


def count_terms(
    texts: Sequence[str], analyzer: Analyzer, *, min_documents: int = 1, progress: Callable[[int], None] | None = None
) -> TermCounts:
    """Count every term of the texts that stands in at least `min_documents` of them.

    Words are counted as written, and stemmed once per distinct word: a million documents hold few distinct words.
    """
    numbers, stream, starts = word_numbers(_told(texts, progress))
    words = list(numbers)
    of_word = analyzer.terms(words)
    terms = list(dict.fromkeys(term for term in of_word if term is not None))
    where = {term: row for row, term in enumerate(terms)}
    column = np.array([-1 if term is None else where[term] for term in of_word], dtype=np.int32)
    matrix = _tally(column[stream] if len(words) else stream, starts, len(terms))
    documents = np.bincount(matrix.indices, minlength=len(terms))
    order = np.array(
        sorted(np.flatnonzero(documents >= min_documents), key=lambda row: (-documents[row], terms[row])), int
    )
    surfaces = _commonest(words, column, np.bincount(stream, minlength=len(words)), len(terms))
    matrix = matrix[:, order] if len(order) else sp.csr_matrix((len(texts), 0), dtype=np.float32)
    return TermCounts(
        matrix=matrix,
        terms=[terms[row] for row in order],
        surfaces=[surfaces[row] for row in order],
        totals=np.asarray(matrix.sum(axis=0), dtype=np.int64).reshape(-1),
        documents=documents[order].astype(np.int64),
    )


def _told(texts: Sequence[str], progress: Callable[[int], None] | None) -> Iterable[str]:
    for done, text in enumerate(texts):
        if progress is not None and done % 1000 == 0:
            progress(done)
        yield text


def _commonest(words: Sequence[str], column: Numbers, totals: Numbers, width: int) -> list[str]:
    """For each term the word most often written for it; the first met wins a tie."""
    best = [""] * width
    most = [0] * width
    for word, term, total in zip(words, column.tolist(), totals.tolist(), strict=True):
        if term >= 0 and total > most[term]:
            best[term], most[term] = word, total
    return best


def count_open(texts: Iterable[str], analyzer: Analyzer, where: Mapping[str, int]) -> sp.csr_matrix:
    """(n, len(where) + m) float32 counts of all terms: the known ones by their numbers, then m others as they come."""
    numbers, stream, starts = word_numbers(texts)
    columns = dict(where)
    column = np.array(
        [-1 if term is None else columns.setdefault(term, len(columns)) for term in analyzer.terms(list(numbers))],
        dtype=np.int32,
    )
    return _tally(column[stream] if len(numbers) else stream, starts, len(columns))


def count_known(texts: Iterable[str], analyzer: Analyzer, where: Mapping[str, int]) -> sp.csr_matrix:
    """(n, len(where)) float32 counts of the terms already known, by their numbers; other words are left out."""
    numbers, stream, starts = word_numbers(texts)
    column = np.array(
        [-1 if term is None else where.get(term, -1) for term in analyzer.terms(list(numbers))], dtype=np.int32
    )
    return _tally(column[stream] if len(numbers) else stream, starts, len(where))
