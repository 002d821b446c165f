"""Why a matrix of PMI is not positive semidefinite, shown by two words of the user's own texts.

Scalar products give each word the entry u_i·u_i with itself, which is never negative. A word that rarely occurs near
itself has a negative PMI with itself. So left vectors (words) and right vectors (contexts) are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semsearch.records import Collection
from semsearch.search import word_contexts
from semsearch.search.word_contexts import Doubles, Table
from semsearch.search.words import which_are_known
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

FREQUENT_WORDS = 300  # words whose counts are looked at
MOST_CONTEXTS = 10  # strongest contexts, of which the first with a vector is shown
MIN_EXPECTED = 5.0  # expected count of a word with itself, the usual least value for a χ² test


@dataclass(frozen=True)
class SplitMatrix:
    """A symmetric matrix M (n, n) with its `eigenvalues` (n,), the largest first, and the vectors `left` and `right`,
    (n, n) each, one row per item: left·rightᵀ = M exactly, while left·leftᵀ has the absolute eigenvalues."""

    M: Doubles
    eigenvalues: Doubles
    left: Doubles
    right: Doubles


@dataclass(frozen=True)
class Avoidance:
    """A word that avoids itself, and the word it co-occurs with most.

    `counts` and `expected` (2, 2) are the co-occurrence counts, and those by chance. `split` has their PMI, in nats. A
    pair that never co-occurs has the entry 0, as in the matrix that the builder factorises.
    """

    words: tuple[str, str]
    counts: Doubles
    expected: Doubles
    split: SplitMatrix


def split_matrix(M: Doubles) -> SplitMatrix:
    """Left and right vectors of a symmetric matrix: Q|Λ|^½ and Q sign(Λ)|Λ|^½."""
    eigenvalues, Q = np.linalg.eigh(M)
    order = np.argsort(-eigenvalues)
    eigenvalues, Q = eigenvalues[order], Q[:, order]
    Q = Q * np.where(Q[np.abs(Q).argmax(axis=0), np.arange(len(M))] < 0, -1, 1)  # the same signs on every machine
    left = Q * np.sqrt(np.abs(eigenvalues))
    return SplitMatrix(M, eigenvalues, left, left * np.sign(eigenvalues))


def self_avoiding(db: Connection, collection: Collection) -> Avoidance | None:
    """The frequent word with the most negative PMI with itself, with its strongest context; None if there is none.

    A word that never co-occurs with itself, whose PMI is infinite, is taken only if there is no other. Only words whose
    expected count with themselves is at least MIN_EXPECTED are considered. Raises InputError for a collection whose
    builder stored no counts.
    """
    with snapshot(db):
        words = word_contexts.with_themselves(db, collection, FREQUENT_WORDS)
        negative = [each for each in words if each.pmi < 0 and each.expected >= MIN_EXPECTED]
        if not negative:
            return None
        word = min(negative, key=lambda each: (each.count == 0, each.pmi, -each.expected)).word
        near = [each.word for each in word_contexts.contexts(db, collection, word, MOST_CONTEXTS) if each.word != word]
        known = which_are_known(db, collection, near)
        partner = next((each for each in near if each in known), None)
        return None if partner is None else _pair(word_contexts.cooccurrence(db, collection, [word, partner]))


def _pair(table: Table) -> Avoidance:
    pmi: Doubles = np.nan_to_num(table.pmi, nan=0.0)
    return Avoidance((table.words[0], table.words[1]), table.counts, table.expected, split_matrix(pmi))
