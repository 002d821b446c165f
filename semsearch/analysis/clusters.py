"""Clusters of a collection's items by k-means, named by their most distinctive words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.analysis.words import count_words
from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError
from semsearch.maths.blas import one_thread
from semsearch.maths.text import Analyzer
from semsearch.records import Collection, OpenCollection
from semsearch.storage import chunks, collections, results
from semsearch.storage.driver import Connection
from semsearch.storage.results import Cluster

_LABEL_WORDS = 3


@dataclass(frozen=True)
class Clustering:
    """The clusters of a collection, the largest first, and the cluster of each item.

    `keys` (n,); `numbers` (n,) the cluster of each item, from 1; `similarities` (n,) its cosine to the centre.
    """

    collection: Collection
    clusters: Sequence[Cluster]
    keys: Sequence[str]
    numbers: IntArray
    similarities: FloatArray


def cluster(db: Connection, opened: OpenCollection, number: int, *, seed: int = 0) -> Clustering:
    """Divide a collection's items into `number` clusters by k-means. Nothing is written: see `write`.

    Raises InputError for fewer than 2 clusters or more than items.
    """
    collection = opened.collection
    if not 2 <= number <= collection.count:
        raise InputError(f"clusters is {number}: choose 2 to {collection.count}, the number of items in {opened.name}")
    keys, matrix = chunks.everything(db, collection)
    labels, centres = _k_means(matrix, number, seed)
    words = _labels(db, opened, keys, labels, number)
    sizes = np.bincount(labels, minlength=number).tolist()
    clusters = [Cluster(row + 1, words[row], sizes[row]) for row in range(number)]
    return Clustering(collection, clusters, keys, labels + 1, np.einsum("ij,ij->i", matrix, centres[labels]))


def write(db: Connection, found: Clustering) -> str:
    """Write the table COLLECTION_clusters (id, cluster, label, similarity); returns its name."""
    items = zip(found.keys, found.numbers.tolist(), found.similarities.tolist(), strict=True)
    return results.write_clusters(db, found.collection, found.clusters, items)


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


def _labels(db: Connection, opened: OpenCollection, keys: Sequence[str], labels: IntArray, number: int) -> list[str]:
    """The words that tell each cluster from the rest: common in its items, and less so elsewhere.

    A word is weighed by the share of the cluster's documents that hold it, times the logarithm of how many times larger
    that is than its share of all. The words of a word collection name their own cluster: its most frequent ones.
    """
    if opened.of == "word":
        frequent = collections.words(db, opened.collection, keys)
        order = sorted(range(len(keys)), key=lambda row: -int(frequent.get(keys[row], {}).get("count", 0)))
        return [
            ", ".join(keys[row] for row in [row for row in order if labels[row] == place][:_LABEL_WORDS])
            for place in range(number)
        ]
    counts = count_words(db, opened.dataset, keys, Analyzer())
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
