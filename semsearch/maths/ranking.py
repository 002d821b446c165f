"""Hybrid ranking: how two scores become one, and the weight of the vector score, estimated without judgements.

Each score is divided by the best one of its list and raised to the fourth power. The weight of a list is multiplied by
its prominence: 1 less the mean of these powers over the ten items after the best one. A list in which one item stands
out answers the query more surely than one with many equally good items. Questions about one paragraph have a prominent
text score, broad subjects do not: so one default serves both.

The estimate holds a fifth of the documents out and fits the vectors without them. A vector that was fitted to a
document remembers it: a rare word's vector then points at the one document that holds it. Each held-out document is
divided by its words: up to eight of them, drawn at random, become a query. The ten fitted documents that BM25 finds by
the other words are taken as related to it. Query and other words share no word, so neither score can repeat the
answer. nDCG@10 then says which weight finds these related documents best.

The weight leaves one half only if a lower one is better by more than the standard error of the difference. It is never
raised: the probes ask for related documents, and users often ask for one particular document, where words count for
more than here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.sparse import sp

ORDER = 4  # of the power mean
NEXT = 10  # items after the best one, by which its prominence is measured
LEAST_PROMINENCE = 0.001  # of a list whose first items are equal: its weight stays above 0
EQUAL_WEIGHT = 0.5  # the weight without evidence
MAX_DOCUMENTS = 10_000  # documents that the estimate is made with: more take time and change little
HELD_OUT = 5  # one document of so many is held out
MAX_PROBES = 1_000  # held-out documents that ask: the standard error of nDCG@10 is then below 0.01
MIN_PROBES = 40  # below, the estimate says nothing
QUERY_WORDS = 8  # words in a query, at most half of those that the document has
MIN_TERMS = 6  # distinct terms that a document needs to be divided
DRAWS = 2  # divisions of each document
RELATED = 10  # documents taken as related
WEIGHTS = np.linspace(0.25, EQUAL_WEIGHT, 6)  # candidates; below a quarter no test collection gains
K1, B = 1.2, 0.75  # of BM25, as in FTS5
_BLOCK = 250  # probes at a time: their scores take 20 MB

Embed = Callable[["sp.csr_matrix"], FloatArray]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """The chosen weight, 0..1, and what it was chosen by: nDCG@10 on the probes of words alone, of even weights, and
    of the chosen weight, and the number of probes."""

    weight: float
    text: float
    even: float
    chosen: float
    probes: int

    def metrics(self) -> dict[str, float]:
        """As a run stores them."""
        return {
            "hybrid_weight": self.weight,
            "held_out_documents": float(self.probes),
            "held_out_text": self.text,
            "held_out_even": self.even,
            "held_out_chosen": self.chosen,
        }


def power_mean(weights: Sequence[float], scores: Sequence[float]) -> float:
    """The weighted power mean of order 4, ( Σ w x⁴ )^¼, where powers keep their sign; of one score the score times its
    weight, unrounded."""
    if len(scores) == 1:
        return weights[0] * scores[0]
    powers = (math.copysign(score**ORDER, score) for score in scores)
    total = sum(weight * power for weight, power in zip(weights, powers, strict=True))
    return math.copysign(abs(total) ** (1 / ORDER), total)


def relative_powers(scores: FloatArray | Doubles, order: int = ORDER) -> Doubles:
    """Scores (queries, items), each divided by the best of its query, to the power of the mean, with their sign."""
    best = scores.max(axis=1, keepdims=True)
    relative: Doubles = scores / np.where(best > 0, best, 1)
    power = relative
    for _ in range(order - 1):  # much faster than `**`
        power = power * relative
    powers: Doubles = np.copysign(power, relative)
    return powers


def prominence(powers: Doubles, after: int = NEXT) -> Doubles:
    """How far the best of the `relative_powers` (queries, items) stands out from the `after` next ones, (queries,) from
    0.001 to 1. Absent items count as 0."""
    n = min(after + 1, powers.shape[1])
    first = -np.partition(-powers, n - 1, axis=1)[:, :n]
    rest = first.sum(axis=1, dtype=np.float64) - first.max(axis=1, initial=0)
    found: Doubles = np.clip(1 - rest / after, LEAST_PROMINENCE, 1)
    return found


def query_weight(weight: float, vector: Doubles, text: Doubles) -> Doubles:
    """The weight of the vector score in each query (queries,), from that of the collection and both prominences."""
    share: Doubles = weight * vector / (weight * vector + (1 - weight) * text)
    return share


def held_out_weight(
    counts: sp.csr_matrix, fit: Callable[[sp.csr_matrix], Embed], *, rng: np.random.Generator
) -> Evidence | None:
    """The weight of the vector score and its evidence; None where too few documents can be divided.

    `counts` (n, terms) are the term counts of the documents. `fit` learns from the counts of some of them, and returns
    what maps counts (m, terms) to vectors (m, dim).
    """
    drawn = rng.permutation(counts.shape[0])[:MAX_DOCUMENTS]
    n_held = len(drawn) // HELD_OUT
    held = counts[drawn[:n_held]]
    held = held[np.flatnonzero(np.diff(held.indptr) >= MIN_TERMS)[:MAX_PROBES]]
    if held.shape[0] < MIN_PROBES:
        return None
    fitted = counts[np.sort(drawn[n_held:])]
    words, embed = bm25(fitted), fit(fitted)
    documents = unit_rows(embed(fitted))
    found = np.mean([_probe(held, words, embed, documents, rng) for _ in range(DRAWS)], axis=0)
    best = choose_weight(found[1:], WEIGHTS)
    text, *curve = found.mean(axis=1).tolist()
    return Evidence(float(WEIGHTS[best]), text, curve[-1], curve[best], held.shape[0])


def choose_weight(scores: Doubles, weights: Doubles) -> int:
    """The place of the weight nearest to the last one whose loss is within a standard error of the best weight's.

    `scores` (weights, queries) are those of each query at each weight. The error is that of the paired difference.
    """
    best = int(scores.mean(axis=1).argmax())
    losses = scores[best] - scores
    errors = losses.std(axis=1) / math.sqrt(scores.shape[1])
    return int(np.flatnonzero(losses.mean(axis=1) <= errors)[-1]) if best < len(weights) - 1 else best


def bm25(counts: sp.csr_matrix) -> sp.csr_matrix:
    """What each term gives each document in BM25, (n, terms) float32: FTS5's formula."""
    n, n_terms = counts.shape
    holding = np.bincount(counts.indices, minlength=n_terms)
    idf = np.maximum(1e-6, np.log((n - holding + 0.5) / (holding + 0.5)))
    lengths = np.asarray(counts.sum(axis=1, dtype=np.float64)).reshape(-1)
    relative = lengths / max(float(lengths.mean()), 1e-12)
    rows = np.repeat(np.arange(n), np.diff(counts.indptr))
    weighted = counts.astype(np.float32, copy=True)
    damping = K1 * (1 - B + B * relative[rows])
    weighted.data = (idf[counts.indices] * counts.data * (K1 + 1) / (counts.data + damping)).astype(np.float32)
    return weighted


def _probe(
    held: sp.csr_matrix, words: sp.csr_matrix, embed: Embed, documents: FloatArray, rng: np.random.Generator
) -> Doubles:
    """nDCG@10 of each held-out document (1 + weights, probes): by words alone, then at each weight."""
    queries, others = split_documents(held, rng)
    found = np.zeros((1 + len(WEIGHTS), held.shape[0]))
    for start in range(0, held.shape[0], _BLOCK):
        block = slice(start, start + _BLOCK)
        target = (others[block] @ words.T).toarray()
        text = relative_powers((queries[block] @ words.T).toarray())
        vector = relative_powers(unit_rows(embed(queries[block])) @ documents.T)
        sides = prominence(vector), prominence(text)
        for row, weight in enumerate([0.0, *WEIGHTS]):
            share = query_weight(weight, *sides)[:, None]
            found[row, block] = related_ndcg(share * vector + (1 - share) * text, target)
    return found


def related_ndcg(scores: Doubles, target: FloatArray) -> Doubles:
    """nDCG@10 of each ranking (queries, documents) against the ten documents of highest target above 0; 0 without."""
    k = min(RELATED, scores.shape[1])
    least = -np.partition(-target, k - 1, axis=1)[:, k - 1 : k]
    related = (target >= least) & (target > 0)
    first = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, first, axis=1), axis=1, kind="stable")
    hits = np.take_along_axis(related, np.take_along_axis(first, order, axis=1), axis=1)
    totals = np.minimum(related.sum(axis=1), k)
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[1.0], gains.cumsum()])
    found: Doubles = hits @ gains / ideal[totals]
    return found


def split_documents(counts: sp.csr_matrix, rng: np.random.Generator) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Queries and the other words: up to eight terms of each row, at most half, and the rest; each term once."""
    lengths: IntArray = np.diff(counts.indptr)
    row = np.repeat(np.arange(len(lengths)), lengths)
    # The entries of each row in random order: sorted by row, then by a random number.
    order = np.lexsort((rng.random(counts.nnz), row))
    place = np.arange(counts.nnz) - np.repeat(counts.indptr[:-1], lengths)
    chosen = np.zeros(counts.nnz, dtype=bool)
    chosen[order] = place < np.repeat(np.minimum(QUERY_WORDS, lengths // 2), lengths)
    queries, others = counts.copy(), counts.copy()
    queries.data = chosen.astype(np.float32)
    others.data = (~chosen).astype(np.float32)
    queries.eliminate_zeros()
    others.eliminate_zeros()
    return queries, others


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Rows at unit length; zero rows stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: FloatArray = (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return unit
