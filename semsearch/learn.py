"""What is learnt on top of vectors: near-duplicates, clusters and likely links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch import corpora
from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.maths.blas import one_thread
from semsearch.maths.counts import TermCounts, count_terms
from semsearch.maths.graphs import adjacency
from semsearch.maths.links import best_pairs, common_neighbours, link_scorer
from semsearch.maths.pairs import near_pairs, shared_words
from semsearch.maths.text import Analyzer
from semsearch.records import ROWS, Collection, Report, silent
from semsearch.storage import chunks, collections, datasets, results
from semsearch.storage.connect import transaction
from semsearch.storage.driver import Connection
from semsearch.storage.results import Cluster

_LABEL_WORDS = 3
THRESHOLD = 0.9  # least cosine of a pair of near-duplicates
WORDS = 0.87  # least share of words that two documents have in common


@dataclass(frozen=True)
class Duplicate:
    """Two items that are nearly the same: their keys, their cosine, and for documents the share of words in common."""

    one: str
    other: str
    cosine: float
    words: float | None


def duplicates(
    db: Connection,
    name: str,
    *,
    threshold: float = THRESHOLD,
    words: float = WORDS,
    report: Report = silent,
    most: int | None = None,
) -> list[Duplicate]:
    """Pairs of items whose cosine is at least `threshold` and, for documents, that share at least `words` of their
    words.

    The cosine alone cannot tell a copy with a few words changed from another text on the same subject, nor from a
    stub made from the same template; the words can. Stop words do not count. Exact, and in memory that grows with the
    number of items, not of pairs looked at. Raises InputError for shares outside 0..1, and for more
    than `most` pairs that the threshold lets through.
    """
    for said, share in (("threshold", threshold), ("words", words)):
        if not 0 < share <= 1:
            raise InputError(f"{said} is {share:g}: give a share above 0, up to 1")
    collection = collections.get_collection(db, name)
    keys, matrix = chunks.everything(db, collection)
    i, j, cosines = near_pairs(matrix, threshold, progress=report, most=most)
    shares = None
    if collection.of == "document":
        shares = _shared(db, collection, keys, i, j)
        kept = shares >= words
        i, j, cosines, shares = i[kept], j[kept], cosines[kept], shares[kept]
    order = np.lexsort((j, i, -cosines, -(cosines if shares is None else shares)))
    return [
        Duplicate(keys[i[row]], keys[j[row]], float(cosines[row]), None if shares is None else float(shares[row]))
        for row in order.tolist()
    ]


def _shared(db: Connection, collection: Collection, keys: Sequence[str], i: IntArray, j: IntArray) -> FloatArray:
    """The share of words in common of each pair. Only documents that are in a pair are read and counted."""
    rows, places = np.unique(np.concatenate([i, j]), return_inverse=True)
    counts = _counts(db, collection, [keys[row] for row in rows.tolist()], Analyzer(stem=False))
    return shared_words(counts.matrix, places[: len(i)], places[len(i) :])


def _counts(db: Connection, collection: Collection, keys: Sequence[str], analyzer: Analyzer) -> TermCounts:
    """The words of these documents; one whose row is gone has none."""
    dataset = datasets.get_dataset(db, collection.dataset)
    wanted = set(keys)
    texts = {item.key: item.text for item in datasets.read_items(db, dataset) if item.key in wanted}
    return count_terms([texts.get(key, "") for key in keys], analyzer)


def cluster(db: Connection, name: str, number: int, *, seed: int = 0) -> list[Cluster]:
    """Sort a collection's items into `number` clusters (k-means) and write the table COLLECTION_clusters.

    Its columns: the item's `id`, the `cluster` from 1 (the largest) on, the cluster's `label` and the item's
    `similarity` to the cluster's centre, a cosine. Raises InputError for fewer than 2 clusters or more than items.
    """
    collection = collections.get_collection(db, name)
    if not 2 <= number <= collection.count:
        raise InputError(f"clusters is {number}: choose 2 to {collection.count}, the number of items in {name}")
    dataset = datasets.get_dataset(db, collection.dataset)
    keys, matrix = chunks.everything(db, collection)
    labels, centres = _k_means(matrix, number, seed)
    words = _labels(db, collection, keys, labels, number)
    found = [Cluster(place + 1, words[place], int((labels == place).sum())) for place in range(number)]
    integers = collection.of in ROWS and dataset.key_kind == "integer"
    similarity = np.einsum("ij,ij->i", matrix, centres[labels])
    rows = (
        (int(key) if integers else key, int(label) + 1, words[label], float(near))
        for key, label, near in zip(keys, labels.tolist(), similarity.tolist(), strict=True)
    )
    columns = results.CLUSTER_COLUMNS | {"id": "integer" if integers else "text"}
    with transaction(db):
        results.replace(db, results.table_name(name, "clusters"), columns, rows)
    return found


@one_thread()
def _k_means(matrix: FloatArray, number: int, seed: int) -> tuple[IntArray, FloatArray]:
    """(n,) labels, 0 the largest cluster, and the (number, dim) centres at unit length."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    make = KMeans if len(matrix) <= 20_000 else MiniBatchKMeans
    model = make(number, n_init=4, random_state=seed).fit(matrix)
    sizes = np.bincount(model.labels_, minlength=number)
    order = np.argsort(-sizes, kind="stable")
    place = np.empty(number, np.int64)
    place[order] = np.arange(number)
    centres = model.cluster_centers_[order].astype(np.float32)
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    return place[model.labels_], centres / np.maximum(lengths, 1e-9)


def _labels(db: Connection, collection: Collection, keys: Sequence[str], labels: IntArray, number: int) -> list[str]:
    """The words that tell each cluster from the rest: common in its items, and less so elsewhere.

    A word is weighed by the share of the cluster's documents that hold it, times the logarithm of how many times larger
    that is than its share of all. The words of a word collection name their own cluster: its most frequent ones.
    """
    if collection.of == "word":
        frequent = collections.words(db, collection, keys)
        order = sorted(range(len(keys)), key=lambda row: -int(frequent.get(keys[row], {}).get("count", 0)))
        return [
            ", ".join(keys[row] for row in [row for row in order if labels[row] == place][:_LABEL_WORDS])
            for place in range(number)
        ]
    counts = _counts(db, collection, keys, Analyzer())
    matrix = counts.matrix.copy()
    matrix.data[:] = 1
    everywhere = (counts.documents + 1) / (len(keys) + 1)
    out = []
    for place in range(number):
        inside = np.asarray(matrix[labels == place].mean(axis=0)).reshape(-1)
        strength = inside * np.log(np.maximum(inside, 1e-12) / everywhere)
        best = np.argsort(-strength, kind="stable")[:_LABEL_WORDS].tolist() if len(strength) else []
        out.append(", ".join(counts.surfaces[row] for row in best))
    return out


@dataclass(frozen=True)
class Link:
    """Two nodes that are not joined and might be: the logarithm of the odds, their cosine, their common neighbours."""

    source: str
    target: str
    score: float
    similarity: float
    common: int


LINK_COLUMNS = {"source": "", "target": "", "score": "real", "similarity": "real", "common": "integer"}


def predict_links(db: Connection, name: str, *, k: int = 1000, seed: int = 0) -> list[Link]:
    """The k likeliest edges that are not there, best first, also as the table COLLECTION_links.

    Likely by nearness and by how many neighbours two nodes have (maths.links.link_scorer). Every pair is looked at.
    Raises InputError for a collection that is not of nodes or for a k that cannot be.
    """
    collection = collections.get_collection(db, name)
    if collection.of != "node":
        raise InputError(f"{name} holds {collection.of}s, not nodes: `semsearch build netmf` makes vectors of nodes")
    if k < 1:
        raise InputError(f"k is {k}: at least 1 is needed")
    dataset = datasets.get_dataset(db, collection.dataset)
    graph = corpora.graph(db, dataset, None, list(datasets.read_items(db, dataset)))
    A = adjacency(graph.source, graph.target, graph.weight, len(graph), directed=False)
    place = {key: row for row, key in enumerate(graph.keys)}
    keys, matrix = chunks.everything(db, collection)
    here = [row for row, key in enumerate(keys) if key in place]
    vectors = np.zeros((len(graph), matrix.shape[1]), np.float32)
    vectors[[place[keys[row]] for row in here]] = matrix[here]
    pairs, scores = best_pairs(link_scorer(vectors, A, rng=np.random.default_rng(seed)), A, k)
    common = common_neighbours(A).pairs(pairs).astype(int).tolist()
    cosines = np.einsum("ij,ij->i", vectors[pairs[0]], vectors[pairs[1]]).tolist()
    ends = [(graph.keys[i], graph.keys[j]) for i, j in pairs.T.tolist()]
    found = [Link(*facts[0], *facts[1:]) for facts in zip(ends, scores.tolist(), cosines, common, strict=True)]
    integers = dataset.key_kind == "integer"
    columns = LINK_COLUMNS | dict.fromkeys(("source", "target"), "integer" if integers else "text")
    typed = int if integers else str
    rows = ((typed(one.source), typed(one.target), one.score, one.similarity, one.common) for one in found)
    with transaction(db):
        results.replace(db, results.table_name(name, "links"), columns, rows)
    return found
