"""Near-duplicates: pairs of items with almost the same vector and, for documents, the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.analysis.words import count_words
from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import out_of_range
from semsearch.maths.pairs import near_pairs, shared_words
from semsearch.maths.text import Analyzer
from semsearch.maths.vectors import COSINE_DECIMALS, as_cosine
from semsearch.records import Dataset, OpenCollection, Report, silent
from semsearch.storage import chunks
from semsearch.storage.driver import Connection

THRESHOLD = 0.9  # minimum cosine of a pair of near-duplicates
WORDS = 0.82  # minimum word overlap (Dice): finds copies with a tenth changed or a fifth cut off


@dataclass(frozen=True)
class Duplicate:
    """A pair of near-duplicates."""

    one: str  # key
    other: str  # key
    cosine: float
    words: float | None  # the word overlap, 0..1; None for items other than documents


def duplicates(
    db: Connection,
    opened: OpenCollection,
    *,
    threshold: float = THRESHOLD,
    words: float = WORDS,
    report: Report = silent,
    most: int | None = None,
) -> list[Duplicate]:
    """Pairs of items with a cosine of at least `threshold`; documents must also share at least `words` of their words.

    By the cosine alone, a copy with a few words changed looks like another text on the same subject, or like a stub
    from the same template. The shared words, without stop words, separate them. Exact; the memory grows with the number
    of items, not with that of compared pairs. Raises InputError for shares outside 0..1, and if more than `most` pairs
    reach the threshold.
    """
    for option, share in (("--threshold", threshold), ("--min-overlap", words)):
        if not 0 < share <= 1:
            raise out_of_range(option, share, above=0, most=1)
    keys, matrix = chunks.everything(db, opened.collection)
    i, j, cosines = near_pairs(matrix, threshold, progress=report, most=most)
    shares = None
    if opened.has_text:
        shares = _shared(db, opened.dataset, keys, i, j)
        similar = shares >= words
        i, j, cosines, shares = i[similar], j[similar], cosines[similar], shares[similar]
    order = np.lexsort((j, i, -cosines, -(cosines if shares is None else shares)))
    common = None if shares is None else [round(share, COSINE_DECIMALS) for share in shares.tolist()]
    return [
        Duplicate(keys[i[row]], keys[j[row]], as_cosine(cosines[row]), None if common is None else common[row])
        for row in order.tolist()
    ]


def _shared(db: Connection, dataset: Dataset, keys: Sequence[str], i: IntArray, j: IntArray) -> FloatArray:
    """The share of words that each pair has in common, (pairs,). Only the documents of the pairs are read."""
    rows, places = np.unique(np.concatenate([i, j]), return_inverse=True)
    counts = count_words(db, dataset, [keys[row] for row in rows.tolist()], Analyzer(stem=False))
    return shared_words(counts.matrix, places[: len(i)], places[len(i) :])
