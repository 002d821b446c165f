"""Questions about words: analogies, the odd one out, words in two dimensions, and co-occurrence.

Arithmetic works on any collection, counts are there where the builder kept them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, NotFoundError, out_of_range, written_list
from semsearch.maths.analogy import METHODS, analogy_scores, project_to_2d
from semsearch.maths.analogy import odd_one_out as _mean_cosines
from semsearch.maths.text import tokens
from semsearch.maths.vectors import largest
from semsearch.records import Collection, Hit, OpenCollection
from semsearch.search.keytable import KeyTable, key_table
from semsearch.search.query import check_k, rows_of
from semsearch.search.resident import Floats, resident
from semsearch.search.spelling import unknown_words
from semsearch.storage import chunks, collections, vectors
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

__all__ = ["METHODS", "MOST_WORDS", "Analogy", "Point", "analogy", "known_words", "odd_one_out", "project"]
MOST_WORDS = 200


@dataclass(frozen=True)
class Analogy:
    """The answers of one method, best first, and `near`: the neighbours of b - a + c, the three themselves included."""

    method: str
    hits: tuple[Hit, ...]
    near: tuple[Hit, ...]


@dataclass(frozen=True)
class Point:
    """A word in two dimensions."""

    word: str
    x: float
    y: float


def known_words(db: Connection, collection: Collection, words: Sequence[str]) -> list[str]:
    """The words as the collection spells them; NotFoundError names every unknown one, with what is spelled like it.

    A word is looked for as it is written, then in the spelling that texts are read with (lower case).
    """
    asked = [word.strip() for word in words]
    if not all(asked):
        raise InputError("A word is empty: enter all of them")
    spellings = [[word, *tokens(word)[:1]] for word in asked]
    known = vectors.known(db, collection, sorted({one for some in spellings for one in some}))
    result = [next((one for one in some if one in known), None) for some in spellings]
    missing = [word for word, one in zip(asked, result, strict=True) if one is None]
    if missing:
        raise NotFoundError(unknown_words(db, collection, list(dict.fromkeys(missing))))
    return [one for one in result if one is not None]


def check_words(db: Connection, collection: Collection) -> None:
    """Raises InputError for a collection of anything but words; it names the word collections of the same dataset."""
    if collection.of == "word":
        return
    others = [
        other.name
        for other in collections.all_collections(db)
        if other.of == "word" and other.dataset == collection.dataset
    ]
    use = f"use {written_list(others, 'or')}" if others else "`semsearch build pmi` makes a collection of words"
    raise InputError(f"{collection.name} contains {collection.of}s, not words: {use}")


def which_are_known(db: Connection, collection: Collection, words: Sequence[str]) -> set[str]:
    """Those of some words, as they are spelled, that have a vector."""
    return vectors.known(db, collection, words)


def analogy(
    db: Connection, opened: OpenCollection, words: Sequence[str], *, k: int = 10, method: str = "mul"
) -> Analogy:
    """A is to B as C is to what: the k best answers to the three words, by 3CosMul or 3CosAdd, without the three.

    A hit's score is the method's, its vector_score the cosine with b - a + c. Raises NotFoundError for unknown words,
    InputError for a repeated word, an empty one, a wrong number of them, or a method that is none.
    """
    check_k(k)
    check_words(db, opened.collection)
    if len(words) != 3:
        raise InputError(f"An analogy needs three words (A is to B as C is to …): {len(words)} given")
    with snapshot(db):
        collection = opened.collection
        asked = known_words(db, collection, words)
        if len(set(asked)) < 3:
            repeated = next(word for word in asked if asked.count(word) > 1)
            raise InputError(f"The word {repeated!r} is given twice: an analogy needs three different words")
        keys, matrix = _everything(db, collection)
        rows = keys.positions(asked).tolist()
        to_a, to_b, to_c = (matrix @ matrix[row] for row in rows)
        scores = analogy_scores(to_a, to_b, to_c, method)
        target = matrix[rows[1]] - matrix[rows[0]] + matrix[rows[2]]
        cosines = analogy_scores(to_a, to_b, to_c, "add") / max(float(np.linalg.norm(target)), 1e-12)
        hits = [row for row in largest(scores, k + 3).tolist() if row not in rows][:k]
        near = largest(cosines, k).tolist()
        named = dict(zip([*hits, *near], keys.at(np.array([*hits, *near])), strict=True))
        shown = rows_of(db, opened, list(named.values()))

        def made(row: int, score: float) -> Hit:
            return Hit(named[row], score, float(cosines[row]), row=shown.get(named[row], {}))

        return Analogy(
            method,
            tuple(made(row, float(scores[row])) for row in hits),
            tuple(made(row, float(cosines[row])) for row in near),
        )


def odd_one_out(db: Connection, collection: Collection, words: Sequence[str]) -> list[tuple[str, float]]:
    """The words with each one's mean cosine to the others, the odd one first.

    Raises NotFoundError for unknown words, InputError for fewer than three different ones or more than 200.
    """
    asked = _different(db, collection, words, 3)
    means = _mean_cosines(_vectors(db, collection, asked))
    return [(asked[row], float(means[row])) for row in np.argsort(means, kind="stable").tolist()]


def project(db: Connection, collection: Collection, words: Sequence[str]) -> list[Point]:
    """The words in the two dimensions in which they differ most. Raises what `odd_one_out` raises, for two or more."""
    asked = _different(db, collection, words, 2)
    places = project_to_2d(_vectors(db, collection, asked))
    return [Point(word, float(x), float(y)) for word, (x, y) in zip(asked, places, strict=True)]


def _different(db: Connection, collection: Collection, words: Sequence[str], least: int) -> list[str]:
    check_words(db, collection)
    if len(words) > MOST_WORDS:
        raise out_of_range("The number of words", len(words), most=MOST_WORDS)
    asked = list(dict.fromkeys(known_words(db, collection, words)))
    if len(asked) < least:
        raise out_of_range("The number of different words", len(asked), least=least)
    return asked


def _vectors(db: Connection, collection: Collection, words: Sequence[str]) -> FloatArray:
    return np.stack([vectors.unit_vector(db, collection, word) for word in words])


def _everything(db: Connection, collection: Collection) -> tuple[KeyTable, FloatArray]:
    """All keys and unit vectors: from memory where the process holds the collection's floats, else read now."""
    held = resident(db, collection)
    if isinstance(held, Floats):
        return held.keys, held.vectors
    keys, matrix = chunks.everything(db, collection)
    return key_table([keys]), matrix
