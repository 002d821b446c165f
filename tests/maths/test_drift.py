"""What a model sees of texts: against sums written out, and what is expected against texts really left out."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch import registry
from semsearch.builders.base import Drifts, Encodes
from semsearch.builders.lsa import Lsa, LsaOptions
from semsearch.building.staleness import why_rebuild
from semsearch.maths.counts import count_all_terms, count_known_terms
from semsearch.maths.drift import residual_share, unknown_share
from semsearch.maths.text import Analyzer
from semsearch.records import Device, Documents, Fitted, silent

RNG = np.random.default_rng(0)
WORDS = np.array([f"w{chr(97 + a)}{chr(97 + b)}{chr(97 + c)}" for a in range(20) for b in range(20) for c in range(5)])


def of_a_kind(topics: range, texts: int, rng: np.random.Generator) -> list[str]:
    """Texts of 40 words: 25 from one of these topics, some of whose 150 words are frequent, and 15 from 500 of all."""
    odds = 1 / np.arange(1, 151)
    found = []
    for _ in range(texts):
        start = 500 + 100 * int(rng.choice(topics))
        own = rng.choice(WORDS[start : start + 150], 25, p=odds / odds.sum())
        found.append(" ".join([*own, *rng.choice(WORDS[:500], 15)]))
    return found


def fitted(texts: list[str], **options: object) -> Fitted:
    corpus = Documents([str(row) for row in range(len(texts))], texts)
    return Lsa().fit(corpus, LsaOptions(**options), rng=RNG, device=Device(), report=silent)


def drift(model: Fitted, texts: list[str]) -> dict[str, float]:
    corpus = Documents([str(row) for row in range(len(texts))], texts)
    return Lsa().drift(model.state(), corpus, Lsa().encode(model.state(), corpus))


def test_counts_of_all_terms_hold_those_of_the_known() -> None:
    texts, known, analyzer = ["rye bread rye zyx", "", "zyx wvu zyx"], {"bread": 0, "rye": 1}, Analyzer()
    every = count_all_terms(texts, analyzer, known)
    assert (every[:, :2] != count_known_terms(texts, analyzer, known)).nnz == 0
    assert every.toarray().tolist() == [[1, 2, 1, 0], [0, 0, 0, 0], [0, 0, 2, 1]]


def test_shares_are_those_of_sums_written_out() -> None:
    counts = sp.csr_matrix(np.array([[2, 0, 1], [0, 0, 0], [0, 3, 0]], np.float32))
    weights = np.array([0.5, 2.0], np.float32)
    known, unknown = ((1 + np.log(2)) * 0.5) ** 2, 2.0**2  # the third term is not known, as heavy as the rarest
    assert unknown_share(counts, weights, 2.0) == pytest.approx((unknown / (known + unknown) + 0) / 2, rel=1e-6)
    assert unknown_share(counts[1:2], weights, 2.0) == 0
    projected = np.array([[0.6, 0.0], [0.0, 0.0], [0.5, 0.5]], np.float32)
    assert residual_share(projected) == pytest.approx((0.64 + 0.5) / 2, rel=1e-6)


@pytest.mark.parametrize("split", ["documents", "words", "even"])
def test_the_drift_of_what_was_fitted_is_what_the_factorisation_left_over(split: str) -> None:
    texts = of_a_kind(range(5), 120, RNG)
    model = fitted(texts, dim=12, split=split)
    found = drift(model, texts)
    assert found["unknown"] == 0
    assert found["residual"] == pytest.approx(1 - model.metrics["captured_energy"], abs=1e-4)  # float32 sums


@pytest.mark.parametrize(("texts", "dim"), [(200, 25), (800, 20), (800, 100)])
def test_what_is_expected_is_what_texts_of_the_same_kind_show(texts: int, dim: int) -> None:
    """Planted topics; 400 texts that were not fitted. The residual is a first-order estimate: within a tenth."""
    rng = np.random.default_rng(texts)
    model = fitted(of_a_kind(range(5), texts, rng), dim=dim)
    found = drift(model, of_a_kind(range(5), 400, rng))
    assert model.metrics["expected_unknown"] == pytest.approx(found["unknown"], abs=0.02)  # 400 texts' own scatter
    assert model.metrics["expected_residual"] == pytest.approx(found["residual"], rel=0.1)
    assert why_rebuild({**model.metrics, "documents": 1e6}, [{**found, "texts": 400.0}], 400) is None


def test_texts_of_another_kind_are_strange_and_a_rebuild_is_advised() -> None:
    rng = np.random.default_rng(7)
    model = fitted(of_a_kind(range(5), 300, rng), dim=20)
    found = drift(model, of_a_kind(range(9, 14), 100, rng))
    assert found["unknown"] > 3 * model.metrics["expected_unknown"]
    why = why_rebuild({**model.metrics, "documents": 1e6}, [{**found, "texts": 100.0}], 100)
    assert why is not None and "of the content of new texts" in why


def test_the_rule() -> None:
    usual = {"documents": 1000.0, "expected_unknown": 0.2, "expected_residual": 0.5}  # sees .4
    like = {"texts": 100.0, "unknown": 0.2, "residual": 0.5}
    strange = {"texts": 100.0, "unknown": 0.5, "residual": 0.6}  # sees .2: half
    assert why_rebuild(usual, [], 0) is None
    assert why_rebuild(usual, [like], 100) is None
    assert why_rebuild(usual, [strange], 100) == (
        "the model represents 20 % of the content of new texts, where 40 % is expected"
    )
    assert why_rebuild(usual, [{**strange, "texts": 29.0}], 29) is None  # too few to speak
    assert why_rebuild(usual, [strange, {**like, "texts": 300.0}], 400) is None  # as a whole they are usual: .85 of it
    assert why_rebuild(usual, [like] * 5, 500) == "500 texts were added to a model that was built from 1,000"
    assert why_rebuild(usual, [like] * 5, 100) is None  # the same texts, changed again and again
    assert why_rebuild(usual, [{"texts": 600.0}], 600) is None  # a builder that measures no drift
    assert why_rebuild({}, [strange], 100) is None  # a model from before drift was measured


def test_capabilities_are_found_by_protocol() -> None:
    lsa = registry.load().builder("lsa")
    assert isinstance(lsa, Encodes) and isinstance(lsa, Drifts)
