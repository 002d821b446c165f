"""The company words keep: the counts behind word vectors, as the builder kept them when it read the corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.errors import InputError
from semsearch.maths.contexts import unpack_row
from semsearch.maths.text import unpack
from semsearch.maths.weighting import chances_of_totals
from semsearch.records import Collection, Dataset, Hit, State
from semsearch.search.models import state_of
from semsearch.search.words import MOST_WORDS, known_words
from semsearch.storage import contexts as stored
from semsearch.storage import datasets, fulltext
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

_FEW = 5.0  # a context met this often is worth half its PMI in the ranking: rare pairs have the highest PMI by chance

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Context:
    """A word that stands near another: how often (weighted as the build weighs distances), and their PMI in nats."""

    word: str
    count: float
    pmi: float


@dataclass(frozen=True)
class Table:
    """Some words with each other: `counts` and `pmi` (n, n) float64; where two never met, pmi is NaN."""

    words: tuple[str, ...]
    counts: Doubles
    pmi: Doubles


def has_contexts(db: Connection, collection: Collection) -> bool:
    """Whether the collection's counts were kept."""
    return stored.has(db, collection)


def contexts(db: Connection, collection: Collection, word: str, n: int = 20) -> list[Context]:
    """The n words that stand near a word most remarkably: by PMI, discounted where the two met only a few times.

    PMI is that of the plain counts, without smoothing. Raises NotFoundError for an unknown word, InputError for a
    collection whose builder kept no counts.
    """
    with snapshot(db):
        counts = _Counts(db, collection)
        number = counts.numbers([word])[0]
        columns, values = counts.row(number)
        pmi = counts.pmi(number, columns, values)
        order = np.argsort(-pmi * values / (values + _FEW), kind="stable")[:n]
        return [Context(counts.words[columns[at]], float(values[at]), float(pmi[at])) for at in order.tolist()]


def cooccurrence(db: Connection, collection: Collection, words: Sequence[str]) -> Table:
    """How often each of some words stands near each other one, and their PMI. Raises what `contexts` raises."""
    if not 1 <= len(words) <= MOST_WORDS:
        raise InputError(f"{len(words)} words are given: 1 to {MOST_WORDS} make a table")
    with snapshot(db):
        counts = _Counts(db, collection)
        numbers = list(dict.fromkeys(counts.numbers(words)))
        found, pmi = np.zeros((len(numbers),) * 2), np.full((len(numbers),) * 2, np.nan)
        for place, number in enumerate(numbers):
            columns, values = counts.row(number)
            at = np.searchsorted(columns, numbers)
            inside = np.minimum(at, max(0, len(columns) - 1))
            met = (columns[inside] == numbers) if len(columns) else np.zeros(len(numbers), bool)
            found[place, met] = values[inside[met]]
            pmi[place, met] = counts.pmi(number, columns[inside[met]], values[inside[met]])
        return Table(tuple(counts.words[number] for number in numbers), found, pmi)


def documents_using(db: Connection, dataset: Dataset, word: str, k: int = 5) -> list[Hit]:
    """The k documents that a word is most about by BM25, a form of it with the same stem included."""
    with snapshot(db):
        found = fulltext.best(db, dataset, [word], k)
        rows = datasets.rows_by_key(db, dataset, [key for key, _ in found])
        return [Hit(key, score, text_score=score, row=rows[key]) for key, score in found if key in rows]


class _Counts:
    """The kept counts of a collection, row by row."""

    def __init__(self, db: Connection, collection: Collection) -> None:
        if not stored.has(db, collection):
            raise InputError(f"{collection.name} keeps no counts: build it by pmi, without --no-contexts")
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
        found: Doubles = np.log(values) - self.chances[0][number] - self.chances[1][columns]
        return found


def _numbered(words: Sequence[str]) -> dict[str, int]:
    return {word: number for number, word in enumerate(words)}


def _chances(state: State) -> tuple[Doubles, Doubles]:
    totals = state.arrays["totals"]
    return chances_of_totals(totals, totals, smoothing=1.0, symmetric=True)
