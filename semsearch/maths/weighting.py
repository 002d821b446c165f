"""What a count is worth: idf and log-tf·idf."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray, IntArray


def idf(n_documents: int, documents: IntArray) -> FloatArray:
    """(n_terms,) ln((n + 1) / documents holding the term).

    The usual ln(n/df) (Spärck Jones 1972) with one document more, so that a term of every document keeps a little
    weight and a single document is not all zeros.
    """
    weights: FloatArray = np.log((n_documents + 1) / documents).astype(np.float32)
    return weights


def log_tfidf(counts: sp.csr_matrix, weights: FloatArray) -> sp.csr_matrix:
    """(1 + ln tf) · idf, each row to unit length; rows without a term stay zero. Float32, the same sparsity."""
    weighted = counts.astype(np.float32, copy=True)
    weighted.data = (1 + np.log(weighted.data)) * weights[weighted.indices]
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).reshape(-1))
    lengths[lengths == 0] = 1
    weighted.data /= np.repeat(lengths, np.diff(weighted.indptr))
    return weighted
