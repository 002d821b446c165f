"""Texts as a stream of frequent words, numbered by frequency, with the starts of the contexts that end windows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.cooccurrence import Ids
from semsearch.maths.counts import word_numbers
from semsearch.maths.languages import ENGLISH
from semsearch.maths.sparse import sp
from semsearch.maths.tally import number_counts
from semsearch.maths.text import Analyzer

_END_OF_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n\s*\n")


@dataclass(frozen=True)
class Words:
    """A corpus as numbers: `stream` (n,) int32 positions in `words`, and `starts` (m + 1,) of its contexts.

    `words` (v,) are the vocabulary, by falling frequency, ties in alphabetical order; `counts` (v,) their frequencies.
    `total` counts all words of the texts, including those left out. `language` is that of the texts.
    """

    words: list[str]
    counts: IntArray
    stream: Ids
    starts: IntArray
    total: int
    language: str = ENGLISH


def sentences(texts: Iterable[str]) -> Iterator[str]:
    """The sentences of the texts: each ends at . ! ? … followed by white space, or at an empty line.

    Abbreviations end one too, which hardly affects windows.
    """
    for text in texts:
        yield from filter(None, _END_OF_SENTENCE.split(text))


def default_min_count(n_words: int) -> int:
    """The default minimum word count: 5 as in word2vec, and less for small corpora of `n_words` words."""
    return 5 if n_words >= 1_000_000 else 2 if n_words >= 10_000 else 1


def keep_words(
    texts: Iterable[str],
    *,
    min_count: int | None = None,
    max_words: int | None = None,
    language: str = ENGLISH,
    stop: Collection[str] = (),
) -> Words:
    """Number the words that occur at least `min_count` times, at most the `max_words` most frequent, none of `stop`.

    Other words are removed before windows are applied, as in word2vec, so that their neighbours become adjacent.
    """
    every = number_frequent(texts, min_count=min_count, max_words=max_words, language=language, stop=stop)
    stream, starts = _drop_negative(every.stream, every.starts)
    return replace(every, stream=stream, starts=starts)


def number_frequent(
    texts: Iterable[str],
    *,
    min_count: int | None = None,
    max_words: int | None = None,
    language: str = ENGLISH,
    stop: Collection[str] = (),
) -> Words:
    """As `keep_words`, but other words stay in their places, as -1 in the stream."""
    distinct, stream, starts = word_numbers(texts, Analyzer(stem=False, stop=False, language=language))
    counts = number_counts(stream, starts, len(distinct))
    least = default_min_count(len(stream)) if min_count is None else min_count
    frequent = [number for number in np.flatnonzero(counts >= least).tolist() if distinct[number] not in stop]
    kept = sorted(frequent, key=lambda number: (-counts[number], distinct[number]))
    kept = kept[:max_words]
    place = np.full(len(distinct), -1, np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    return Words(
        words=[distinct[number] for number in kept],
        counts=counts[kept].astype(np.int64),
        stream=place[stream] if len(distinct) else stream.astype(np.int32),
        starts=starts,
        total=int(counts.sum()),
        language=language,
    )


def subsample(words: Words, threshold: float, rng: np.random.Generator) -> tuple[Ids, IntArray]:
    """The stream and starts after subsampling: a word with share f of all is kept with probability √(threshold/f).

    Mikolov et al., "Distributed Representations of Words and Phrases" (2013), section 2.3.
    """
    chance = keep_probabilities(words.counts, threshold)
    lost = rng.random(len(words.stream), dtype=np.float32) >= chance[words.stream]
    return _drop_negative(np.where(lost, np.int32(-1), words.stream), words.starts)


def keep_probabilities(counts: IntArray, threshold: float) -> FloatArray:
    """(v,) the probability that each word is kept by subsampling: √(threshold/f) for a share f of all, at most 1."""
    share = counts / max(1, int(counts.sum()))
    chance: FloatArray = np.minimum(1, np.sqrt(threshold / np.maximum(share, 1e-300))).astype(np.float32)
    return chance


def thin_pairs(pairs: sp.csr_matrix, kept: FloatArray) -> sp.csr_matrix:
    """Expected counts of pairs (v, v) if each word were kept independently with its probability (v,)."""
    rows = np.repeat(kept, np.diff(pairs.indptr))
    return sp.csr_matrix((pairs.data * rows * kept[pairs.indices], pairs.indices, pairs.indptr), shape=pairs.shape)


def _drop_negative(stream: Ids, starts: IntArray) -> tuple[Ids, IntArray]:
    """The stream without negative numbers, and the new starts of its contexts."""
    keep = stream >= 0
    moved = np.concatenate([[0], np.cumsum(keep)])[starts]
    return stream[keep], moved.astype(np.int64)
