"""The cosine of two texts whose vectors are sums over their words: a sum over pairs of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import IntArray
from semsearch.builders.base import CosineParts, Doubles
from semsearch.records import Rows

BATCH_ROWS = 256  # stored vectors per query: for many more at once SQLite would scan the table


@dataclass(frozen=True)
class TextTerms:
    """The known terms of a text.

    numbers        (n,) their ids
    words          (n,) as written in the text
    contributions  (n, k) what each adds to the vector of the text
    """

    numbers: IntArray
    words: Sequence[str]
    contributions: Doubles


def explain_cosine(query: TextTerms, document: TextTerms) -> CosineParts:
    """The cosine of two texts as sums; all parts are zero if one of them has no known word."""
    q, d = query.contributions, document.contributions
    query_vector = q.sum(axis=0)
    norms = float(np.linalg.norm(query_vector) * np.linalg.norm(d.sum(axis=0)))
    scale = 1 / norms if norms > 1e-12 else 0.0  # 0 for a text without a known word
    places = {number: place for place, number in enumerate(query.numbers.tolist())}
    same = np.array([places.get(number, -1) for number in document.numbers.tolist()], np.int64)
    return CosineParts(query.words, document.words, same, q @ d.T * scale, d * query_vector * scale)


def fetch_vectors(rows: Rows, keys: Sequence[str], dim: int) -> Doubles:
    """The stored vectors of these words, (len(keys), dim) float64, some hundred at a time."""
    blocks = [rows.take(keys[start : start + BATCH_ROWS]) for start in range(0, len(keys), BATCH_ROWS)]
    return np.concatenate(blocks).astype(np.float64) if blocks else np.empty((0, dim))
