"""Clusters of a collection's items by k-means, named by their most distinctive words.

The items are clustered along the thirty directions in which they vary most, at unit length. The many weaker directions
tell single items apart, and add noise to every distance. Without a number of clusters, those of a few candidates are
fitted on a sample, and the number with the largest silhouette on other items is taken (Rousseeuw 1987; here the
distances to the centres, not to all items).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.analysis.words import count_words
from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError, out_of_range
from semsearch.maths.blas import one_thread
from semsearch.maths.text import Analyzer
from semsearch.maths.vectors import as_cosine
from semsearch.records import Collection, OpenCollection
from semsearch.storage import chunks, collections, results
from semsearch.storage.driver import Connection
from semsearch.storage.results import Cluster

DIRECTIONS = 30  # leading directions; on 20 Newsgroups 15 to 60 give about the same clusters
CANDIDATES = (2, 3, 5, 8, 10, 15, 20, 25, 30, 40, 60)  # numbers of clusters to choose from
_SAMPLE = 5_000  # items that the number is chosen by, and as many others that judge it
_NAME_WORDS = 3  # words in the name of a cluster
_MAX_BATCH = 20_000  # items that plain k-means clusters; more are clustered in mini-batches


@dataclass(frozen=True)
class Clustering:
    """The clusters of a collection, the largest first, and the cluster of each of its n items."""

    collection: Collection
    clusters: Sequence[Cluster]
    keys: Sequence[str]  # (n,)
    numbers: IntArray  # (n,) the cluster of each item, from 1
    similarities: FloatArray  # (n,) cosine of each item and the centre of its cluster


def cluster(db: Connection, opened: OpenCollection, number: int | None = None, *, seed: int = 0) -> Clustering:
    """Divide a collection's items into `number` clusters by k-means; None chooses it. Nothing is written: see `write`.

    Fewer if fewer of its vectors differ.

    Raises InputError for fewer than 2 clusters or more than items.
    """
    collection = opened.collection
    if collection.count < 2:
        raise InputError(f"{opened.name} has {collection.count} items: clusters need at least 2")
    if number is not None and not 2 <= number <= collection.count:
        raise out_of_range("--clusters", number, least=2, most=collection.count, of=f"(the items of {opened.name})")
    keys, matrix = chunks.everything(db, collection)
    matrix = leading(matrix)
    if number is None:
        number = choose_number(matrix, seed)
    labels, centres = _k_means(matrix, number, seed)
    number = len(centres)
    names = _names(db, opened, keys, labels, number)
    sizes = np.bincount(labels, minlength=number).tolist()
    clusters = [Cluster(row + 1, names[row], sizes[row]) for row in range(number)]
    return Clustering(collection, clusters, keys, labels + 1, np.einsum("ij,ij->i", matrix, centres[labels]))


def write(db: Connection, clustering: Clustering) -> str:
    """Write the table COLLECTION_clusters (id, cluster, label, similarity); returns its name."""
    items = zip(clustering.keys, clustering.numbers.tolist(), map(as_cosine, clustering.similarities), strict=True)
    return results.write_clusters(db, clustering.collection, clustering.clusters, items)


@one_thread()
def leading(matrix: FloatArray, directions: int = DIRECTIONS) -> FloatArray:
    """(n, directions) the rows along the strongest principal directions (uncentred), at unit length again."""
    if matrix.shape[1] > directions:
        _, vectors = np.linalg.eigh((matrix.T @ matrix).astype(np.float64))
        matrix = matrix @ vectors[:, : -directions - 1 : -1].astype(np.float32)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    unit: FloatArray = (matrix / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def choose_number(matrix: FloatArray, seed: int) -> int:
    """The candidate with the largest mean silhouette, on items that the centres were not fitted to where there are any.

    `matrix` (n, k) at unit length. The silhouette of an item is 1 - a / b, a its distance to the nearest centre and b
    that to the second.
    """
    order = np.random.default_rng(seed).permutation(len(matrix))
    half = min(_SAMPLE, -(-len(matrix) // 2))
    fitted, judged = matrix[order[:half]], matrix[order[half : half + _SAMPLE]]
    best, chosen = -np.inf, 2
    for number in CANDIDATES:
        if number > max(2, len(fitted) // 5):  # smaller clusters than of five items say nothing
            break
        _, centres = _k_means(fitted, min(number, len(fitted)), seed)
        silhouette = _silhouette(judged, centres)
        if silhouette > best:
            best, chosen = silhouette, number
    return chosen


def _silhouette(matrix: FloatArray, centres: FloatArray) -> float:
    if len(centres) < 2 or not len(matrix):
        return -np.inf
    nearest = np.partition(np.maximum(1 - matrix @ centres.T, 0), 1, axis=1)[:, :2]
    return float(np.mean(1 - nearest[:, 0] / np.maximum(nearest[:, 1], 1e-9)))


@one_thread()
def _k_means(matrix: FloatArray, number: int, seed: int) -> tuple[IntArray, FloatArray]:
    """The cluster (n,) of each row, 0 the largest; and the centres (number, dim) at unit length.

    There are fewer clusters than `number` if there are fewer distinct rows.
    """
    from sklearn.cluster import KMeans, MiniBatchKMeans
    from sklearn.exceptions import ConvergenceWarning

    make = KMeans if len(matrix) <= _MAX_BATCH else MiniBatchKMeans
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of fewer distinct rows
        model = make(number, n_init=4, random_state=seed).fit(matrix)
    sizes = np.bincount(model.labels_, minlength=number)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty(number, np.int64)
    rank[order] = np.arange(number)
    centres = model.cluster_centers_[order].astype(np.float32)
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    return rank[model.labels_], (centres / np.maximum(lengths, 1e-9))[: np.count_nonzero(sizes)]


def _names(db: Connection, opened: OpenCollection, keys: Sequence[str], labels: IntArray, number: int) -> list[str]:
    """The most distinctive words of each cluster: common in its items, and less common in the others.

    The score of a word is p log(p / q), with p the share of the cluster's documents that hold it, and q that of all. A
    cluster of words is named by its most frequent words.
    """
    if opened.of == "word":
        frequent = collections.words(db, opened.collection, keys)
        order = sorted(range(len(keys)), key=lambda row: -int(frequent.get(keys[row], {}).get("count", 0)))
        return [
            ", ".join(keys[row] for row in [row for row in order if labels[row] == cluster][:_NAME_WORDS])
            for cluster in range(number)
        ]
    counts = count_words(db, opened.dataset, keys, Analyzer())
    matrix = counts.matrix.copy()
    matrix.data[:] = 1
    everywhere = (counts.documents + 1) / (len(keys) + 1)
    names = []
    for cluster in range(number):
        inside = np.asarray(matrix[labels == cluster].mean(axis=0)).reshape(-1)
        scores = inside * np.log(np.maximum(inside, 1e-12) / everywhere)
        best = np.argsort(-scores, kind="stable")[:_NAME_WORDS].tolist() if len(scores) else []
        names.append(", ".join(counts.surfaces[row] for row in best))
    return names
