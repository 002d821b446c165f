"""What builders share whose texts are sums of the vectors of their terms: `lsa` and `contrast`.

    a text      x, its log-tf·idf row at unit length
    its vector  xV, where V has a row for each term

The collection of words of the same run holds V, one row for each term, under the term's most frequent written form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray
from semsearch.builders.base import CosineParts, Doubles
from semsearch.builders.explanation import TextTerms, explain_cosine, fetch_vectors
from semsearch.maths.counts import TermCounts, count_known_terms
from semsearch.maths.sparse import sp
from semsearch.maths.text import Analyzer, pack, unpack
from semsearch.maths.weighting import log_tfidf
from semsearch.records import State


def stored_terms(counts: TermCounts, weights: FloatArray, analyzer: Analyzer) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a state that the other functions read: the terms, their idf (n_terms,) and the analyser."""
    return {
        "terms": pack(counts.terms),
        "words": pack(counts.surfaces),
        "idf": weights,
        "analyzer": np.array([analyzer.stem, analyzer.stop]),
        "language": pack([analyzer.language]),
        "own_stop_words": pack(sorted(analyzer.own)),
    }


def vocabulary(counts: TermCounts) -> dict[str, list[str] | list[int]]:
    """The further columns of the collection of words."""
    return {"term": counts.terms, "count": counts.totals.tolist(), "documents": counts.documents.tolist()}


def numbered(terms: Sequence[str]) -> dict[str, int]:
    """The row of each term."""
    return {term: row for row, term in enumerate(terms)}


def analyzer_of_fit(state: State) -> Analyzer:
    """That of the fit. Models of versions before 0.2 name no language: theirs knew English only."""
    stem, stop = map(bool, state.arrays["analyzer"])
    if "language" not in state.arrays:
        return Analyzer(stem, stop, old=True)
    own = unpack(state.arrays["own_stop_words"]) if "own_stop_words" in state.arrays else ()
    return Analyzer(stem, stop, unpack(state.arrays["language"])[0], own=frozenset(own))


def term_numbers(state: State) -> dict[str, int]:
    """The row of each known term."""
    return state.derived("terms", lambda: numbered(unpack(state.arrays["terms"])))


def encode_texts(state: State, texts: Sequence[str], scale: FloatArray | float = 1.0) -> FloatArray:
    """The sum of the stored term vectors of each text, times `scale` (k,): (n, k) float32; zero rows for texts without
    a known word."""
    if len(texts) == 1:
        return _encode_text(state, texts[0], scale)
    words = state.derived("words", lambda: unpack(state.arrays["words"]))
    X = log_tfidf(count_known_terms(texts, analyzer_of_fit(state), term_numbers(state)), state.arrays["idf"])
    present, columns = np.unique(X.indices, return_inverse=True)
    if not len(present):
        return np.zeros((len(texts), state.embeddings["word"].take(words[:1]).shape[1]), np.float32)
    V = state.embeddings["word"].take([words[row] for row in present]) * scale
    known = sp.csr_matrix((X.data, columns, X.indptr), shape=(len(texts), len(present)))
    return np.asarray(known @ V, np.float32)


def _encode_text(state: State, text: str, scale: FloatArray | float) -> FloatArray:
    """As `encode_texts` of one text, such as a query: a dictionary counts its terms faster than a sparse matrix."""
    words = state.derived("words", lambda: unpack(state.arrays["words"]))
    numbers = term_numbers(state)
    analyzer = analyzer_of_fit(state)
    written = Counter(analyzer.tokens(text))
    counts: Counter[int] = Counter()
    for term, count in zip(analyzer.terms(list(written)), written.values(), strict=True):
        if term is not None and term in numbers:
            counts[numbers[term]] += count
    if not counts:
        return np.zeros((1, state.embeddings["word"].take(words[:1]).shape[1]), np.float32)
    rows = sorted(counts)
    weights = (1 + np.log(np.array([counts[row] for row in rows], np.float32))) * state.arrays["idf"][rows]
    weights /= np.float32(np.sqrt(np.square(weights).sum(dtype=np.float64)))
    V = state.embeddings["word"].take([words[row] for row in rows]) * scale
    return np.asarray(weights[None] @ V, np.float32)


def explain_texts(
    state: State, query: str, texts: Sequence[str], scale: Doubles | float = 1.0, rotation: FloatArray | None = None
) -> Iterator[CosineParts]:
    """The cosine of the query and each text, as sums over words and over directions.

    cos(q, d) = sum over i, j of q_i d_j (V_i s . V_j s) / (|qVs| |dVs|), where q and d are the texts' rows, V the
    stored term vectors and s the `scale` (k,). `rotation` (m, m) turns the first m directions, which changes no product
    of two texts, only what it is a sum of.
    """
    words = state.derived("words", lambda: unpack(state.arrays["words"]))
    terms, analyzer = term_numbers(state), analyzer_of_fit(state)
    every = [query, *texts]
    X = log_tfidf(count_known_terms(every, analyzer, terms), state.arrays["idf"])
    present = np.unique(X.indices)
    if len(present):
        scaled = fetch_vectors(state.embeddings["word"], [words[row] for row in present], 1) * scale
    else:
        scaled = np.zeros((0, 1))
    if rotation is not None and len(present):
        scaled[:, : len(rotation)] = scaled[:, : len(rotation)] @ rotation
    parts = []
    for row, text in enumerate(every):
        numbers, written = X[row].indices, _first_spellings(text, analyzer, terms)
        contributions = scaled[np.searchsorted(present, numbers)] * X[row].data.astype(np.float64)[:, None]
        parts.append(TextTerms(numbers, [written[number] for number in numbers.tolist()], contributions))
    for document in parts[1:]:
        yield explain_cosine(parts[0], document)


def _first_spellings(text: str, analyzer: Analyzer, terms: dict[str, int]) -> dict[int, str]:
    """The first word of a text for each known term, by the term's id."""
    words = list(dict.fromkeys(analyzer.tokens(text)))
    spellings: dict[int, str] = {}
    for word, term in zip(words, analyzer.terms(words), strict=True):
        if term is not None and term in terms:
            spellings.setdefault(terms[term], word)
    return spellings
