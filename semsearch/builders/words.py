"""What the builders of word vectors have in common: how texts are read and counted, and what they leave behind.

`pmi` weighs the counts and factors them at once, `glove` and `sgns` factor them by gradient; a text is embedded as the
mean of its words by all three.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray
from semsearch.builders.base import NO_LENGTH, option
from semsearch.builders.cooccurrence_factors import Sentences
from semsearch.errors import BuildError
from semsearch.maths.contexts import pack_rows, unit_of
from semsearch.maths.cooccurrence import WHOLE_CONTEXT
from semsearch.maths.text import pack, tokens, unpack
from semsearch.maths.vocabulary import Words, default_min_count, keep_words, sentences, subsample
from semsearch.records import Documents, Embeddings, Fitted, Report, State

WIDEST = 20


@dataclass(frozen=True)
class WordOptions:
    """How texts are read and what counts as near."""

    dim: int | None = option(None, "dimensions; by default 300, in small vocabularies fewer")
    window: int = option(5, "words looked at on either side, 1 to 20; 0: the whole sentence or document")
    within: Literal["document", "sentence"] = option(
        "document", "what a window never leaves", choices=("document", "sentence")
    )
    weights: Literal["harmonic", "flat"] = option(
        "harmonic", "a pair at distance d counts 1/d, or 1", choices=("harmonic", "flat")
    )
    min_count: int | None = option(None, "how often a word must be written; by default 5, in small corpora 2 or 1")
    max_words: int | None = option(None, "keep at most so many of the commonest words")
    subsample: float = option(0.0, "thin words more frequent than this share, such as 0.001; 0 keeps all")
    contexts: bool = option(True, "keep the counts, which the pages of a word and of co-occurrence show")

    def __post_init__(self) -> None:
        least = {"dim": self.dim, "min_count": self.min_count, "max_words": self.max_words}
        for name, value in least.items():
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}: at least 1 is needed")
        if not 0 <= self.window <= WIDEST:
            raise ValueError(f"window is {self.window}: choose 1 to {WIDEST}, or 0 for the whole sentence or document")
        if not 0 <= self.subsample < 1:
            raise ValueError(f"subsample is {self.subsample:g}: choose 0 to 1, such as 0.001")

    @property
    def by_distance(self) -> Literal["flat", "harmonic"]:
        """The weights that are used: in a whole document distance says nothing."""
        return "flat" if self.window == WHOLE_CONTEXT else self.weights

    @property
    def nobody(self) -> str:
        """What to say where no two words are near each other."""
        return (
            f"No two known words stand in one {self.within}: longer texts are needed, or --within document,"
            " or a lower --min-count"
        )


def default_dim(n_words: int) -> int:
    """One for every hundred words, at least 50 and at most 300, the customary number; never more than half of them.

    Small corpora hold less: of 300,000 words of Wikipedia, with a vocabulary of 10,000, 50 to 100 dimensions agree best
    with people's judgements (MEN .56 against .53 with 300), of 17 million 300 and more.
    """
    return max(1, min(300, max(50, n_words // 100), n_words // 2))


def read_words(corpus: Documents, options: WordOptions, report: Report) -> Words:
    """The corpus as numbers of words; BuildError, with what to do, where fewer than two words are left."""
    texts: Iterable[str] = _told(corpus.texts, report)
    words = keep_words(
        sentences(texts) if options.within == "sentence" else texts,
        min_count=options.min_count,
        max_words=options.max_words,
    )
    if not words.total:
        raise BuildError(f"None of the {len(corpus):,} documents holds a word: check the text columns")
    if len(words.words) < 2:
        least = options.min_count or default_min_count(words.total)
        often = "once" if least == 1 else f"{least} times"
        raise BuildError(
            f"{'Only one word stands' if words.words else 'No word stands'} at least {often} in the texts, and"
            " two are needed: try a lower --min-count or a larger corpus; a text without spaces, such as Chinese,"
            " must be split into words first (docs/words.md)"
        )
    return words


def word_sentences(words: Words, options: WordOptions, rng: np.random.Generator) -> Sentences:
    """Where the ids come from: the words of the texts, frequent ones thinned if asked."""
    stream, starts = words.stream, words.starts
    if options.subsample:
        stream, starts = subsample(words, options.subsample, rng)
    return Sentences(stream, starts, len(words.words))


def word_fit(
    words: Words,
    counts: sp.csr_matrix,
    vectors: FloatArray,
    options: WordOptions,
    metrics: Mapping[str, float],
) -> Fitted:
    """What is kept of words (v,), how often they met, (v, v), and their vectors (v, k)."""
    unit = unit_of(options.by_distance, options.window)
    arrays = {
        "words": pack(words.words),
        "has_vector": np.linalg.norm(vectors, axis=1) > NO_LENGTH,
        "totals": np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1),
        "unit": np.array(unit),
    }
    packed = pack_rows(counts, unit) if options.contexts else ()
    embeddings = Embeddings("word", words.words, vectors, {"count": words.counts.tolist()}, packed)
    told = {"words_read": float(words.total), "words": float(len(words.words))}
    return Fitted([embeddings], arrays, {**metrics, **told})


class MeansOfWords:
    """The `encode` of a builder of word vectors: texts by the words in them."""

    def encode(self, state: State, corpus: Documents) -> FloatArray:
        """Texts as the mean of their words' directions, (n, k) float32; zero where no word is known."""
        known = state.derived("known", lambda: _with_vector(state))
        found = [[word for word in tokens(text) if word in known] for text in corpus.texts]
        distinct = sorted({word for words in found for word in words})
        if not distinct:
            return np.zeros((len(corpus), 1), np.float32)  # of any width: nothing is searched by it
        vectors = state.embeddings["word"].take(distinct)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        place = {word: row for row, word in enumerate(distinct)}
        rows = [[place[word] for word in words] for words in found]
        return np.stack([vectors[some].mean(axis=0) if some else np.zeros(vectors.shape[1]) for some in rows]).astype(
            np.float32
        )


def _with_vector(state: State) -> frozenset[str]:
    words = unpack(state.arrays["words"])
    return frozenset(word for word, has in zip(words, state.arrays["has_vector"].tolist(), strict=True) if has)


def _told(texts: Iterable[str], report: Report) -> Iterable[str]:
    found = list(texts)
    for done, text in enumerate(found):
        if done % 1000 == 0:
            report(done, len(found))
        yield text
