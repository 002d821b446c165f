"""The peers of `retrieval.py`: tf-idf by scikit-learn, BM25 by bm25s, and LSA at fixed numbers of dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.sparse.linalg import svds
from sets import TestSet

from semsearch.maths.counts import count_known_terms, count_terms
from semsearch.maths.metrics import average_precision, interpolated_11pt, ndcg_at, recall_at
from semsearch.maths.text import Analyzer, tokens
from semsearch.maths.weighting import idf, log_tfidf

Scores = npt.NDArray[np.float64]


def measure(found: TestSet, scores: Callable[[Sequence[str]], Scores]) -> dict[str, float]:
    """Mean metrics of a scorer: texts of queries -> (queries, documents). Equal scores keep the documents' order."""
    relevant = found.relevant()
    judged = list(relevant)
    ids = np.array([document.id for document in found.documents])
    rows = []
    for query, row in zip(judged, scores([found.queries[query] for query in judged]), strict=True):
        ranking = np.isin(ids[np.argsort(-row, kind="stable")], list(relevant[query]))
        total = len(relevant[query])
        at = (ndcg_at(ranking, total, 10), recall_at(ranking, total, 100))
        rows.append((average_precision(ranking, total), interpolated_11pt(ranking, total), *at))
    names = ("map", "p11", "ndcg_at_10", "recall_at_100")
    return dict(zip(names, map(float, np.mean(rows, axis=0)), strict=True)) | {"queries": len(judged)}


def texts(found: TestSet) -> list[str]:
    """Title and text of each document as one text."""
    return [f"{document.title}\n{document.text}" for document in found.documents]


def tfidf(found: TestSet) -> dict[str, float]:
    """Cosine of sublinear tf-idf by scikit-learn, with its stop words, over our words and Snowball stems."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    stem = cache(lambda word: Analyzer(stop=False).terms([word])[0])

    def terms(text: str) -> list[str | None]:
        return [stem(word) for word in tokens(text) if word not in ENGLISH_STOP_WORDS]

    vectorizer = TfidfVectorizer(sublinear_tf=True, analyzer=terms)
    documents = vectorizer.fit_transform(texts(found))
    return measure(found, lambda queries: (vectorizer.transform(queries) @ documents.T).toarray())


def bm25(found: TestSet) -> dict[str, float]:
    """BM25 (k1 1.5, b 0.75, Lucene's formula) by the package bm25s, over our words, stop list and stems."""
    import bm25s

    analyzer = Analyzer()

    def terms(text: str) -> list[str]:
        return [term for term in analyzer.terms(tokens(text)) if term is not None]

    retriever = bm25s.BM25(k1=1.5, b=0.75)
    retriever.index([terms(text) for text in texts(found)], show_progress=False)
    return measure(found, lambda queries: np.array([retriever.get_scores(terms(query)) for query in queries]))


def fixed_lsa(found: TestSet, dims: Sequence[int]) -> dict[int, float]:
    """MAP of LSA at each of these dims: our counts and weights, factored by ARPACK (scipy), cosine of XV and qV.

    A dim that the matrix cannot give is left out.
    """
    counts = count_terms(texts(found), Analyzer())
    weights = idf(len(found.documents), counts.documents)
    X = log_tfidf(counts.matrix, weights).astype(np.float64)
    possible = [dim for dim in dims if dim < min(X.shape)]
    if not possible:
        possible = [min(X.shape) - 1]
    _, s, Vt = svds(X, k=max(possible), rng=np.random.default_rng(0))
    V = Vt[np.argsort(-s)].T
    where = {term: column for column, term in enumerate(counts.terms)}

    def folded(queries: Sequence[str]) -> sp.csr_matrix:
        return log_tfidf(count_known_terms(queries, Analyzer(), where), weights)

    def scorer(dim: int) -> Callable[[Sequence[str]], Scores]:
        return lambda queries: _unit(folded(queries) @ V[:, :dim]) @ _unit(X @ V[:, :dim]).T

    return {dim: measure(found, scorer(dim))["map"] for dim in possible}


def best_fixed(maps: Mapping[int, float]) -> tuple[int, float]:
    """The dim with the highest MAP, and that MAP."""
    return max(maps.items(), key=lambda item: item[1])


def _unit(vectors: Scores) -> Scores:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
