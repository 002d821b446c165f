"""Co-occurrence counts and PMI of words, from the counts that the builder stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError, out_of_range
from semsearch.maths.contexts import unpack_row
from semsearch.maths.index_terms import ranked_phrases
from semsearch.maths.text import unpack
from semsearch.maths.weighting import log_expected_of_totals
from semsearch.records import Collection, Dataset, Hit, State
from semsearch.search.models import state_of
from semsearch.search.words import MOST_WORDS, known_words, which_are_known
from semsearch.storage import contexts as stored
from semsearch.storage import datasets, fulltext
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

_HALF_COUNT = 5.0  # count at which PMI is discounted by half in the ranking: the PMI of rare pairs is unreliable

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Context:
    """A word that co-occurs with another: the count, weighted by distance as in the build, and the PMI in nats."""

    word: str
    count: float
    pmi: float


@dataclass(frozen=True)
class Table:
    """Words with each other: `counts`, `pmi` and the counts `expected` by chance (n, n) float64. The PMI of two that
    never co-occur is NaN."""

    words: tuple[str, ...]
    counts: Doubles
    pmi: Doubles
    expected: Doubles


@dataclass(frozen=True)
class WithItself:
    """How often a word co-occurs with itself, how often it would by chance, and the PMI in nats, -∞ for count 0."""

    word: str
    count: float
    expected: float
    pmi: float


def has_contexts(db: Connection, collection: Collection) -> bool:
    """Whether the collection's counts are stored."""
    return stored.has(db, collection)


def contexts(db: Connection, collection: Collection, word: str, n: int = 20) -> list[Context]:
    """The n strongest contexts of a word, by PMI discounted for rare pairs.

    The PMI is that of the counts, without smoothing. Raises NotFoundError for an unknown word, InputError for a
    collection whose builder stored no counts.
    """
    with snapshot(db):
        counts = _Counts(db, collection)
        number = counts.numbers([word])[0]
        columns, values = counts.row(number)
        pmi = counts.pmi(number, columns, values)
        order = np.argsort(-pmi * values / (values + _HALF_COUNT), kind="stable")[:n]
        return [Context(counts.words[columns[at]], float(values[at]), float(pmi[at])) for at in order.tolist()]


def cooccurrence(db: Connection, collection: Collection, words: Sequence[str]) -> Table:
    """How often each pair of these words co-occurs, and its PMI. Raises what `contexts` raises."""
    if not 1 <= len(words) <= MOST_WORDS:
        raise out_of_range("The number of words", len(words), least=1, most=MOST_WORDS)
    with snapshot(db):
        counts = _Counts(db, collection)
        numbers = list(dict.fromkeys(counts.numbers(words)))
        result, pmi = np.zeros((len(numbers),) * 2), np.full((len(numbers),) * 2, np.nan)
        for place, number in enumerate(numbers):
            columns, values = counts.row(number)
            at = np.searchsorted(columns, numbers)
            inside = np.minimum(at, max(0, len(columns) - 1))
            met = (columns[inside] == numbers) if len(columns) else np.zeros(len(numbers), bool)
            result[place, met] = values[inside[met]]
            pmi[place, met] = counts.pmi(number, columns[inside[met]], values[inside[met]])
        return Table(tuple(counts.words[number] for number in numbers), result, pmi, counts.expected(numbers))


def with_themselves(db: Connection, collection: Collection, n: int) -> list[WithItself]:
    """Those of the n most frequent words that have a vector, each with itself. Raises InputError if no counts are
    stored."""
    with snapshot(db):
        counts = _Counts(db, collection)
        known = which_are_known(db, collection, counts.words[:n])
        numbers = [number for number, word in enumerate(counts.words[:n]) if word in known]
        packed = stored.read(db, collection, numbers)
        result = []
        for number in numbers:
            columns, values = unpack_row(packed.get(number, b""), counts.unit)
            count, expected = float(values[columns == number].sum()), float(counts.expected([number])[0, 0])
            pmi = math.log(count / expected) if count > 0 else -math.inf
            result.append(WithItself(counts.words[number], count, expected, pmi))
        return result


def documents_using(db: Connection, dataset: Dataset, word: str, k: int = 5) -> list[Hit]:
    """The k documents that a word is most about by BM25, a form of it with the same stem included."""
    if not fulltext.is_readable():
        return []
    with snapshot(db):
        result = fulltext.best(db, dataset, ranked_phrases(word, dataset.language), k)
        rows = datasets.rows_by_key(db, dataset, [key for key, _ in result])
        return [Hit(key, score, text_score=score, row=rows[key]) for key, score in result if key in rows]


class _Counts:
    """The kept counts of a collection, row by row."""

    def __init__(self, db: Connection, collection: Collection) -> None:
        if not stored.has(db, collection):
            raise InputError(
                f"{collection.name} has no co-occurrence counts. `semsearch build pmi` makes a collection that has them"
            )
        state = state_of(db, collection)
        self.db, self.collection = db, collection
        self.words: list[str] = state.derived("word list", lambda: unpack(state.arrays["words"]))
        self.where: dict[str, int] = state.derived("word numbers", lambda: _numbered(self.words))
        self.unit = float(state.arrays["unit"])
        self.chances: tuple[Doubles, Doubles] = state.derived("chances", lambda: _chances(state))

    def numbers(self, words: Sequence[str]) -> list[int]:
        return [self.where[word] for word in known_words(self.db, self.collection, words)]

    def row(self, number: int) -> tuple[npt.NDArray[Any], Doubles]:
        packed = stored.read(self.db, self.collection, [number])
        return unpack_row(packed.get(number, b""), self.unit)

    def pmi(self, number: int, columns: npt.NDArray[Any], values: Doubles) -> Doubles:
        result: Doubles = np.log(values) - self.chances[0][number] - self.chances[1][columns]
        return result

    def expected(self, numbers: Sequence[int]) -> Doubles:
        """(n, n) the counts of these words with each other that independent words would have."""
        chosen = list(numbers)
        result: Doubles = np.exp(np.add.outer(self.chances[0][chosen], self.chances[1][chosen]))
        return result


def _numbered(words: Sequence[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _chances(state: State) -> tuple[Doubles, Doubles]:
    totals = state.arrays["totals"]
    return log_expected_of_totals(totals, totals, smoothing=1.0, symmetric=True)
