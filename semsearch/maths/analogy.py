"""Analogies: A is to B as C is to which word?

3CosAdd (Mikolov, Yih & Zweig 2013) looks for the word nearest to b - a + c; 3CosMul (Levy & Goldberg, "Linguistic
Regularities", CoNLL 2014) multiplies instead, so that no single large cosine decides: cos(w, b) cos(w, c) / cos(w, a),
with cosines mapped from -1..1 to 0..1.
"""

from __future__ import annotations

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import not_a_choice

METHODS = ("add", "mul")
_EPSILON = 1e-3  # added to the divisor, as in the paper


def analogy_scores(to_a: FloatArray, to_b: FloatArray, to_c: FloatArray, method: str) -> FloatArray:
    """The score of each word as the answer to "a is to b as c is to", from its cosines to the three, all of one shape.

    `add` sums the cosines, which ranks words as the cosine to b - a + c does. Raises InputError for another method.
    """
    if method == "add":
        return to_b - to_a + to_c
    if method == "mul":
        return (to_b + 1) * (to_c + 1) / 4 / ((to_a + 1) / 2 + np.float32(_EPSILON))
    raise not_a_choice("--method", method, METHODS)


def odd_one_out(vectors: FloatArray) -> FloatArray:
    """(n,) the mean cosine of each of (n, dim) unit vectors to the others: the lowest is the odd one out."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0)
    return cosines.sum(axis=1) / max(1, len(vectors) - 1)


def project_to_2d(vectors: FloatArray) -> FloatArray:
    """(n, 2) coordinates of (n, dim) vectors along their first two principal components.

    The projection is linear, so equal offsets between vectors stay parallel. Signs are fixed: the entry of largest
    magnitude along each component is positive.
    """
    centred = vectors - vectors.mean(axis=0)
    U, s, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    coordinates = np.zeros((len(vectors), 2))
    rank = min(2, len(s))
    coordinates[:, :rank] = U[:, :rank] * s[:rank]
    largest = np.abs(coordinates).argmax(axis=0)
    signs = np.where(coordinates[largest, [0, 1]] < 0, -1, 1)
    return (coordinates * signs).astype(np.float32)
