"""A is to B as C is to what: arithmetic with the directions of words.

3CosAdd (Mikolov, Yih & Zweig 2013) looks for the word nearest to b - a + c; 3CosMul (Levy & Goldberg, "Linguistic
Regularities", CoNLL 2014) multiplies instead, so that no single large cosine decides: cos(w, b) cos(w, c) / cos(w, a),
with cosines brought from -1..1 to 0..1.
"""

from __future__ import annotations

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError

METHODS = ("add", "mul")
_EPSILON = 1e-3  # added to the divisor, as in the paper


def analogy_scores(to_a: FloatArray, to_b: FloatArray, to_c: FloatArray, method: str) -> FloatArray:
    """How well each word completes "a is to b as c is to", from its cosines to the three, all of one shape.

    With `add` the sum of cosines, which orders words as the cosine to b - a + c does. InputError for another method.
    """
    if method == "add":
        return to_b - to_a + to_c
    if method == "mul":
        return (to_b + 1) * (to_c + 1) / 4 / ((to_a + 1) / 2 + np.float32(_EPSILON))
    raise InputError(f"method is {method!r}: choose one of {', '.join(METHODS)}")


def odd_one_out(vectors: FloatArray) -> FloatArray:
    """For each of (n, dim) unit vectors the mean cosine to the others, (n,): the lowest is the odd one out."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0)
    return cosines.sum(axis=1) / max(1, len(vectors) - 1)


def project_to_2d(vectors: FloatArray) -> FloatArray:
    """(n, 2) coordinates of (n, dim) vectors along the two directions in which they differ most (PCA).

    Offsets between vectors are kept as far as two dimensions can, so that parallel ones look parallel. Signs are fixed:
    the entry of largest magnitude along either direction is positive.
    """
    centred = vectors - vectors.mean(axis=0)
    U, s, _ = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    found = np.zeros((len(vectors), 2))
    kept = min(2, len(s))
    found[:, :kept] = U[:, :kept] * s[:kept]
    largest = np.abs(found).argmax(axis=0)
    signs = np.where(found[largest, [0, 1]] < 0, -1, 1)
    return (found * signs).astype(np.float32)
