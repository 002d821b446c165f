"""From text to counts: the chain of tokens, stems and counts, against plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from semsearch.maths.counts import count_known_terms, count_terms
from semsearch.maths.text import Analyzer, pack, tokens, unpack
from semsearch.maths.weighting import idf, log_tfidf

TEXTS = ["Compressed files compress well; the file is compressed", "Ünïcode Ⅳ files", "", "the of and"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World", ["hello", "world"]),
        ("snake_case a b2 x", ["snake", "case", "b2"]),
        ("ﬁle Ａｂｃ Straße", ["file", "abc", "straße"]),
        ("naïve café’s", ["naïve", "café"]),
        ("中文文本 данные", ["中文", "文文", "文本", "данные"]),
        ("don't", ["don"]),
    ],
    ids=["punctuation", "underscore and one letter", "NFKC", "accents", "other scripts", "contraction"],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_counts_agree_with_counting_by_hand() -> None:
    analyzer = Analyzer(stem=False, stop=False)
    found = count_terms(TEXTS, analyzer)
    for row, text in enumerate(TEXTS):
        counted = {found.terms[column]: found.matrix[row, column] for column in found.matrix[row].indices}
        assert counted == Counter(tokens(text))
    totals = Counter(word for text in TEXTS for word in tokens(text))
    assert dict(zip(found.terms, found.totals.tolist(), strict=True)) == totals


def test_stems_join_and_are_shown_as_most_often_written() -> None:
    found = count_terms(TEXTS, Analyzer())
    shown = dict(zip(found.terms, found.surfaces, strict=True))
    assert shown["compress"] == "compressed"
    assert shown["file"] == "files"
    assert "the" not in shown and "of" not in shown
    assert found.documents[found.terms.index("file")] == 2


def test_rare_terms_are_left_out_where_asked() -> None:
    assert count_terms(TEXTS, Analyzer(), min_documents=2).terms == ["file"]


def test_known_terms_are_counted_and_others_ignored() -> None:
    found = count_known_terms(["files and Compressing, filed zebra"], Analyzer(), {"compress": 0, "file": 1})
    assert found.toarray().tolist() == [[1.0, 2.0]]


def test_nothing_to_count() -> None:
    found = count_terms(["the", ""], Analyzer())
    assert found.terms == [] and found.matrix.shape == (2, 0)


def test_weights_are_log_tf_idf_with_unit_rows() -> None:
    found = count_terms(["cat cat dog", "dog", "dog bird"], Analyzer())
    weighted = log_tfidf(found.matrix, idf(3, found.documents)).toarray()
    cat, dog = found.terms.index("cat"), found.terms.index("dog")
    expected = np.array([(1 + np.log(2)) * np.log(4 / 1), np.log(4 / 3)])
    assert weighted[0, [cat, dog]] == pytest.approx(expected / np.linalg.norm(expected), rel=1e-6)
    assert np.linalg.norm(weighted, axis=1) == pytest.approx(np.ones(3), rel=1e-6)


def test_one_document_keeps_some_weight() -> None:
    assert idf(1, np.array([1]))[0] > 0


def test_terms_survive_packing() -> None:
    assert unpack(pack(["été", "b", "中文"])) == ["été", "b", "中文"]
    assert unpack(pack([])) == []
