"""Pairs of parts of the same document, from which vectors are learned by contrast: each part as a row of term weights.

    words       a few terms of a document, and the document without them; drawn anew each time
    texts       two texts each, the same every time: title and body, both halves, two related documents
    sentences   a sentence of a document, drawn each time, and the document without it

A pair has two groups. Two pairs with the same group on either side are not negatives of each other: they hold the same
text, or texts related to the same document.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.sparse import sp
from semsearch.maths.weighting import log_tfidf

MIN_TERMS = 6  # distinct terms that a document needs to be divided into words and rest
FEWEST, MOST = 3, 12  # words drawn from a document, at most half of its terms

Sides: TypeAlias = "tuple[sp.csr_matrix, sp.csr_matrix]"


class Pairs(Protocol):
    """m pairs, whose sides are (m, n_terms) weights. `documents` (m, 2) are the rows of the corpus they are of."""

    @property
    def documents(self) -> IntArray: ...

    @property
    def groups(self) -> IntArray: ...

    def __len__(self) -> int: ...

    def draw(self, rows: IntArray, rng: np.random.Generator) -> Sides:
        """Both sides of these pairs, (len(rows), n_terms) each, rows at unit length."""


@dataclass(frozen=True)
class WordPairs:
    """Some terms of each document against the rest; `counts` (m, n_terms), `idf` (n_terms,)."""

    counts: sp.csr_matrix
    idf: FloatArray
    documents: IntArray
    groups: IntArray

    def __len__(self) -> int:
        return int(self.counts.shape[0])

    def draw(self, rows: IntArray, rng: np.random.Generator) -> Sides:
        block = self.counts[rows]
        lengths = np.diff(block.indptr)
        wanted = np.minimum(rng.integers(FEWEST, MOST + 1, len(rows)), lengths // 2)
        row = np.repeat(np.arange(len(rows)), lengths)
        order = np.lexsort((rng.random(block.nnz), row))
        place = np.arange(block.nnz) - np.repeat(block.indptr[:-1], lengths)
        chosen = np.zeros(block.nnz, dtype=bool)
        chosen[order] = place < np.repeat(wanted, lengths)
        return log_tfidf(_where(block, chosen, ones=True), self.idf), log_tfidf(_where(block, ~chosen), self.idf)


@dataclass(frozen=True)
class TextPairs:
    """Two texts each: `left` and `right` (m, n_terms) weights."""

    left: sp.csr_matrix
    right: sp.csr_matrix
    documents: IntArray
    groups: IntArray

    def __len__(self) -> int:
        return int(self.left.shape[0])

    def draw(self, rows: IntArray, rng: np.random.Generator) -> Sides:
        return self.left[rows], self.right[rows]


@dataclass(frozen=True)
class SentencePairs:
    """A sentence against the text around it.

    `sentences` (s, n_terms) counts of all sentences, in the order of their documents; `starts` (m + 1,) the first
    sentence of each document; `whole` (m, n_terms) the sums of each document's sentences.
    """

    sentences: sp.csr_matrix
    starts: IntArray
    whole: sp.csr_matrix
    idf: FloatArray
    documents: IntArray
    groups: IntArray

    def __len__(self) -> int:
        return int(self.whole.shape[0])

    def draw(self, rows: IntArray, rng: np.random.Generator) -> Sides:
        first, after = self.starts[rows], self.starts[rows + 1]
        chosen = self.sentences[first + (rng.random(len(rows)) * (after - first)).astype(np.int64)]
        rest = (self.whole[rows] - chosen).tocsr()
        rest.eliminate_zeros()
        return log_tfidf(chosen, self.idf), log_tfidf(rest, self.idf)


def word_pairs(counts: sp.csr_matrix, weights: FloatArray) -> WordPairs:
    """The documents with enough terms to be divided."""
    long = np.flatnonzero(np.diff(counts.indptr) >= MIN_TERMS)
    return WordPairs(counts[long], weights, _twice(long), _twice(_row_numbers(counts[long])))


def text_pairs(left: sp.csr_matrix, right: sp.csr_matrix, documents: IntArray, weights: FloatArray) -> TextPairs:
    """The pairs of counts (m, n_terms) of which both sides have a term; `documents` (m, 2) are their rows."""
    both = np.flatnonzero((np.diff(left.indptr) > 0) & (np.diff(right.indptr) > 0))
    left, right = left[both], right[both]
    groups = np.stack([_row_numbers(left), _row_numbers(right)], axis=1)
    return TextPairs(log_tfidf(left, weights), log_tfidf(right, weights), documents[both], groups)


def sentence_pairs(sentences: sp.csr_matrix, document: IntArray, weights: FloatArray) -> SentencePairs:
    """The documents with two sentences or more. `document` (s,) is the ascending row of each sentence's document."""
    filled = np.flatnonzero(np.diff(sentences.indptr) > 0)
    rows, place, number = np.unique(document[filled], return_inverse=True, return_counts=True)
    kept, lengths = sentences[filled[number[place] > 1]], number[number > 1]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    ones = np.ones(kept.shape[0], np.float32)
    adding = sp.csr_matrix((ones, np.arange(kept.shape[0]), starts), shape=(len(lengths), kept.shape[0]))
    whole = (adding @ kept).tocsr()
    return SentencePairs(kept, starts, whole, weights, _twice(rows[number > 1]), _twice(_row_numbers(whole)))


def _where(counts: sp.csr_matrix, chosen: npt.NDArray[np.bool_], *, ones: bool = False) -> sp.csr_matrix:
    """The chosen entries, with their counts or as ones."""
    part = counts.copy()  # eliminate_zeros works in place
    part.data *= chosen
    part.eliminate_zeros()
    if ones:
        part.data[:] = 1
    return part


def _twice(rows: IntArray) -> IntArray:
    return np.stack([rows, rows], axis=1).astype(np.int64)


def _row_numbers(counts: sp.csr_matrix) -> IntArray:
    """(m,) the same number for equal rows."""
    numbers: dict[tuple[bytes, bytes], int] = {}
    counts.sort_indices()
    bounds = zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
    rows = [(counts.indices[a:b].tobytes(), counts.data[a:b].tobytes()) for a, b in bounds]
    return np.array([numbers.setdefault(row, len(numbers)) for row in rows], np.int64)
