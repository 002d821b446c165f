"""How two texts meet whose vectors are sums over words: their cosine is a sum over pairs of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import IntArray
from semsearch.builders.base import CosineParts, Doubles
from semsearch.records import Rows

_AT_ONCE = 256  # stored rows asked for at once: many more would read the whole table


@dataclass(frozen=True)
class Side:
    """A text's known terms: `numbers` (n,), `words` as written, `loads` (n, k) each one's part of the text's vector."""

    numbers: IntArray
    words: Sequence[str]
    loads: Doubles


def explain_cosine(query: Side, document: Side) -> CosineParts:
    """The cosine of the two texts taken apart; all zero where one of them has no known word."""
    q, d = query.loads, document.loads
    along = q.sum(axis=0)
    lengths = float(np.linalg.norm(along) * np.linalg.norm(d.sum(axis=0)))
    part = 1 / lengths if lengths > 1e-12 else 0.0  # a text of no known word is near to nothing
    places = {number: place for place, number in enumerate(query.numbers.tolist())}
    same = np.array([places.get(number, -1) for number in document.numbers.tolist()], np.int64)
    return CosineParts(query.words, document.words, same, q @ d.T * part, d * along * part)


def fetch_vectors(rows: Rows, keys: Sequence[str], dim: int) -> Doubles:
    """The vectors of these words, (len(keys), dim) float64, a few hundred at a time."""
    found = [rows.take(keys[start : start + _AT_ONCE]) for start in range(0, len(keys), _AT_ONCE)]
    return np.concatenate(found).astype(np.float64) if found else np.empty((0, dim))
