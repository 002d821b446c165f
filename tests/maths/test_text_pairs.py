"""Pairs of parts of the same document: the parts share no word that was drawn, and together they are the document."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from semsearch.maths.text_pairs import FEWEST, MOST, sentence_pairs, text_pairs, word_pairs

RNG = np.random.default_rng(0)
COUNTS = sp.random(40, 60, 0.3, "csr", np.float32, random_state=0, data_rvs=lambda n: RNG.integers(1, 4, n))
WEIGHTS = np.ones(60, np.float32)


def test_words_and_the_rest_share_none_and_leave_none_out() -> None:
    pairs = word_pairs(COUNTS, WEIGHTS)
    rows = np.arange(len(pairs))
    words, rest = pairs.draw(rows, np.random.default_rng(0))
    for row, document in enumerate(pairs.documents[:, 0]):
        drawn, left = set(words[row].indices.tolist()), set(rest[row].indices.tolist())
        assert drawn.isdisjoint(left) and drawn | left == set(COUNTS[document].indices.tolist())
        assert FEWEST <= len(drawn) <= min(MOST, (len(drawn) + len(left)) // 2)
        assert np.ptp(words[row].data) < 1e-6  # each word of a query counts once
    again, _ = pairs.draw(rows, np.random.default_rng(1))
    assert (again != words).nnz > 0


def test_a_sentence_and_the_rest_add_up_to_the_document() -> None:
    document = np.repeat(np.arange(20), 2)
    pairs = sentence_pairs(COUNTS, document, WEIGHTS)
    one, other = pairs.draw(np.arange(len(pairs)), np.random.default_rng(0))
    both = (one + other) > 0
    assert (both != (pairs.whole > 0)).nnz == 0
    assert pairs.documents[:, 0].tolist() == list(range(20))
    assert len(sentence_pairs(COUNTS, np.arange(40), WEIGHTS)) == 0


def test_equal_texts_are_of_one_group_and_empty_ones_are_left_out() -> None:
    left = COUNTS[[0, 1, 2, 3]]
    right = sp.vstack([COUNTS[[4, 5, 4]], sp.csr_matrix((1, 60), dtype=np.float32)]).tocsr()
    pairs = text_pairs(left, right, np.arange(8).reshape(4, 2), WEIGHTS)
    assert len(pairs) == 3 and pairs.groups[:, 1].tolist() == [0, 1, 0]
