"""Words as bags of character n-grams, so that unknown and misspelled words have vectors too.

    <where>      <wh whe her ere re> <whe wher here ere> <wher where here> <where where>
    B            one vector for each n-gram, (g, k), such that the mean of a word's n-grams comes near its own vector:
                 min ‖G B - U‖² + λ ‖B‖², G (v, g) the shares of n-grams in words, U (v, k) the words' unit vectors

fastText learns such vectors with the words (Bojanowski et al. 2017); here words have been learned already, by whatever
builder, and their n-grams are fitted to them afterwards (after Zhao, Mudgal & Liang, "Generalizing Word Embeddings
using Bag of Subwords", EMNLP 2018). That is one sparse least-squares problem: conjugate gradients, all columns at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from semsearch.plugin import (
    Documents,
    Embeddings,
    Fitted,
    Pmi,
    PmiOptions,
    State,
    hookimpl,
    option,
    pack,
    tokens,
    unpack,
)


@dataclass(frozen=True)
class CharngramOptions:
    """What `build charngram` can be told."""

    words: str | None = option(
        None, "the word collection to learn from; without, words are learned as pmi does", of="word"
    )
    shortest: int = option(3, "letters of the shortest n-grams, < and > counted")
    longest: int = option(6, "letters of the longest n-grams")
    min_words: int = option(3, "words that an n-gram must stand in")
    ridge: float = option(0.1, "how far rare n-grams are held back, above 0")

    def __post_init__(self) -> None:
        if not 1 <= self.shortest <= self.longest <= 10:
            raise ValueError(f"n-grams of {self.shortest} to {self.longest} letters: choose from 1 to 10, rising")
        if self.min_words < 1 or not self.ridge > 0:
            raise ValueError(f"min_words is {self.min_words} and ridge {self.ridge:g}: at least 1, and above 0")


def ngrams(word: str, shortest: int, longest: int) -> list[str]:
    """The n-grams of <word>, shortest first, each as often as it stands there."""
    marked = f"<{word}>"
    return [marked[at : at + size] for size in range(shortest, longest + 1) for at in range(len(marked) - size + 1)]


def shares(words: Sequence[str], place: Mapping[str, int], shortest: int, longest: int) -> sp.csr_matrix:
    """(len(words), len(place)) float32: the share of each known n-gram among those of each word; rows add up to 1."""
    found = [[place[one] for one in ngrams(word, shortest, longest) if one in place] for word in words]
    sizes = np.array([len(some) for some in found], np.int64)
    columns = np.fromiter((column for some in found for column in some), np.int64, int(sizes.sum()))
    values = np.repeat(1 / np.maximum(sizes, 1), sizes).astype(np.float32)
    matrix = sp.csr_matrix((values, columns, np.concatenate([[0], np.cumsum(sizes)])), (len(words), len(place)))
    matrix.sum_duplicates()
    return matrix


def fitted_ngrams(
    G: sp.csr_matrix, U: np.ndarray, ridge: float, report: Callable[..., None], steps: int = 30
) -> np.ndarray:
    """(g, k) float32: B that minimises ‖G B - U‖² + ridge ‖B‖², by conjugate gradients on its normal equations."""
    Gt = G.T.tocsr()
    B = np.zeros((G.shape[1], U.shape[1]), np.float32)
    R = np.asarray(Gt @ U)
    P = R.copy()
    before = np.einsum("gk,gk->k", R, R)
    for step in range(steps):
        report(step, steps)
        Q = np.asarray(Gt @ (G @ P)) + np.float32(ridge) * P
        along = before / np.maximum(np.einsum("gk,gk->k", P, Q), 1e-30)
        B += along * P
        R -= along * Q
        after = np.einsum("gk,gk->k", R, R)
        P = R + after / np.maximum(before, 1e-30) * P
        before = after
    return B


class Charngram:
    """The builder `charngram`: words as bags of their character n-grams, unknown words among them."""

    name = "charngram"
    reads = "documents"
    Options = CharngramOptions

    def fit(self, corpus: Documents, options: CharngramOptions, *, rng: Any, device: Any, report: Any) -> Fitted:
        """Words (v, k) as they were learned; the vectors of n-grams (g, k) go into the state, in half precision."""
        if "words" in corpus.inputs:
            words = corpus.inputs["words"]
        else:
            pmi = Pmi().fit(corpus, PmiOptions(contexts=False), rng=rng, device=device, report=report)
            words = pmi.embeddings[0]
        sizes = (options.shortest, options.longest)
        met = Counter(one for word in words.keys for one in set(ngrams(word, *sizes)))
        kept = sorted(one for one, count in met.items() if count >= options.min_words)
        U = unit(words.vectors)
        G = shares(words.keys, {one: row for row, one in enumerate(kept)}, *sizes)
        B = fitted_ngrams(G, U, options.ridge, report)
        error = float(np.linalg.norm(G @ B - U) / max(np.linalg.norm(U), 1e-12))
        arrays = {
            "words": pack(words.keys),
            "ngrams": pack(kept),
            "vectors": B.astype(np.float16),
            "sizes": np.array(sizes),
        }
        facts = {"words": float(len(words.keys)), "ngrams": float(len(kept)), "error": error}
        return Fitted([Embeddings("word", words.keys, words.vectors, words.columns)], arrays, facts)

    def encode(self, state: State, corpus: Documents) -> np.ndarray:
        """Texts as the mean of their words' directions, (n, k) float32: learned ones where known, else from n-grams."""
        known = state.derived("known", lambda: frozenset(unpack(state.arrays["words"])))
        place = state.derived("place", lambda: {one: row for row, one in enumerate(unpack(state.arrays["ngrams"]))})
        said = [tokens(text) for text in corpus.texts]
        distinct = sorted({word for words in said for word in words})
        spelled = shares(distinct, place, *state.arrays["sizes"].tolist())
        used, columns = np.unique(spelled.indices, return_inverse=True)
        spelled = sp.csr_matrix((spelled.data, columns, spelled.indptr), (len(distinct), len(used)))
        vectors = unit(np.asarray(spelled @ state.arrays["vectors"][used].astype(np.float32)))
        learned = [row for row, word in enumerate(distinct) if word in known]
        if learned:
            vectors[learned] = unit(state.embeddings["word"].take([distinct[row] for row in learned]))
        row_of = {word: row for row, word in enumerate(distinct)}
        out = np.zeros((len(said), vectors.shape[1]), np.float32)
        for row, words in enumerate(said):
            if words:
                out[row] = vectors[[row_of[word] for word in words]].mean(axis=0)
        return out


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at length 1; zero rows stay."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Charngram())
