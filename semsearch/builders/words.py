"""What `pmi`, `glove` and `sgns` share: how texts are read and counted, what is stored, and how a text is embedded.

`pmi` weights the counts and factorises them at once, `glove` and `sgns` factorise them by gradient. All three embed a
text as the mean of its words' unit vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import ZERO_NORM
from semsearch.builders.cooccurrence_factors import Sentences
from semsearch.builders.options import BuilderOptions, option, own_stop_words_option
from semsearch.errors import BuildError
from semsearch.maths.contexts import pack_rows, unit_of
from semsearch.maths.cooccurrence import WHOLE_CONTEXT
from semsearch.maths.sparse import sp
from semsearch.maths.text import Analyzer, pack, stop_words_in, unpack
from semsearch.maths.vocabulary import Words, default_min_count, keep_words, sentences, subsample
from semsearch.records import Documents, Embeddings, Fitted, Report, State

MAX_WINDOW = 20  # words on either side
REPORT_INTERVAL = 1000  # texts between two reports of progress


@dataclass(frozen=True)
class WordOptions(BuilderOptions):
    """Options about texts, windows and the vocabulary."""

    dim: int | None = option(
        None, "dimensions", least=1, default_text="chosen from the vocabulary: 50 to 300, at most half of its words"
    )
    window: int = option(
        5, "context window, in words on either side; 0 means the whole document or sentence", least=0, most=MAX_WINDOW
    )
    within: Literal["document", "sentence"] = option(
        "document", "text unit whose boundaries a context window does not cross", choices=("document", "sentence")
    )
    distance_weighting: Literal["harmonic", "flat"] = option(
        "harmonic",
        "weight of a pair at distance d: 1/d (harmonic) or 1 (flat)",
        choices=("harmonic", "flat"),
        was=("weights",),
    )
    min_count: int | None = option(None, "minimum count of a word", least=1, default_text="5, for small corpora 2 or 1")
    max_vocab: int | None = option(
        None,
        "maximum number of words in the vocabulary; the most frequent are kept",
        least=1,
        default_text="no limit",
        was=("max_words",),
    )
    subsample: float = option(
        0.0,
        "drop words above this share of the text at random, before counting; 0 turns it off",
        least=0,
        below=1,
    )
    own_stop_words: str | None = own_stop_words_option()
    contexts: bool = option(True, "store the co-occurrence counts, for the web pages that show them")

    @property
    def used_weighting(self) -> Literal["flat", "harmonic"]:
        """The distance weighting that is used: always flat for whole documents, where distance means nothing."""
        return "flat" if self.window == WHOLE_CONTEXT else self.distance_weighting

    @property
    def no_pairs_message(self) -> str:
        """The error if no two words co-occur."""
        return (
            f"No two words of the vocabulary occur in one {self.within}: add longer texts, or try --within document"
            " or a lower --min-count"
        )


def default_dim(n_words: int) -> int:
    """One dimension per hundred words, at least 50 and at most 300 (the customary number); at most half of the words.

    Small corpora hold less: of 300,000 words of Wikipedia, with a vocabulary of 10,000, 50 to 100 dimensions agree best
    with people's judgements (MEN .56, against .53 with 300), of 17 million 300 and more.
    """
    return max(1, min(300, max(50, n_words // 100), n_words // 2))


def read_words(corpus: Documents, options: WordOptions, report: Report) -> Words:
    """The corpus as ids of words. Raises BuildError if fewer than two words are in the vocabulary."""
    texts: Iterable[str] = _with_progress(corpus.texts, report)
    words = keep_words(
        sentences(texts) if options.within == "sentence" else texts,
        min_count=options.min_count,
        max_words=options.max_vocab,
        language=corpus.language,
        stop=stop_words_in(options.own_stop_words, corpus.language),
    )
    if not words.total:
        raise BuildError(f"None of the {len(corpus):,} documents contains a word: check the text columns")
    if len(words.words) < 2:
        least = options.min_count or default_min_count(words.total)
        often = "once" if least == 1 else f"{least} times"
        raise BuildError(
            f"{'Only one word occurs' if words.words else 'No word occurs'} at least {often} in the texts, and"
            " two are needed: try a lower --min-count or a larger corpus"
        )
    return words


def word_sentences(words: Words, options: WordOptions, rng: np.random.Generator) -> Sentences:
    """The ids of the words, in their sequences; with --subsample, without some of the frequent ones."""
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
    """The result of fit, from words (v,), their co-occurrence counts (v, v) and vectors (v, k)."""
    unit = unit_of(options.used_weighting, options.window)
    arrays = {
        "words": pack(words.words),
        "has_vector": np.linalg.norm(vectors, axis=1) > ZERO_NORM,
        "totals": np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1),
        "unit": np.array(unit),
        "language": pack([words.language]),
    }
    packed = pack_rows(counts, unit) if options.contexts else ()
    embeddings = Embeddings("word", words.words, vectors, {"count": words.counts.tolist()}, packed)
    sizes = {"words_read": float(words.total), "words": float(len(words.words))}
    sizes["min_count"] = float(options.min_count or default_min_count(words.total))
    return Fitted([embeddings], arrays, {**metrics, **sizes})


class MeansOfWords:
    """The `encode` of a builder of word vectors: a text is the mean of its words."""

    queries_only = True

    def encode(self, state: State, corpus: Documents) -> FloatArray | None:
        """The means of the texts' unit word vectors, (n, k) float32; zero rows for texts without a known word.

        None if no text has one.
        """
        known = state.derived("known", lambda: _with_vector(state))
        split = state.derived("tokens", lambda: stored_analyzer(state).tokens)
        words_of = [[word for word in split(text) if word in known] for text in corpus.texts]
        distinct = sorted({word for words in words_of for word in words})
        if not distinct:
            return None
        vectors = state.embeddings["word"].take(distinct)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        position = {word: row for row, word in enumerate(distinct)}
        means = np.zeros((len(corpus), vectors.shape[1]), np.float32)
        for row, words in enumerate(words_of):
            if words:
                means[row] = vectors[[position[word] for word in words]].mean(axis=0)
        return means


def stored_analyzer(state: State) -> Analyzer:
    """The analyser of the fit, which keeps words as they are. Models of versions before 0.2 name no language."""
    if "language" not in state.arrays:
        return Analyzer(stem=False, stop=False, old=True)
    return Analyzer(False, False, unpack(state.arrays["language"])[0])


def _with_vector(state: State) -> frozenset[str]:
    words = unpack(state.arrays["words"])
    return frozenset(word for word, has in zip(words, state.arrays["has_vector"].tolist(), strict=True) if has)


def _with_progress(texts: Iterable[str], report: Report) -> Iterable[str]:
    listed = list(texts)
    for done, text in enumerate(listed):
        if done % REPORT_INTERVAL == 0:
            report(done, len(listed))
        yield text
