"""Near-duplicates: pairs of items with almost the same vector and, for documents, the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.analysis.words import count_words
from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.maths.pairs import near_pairs, shared_words
from semsearch.maths.text import Analyzer
from semsearch.records import Dataset, OpenCollection, Report, silent
from semsearch.storage import chunks
from semsearch.storage.driver import Connection

THRESHOLD = 0.9  # least cosine of a pair of near-duplicates
WORDS = 0.87  # least share of words that two documents have in common


@dataclass(frozen=True)
class Duplicate:
    """Two items that are nearly the same: their keys, their cosine, and for documents the share of words in common."""

    one: str
    other: str
    cosine: float
    words: float | None


def duplicates(
    db: Connection,
    opened: OpenCollection,
    *,
    threshold: float = THRESHOLD,
    words: float = WORDS,
    report: Report = silent,
    most: int | None = None,
) -> list[Duplicate]:
    """Pairs of items whose cosine is at least `threshold` and, for documents, that share at least `words` of their
    words.

    The cosine alone cannot tell a copy with a few words changed from another text on the same subject, nor from a
    stub made from the same template; the words can. Stop words do not count. Exact, and in memory that grows with the
    number of items, not of pairs looked at. Raises InputError for shares outside 0..1, and for more
    than `most` pairs that the threshold lets through.
    """
    for said, share in (("threshold", threshold), ("words", words)):
        if not 0 < share <= 1:
            raise InputError(f"{said} is {share:g}: give a share above 0, up to 1")
    keys, matrix = chunks.everything(db, opened.collection)
    i, j, cosines = near_pairs(matrix, threshold, progress=report, most=most)
    shares = None
    if opened.has_text:
        shares = _shared(db, opened.dataset, keys, i, j)
        kept = shares >= words
        i, j, cosines, shares = i[kept], j[kept], cosines[kept], shares[kept]
    order = np.lexsort((j, i, -cosines, -(cosines if shares is None else shares)))
    return [
        Duplicate(keys[i[row]], keys[j[row]], float(cosines[row]), None if shares is None else float(shares[row]))
        for row in order.tolist()
    ]


def _shared(db: Connection, dataset: Dataset, keys: Sequence[str], i: IntArray, j: IntArray) -> FloatArray:
    """The share of words in common of each pair. Only documents that are in a pair are read and counted."""
    rows, places = np.unique(np.concatenate([i, j]), return_inverse=True)
    counts = count_words(db, dataset, [keys[row] for row in rows.tolist()], Analyzer(stem=False))
    return shared_words(counts.matrix, places[: len(i)], places[len(i) :])
