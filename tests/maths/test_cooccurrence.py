"""Co-occurrence counts: the lecture's small table, a naive double loop, XᵀX, and what breaks a careless counter."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from semsearch.errors import InputError
from semsearch.maths.cooccurrence import WHOLE_CONTEXT, Weights, cooccurrences
from semsearch.maths.counts import word_numbers


def naive(stream: np.ndarray, starts: np.ndarray, width: int, window: int, weights: Weights) -> np.ndarray:
    found = np.zeros((width, width))
    for start, end in zip(starts[:-1], starts[1:], strict=True):
        for i in range(start, end):
            for j in range(start, end):
                if i != j and abs(i - j) <= window:
                    found[stream[i], stream[j]] += 1 if weights == "flat" else 1 / abs(i - j)
    return found


def test_three_sentences_of_a_girl_a_dog_and_a_park() -> None:
    """Counted by hand: window 4, so that the fifth word on is out of sight."""
    texts = ["the girl walks her dog in the park", "the dog runs in the park", "the girl reads"]
    words, stream, starts = word_numbers(texts)
    counts = cooccurrences(stream, starts, len(words), window=4).toarray()

    def met(one: str, other: str) -> int:
        return int(counts[words.index(one), words.index(other)])

    assert met("girl", "dog") == 1  # girl walks her dog
    assert met("dog", "park") == 2  # dog in the park; dog runs in the park
    assert met("girl", "park") == 0  # six words apart
    assert met("the", "girl") == 2  # sentences one and three; the second `the` of the first is five words on
    assert met("the", "the") == 2  # `the dog runs in the`: the pair is met from both of its ends
    assert (counts == counts.T).all()


@pytest.mark.parametrize("weights", ["flat", "harmonic"])
@pytest.mark.parametrize("window", [1, 2, 5, 20])
@pytest.mark.parametrize(("n", "width"), [(400, 300), (900, 7)], ids=["sparse rows", "dense rows"])
def test_agrees_with_a_double_loop(n: int, width: int, window: int, weights: Weights) -> None:
    rng = np.random.default_rng(n + window)
    stream = rng.integers(0, width, n).astype(np.int32)
    starts = np.array([0, 0, 1, 60, 60, 250, n], np.int64)  # empty stretches, one of a single word, long ones
    found = cooccurrences(stream, starts, width, window=window, weights=weights)
    assert found.has_sorted_indices and found.dtype == np.float32
    # Sums are float64 and stored as float32: half a unit in the seventh digit.
    assert np.allclose(found.toarray(), naive(stream, starts, width, window, weights), rtol=1e-7, atol=0)


def test_agrees_with_one_sparse_addition_per_offset_on_many_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("semsearch.maths.cooccurrence._BLOCK_PAIRS", 5000)
    rng = np.random.default_rng(0)
    stream = rng.zipf(1.3, 20_000).clip(max=500).astype(np.int32) - 1
    found = cooccurrences(stream, np.array([0, 20_000]), 500, window=3)
    other = sp.csr_matrix((500, 500))
    for offset in (1, 2, 3):
        one = sp.coo_matrix((np.ones(20_000 - offset), (stream[:-offset], stream[offset:])), shape=(500, 500)).tocsr()
        other = other + one + one.T
    assert (found != other).nnz == 0


def test_whole_documents_give_xtx() -> None:
    """A position meets itself there, so that the matrix is a Gram matrix and its factors are LSA's word vectors."""
    stream, starts = np.array([0, 1, 0, 2, 1, 2, 2], np.int32), np.array([0, 4, 7])
    X = np.array([[2, 1, 1], [0, 1, 2]])
    assert (cooccurrences(stream, starts, 3, window=WHOLE_CONTEXT).toarray() == X.T @ X).all()


def test_nothing_and_windows_beyond_every_document() -> None:
    none = cooccurrences(np.zeros(0, np.int32), np.zeros(1, np.int64), 0, window=2)
    assert none.shape == (0, 0)
    alone = cooccurrences(np.array([0, 1], np.int32), np.array([0, 1, 2]), 3, window=20)
    assert alone.shape == (3, 3) and alone.nnz == 0
    two = cooccurrences(np.array([0, 1], np.int32), np.array([0, 2]), 2, window=20)
    assert two.toarray().tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("ids", "window", "said"),
    [([0, 3], 2, "0 to 3: 0 to 2 are needed"), ([-1, 0], 2, "from -1"), ([0, 1], -1, "window")],
)
def test_what_cannot_be_is_refused(ids: list[int], window: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        cooccurrences(np.array(ids, np.int32), np.array([0, 2]), 3, window=window)
