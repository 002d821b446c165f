"""Texts as a stream of the words worth keeping: the commonest first, rare ones left out, stretches that end windows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.cooccurrence import Ids
from semsearch.maths.counts import word_numbers
from semsearch.maths.tally import number_counts

_END_OF_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|\n\s*\n")


@dataclass(frozen=True)
class Words:
    """A corpus as numbers: `stream` (n,) int32, the words that are kept, by their place in `words`; `starts` (m + 1,).

    `words` (v,) are commonest first, ties in the order of the alphabet; `counts` (v,) how often each is written.
    `total` counts all words of the texts, those left out too.
    """

    words: list[str]
    counts: IntArray
    stream: Ids
    starts: IntArray
    total: int


def sentences(texts: Iterable[str]) -> Iterator[str]:
    """Each sentence of each text: it ends at . ! ? … followed by a space, or at an empty line.

    Abbreviations end it too, which costs a window little.
    """
    for text in texts:
        yield from filter(None, _END_OF_SENTENCE.split(text))


def default_min_count(n_words: int) -> int:
    """How often a word must be written to get a vector: 5 as in word2vec, and less where there is little to read."""
    return 5 if n_words >= 1_000_000 else 2 if n_words >= 10_000 else 1


def keep_words(texts: Iterable[str], *, min_count: int | None = None, max_words: int | None = None) -> Words:
    """Number the words written at least `min_count` times, at most the `max_words` commonest; others are left out.

    What is left out is gone before windows are laid, as in word2vec: its neighbours become each other's.
    """
    spelled, stream, starts = word_numbers(texts)
    counts = number_counts(stream, starts, len(spelled))
    least = default_min_count(len(stream)) if min_count is None else min_count
    kept = sorted(np.flatnonzero(counts >= least).tolist(), key=lambda number: (-counts[number], spelled[number]))
    kept = kept[:max_words]
    place = np.full(len(spelled), -1, np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    stream, starts = _drop_negative(place[stream] if len(spelled) else stream.astype(np.int32), starts)
    return Words(
        words=[spelled[number] for number in kept],
        counts=counts[kept].astype(np.int64),
        stream=stream,
        starts=starts,
        total=int(counts.sum()),
    )


def subsample(words: Words, threshold: float, rng: np.random.Generator) -> tuple[Ids, IntArray]:
    """The stream and starts with frequent words thinned: one of share f of all is kept with chance √(threshold/f).

    Mikolov et al., "Distributed Representations of Words and Phrases" (2013), section 2.3.
    """
    chance = keep_probabilities(words.counts, threshold)
    lost = rng.random(len(words.stream), dtype=np.float32) >= chance[words.stream]
    return _drop_negative(np.where(lost, np.int32(-1), words.stream), words.starts)


def keep_probabilities(counts: IntArray, threshold: float) -> FloatArray:
    """(v,) how likely a word of each kind is left in: one of share f of all by √(threshold/f), rarer ones surely."""
    share = counts / max(1, int(counts.sum()))
    chance: FloatArray = np.minimum(1, np.sqrt(threshold / np.maximum(share, 1e-300))).astype(np.float32)
    return chance


def thin_pairs(pairs: sp.csr_matrix, staying: FloatArray) -> sp.csr_matrix:
    """Counts of pairs (v, v) as they would be on average if each word stayed by its chance, alone of its window."""
    rows = np.repeat(staying, np.diff(pairs.indptr))
    return sp.csr_matrix((pairs.data * rows * staying[pairs.indices], pairs.indices, pairs.indptr), shape=pairs.shape)


def _drop_negative(stream: Ids, starts: IntArray) -> tuple[Ids, IntArray]:
    """The stream without its negative numbers, and where its stretches begin now."""
    keep = stream >= 0
    moved = np.concatenate([[0], np.cumsum(keep)])[starts]
    return stream[keep], moved.astype(np.int64)
