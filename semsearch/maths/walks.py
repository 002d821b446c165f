"""Random walks over a graph: the sentences of nodes that DeepWalk and node2vec read.

    uniform    the next node is a neighbour, drawn by the weight of the edge (Perozzi, Al-Rfou & Skiena, KDD 2014)
    biased     after t → v a neighbour x of v is drawn by weight times 1/p if x is t, 1 if t is joined to x, else 1/q
               (Grover & Leskovec, "node2vec", KDD 2016)

A walk mostly waits for memory, because each step reads a place of the graph that is not in the cache. Sixteen walks
take turns, so that their waits overlap. Biased steps are drawn by rejection sampling ("KnightKing", SOSP 2019), which
needs no table of second-order probabilities, whose size is the sum of squared degrees. Every walk has a random
generator seeded by its number, so the walks do not depend on the number of threads.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.errors import InputError, out_of_range
from semsearch.maths.alias import alias_tables
from semsearch.maths.jit import kernel
from semsearch.maths.sparse import sp
from semsearch.threads import map_ranges

Ids: TypeAlias = npt.NDArray[np.int32]
_WALKS_PER_BLOCK = 8_192  # walks in the block that a thread takes at a time
_NO_NODE = -1  # fills the rest of a walk that ended early


def random_walks(
    A: sp.csr_matrix, starts: IntArray, length: int, *, seed: int, p: float = 1.0, q: float = 1.0
) -> tuple[Ids, IntArray]:
    """A walk of up to `length` nodes from each of `starts` (w,): all nodes (s,), and the start of each walk (w + 1,).

    `A` (n, n) holds the weight, 0 or more, of the edge from row to column. A walk ends early at a node without outgoing
    edges. `p` is the return parameter and `q` the in-out parameter of node2vec. Raises InputError for a length below 1,
    for p or q not above 0, and for weights below 0 or not finite.
    """
    if length < 1:
        raise out_of_range("The walk length", length, least=1)
    if not (p > 0 and q > 0):
        raise out_of_range("q" if p > 0 else "p", q if p > 0 else p, above=0)
    A = _checked_graph(A)
    weighted = A.nnz > 0 and bool((A.data != A.data[0]).any())
    nothing = np.zeros(0, np.float32)
    chance, other = alias_tables(A) if weighted else (nothing, np.zeros(0, np.int32))
    graph, slots = (A.indptr.astype(np.int64), A.indices.astype(np.int32)), (chance, other)
    nodes = np.full((len(starts), length), _NO_NODE, np.int32)
    nodes[:, 0] = starts
    bounds = [*range(0, len(starts), _WALKS_PER_BLOCK), len(starts)]
    if p == q == 1 and weighted:
        map_ranges(lambda first, last: _walk_weighted(graph, slots, nodes, first, last, np.uint64(seed)), bounds)
        return _trim(nodes)
    if p == q == 1:
        map_ranges(lambda first, last: _walk_uniform(graph, nodes, first, last, np.uint64(seed)), bounds)
        return _trim(nodes)
    ways = (_edge_shares(A) if weighted else nothing, 1 / p, 1 / q, _is_mutual(A))
    map_ranges(lambda first, last: _walk_biased(graph, slots, ways, nodes, first, last, np.uint64(seed)), bounds)
    return _trim(nodes)


def start_nodes(A: sp.csr_matrix, times: int, rng: np.random.Generator) -> IntArray:
    """Every node with an outgoing edge, `times` times, each time in another random order."""
    leaving = np.flatnonzero(np.diff(A.indptr))
    return np.concatenate([rng.permutation(leaving) for _ in range(times)]).astype(np.int64)


def _checked_graph(A: sp.csr_matrix) -> sp.csr_matrix:
    """The graph with sorted edges, each once, without those of weight 0. Raises InputError for an invalid weight."""
    if A.nnz and not (np.isfinite(A.data).all() and A.data.min() >= 0):
        raise InputError("The graph has a weight below 0 or not finite: walks need weights of 0 or more")
    A = A.copy()
    A.sum_duplicates()
    A.eliminate_zeros()
    return A


def _trim(nodes: Ids) -> tuple[Ids, IntArray]:
    """Walks (w, length) as one stream without the filling, and the start of each walk (w + 1,)."""
    whole = nodes >= 0
    if whole.all():
        return nodes.reshape(-1), np.arange(len(nodes) + 1, dtype=np.int64) * nodes.shape[1]
    return nodes[whole], np.concatenate([[0], np.cumsum(whole.sum(axis=1))]).astype(np.int64)


def _is_mutual(A: sp.csr_matrix) -> bool:
    """Whether every edge has a reverse edge, of any weight."""
    B = A.T.tocsr()
    B.sort_indices()
    return bool(np.array_equal(A.indptr, B.indptr) and np.array_equal(A.indices, B.indices))


def _edge_shares(A: sp.csr_matrix) -> npt.NDArray[np.float32]:
    """The weight of each edge as a share of its row's total."""
    totals = np.asarray(A.sum(axis=1, dtype=np.float64)).reshape(-1)
    shares: npt.NDArray[np.float32] = (A.data / np.repeat(totals, np.diff(A.indptr))).astype(np.float32)
    return shares


@kernel
def _splitmix64(state: Any) -> Any:
    """64 random bits from a state that grows by a constant per draw (splitmix64: Steele, Lea & Flood 2014)."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


# A slot of a row is drawn by multiplying the low half of the bits instead of dividing (Lemire 2019); its bias is below
# degree / 2^32. These lines are repeated in each kernel: a function call halves the speed, and a test for weights in
# each step costs another third.


@kernel
def _walk_uniform(graph: Any, nodes: Any, first: Any, last: Any, seed: Any) -> None:
    """Fill walks first..last of `nodes`, whose first column is given, sixteen at a time, one step of each in turn.

    `graph` (indptr, indices) holds the neighbours of each node.
    """
    indptr, indices = graph
    length = nodes.shape[1]
    states, places = np.zeros(16, np.uint64), np.zeros(16, np.int64)
    starts, degrees = np.zeros(16, np.int64), np.zeros(16, np.int64)
    for base in range(first, last, 16):
        lanes = min(16, last - base)
        for lane in range(lanes):
            states[lane] = _splitmix64(seed + np.uint64(base + lane + 1) * np.uint64(0xD1B54A32D192ED03))
            places[lane] = nodes[base + lane, 0]
        for step in range(1, length):
            for lane in range(lanes):
                starts[lane] = indptr[places[lane]]
                degrees[lane] = indptr[places[lane] + 1] - starts[lane]
            for lane in range(lanes):
                states[lane] += np.uint64(0x9E3779B97F4A7C15)
                bits = _splitmix64(states[lane])
                if degrees[lane]:  # otherwise the walk ends here, and the rest keeps its filling
                    slot = np.int64(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(degrees[lane])) >> np.uint64(32))
                    places[lane] = indices[starts[lane] + slot]
                    nodes[base + lane, step] = places[lane]


@kernel
def _walk_weighted(graph: Any, slots: Any, nodes: Any, first: Any, last: Any, seed: Any) -> None:
    """As `_walk_uniform`, by weight: a drawn slot is kept with its `chance`, else replaced by its `other` slot."""
    indptr, indices = graph
    chance, other = slots
    length = nodes.shape[1]
    states, places = np.zeros(16, np.uint64), np.zeros(16, np.int64)
    starts, degrees = np.zeros(16, np.int64), np.zeros(16, np.int64)
    for base in range(first, last, 16):
        lanes = min(16, last - base)
        for lane in range(lanes):
            states[lane] = _splitmix64(seed + np.uint64(base + lane + 1) * np.uint64(0xD1B54A32D192ED03))
            places[lane] = nodes[base + lane, 0]
        for step in range(1, length):
            for lane in range(lanes):
                starts[lane] = indptr[places[lane]]
                degrees[lane] = indptr[places[lane] + 1] - starts[lane]
            for lane in range(lanes):
                states[lane] += np.uint64(0x9E3779B97F4A7C15)
                bits = _splitmix64(states[lane])
                if degrees[lane]:
                    slot = np.int64(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(degrees[lane])) >> np.uint64(32))
                    if np.float32(bits >> np.uint64(40)) * np.float32(2.0**-24) >= chance[starts[lane] + slot]:
                        slot = np.int64(other[starts[lane] + slot])
                    places[lane] = indices[starts[lane] + slot]
                    nodes[base + lane, step] = places[lane]


@kernel
def _place(indptr: Any, indices: Any, one: Any, other: Any) -> Any:
    """The position of the edge from one node to another, -1 if there is none."""
    low, end = indptr[one], indptr[one + 1]
    high = end
    while low < high:
        middle = (low + high) >> 1
        if indices[middle] < other:
            low = middle + 1
        else:
            high = middle
    return low if low < end and indices[low] == other else -1


@kernel
def _is_joined(indptr: Any, indices: Any, one: Any, other: Any, mutual: Any) -> Any:
    """Whether an edge leads from one node to the other; where all edges are mutual, the shorter row is searched."""
    if mutual and indptr[other + 1] - indptr[other] < indptr[one + 1] - indptr[one]:
        one, other = other, one
    return _place(indptr, indices, one, other) >= 0


@kernel
def _walk_biased(  # noqa: PLR0915, C901 - with its step as a function of its own the same walks take 1.3 to 1.8 times as long (benchmarks/log.md)
    graph: Any, slots: Any, biases: Any, nodes: Any, first: Any, last: Any, seed: Any
) -> None:
    """Fill walks first..last of `nodes` by second-order probabilities; sixteen walks try one step in turn.

    `biases` is (shares, back, away, mutual): each edge's share of its row, 1/p, 1/q, and whether all edges have a
    reverse edge. A proposal is a neighbour drawn by weight, accepted with its bias over the largest one, `most`. A bias
    of the way back above all others would reject most proposals: its excess over `most` is drawn separately.
    """
    indptr, indices = graph
    chance, other = slots
    shares, back, away, mutual = biases
    length, weighted = nodes.shape[1], len(chance) > 0
    most = max(away, 1.0)
    extra = max(back - most, 0.0)
    surely = min(back, away, 1.0)
    states, steps, ways = np.zeros(16, np.uint64), np.zeros(16, np.int64), np.zeros(16)
    for base in range(first, last, 16):
        lanes = min(16, last - base)
        for lane in range(lanes):
            states[lane] = _splitmix64(seed + np.uint64(base + lane + 1) * np.uint64(0xD1B54A32D192ED03))
            steps[lane] = 1
        walking = lanes if length > 1 else 0
        while walking:
            for lane in range(lanes):
                step = steps[lane]
                if step >= length:
                    continue
                walk = base + lane
                node = nodes[walk, step - 1]
                start, degree = indptr[node], indptr[node + 1] - indptr[node]
                if degree == 0:
                    steps[lane] = length
                    walking -= 1
                    continue
                states[lane] += np.uint64(0x9E3779B97F4A7C15)
                bits = _splitmix64(states[lane])
                slot = np.int64(((bits & np.uint64(0xFFFFFFFF)) * np.uint64(degree)) >> np.uint64(32))
                if weighted and np.float32(bits >> np.uint64(40)) * np.float32(2.0**-24) >= chance[start + slot]:
                    slot = np.int64(other[start + slot])
                result = indices[start + slot]
                if step > 1:
                    before = nodes[walk, step - 2]
                    states[lane] += np.uint64(0x9E3779B97F4A7C15)
                    throw = np.float64(_splitmix64(states[lane]) >> np.uint64(11)) * 2.0**-53 * (most + ways[lane])
                    if throw >= most:
                        result = before
                    elif throw >= surely:
                        bias = min(back, most)
                        if result != before:
                            bias = 1.0 if away == 1.0 or _is_joined(indptr, indices, before, result, mutual) else away
                        if throw >= bias:
                            continue
                nodes[walk, step] = result
                if extra:
                    ways[lane] = extra * _return_share(indptr, indices, shares, result, node, mutual)
                steps[lane] = step + 1
                walking -= step + 1 == length


@kernel
def _return_share(indptr: Any, indices: Any, shares: Any, node: Any, before: Any, mutual: Any) -> Any:
    """The first-order probability of the step from a node back to the one before; 0 if there is no such edge."""
    if mutual and len(shares) == 0:
        return 1.0 / (indptr[node + 1] - indptr[node])
    place = _place(indptr, indices, node, before)
    if place < 0:
        return 0.0
    return shares[place] if len(shares) else 1.0 / (indptr[node + 1] - indptr[node])
