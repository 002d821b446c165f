"""PMI vectors find planted company, agree with LSA and with the SVD, and say what they cannot learn from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.builders.base import make_options
from semsearch.builders.pmi import Pmi, PmiOptions, default_dim
from semsearch.errors import BuildError, InputError
from semsearch.maths.counts import count_terms
from semsearch.maths.factor import Matrix, truncated_svd
from semsearch.maths.spectral_factors import factor_sides
from semsearch.maths.text import Analyzer
from semsearch.maths.vocabulary import keep_words, sentences, subsample
from semsearch.records import Device, Documents, Fitted, silent
from tests.planted import TOPICS

TEXTS = [body for _, body in TOPICS]


def fit(texts: list[str], **options: Any) -> Fitted:
    corpus = Documents([str(row) for row in range(len(texts))], texts)
    return Pmi().fit(corpus, PmiOptions(**options), rng=np.random.default_rng(0), device=Device(), report=silent)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def planted(seed: int = 0) -> list[str]:
    """Sentences about animals and about tools; `cat` and `dog` never meet, but keep the same company."""
    rng = np.random.default_rng(seed)
    company = {
        "animal": ["fur", "paw", "tail", "food", "sleeps", "runs"],
        "tool": ["steel", "wood", "nail", "bench", "cuts", "grips"],
    }
    names = {"animal": ["cat", "dog"], "tool": ["saw", "hammer"]}
    kinds = rng.choice(["animal", "tool"], 400)
    return [" ".join([str(rng.choice(names[kind])), *rng.choice(company[kind], 4)]) for kind in kinds]


def test_words_of_the_same_company_are_near_though_they_never_meet() -> None:
    words = fit(planted(), dim=4).embeddings[0]
    row = {word: place for place, word in enumerate(words.keys)}
    cosine = unit(words.vectors) @ unit(words.vectors).T
    assert cosine[row["cat"], row["dog"]] > 0.9 and cosine[row["saw"], row["hammer"]] > 0.9
    assert cosine[row["cat"], row["hammer"]] < 0.3
    assert words.columns["count"] == sorted(words.columns["count"], reverse=True)


def test_counts_over_whole_documents_are_lsas_word_vectors() -> None:
    """The scalar products are those of XᵀX, and at any number of directions those of LSA's VS: equal up to rotation."""
    found = fit(TEXTS, measure="count", window=0, power=0.5, dim=8, min_count=1).embeddings[0]
    counted = count_terms(TEXTS, Analyzer(stem=False, stop=False))
    svd = truncated_svd(Matrix(counted.matrix), 8, rng=np.random.default_rng(1), tolerance=1e-5)
    order = [counted.terms.index(word) for word in found.keys]
    lsa = (svd.Vt.T * svd.s.astype(np.float32))[order]
    scale = float(np.abs(lsa @ lsa.T).max())
    # float32 products, and a residual of a few hundredths in the weakest direction, which enters squared
    assert np.allclose(found.vectors @ found.vectors.T, lsa @ lsa.T, atol=5e-3 * scale)
    whole = fit(TEXTS, measure="count", window=0, power=0.5, dim=12, min_count=1).embeddings[0]
    X = counted.matrix.toarray()[:, order]
    assert np.allclose(whole.vectors @ whole.vectors.T, X.T @ X, atol=1e-3)  # 12 documents: rank 12 is all of it


def indefinite(n: int = 60) -> sp.csr_matrix:
    A = sp.random(n, n, density=0.2, format="csr", random_state=4, dtype=np.float32)
    return (A + A.T).tocsr()


def test_both_paths_find_the_same_directions() -> None:
    M = indefinite()
    by_eigen = factor_sides(M, 60, power=0.5, symmetric=True, rng=np.random.default_rng(0))
    by_svd = factor_sides(M, 60, power=0.5, symmetric=False, rng=np.random.default_rng(0))
    assert np.abs(by_eigen.spectrum)[:50] == pytest.approx(by_svd.spectrum[:50], rel=1e-3)
    for sides in (by_eigen, by_svd):
        assert np.allclose(sides.left @ sides.right.T, M.toarray(), atol=1e-3)  # power 1/2 gives back the matrix
        assert sides.energy == pytest.approx(1, abs=1e-4)
    assert np.allclose(by_eigen.left @ by_eigen.left.T, by_svd.left @ by_svd.left.T, atol=1e-2)


def test_the_indefinite_part_is_reported_and_the_sum_leaves_it_out() -> None:
    M = indefinite()
    sides = factor_sides(M, 60, power=0.5, symmetric=True, rng=np.random.default_rng(0))
    values = np.linalg.eigvalsh(M.toarray().astype(np.float64))
    assert sides.negative == pytest.approx((values[values < 0] ** 2).sum() / (values**2).sum(), rel=1e-3)
    together = sides.joined("sum")
    assert together.shape == (60, int((sides.spectrum > 0).sum()))
    assert sides.joined("concat").shape == (60, 2 * len(sides.spectrum))
    gram = sp.csr_matrix((M.toarray() @ M.toarray()).astype(np.float32))
    assert factor_sides(gram, 20, power=0.5, symmetric=True, rng=np.random.default_rng(0)).negative == 0


@pytest.mark.parametrize("symmetric", [True, False])
def test_shrinking_takes_a_share_of_the_weakest_direction_off_all(symmetric: bool) -> None:
    M = indefinite()
    plain, shrunk = (
        factor_sides(M, 20, power=0.5, shrink=shrink, symmetric=symmetric, rng=np.random.default_rng(0))
        for shrink in (0, 0.8)
    )
    strength = np.abs(plain.spectrum)
    assert shrunk.spectrum == pytest.approx(plain.spectrum)
    for side in ("left", "right"):
        lengths = np.linalg.norm(getattr(shrunk, side), axis=0) ** 2
        assert lengths == pytest.approx(strength - 0.8 * strength[-1], rel=1e-4)
    assert lengths[-1] == pytest.approx(0.2 * strength[-1], rel=1e-4)


def test_noise_over_a_planted_matrix_is_shrunk_away() -> None:
    """Vectors of a few directions under much noise have cosines nearer to the true ones when the spectrum is shrunk."""
    rng = np.random.default_rng(3)
    true = rng.standard_normal((200, 5))
    noise = rng.standard_normal((200, 200))
    M = sp.csr_matrix((true @ true.T + 3 * (noise + noise.T)).astype(np.float32))
    wanted = unit(true) @ unit(true).T

    def wrong(shrink: float) -> float:
        left = factor_sides(M, 40, power=0.5, shrink=shrink, symmetric=True, rng=np.random.default_rng(0)).left
        return float(np.square(unit(left) @ unit(left).T - wanted).mean())

    assert wrong(0.95) < wrong(0.8) < 0.9 * wrong(0)


def test_counts_are_not_shrunk_unless_asked_and_ppmi_is() -> None:
    def vectors(**options: Any) -> np.ndarray:
        return fit(planted(), min_count=1, dim=6, **options).embeddings[0].vectors

    assert np.array_equal(vectors(measure="count"), vectors(measure="count", shrinkage=0.0))
    assert np.array_equal(vectors(), vectors(shrinkage=0.8)) and not np.allclose(vectors(), vectors(shrinkage=0.0))


@pytest.mark.parametrize("side", ["left", "right", "sum", "concat"])
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("measure", ["count", "ratio", "log", "pmi", "ppmi", "shifted"])
def test_every_measure_side_and_path_gives_vectors(measure: str, side: str, symmetric: bool) -> None:
    options = {"measure": measure, "side": side, "symmetric": symmetric, "shift": 1.5, "min_count": 1, "dim": 6}
    words = fit(planted(), **options).embeddings[0]
    assert np.isfinite(words.vectors).all() and 1 <= words.vectors.shape[1] <= 12
    row = {word: place for place, word in enumerate(words.keys)}
    near = unit(words.vectors)
    assert near[row["cat"]] @ near[row["dog"]] > near[row["cat"]] @ near[row["hammer"]]


def test_a_text_is_the_mean_of_its_words_and_nothing_where_none_is_known() -> None:
    fitted = fit(planted(), dim=4)
    state, words = fitted.state(), fitted.embeddings[0]
    found = Pmi().encode(state, Documents(["a", "b", "c"], ["cat", "Cat, saw; unheard-of", "nobody knows"]))
    cat, saw = unit(words.take(["cat", "saw"]))
    assert np.allclose(found[0], cat, atol=1e-6) and np.allclose(found[1], (cat + saw) / 2, atol=1e-6)
    assert not found[2].any()


def test_sentences_end_windows() -> None:
    assert list(sentences(["One two. Three four! “Five six.” Seven\n\neight 一二。三四"])) == [
        "One two.",
        "Three four!",
        "“Five six.",
        "Seven",
        "eight 一二。",
        "三四",
    ]
    texts = ["apple pear. stone rock", "stone rock. apple pear"] * 3
    apart = fit(texts, within="sentence", window=0, min_count=1, measure="count", dim=4, power=0.5).embeddings[0]
    apple, stone = apart.take(["apple", "stone"])
    assert apple @ stone == pytest.approx(0, abs=1e-4)
    together = fit(texts, window=0, min_count=1, measure="count", dim=4, power=0.5).embeddings[0]
    apple, stone = together.take(["apple", "stone"])
    assert apple @ stone == pytest.approx(6, rel=1e-3)


def test_subsampling_keeps_the_root_of_threshold_over_share() -> None:
    words = keep_words([" ".join(["often"] * 9000 + ["seldom"] * 1000)], min_count=1)
    stream, starts = subsample(words, 0.1, np.random.default_rng(0))
    often, seldom = np.bincount(stream)
    assert seldom == 1000 and starts[-1] == len(stream)
    assert often == pytest.approx(9000 * np.sqrt(0.1 / 0.9), rel=0.04)  # four standard deviations of the binomial


def test_the_vocabulary_is_limited_by_count_and_number() -> None:
    texts = ["aa aa aa bb bb cc", "aa bb dd"]
    assert keep_words(texts, min_count=2).words == ["aa", "bb"]
    assert keep_words(texts, min_count=1, max_words=3).words == ["aa", "bb", "cc"]
    assert keep_words(texts, min_count=1).counts.tolist() == [4, 3, 1, 1]


def test_a_window_larger_than_every_document_is_the_document() -> None:
    wide = fit(TEXTS, window=20, distance_weighting="flat", min_count=1, measure="count", dim=10).embeddings[0]
    assert np.isfinite(wide.vectors).all()


@pytest.mark.parametrize(
    ("texts", "options", "said"),
    [
        (["", "?!"], {}, "contains a word"),
        (["word word word"], {}, "two are needed.*--min-count"),
        (["one two three"], {"min_count": 5}, "No word occurs at least 5 times.*--min-count"),
        (["apple", "pear", "plum"], {"min_count": 1}, "No two words of the vocabulary"),
    ],
    ids=["no words", "one word", "all rare", "no pairs"],
)
def test_what_cannot_be_learned_from_is_said(texts: list[str], options: dict[str, Any], said: str) -> None:
    with pytest.raises(BuildError, match=said):
        fit(texts, **options)


@pytest.mark.parametrize(
    "given",
    [
        {"window": 21},
        {"window": -1},
        {"dim": 0},
        {"power": 3},
        {"shrinkage": 1},
        {"smoothing": 0},
        {"shift": 0.5},
        {"subsample": 1},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"--\w+ must be .*, not "):
        make_options(Pmi(), given)


def test_small_vocabularies_have_fewer_dimensions() -> None:
    assert [default_dim(n) for n in (2, 50, 100_000)] == [1, 25, 300]
