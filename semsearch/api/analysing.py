"""Methods that analyse vectors: duplicates, clusters, neighbours, maps, labels, missing edges."""

from __future__ import annotations

from semsearch.analysis import clusters as clustering
from semsearch.analysis import maps
from semsearch.analysis import neighbours as nearest
from semsearch.analysis.clusters import Clustering
from semsearch.analysis.duplicates import THRESHOLD, WORDS, Duplicate, duplicates
from semsearch.analysis.links import predict_links
from semsearch.analysis.maps import Map
from semsearch.analysis.neighbours import DEFAULT_K, Neighbours
from semsearch.labels import classify as classifying
from semsearch.labels.classify import Classified, Suggestion
from semsearch.records import Report, silent
from semsearch.session import Opened
from semsearch.storage import results
from semsearch.storage.collections import open_collection
from semsearch.storage.results import Link


class Analysing(Opened):
    """Analyses of collections; those that predict write a table of results."""

    def duplicates(
        self, collection: str, *, threshold: float = THRESHOLD, min_overlap: float = WORDS, report: Report = silent
    ) -> list[Duplicate]:
        """Pairs of items that are nearly the same, the closest first.

        `threshold` is the minimum cosine similarity, `min_overlap` the minimum word overlap of two
        documents (see the glossary), each above 0 and at most 1. Raises NotFoundError for an unknown collection,
        InputError for other shares.
        """
        with self._reading() as db:
            items = open_collection(db, collection)
            return duplicates(db, items, threshold=threshold, words=min_overlap, report=report)

    def cluster(self, collection: str, clusters: int | None = None, *, seed: int = 0) -> Clustering:
        """Group the items of a collection by k-means, and write the table COLLECTION_clusters.

        Raises NotFoundError for an unknown collection, InputError for fewer than 2 clusters or more than items.
        """
        with self._writing() as db:
            result = clustering.cluster(db, open_collection(db, collection), clusters, seed=seed)
            clustering.write(db, result)
            return result

    def neighbours(self, collection: str, *, k: int = DEFAULT_K, report: Report = silent) -> Neighbours:
        """The k nearest items of each item, and the table COLLECTION_neighbours, which updates keep current.

        Raises NotFoundError for an unknown collection, InputError for k outside 1..100 or fewer than 2 items.
        """
        with self._writing() as db:
            result = nearest.neighbours(db, open_collection(db, collection), k, report=report)
            nearest.write(db, result, k)
            return result

    def map(self, collection: str, method: str | None = None, *, seed: int = 0, report: Report = silent) -> Map:
        """A place in two dimensions for each item, and named groups; writes COLLECTION_map and COLLECTION_map_groups.

        `method` is pca, umap or tsne, by default umap where it is installed, else pca. Raises NotFoundError for an
        unknown collection, InputError for another method or fewer than 2 items, CapabilityError for a missing package.
        """
        with self._writing() as db:
            made = maps.make_map(db, open_collection(db, collection), method, seed=seed, report=report)
            maps.write(db, made)
            return made

    def predict_links(self, collection: str, *, k: int = 1000, seed: int = 0) -> list[Link]:
        """The k most likely missing edges of a node collection, best first; writes the table COLLECTION_links.

        Raises NotFoundError for an unknown collection, InputError for one that does not hold nodes, or k below 1.
        """
        with self._writing() as db:
            nodes = open_collection(db, collection)
            links = predict_links(db, nodes, k=k, seed=seed)
            results.write_links(db, nodes.collection, links)
            return links

    def classify(
        self,
        *collections: str,
        label: str | None = None,
        table: str | None = None,
        baseline: bool = True,
        seed: int = 0,
        report: Report = silent,
    ) -> Classified:
        """Train a classifier on the labelled rows, predict the others, and write the table COLLECTION_predictions.

        `label` is the column of labels, by default the dataset's, of the dataset's own table or of `table`. With
        `baseline` a bag of words is evaluated as well. Raises InputError for fewer than two labels of two items.
        """
        with self._writing() as db:
            opened = [open_collection(db, name) for name in collections]
            result = classifying.classify(db, opened, label, table=table, words=baseline, seed=seed, report=report)
            classifying.write(db, result, table=table)
            return result

    def suggest(
        self, *collections: str, k: int = 20, label: str | None = None, table: str | None = None, seed: int = 0
    ) -> list[Suggestion]:
        """The k unlabelled rows that are most informative to label next, the most informative first.

        Raises InputError for a k out of range, or if no row is unlabelled.
        """
        with self._reading() as db:
            opened = [open_collection(db, name) for name in collections]
            return classifying.suggest(db, opened, k, label, table=table, seed=seed)
