"""Words as bags of character n-grams, so that unknown and misspelled words have vectors too.

    <where>      <wh whe her ere re> <whe wher here ere> <wher where here> <where where>
    B            one vector per n-gram, (g, k); the mean of a word's n-grams approximates the word's own vector:
                 min ‖G B - U‖² + λ ‖B‖², G (v, g) the shares of n-grams in words, U (v, k) the words' unit vectors

fastText learns such vectors together with the words (Bojanowski et al. 2017). Here the words have vectors already, from
any builder, and the n-grams are fitted to them (after Zhao, Mudgal & Liang, "Generalizing Word Embeddings using Bag of
Subwords", EMNLP 2018). This is one sparse least-squares problem, solved by conjugate gradients for all columns at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from semsearch.plugin import (
    BuilderOptions,
    Documents,
    Embeddings,
    Fitted,
    InputError,
    Metric,
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
class CharngramOptions(BuilderOptions):
    """Options of `build charngram`."""

    words: str | None = option(
        None, "name of the word collection to learn from", of="word", default_text="none: learn words as pmi does"
    )
    min_n: int = option(
        3, "length of the shortest n-grams, with < and >", least=1, most=10, unit="letters", was=("shortest",)
    )
    max_n: int = option(6, "length of the longest n-grams", least=1, most=10, unit="letters", was=("longest",))
    min_words: int = option(3, "words that an n-gram must occur in", least=1)
    ridge: float = option(0.1, "ridge penalty, which keeps the vectors of rare n-grams short", above=0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_n > self.max_n:
            raise InputError(f"--min-n is {self.min_n} and --max-n {self.max_n}: --min-n must not be above --max-n")


def ngrams(word: str, min_n: int, max_n: int) -> list[str]:
    """The n-grams of <word>, shortest first, repeated as often as they occur."""
    marked = f"<{word}>"
    return [marked[start : start + n] for n in range(min_n, max_n + 1) for start in range(len(marked) - n + 1)]


def shares(words: Sequence[str], column_of: Mapping[str, int], min_n: int, max_n: int) -> sp.csr_matrix:
    """(len(words), len(column_of)) float32: the share of each known n-gram in each word; rows add up to 1."""
    columns_of = [[column_of[gram] for gram in ngrams(word, min_n, max_n) if gram in column_of] for word in words]
    sizes = np.array([len(row) for row in columns_of], np.int64)
    columns = np.fromiter((column for row in columns_of for column in row), np.int64, int(sizes.sum()))
    values = np.repeat(1 / np.maximum(sizes, 1), sizes).astype(np.float32)
    matrix = sp.csr_matrix((values, columns, np.concatenate([[0], np.cumsum(sizes)])), (len(words), len(column_of)))
    matrix.sum_duplicates()
    return matrix


def fitted_ngrams(
    G: sp.csr_matrix, U: np.ndarray, ridge: float, report: Callable[..., None], steps: int = 30
) -> np.ndarray:
    """(g, k) float32, the B that minimises ‖G B - U‖² + ridge ‖B‖², by conjugate gradients on its normal equations."""
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
    """Words as bags of character n-grams, unknown words included."""

    name = "charngram"
    reads = "documents"
    queries_only = True  # `encode` embeds texts, and its items are words
    Options = CharngramOptions
    metrics = {
        "ngrams": Metric("ngrams", "n-grams", "Character n-grams that have a vector.", "a count"),
        "error": Metric(
            "error",
            "relative error",
            "How far the means of n-gram vectors are from the words' own vectors, relative to the length of these.",
            "0 to 1",
            better="lower",
            decimals=3,
        ),
    }

    def fit(self, corpus: Documents, options: CharngramOptions, *, rng: Any, device: Any, report: Any) -> Fitted:
        """Words (v, k) with the vectors they have; the n-gram vectors (g, k) go into the state, in half precision."""
        if "words" in corpus.inputs:
            words = corpus.inputs["words"]
        else:
            pmi = Pmi().fit(corpus, PmiOptions(contexts=False), rng=rng, device=device, report=report)
            words = pmi.embeddings[0]
        sizes = (options.min_n, options.max_n)
        counts = Counter(gram for word in words.keys for gram in set(ngrams(word, *sizes)))
        grams = sorted(gram for gram, count in counts.items() if count >= options.min_words)
        U = unit(words.vectors)
        G = shares(words.keys, {gram: row for row, gram in enumerate(grams)}, *sizes)
        B = fitted_ngrams(G, U, options.ridge, report)
        error = float(np.linalg.norm(G @ B - U) / max(np.linalg.norm(U), 1e-12))
        arrays = {
            "words": pack(words.keys),
            "ngrams": pack(grams),
            "vectors": B.astype(np.float16),
            "sizes": np.array(sizes),
        }
        metrics = {"words": float(len(words.keys)), "ngrams": float(len(grams)), "error": error}
        return Fitted([Embeddings("word", words.keys, words.vectors, words.columns)], arrays, metrics)

    def encode(self, state: State, corpus: Documents) -> np.ndarray:
        """The means of the texts' unit word vectors, (n, k) float32; unknown words are embedded by their n-grams."""
        known = state.derived("known", lambda: frozenset(unpack(state.arrays["words"])))
        column_of = state.derived(
            "place", lambda: {gram: row for row, gram in enumerate(unpack(state.arrays["ngrams"]))}
        )
        words_of = [tokens(text) for text in corpus.texts]
        distinct = sorted({word for words in words_of for word in words})
        spelled = shares(distinct, column_of, *state.arrays["sizes"].tolist())
        used, columns = np.unique(spelled.indices, return_inverse=True)
        spelled = sp.csr_matrix((spelled.data, columns, spelled.indptr), (len(distinct), len(used)))
        vectors = unit(np.asarray(spelled @ state.arrays["vectors"][used].astype(np.float32)))
        learned = [row for row, word in enumerate(distinct) if word in known]
        if learned:
            vectors[learned] = unit(state.embeddings["word"].take([distinct[row] for row in learned]))
        row_of = {word: row for row, word in enumerate(distinct)}
        out = np.zeros((len(words_of), vectors.shape[1]), np.float32)
        for row, words in enumerate(words_of):
            if words:
                out[row] = vectors[[row_of[word] for word in words]].mean(axis=0)
        return out


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at length 1; zero rows stay."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))


@hookimpl
def register_builders(register: Callable[[Any], None]) -> None:
    register(Charngram())
