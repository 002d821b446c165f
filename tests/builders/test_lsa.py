"""LSA finds planted topics, and keeps what the lecture promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from semsearch.builders.lsa import Lsa, LsaOptions, default_dim
from semsearch.errors import BuildError
from semsearch.maths.counts import count_terms
from semsearch.maths.text import Analyzer, tokens
from semsearch.maths.weighting import idf, log_tfidf
from semsearch.records import Device, Documents, Fitted, silent
from tests.planted import SPACE, TOPICS


def fit(texts: list[str], **options: Any) -> Fitted:
    corpus = Documents([str(row) for row in range(len(texts))], texts)
    chosen = LsaOptions(**options)
    return Lsa().fit(corpus, chosen, rng=np.random.default_rng(0), device=Device(), report=silent)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


TEXTS = [body for _, body in TOPICS]


def test_planted_topics_are_found() -> None:
    near = unit(fit(TEXTS, dim=2).embeddings[0].vectors)
    cosine = near @ near.T
    split = len(SPACE)
    within = np.concatenate([cosine[:split, :split].ravel(), cosine[split:, split:].ravel()])
    assert within.min() > cosine[:split, split:].max() + 0.3


def test_documents_that_share_no_word_but_share_company_are_near() -> None:
    station, booster = TEXTS[2], TEXTS[3]
    analyzer = Analyzer()
    assert not set(analyzer.terms(analyzer.content_words(station))) & set(
        analyzer.terms(analyzer.content_words(booster))
    )
    near = unit(fit(TEXTS, dim=2).embeddings[0].vectors)
    assert near[2] @ near[3] > 0.8
    assert tokens(station)  # the two are not near for being empty


def test_agrees_with_a_dense_svd() -> None:
    fitted = fit(TEXTS, dim=4, power=0.0)
    counts = count_terms(TEXTS, Analyzer())
    X = log_tfidf(counts.matrix, idf(len(TEXTS), counts.documents)).toarray()
    _, s, Vt = np.linalg.svd(X, full_matrices=False)
    expected = X @ Vt[:4].T
    found = fitted.embeddings[0].vectors
    assert np.allclose(found @ found.T, expected @ expected.T, atol=1e-5)
    stretched, expected = fit(TEXTS, dim=4, power=0.5).embeddings[0].vectors, expected * s[:4] ** 0.5
    assert np.allclose(stretched @ stretched.T, expected @ expected.T, atol=1e-5)
    assert fitted.metrics["captured_energy"] == pytest.approx((s[:4] ** 2).sum() / (s**2).sum(), rel=1e-5)


@pytest.mark.parametrize("split", ["documents", "words", "even"])
def test_both_splits_multiply_to_the_same_matrix(split: str) -> None:
    documents, words = fit(TEXTS, dim=5, split=split).embeddings
    reference, words_of_reference = fit(TEXTS, dim=5).embeddings
    product = reference.vectors @ words_of_reference.vectors.T
    assert np.allclose(documents.vectors @ words.vectors.T, product, atol=1e-5)


@pytest.mark.parametrize("split", ["documents", "words", "even"])
def test_folding_in_lands_on_the_document(split: str) -> None:
    fitted = fit(TEXTS, dim=5, split=split)
    again = Lsa().encode(fitted.state(), Documents(["new"], [TEXTS[4]]))
    assert np.allclose(again[0], fitted.embeddings[0].vectors[4], atol=1e-4)


def test_words_are_keyed_as_written_and_know_their_stem() -> None:
    words = fit(TEXTS).embeddings[1]
    row = list(words.keys).index("astronauts")
    assert words.columns["term"][row] == "astronaut"
    assert words.columns["documents"][row] == 4


def test_unknown_words_encode_to_zero() -> None:
    assert not Lsa().encode(fit(TEXTS).state(), Documents(["q"], ["xyzzy plugh"])).any()


def test_one_document_and_many_alike() -> None:
    assert np.linalg.norm(fit(["a single text"]).embeddings[0].vectors) > 0
    alike = fit(["the same words"] * 50).embeddings[0].vectors
    assert (alike == alike[0]).all() and np.linalg.norm(alike[0]) > 0


@pytest.mark.parametrize("texts", [["", ""], ["the of and"]], ids=["empty", "stop words alone"])
def test_nothing_to_learn_from_is_one_clear_error(texts: list[str]) -> None:
    with pytest.raises(BuildError, match="contains a word to learn from"):
        fit(texts)


def test_default_dimensions_follow_the_number_of_documents() -> None:
    sizes = [1, 2, 6, 82, 1033, 3204, 5183, 80_000, 125_721, 1_000_000]
    assert [default_dim(size) for size in sizes] == [1, 1, 3, 41, 129, 400, 500, 500, 318, 200]
