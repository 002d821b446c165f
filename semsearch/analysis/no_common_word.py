"""The two most similar documents without a common word, and the pairs of their words that make them similar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.analysis.words import count_words
from semsearch.arrays import FloatArray
from semsearch.maths.sparse import sp
from semsearch.maths.text import Analyzer, tokens
from semsearch.maths.vectors import as_cosine
from semsearch.records import Hit, OpenCollection
from semsearch.search.explain import Explanation, explain
from semsearch.storage import chunks, datasets
from semsearch.storage.driver import Connection

MAX_DOCUMENTS = 3_000  # compared with each other; of a larger collection evenly spaced ones
MIN_TERMS = 4  # different terms of a document; the vector of a shorter one says little
MAX_TOKENS = 400  # of a document whose pairs of words are listed
_BLOCK_ROWS = 256  # documents compared with all others at a time


@dataclass(frozen=True)
class Unlike:
    """Two documents without a common term. `cosine` is that of their vectors, `terms` their numbers of different terms
    without stop words, `compared` the number of documents that were compared. `why` explains the second as the result
    of a search for the text of the first."""

    one: Hit
    other: Hit
    cosine: float
    terms: tuple[int, int]
    compared: int
    why: Explanation


def no_common_word(db: Connection, opened: OpenCollection) -> Unlike | None:
    """The most similar pair of documents that share no stem of a word other than stop words; None if all share one."""
    keys, matrix = chunks.everything(db, opened.collection)
    chosen = np.unique(np.linspace(0, len(keys) - 1, MAX_DOCUMENTS).round().astype(int)) if keys else np.zeros(0, int)
    counts = count_words(db, opened.dataset, [keys[row] for row in chosen.tolist()], Analyzer()).matrix
    lengths = np.diff(counts.indptr)
    enough = np.flatnonzero((lengths >= MIN_TERMS) & (np.abs(matrix[chosen]).max(axis=1, initial=0) > 0))
    chosen, counts, lengths = chosen[enough], counts[enough], lengths[enough]
    best = most_similar_without_shared(matrix[chosen], counts)
    if best is None:
        return None
    i, j = best
    pair = [keys[chosen[i]], keys[chosen[j]]]
    rows = datasets.rows_by_key(db, opened.dataset, pair)
    cosine = as_cosine(float(matrix[chosen[i]] @ matrix[chosen[j]]))
    typed = opened.collection.typed
    one, other = (Hit(typed(key), cosine, vector_score=cosine, row=rows[key]) for key in pair)
    why = explain(db, opened, _query(opened, one), [other])[0]
    return Unlike(one, other, cosine, (int(lengths[i]), int(lengths[j])), len(chosen), why)


def most_similar_without_shared(vectors: FloatArray, counts: sp.csr_matrix) -> tuple[int, int] | None:
    """The rows i < j of unit vectors (n, k) with the largest positive cosine that share no term of `counts` (n, terms).

    None if there is none. The first of equal pairs is taken.
    """
    present = sp.csr_matrix((np.ones(counts.nnz, np.float32), counts.indices, counts.indptr), shape=counts.shape)
    transposed = present.T.tocsc()
    best, found = 0.0, None
    for start in range(0, len(vectors), _BLOCK_ROWS):
        cosines = vectors[start : start + _BLOCK_ROWS] @ vectors.T
        cosines[(present[start : start + _BLOCK_ROWS] @ transposed).toarray() > 0] = -1
        place = int(np.argmax(cosines))
        i, j = divmod(place, len(vectors))
        if cosines[i, j] > best:
            best, found = float(cosines[i, j]), (start + i, j)
    return found


def _query(opened: OpenCollection, hit: Hit) -> str:
    """The text of a document as a query without syntax."""
    parts: Sequence[str] = datasets.text_of(opened.dataset, hit.row)
    return " ".join(tokens(" ".join(parts))[:MAX_TOKENS])
