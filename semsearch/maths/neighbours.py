"""The nearest rows of every row of a matrix: all pairs, without n² memory.

Up to some thousand rows all cosines are computed. Beyond that, sign bits (semsearch.maths.quantise) of 512 places find
candidates, and the cosines of these are computed from the floats. A tile of rows stays in the cache while a block of
queries is compared with it. How many bits may differ is estimated for each row from a sample. If more rows than the
buffer holds are within that limit, as with thousands of equal texts, all cosines of the row are computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.maths.blas import one_thread
from semsearch.maths.jit import kernel, summing_kernel
from semsearch.maths.quantise import Words, sign_bits
from semsearch.maths.vectors import largest
from semsearch.stopping import check_stopped
from semsearch.threads import map_ranges, thread_count

Nearest: TypeAlias = tuple[IntArray, FloatArray]
Counts: TypeAlias = npt.NDArray[np.uint16]

EXACT_ROWS = 8_000  # rows up to which all cosines are computed
BITS = 512
_CANDIDATES = 32  # by sign bits, for each requested neighbour; benchmarks/neighbours.py measures the recall
_CAPACITY = 4  # times the candidates: what the buffer of a row holds
_SAMPLE = 8_192  # rows that the limit of a row is estimated from
_TILE = 1_024  # rows in a tile: 64 KB of bits
_RUN = 32  # rows of a tile that are tested together for one within the limit
_QUERIES = 64  # rows in a block of queries
_BLOCK_ROWS = 512  # rows whose cosines with all others are in memory at a time
_ROUND = 16  # blocks of queries for each thread between two reports
_BYTES = 64 << 20  # of the cosines of a block of rows with all rows


@one_thread()
def nearest_rows(
    vectors: FloatArray,
    k: int,
    rows: IntArray | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Nearest:
    """The k nearest other rows of each row of (n, dim) unit vectors, or of some `rows`: (m, k) row numbers and cosines.

    Nearest first, ties by row number. With fewer than k other rows, k is their number. Exact up to EXACT_ROWS rows;
    beyond that a neighbour can be missed if it is not among the candidates by sign bits.
    """
    n = len(vectors)
    wanted = np.arange(n) if rows is None else np.asarray(rows, np.int64)
    k = max(0, min(k, n - 1))
    numbers, cosines = np.zeros((len(wanted), k), np.int64), np.zeros((len(wanted), k), np.float32)
    if k == 0 or not len(wanted):
        return numbers, cosines
    vectors = np.ascontiguousarray(vectors, np.float32)
    left = np.arange(len(wanted))
    if n > EXACT_ROWS and k * _CANDIDATES * _CAPACITY < n:
        left = _by_bits(vectors, k, wanted, (numbers, cosines), progress)
    _by_products(vectors, wanted, left, (numbers, cosines))
    return numbers, cosines


def _by_products(vectors: FloatArray, wanted: IntArray, left: IntArray, out: Nearest) -> None:
    """Write the nearest rows of `wanted[left]`, by their cosines with all rows."""
    numbers, cosines = out
    step = max(1, min(_BLOCK_ROWS, _BYTES // (4 * len(vectors))))

    def of_block(start: int, end: int) -> None:
        check_stopped()
        places = left[start:end]
        products = vectors[wanted[places]] @ vectors.T
        products[np.arange(len(places)), wanted[places]] = -np.inf
        for place, row in zip(places.tolist(), products, strict=True):
            nearest = largest(row, numbers.shape[1])
            numbers[place], cosines[place] = nearest, row[nearest]

    map_ranges(of_block, [*range(0, len(left), step), len(left)])


def _by_bits(
    vectors: FloatArray, k: int, wanted: IntArray, out: Nearest, progress: Callable[[int, int], None] | None
) -> IntArray:
    """Write the nearest rows of each row of `wanted`, by sign bits; returns the places of those left out."""
    signs = sign_bits(vectors.mean(axis=0), BITS)
    words = np.concatenate([signs.encode(part) for part in np.array_split(vectors, -(-len(vectors) // 16_384))])
    tiles = _tiles(words)
    sample = words[np.random.default_rng(0).permutation(len(words))[:_SAMPLE]]
    sampled = _tiles(sample)
    target = k * _CANDIDATES
    # The limit lets as large a share of the sample through; the row itself is one of the rows within it.
    share = max(2, round(target * len(sample) / len(words)))
    found = np.zeros(len(wanted), np.bool_)

    def of_block(start: int, end: int) -> None:
        check_stopped()
        queries = wanted[start:end]
        room = np.empty((len(queries), target * _CAPACITY + _RUN), np.int32)
        held = np.zeros(len(queries), np.int64)
        limits = np.empty(len(queries), np.uint16)
        bits = words[queries]
        estimate_limits(sampled, bits, (len(sample), share), limits)
        write_within(tiles, bits, limits, (len(words), target * _CAPACITY), room, held)
        found[start:end] = held >= k + 1
        found[start:end] &= held <= target * _CAPACITY
        own = out[0][start:end], out[1][start:end]
        score_candidates(vectors, queries, room, held, found[start:end], own)

    bounds = [*range(0, len(wanted), _QUERIES), len(wanted)]
    step = _ROUND * thread_count()
    for at in range(0, len(bounds) - 1, step):
        map_ranges(of_block, bounds[at : at + step + 1])
        if progress is not None:
            progress(bounds[min(at + step, len(bounds) - 1)], len(wanted))
    return np.flatnonzero(~found)


def _tiles(words: Words) -> Words:
    """(tiles, 8, _TILE) uint64 of (n, 8): each tile holds the first words of its rows, the second ones, and so on."""
    padded = np.zeros((-(-len(words) // _TILE) * _TILE, words.shape[1]), np.uint64)
    padded[: len(words)] = words
    return np.ascontiguousarray(padded.reshape(-1, _TILE, words.shape[1]).transpose(0, 2, 1))


@kernel
def count_bits(x: Any) -> Any:
    """The number of set bits of a uint64; LLVM recognises the pattern and emits one instruction."""
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (x * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def compare_tile(tile: Words, query: Words, out: Counts) -> None:
    """Write in how many bits each row of a tile (8, _TILE) differs from a query (8,). Unrolled: all in registers."""
    a, b, c, d, e, f, g, h = tile[0], tile[1], tile[2], tile[3], tile[4], tile[5], tile[6], tile[7]
    p, q, r, s, t, u, v, w = query[0], query[1], query[2], query[3], query[4], query[5], query[6], query[7]
    for i in range(len(out)):
        first = count_bits(a[i] ^ p) + count_bits(b[i] ^ q) + count_bits(c[i] ^ r) + count_bits(d[i] ^ s)
        out[i] = first + count_bits(e[i] ^ t) + count_bits(f[i] ^ u) + count_bits(g[i] ^ v) + count_bits(h[i] ^ w)


@kernel
def estimate_limits(tiles: Words, queries: Words, sizes: tuple[int, int], limits: Counts) -> None:
    """Write for each query the smallest number of bits in which `sizes[1]` of the `sizes[0]` sampled rows differ."""
    size, share = sizes
    out = np.empty(tiles.shape[2], np.uint16)
    for query in range(len(queries)):
        histogram = np.zeros(tiles.shape[1] * 64 + 1, np.int64)
        for tile in range(len(tiles)):
            compare_tile(tiles[tile], queries[query], out)
            for i in range(min(len(out), size - tile * len(out))):
                histogram[out[i]] += 1
        total = limit = 0
        while total < share and limit < len(histogram):
            total += histogram[limit]
            limit += 1
        limits[query] = limit - 1


@kernel
def write_within(
    tiles: Words, queries: Words, limits: Counts, sizes: tuple[int, int], room: Any, held: IntArray
) -> None:
    """Append the rows within each query's limit to its row of `room`; `held` counts them, even beyond the buffer.

    `sizes` is the number of rows in all tiles, and what a row of `room` holds, besides one run of rows.
    """
    n, capacity = sizes
    out = np.empty(tiles.shape[2], np.uint16)
    for tile in range(len(tiles)):
        first = tile * len(out)
        for query in range(len(queries)):
            compare_tile(tiles[tile], queries[query], out)
            limit, count = limits[query], held[query]
            for start in range(0, len(out), _RUN):
                within = np.uint16(0)
                for i in range(start, start + _RUN):
                    within += np.uint16(out[i] <= limit)
                if within and count <= capacity:
                    for i in range(start, min(start + _RUN, n - first)):
                        room[query, count] = first + i
                        count += out[i] <= limit
            held[query] = count


@summing_kernel
def score_candidates(
    vectors: FloatArray, queries: IntArray, room: Any, held: IntArray, found: Any, out: Nearest
) -> None:
    """Write the nearest candidates of each query that was found, nearest first, ties by row number."""
    numbers, cosines = out
    k, dim = numbers.shape[1], vectors.shape[1]
    for query in range(len(queries)):
        if not found[query]:
            continue
        own, count = queries[query], 0
        for at in range(held[query]):
            row = np.int64(room[query, at])
            if row == own:
                continue
            cosine = np.float32(0)
            for column in range(dim):
                cosine += vectors[own, column] * vectors[row, column]
            if count == k and cosine <= cosines[query, k - 1]:
                continue
            place = count if count < k else k - 1
            while place > 0 and cosines[query, place - 1] < cosine:
                cosines[query, place], numbers[query, place] = cosines[query, place - 1], numbers[query, place - 1]
                place -= 1
            cosines[query, place], numbers[query, place] = cosine, row
            count = min(count + 1, k)
