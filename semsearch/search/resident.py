"""Collections held in memory, for a process that answers many questions.

sqlite-vec reads 100,000 vectors of 256 numbers in 30-50 ms. Here a small collection is its floats, one matrix-vector
product away; a larger one has sign bits beside them, which find a few hundred candidates in a fraction of a
millisecond, to be scored exactly; one whose floats would take too much room has a byte a number instead, and the last
few dozen are scored exactly in the file. (From memory 400 candidates take 0.1 ms, from the file 2.7 ms.)

A command that asks once holds nothing: reading costs more than one search. A server says `hold()` when it starts. What
is held is bounded, oldest use goes first, a rebuild by whatever process is another run, an update another revision, and
so each another entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.lru_cache import LruCache
from semsearch.maths import quantise
from semsearch.maths.blas import one_thread
from semsearch.maths.quantise import ByteCodes, SignBits
from semsearch.maths.vectors import dots_of_rows, largest
from semsearch.records import Collection
from semsearch.search import postings
from semsearch.search.keytable import KeyTable, key_table
from semsearch.storage import chunks
from semsearch.storage.connect import memory_of
from semsearch.storage.driver import Connection

LIMIT = 512 << 20
_SCANNED = 2 << 20  # bytes of floats up to which reading them all is as fast as anything
_CANDIDATES = 400  # by bits: the ten nearest are among them (benchmarks/search.py tells how surely)
_DEEP = 20  # candidates for each hit that is asked for, where that is more
_SAMPLED = 16  # blocks that the centre is the mean of
_KERNELS = (quantise.hamming, quantise.write_rows_within, quantise.dots_of_bytes, dots_of_rows)

Exactly = Callable[[Sequence[str]], Mapping[str, float]]


@dataclass(frozen=True)
class Finder:
    """Sign bits of all items, `words` (n, w), and how a vector becomes such bits."""

    signs: SignBits
    words: quantise.Words

    def candidates(self, vector: FloatArray, n: int) -> IntArray | None:
        """Positions among which the n nearest are; None where all are to be read: a deep search, kernels not ready."""
        wanted = max(_CANDIDATES, _DEEP * n)
        if 4 * wanted > len(self.words) or not compiled():
            return None
        return quantise.candidates(self.words, self.signs.encode(vector[None])[0], wanted)


@dataclass(frozen=True)
class Floats:
    """A collection as it is: `vectors` (n, dim) float32, and where there are many what finds candidates."""

    keys: KeyTable
    vectors: FloatArray
    finder: Finder | None = None

    @property
    def nbytes(self) -> int:
        """What is held in memory."""
        return self.keys.nbytes + self.vectors.nbytes + (self.finder.words.nbytes if self.finder else 0)

    def nearest(self, vector: FloatArray, n: int, among: Sequence[str] | None, exactly: Exactly) -> dict[str, float]:
        """As `Resident.nearest`; the file is not asked."""
        if among is not None:
            rows: IntArray | None = self.keys.positions(among)
        else:
            rows = self.finder.candidates(vector, n) if self.finder else None
        cosines = self.vectors @ vector if rows is None else _dots(self.vectors, rows, vector)
        order = largest(cosines, n)
        result = self.keys.at(order if rows is None else rows[order])
        return dict(zip(result, cosines[order].tolist(), strict=True))

    def cosines(self, vector: FloatArray, keys: Sequence[str], exactly: Exactly) -> Mapping[str, float]:
        """As `Resident.cosines`; the file is not asked."""
        rows = self.keys.positions(keys)
        return dict(zip(self.keys.at(rows), _dots(self.vectors, rows, vector).tolist(), strict=True))


@dataclass(frozen=True)
class Coded:
    """A collection at a byte a number: `codes`, and the length of what each row's codes leave out, `errors` (n,)."""

    keys: KeyTable
    codes: ByteCodes
    errors: FloatArray
    finder: Finder

    @property
    def nbytes(self) -> int:
        """What is held in memory."""
        codes = self.codes.codes.nbytes + self.codes.scales.nbytes
        return int(self.keys.nbytes + codes + self.errors.nbytes + self.finder.words.nbytes)

    def nearest(self, vector: FloatArray, n: int, among: Sequence[str] | None, exactly: Exactly) -> dict[str, float]:
        """As `Resident.nearest`: the items that by their codes could be among the n nearest are scored in the file.

        |q·x - q·x̂| is at most ‖x - x̂‖ for a unit q: no row whose codes are further below the nth than that is among
        the n nearest.
        """
        rows = self.keys.positions(among) if among is not None else self.finder.candidates(vector, n)
        if rows is None:
            rows = np.arange(len(self.errors))
        about, errors = self.codes.dots(vector, rows), self.errors[rows]
        if len(rows) > n:
            least = np.partition(about - errors, -n)[-n]
            rows = rows[about + errors >= least]
        places = {key: place for place, key in enumerate(self.keys.at(rows))}
        result = sorted(exactly(list(places)).items(), key=lambda pair: (-pair[1], places[pair[0]]))
        return dict(result[:n])

    def cosines(self, vector: FloatArray, keys: Sequence[str], exactly: Exactly) -> Mapping[str, float]:
        """As `Resident.cosines`, in the file."""
        return exactly(keys)


def _dots(vectors: FloatArray, rows: IntArray, vector: FloatArray) -> FloatArray:
    """Inner products of some of the rows (n, dim) with a vector (dim,), in this thread: BLAS would call others."""
    if not dots_of_rows.ready:
        result: FloatArray = np.einsum("ij,j->i", vectors[rows], vector)
        return result
    dots = np.empty(len(rows), np.float32)
    dots_of_rows(vectors, vector, rows, dots)
    return dots


class Resident(Protocol):
    """A collection in memory."""

    @property
    def nbytes(self) -> int: ...

    def nearest(self, vector: FloatArray, n: int, among: Sequence[str] | None, exactly: Exactly) -> dict[str, float]:
        """Cosines of the n items nearest to a unit vector (dim,), nearest first, ties in the order written.

        Of the items `among`, or of all. `exactly` gives the cosines of some keys from the file. Exact for the items
        among; of all, an item may be missed that is among the n nearest but not among the candidates by bits.
        """

    def cosines(self, vector: FloatArray, keys: Sequence[str], exactly: Exactly) -> Mapping[str, float]:
        """Cosines of these items; keys without a vector are absent."""


def compiled() -> bool:
    """Whether the kernels answer at once."""
    return all(each.ready for each in _KERNELS)


def prepare() -> None:
    """Compile the kernels in the background, by small calls."""
    words, numbers = np.zeros((1, 1), np.uint64), np.zeros(1, np.uint16)
    quantise.hamming.prepare(words, words[0], numbers, 0, 1, np.zeros(65, np.int64))
    quantise.write_rows_within.prepare(numbers, 0, np.zeros(1, np.int64))
    one = np.zeros(1, np.float32)
    dots_of_rows.prepare(np.zeros((1, 1), np.float32), one, np.zeros(1, np.int64), one.copy())
    quantise.dots_of_bytes.prepare(np.zeros((1, 1), np.int8), one, one, np.zeros(1, np.int64), one.copy())


_held: LruCache[Resident] = LruCache(0, attrgetter("nbytes"))


def enable_cache(limit_bytes: int = LIMIT) -> None:
    """From now on keep collections of this process in memory, up to so many bytes, and words in an eighth of that more,
    keys of items in another. 0 forgets them.
    """
    _held.set_limit(limit_bytes)
    postings.hold(limit_bytes // 8)
    if limit_bytes:
        prepare()


def resident(db: Connection, collection: Collection) -> Resident | None:
    """The collection in memory, read now if it was not.

    None where vec0 is to answer: in a process that holds nothing, for a collection that is too large or is being read
    by another thread. No lock is held while reading or searching.
    """
    if not _held.limit:
        return None
    key = (*memory_of(db, collection.token), collection.vector_table)
    entry = _held.get(key)
    if entry is None and _bytes(collection, _held.limit) <= _held.limit:
        entry = _held.compute_unless_busy(key, lambda: _read(db, collection, _held.limit))
    return entry


def _with_floats(collection: Collection, limit: int) -> bool:
    """Whether a collection's floats are kept: they may take half of the room."""
    return 4 * collection.count * collection.dim <= limit // 2


def _bytes(collection: Collection, limit: int) -> int:
    """About what a collection will take."""
    numbers = collection.count * collection.dim
    return 4 * numbers if _with_floats(collection, limit) else numbers + numbers // 4 + 24 * collection.count


@one_thread()  # of BLAS: in small products a second thread would wait longer for the first than it helps
def _read(db: Connection, collection: Collection, limit: int) -> Resident:
    if _with_floats(collection, limit):
        return _read_floats(db, collection)
    signs, keys, words, codes, errors = _signs(db, collection), [], [], [], []
    for block in chunks.blocks(db, collection):
        keys.append(block.keys)
        words.append(signs.encode(block.vectors))
        codes.append(ByteCodes.of(block.vectors))
        errors.append(codes[-1].errors(block.vectors))
    finder = Finder(signs, np.concatenate(words))
    return Coded(key_table(keys), ByteCodes.joined(codes), np.concatenate(errors), finder)


def _read_floats(db: Connection, collection: Collection) -> Floats:
    vectors = np.empty((collection.count, collection.dim), np.float32)
    signs = _signs(db, collection) if vectors.nbytes > _SCANNED else None
    keys, words, at = [], [], 0
    for block in chunks.blocks(db, collection):
        keys.append(block.keys)
        vectors[at : at + len(block.vectors)] = block.vectors
        at += len(block.vectors)
        if signs is not None:
            words.append(signs.encode(block.vectors))
    return Floats(key_table(keys), vectors[:at], Finder(signs, np.concatenate(words)) if signs else None)


def _signs(db: Connection, collection: Collection) -> SignBits:
    """Sign bits around the mean of some blocks spread over the collection."""
    every = max(1, collection.count // (1024 * _SAMPLED))
    sample = np.concatenate([block.vectors for block in chunks.blocks(db, collection, every=every)])
    return quantise.sign_bits(sample.mean(axis=0))
