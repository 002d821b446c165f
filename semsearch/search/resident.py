"""Collections in memory, for a process that answers many queries.

sqlite-vec reads 100,000 vectors of 256 numbers in 30-50 ms. A small collection is kept as floats and needs one
matrix-vector product. A larger one also has sign bits, which find a few hundred candidates in a fraction of a
millisecond; these are scored exactly. A collection whose floats would take too much memory is kept as one byte per
number, and the last few dozen candidates are scored exactly in the file. (400 candidates take 0.1 ms from memory and
2.7 ms from the file.) One that is too large for that is kept as sign bits alone, and all candidates are scored in the
file. Only beyond that does sqlite-vec read all vectors for each query. `tier_of` says which of these serves.

A command that runs one query keeps nothing, because reading costs more than one search. A server calls `enable_cache`
when it starts. The memory is bounded, and the least recently used collection is dropped first. A rebuild is another
run, an update another revision: each is another entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, Protocol

import numpy as np

from semsearch.arrays import FloatArray, IntArray
from semsearch.lru_cache import LruCache
from semsearch.maths import quantise
from semsearch.maths.blas import one_thread
from semsearch.maths.quantise import ByteCodes, SignBits
from semsearch.maths.vectors import dots_of_rows, largest
from semsearch.records import Collection, KeyType
from semsearch.search import postings
from semsearch.search.keytable import KeyTable, key_table
from semsearch.storage import chunks
from semsearch.storage.connect import memory_of
from semsearch.storage.driver import Connection

LIMIT = 512 << 20  # bytes
_SCANNED = 2 << 20  # bytes of floats up to which reading them all is as fast as anything
_CANDIDATES = 400  # by sign bits; benchmarks/search.py measures how often the ten nearest are among them
_DEEP = 20  # candidates per requested hit, if that is more
_SAMPLED = 16  # blocks whose mean is the centre
_KERNELS = (quantise.hamming, quantise.write_rows_within, quantise.dots_of_bytes, dots_of_rows)

# Bytes of an item besides its numbers: its key, of text one of 40 characters, and the scale and error of its bytes.
_ROW_BYTES: Mapping[KeyType, int] = {"integer": 20, "text": 68}

Tier = Literal["floats", "bytes", "bits", "file"]
TIERS: tuple[Tier, ...] = ("floats", "bytes", "bits")  # fastest first; the file is slower than all
Exactly = Callable[[Sequence[str]], Mapping[str, float]]


@dataclass(frozen=True)
class Finder:
    """Sign bits of all items, `words` (n, w), and the encoder of a vector as such bits."""

    signs: SignBits
    words: quantise.Words

    def candidates(self, vector: FloatArray, n: int) -> IntArray | None:
        """Rows of the candidates for the n nearest. None if all should be read: n is large, or no kernel is ready."""
        wanted = max(_CANDIDATES, _DEEP * n)
        if 4 * wanted > len(self.words) or not compiled():
            return None
        return quantise.candidates(self.words, self.signs.encode(vector[None])[0], wanted)


@dataclass(frozen=True)
class Floats:
    """A collection as floats: `vectors` (n, dim) float32; with many items also a finder of candidates."""

    keys: KeyTable
    vectors: FloatArray
    finder: Finder | None = None

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.keys.nbytes + self.vectors.nbytes + (self.finder.words.nbytes if self.finder else 0)

    def nearest(self, vector: FloatArray, n: int, among: Sequence[str] | None, exactly: Exactly) -> dict[str, float]:
        """As `Resident.nearest`, without the file."""
        if among is not None:
            rows: IntArray | None = self.keys.positions(among)
        else:
            rows = self.finder.candidates(vector, n) if self.finder else None
        cosines = self.vectors @ vector if rows is None else _dots(self.vectors, rows, vector)
        order = largest(cosines, n)
        result = self.keys.at(order if rows is None else rows[order])
        return dict(zip(result, cosines[order].tolist(), strict=True))

    def cosines(self, vector: FloatArray, keys: Sequence[str], exactly: Exactly) -> Mapping[str, float]:
        """As `Resident.cosines`, without the file."""
        rows = self.keys.positions(keys)
        return dict(zip(self.keys.at(rows), _dots(self.vectors, rows, vector).tolist(), strict=True))


@dataclass(frozen=True)
class Coded:
    """A collection with one byte per number: `codes`, and the norm of each row's quantisation error, `errors` (n,)."""

    keys: KeyTable
    codes: ByteCodes
    errors: FloatArray
    finder: Finder

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        codes = self.codes.codes.nbytes + self.codes.scales.nbytes
        return int(self.keys.nbytes + codes + self.errors.nbytes + self.finder.words.nbytes)

    def nearest(self, vector: FloatArray, n: int, among: Sequence[str] | None, exactly: Exactly) -> dict[str, float]:
        """As `Resident.nearest`: the items that can be among the n nearest, by their codes, are scored in the file.

        |q·x - q·x̂| is at most ‖x - x̂‖ for a unit vector q. So a row whose approximate score is further below the nth
        than that is not among the n nearest.
        """
        rows = self.keys.positions(among) if among is not None else self.finder.candidates(vector, n)
        if rows is None:
            rows = np.arange(len(self.errors))
        approximate, errors = self.codes.dots(vector, rows), self.errors[rows]
        if len(rows) > n:
            least = np.partition(approximate - errors, -n)[-n]
            rows = rows[approximate + errors >= least]
        places = {key: place for place, key in enumerate(self.keys.at(rows))}
        result = sorted(exactly(list(places)).items(), key=lambda pair: (-pair[1], places[pair[0]]))
        return dict(result[:n])

    def cosines(self, vector: FloatArray, keys: Sequence[str], exactly: Exactly) -> Mapping[str, float]:
        """As `Resident.cosines`, in the file."""
        return exactly(keys)


@dataclass(frozen=True)
class Bits:
    """A collection as sign bits alone, a few dozen bytes per item."""

    keys: KeyTable
    finder: Finder

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return int(self.keys.nbytes + self.finder.words.nbytes)

    def nearest(
        self, vector: FloatArray, n: int, among: Sequence[str] | None, exactly: Exactly
    ) -> dict[str, float] | None:
        """As `Resident.nearest`: the candidates are scored in the file. None for `among`, and for a large n."""
        rows = self.finder.candidates(vector, n) if among is None else None
        if rows is None:
            return None
        places = {key: place for place, key in enumerate(self.keys.at(rows))}
        result = sorted(exactly(list(places)).items(), key=lambda pair: (-pair[1], places[pair[0]]))
        return dict(result[:n])

    def cosines(self, vector: FloatArray, keys: Sequence[str], exactly: Exactly) -> Mapping[str, float]:
        """As `Resident.cosines`, in the file."""
        return exactly(keys)


def _dots(vectors: FloatArray, rows: IntArray, vector: FloatArray) -> FloatArray:
    """Inner products of some rows of (n, dim) with a vector (dim,), in this thread: BLAS would use others too."""
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

    def nearest(
        self, vector: FloatArray, n: int, among: Sequence[str] | None, exactly: Exactly
    ) -> dict[str, float] | None:
        """Cosines of the n items nearest to a unit vector (dim,), nearest first, ties in the stored order.

        Of the items `among`, or of all. `exactly` returns the cosines of some keys from the file. The result is exact
        for `among`. Of all items one can be missed if it is not among the candidates by sign bits. None where all
        vectors of the file should be read by sqlite-vec.
        """

    def cosines(self, vector: FloatArray, keys: Sequence[str], exactly: Exactly) -> Mapping[str, float]:
        """Cosines of these items; keys without a vector are absent."""


def compiled() -> bool:
    """Whether the kernels are compiled."""
    return all(kernel.ready for kernel in _KERNELS)


def prepare() -> None:
    """Compile the kernels in the background, by small calls."""
    words, numbers = np.zeros((1, 1), np.uint64), np.zeros(1, np.uint16)
    quantise.hamming.prepare(words, words[0], numbers, 0, 1, np.zeros(65, np.int64))
    quantise.write_rows_within.prepare(numbers, 0, np.zeros(1, np.int64))
    one = np.zeros(1, np.float32)
    dots_of_rows.prepare(np.zeros((1, 1), np.float32), one, np.zeros(1, np.int64), one.copy())
    quantise.dots_of_bytes.prepare(np.zeros((1, 1), np.int8), one, one, np.zeros(1, np.int64), one.copy())


_held: LruCache[Resident] = LruCache(0, attrgetter("nbytes"))
_too_large: LruCache[int] = LruCache(1000)  # the limits that collections did not fit, though the estimate said so


def enable_cache(limit_bytes: int = LIMIT) -> None:
    """Keep collections of this process in memory, up to `limit_bytes`, and up to an eighth of that each for the text
    index and for the keys of items. 0 discards them.
    """
    _held.set_limit(limit_bytes)
    postings.hold(limit_bytes // 8)
    if limit_bytes:
        prepare()


def resident(db: Connection, collection: Collection) -> Resident | None:
    """The collection in memory, read now if it was not.

    None if vec0 should be used: in a process without a cache, for a collection that is too large or that another thread
    is reading. No lock is held while reading or searching.
    """
    if not _held.limit:
        return None
    key = (*memory_of(db, collection.token), collection.vector_table)
    entry = _held.get(key)
    if entry is None and _too_large.get(key) != _held.limit and tier_of(collection, _held.limit) != "file":
        entry = _held.compute_unless_busy(key, lambda: _read(db, collection, _held.limit))
        if entry is not None and entry.nbytes > _held.limit:  # of its last tier too: it is not read again
            _too_large.put(key, _held.limit)
    return entry


def _read(db: Connection, collection: Collection, limit: int) -> Resident:
    """The collection in its tier. If it takes more than was estimated, because its keys are long, in the next one."""
    for tier in TIERS[TIERS.index(tier_of(collection, limit)) :]:
        found = _READERS[tier](db, collection)
        if found.nbytes <= limit:
            break
    return found


def tier_of(collection: Collection, limit: int | None = None) -> Tier:
    """How a process that may use `limit` bytes, by default as many as this one, searches a collection.

    Floats may take half of them. "file" means that sqlite-vec reads all vectors for each query.
    """
    limit = limit or _held.limit or LIMIT
    if 4 * collection.count * collection.dim <= limit // 2:
        return "floats"
    if bytes_of(collection, "bytes") <= limit:
        return "bytes"
    return "bits" if bytes_of(collection, "bits") <= limit else "file"


def tier_text(collection: Collection, limit: int | None = None) -> str:
    """`tier_of` for people, with the memory: "as bytes and sign bits in memory (354 MB)"."""
    limit = limit or _held.limit or LIMIT
    tier = tier_of(collection, limit)
    if tier == "file":
        return f"in the file, because its sign bits take more than {limit >> 20} MB of memory"
    held = {
        "floats": "as floats",
        "bytes": "as bytes and sign bits",
        "bits": "as sign bits, with candidates of the file,",
    }
    return f"{held[tier]} in memory ({bytes_of(collection, tier) / 1e6:,.0f} MB)"


def bytes_of(collection: Collection, tier: Tier) -> int:
    """About how many bytes of memory a collection takes in a tier."""
    if tier == "file":
        return 0
    bits = collection.count * (quantise.bits_for(collection.dim) // 8)
    numbers = collection.count * collection.dim
    return {"floats": 4 * numbers + bits, "bytes": numbers + bits, "bits": bits}[tier] + _ROW_BYTES[
        collection.key_type
    ] * collection.count


@one_thread()  # of BLAS: in small products a second thread waits longer than it helps
def _read_bits(db: Connection, collection: Collection) -> Bits:
    signs, keys, words = _signs(db, collection), [], []
    for block in chunks.blocks(db, collection):
        keys.append(block.keys)
        words.append(signs.encode(block.vectors))
    return Bits(key_table(keys), Finder(signs, np.concatenate(words)))


@one_thread()
def _read_bytes(db: Connection, collection: Collection) -> Coded:
    signs, keys, words, codes, errors = _signs(db, collection), [], [], [], []
    for block in chunks.blocks(db, collection):
        keys.append(block.keys)
        words.append(signs.encode(block.vectors))
        codes.append(ByteCodes.of(block.vectors))
        errors.append(codes[-1].errors(block.vectors))
    finder = Finder(signs, np.concatenate(words))
    return Coded(key_table(keys), ByteCodes.joined(codes), np.concatenate(errors), finder)


@one_thread()
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
    """Sign bits around the mean of some blocks from all parts of the collection."""
    every = max(1, collection.count // (1024 * _SAMPLED))
    sample = np.concatenate([block.vectors for block in chunks.blocks(db, collection, every=every)])
    return quantise.sign_bits(sample.mean(axis=0))


_READERS: Mapping[Tier, Callable[[Connection, Collection], Resident]] = {
    "floats": _read_floats,
    "bytes": _read_bytes,
    "bits": _read_bits,
}
