"""Positions of items in two dimensions: by principal components, UMAP or t-SNE, from their vectors and neighbours.

UMAP (McInnes, Healy & Melville 2018) and t-SNE (van der Maaten & Hinton 2008; openTSNE, Poličar et al. 2024) place
neighbours together. Both begin with the principal components, which keeps the large structure and makes the result
repeatable (Kobak & Linderman, "Initialization is critical", 2021). t-SNE gets each of the k neighbours with the same
weight (Böhm, Berens & Kobak, "Attraction-repulsion spectrum", JMLR 2022).
"""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import BuildError, CapabilityError
from semsearch.maths.blas import one_thread

Method: TypeAlias = Literal["pca", "umap", "tsne"]
Places: TypeAlias = npt.NDArray[np.float64]

METHODS: tuple[Method, ...] = ("pca", "umap", "tsne")
PACKAGES = {"umap": "umap-learn", "tsne": "openTSNE"}
_MODULES = {"umap": "umap", "tsne": "openTSNE"}
_FEWEST = 10  # items; fewer are placed by their principal components, because they have hardly any neighbours
_SPREAD, _LEAST_DISTANCE = 1.0, 0.1  # umap-learn's defaults, in the units of its map
_START = {"umap": 10.0, "tsne": 1e-4}  # extent of the start that each library expects
_FLAT = 1e-6  # extent of unit vectors below which all are equal, but for rounding
_OUTSIDE = 5e-4  # share of items on each side that do not count for the frame, where there are thousands
_FRAMED = 2_000  # items from which some of them do not count
_MARGIN = 0.02  # of the extent, around the items that count


def installed(method: Method) -> bool:
    """Whether the package of a method is installed; principal components need none."""
    return method == "pca" or find_spec(_MODULES[method]) is not None


def project(
    vectors: FloatArray, neighbours: tuple[IntArray, FloatArray], method: Method, seed: int
) -> tuple[Places, Method]:
    """Places (n, 2) in the unit square of (n, dim) unit vectors, and the method that was used.

    `neighbours` are (n, k) row numbers and cosines. Fewer than ten items, or items that are all equal, are placed by
    their principal components. The same seed gives the same places. Raises CapabilityError for a package that is not
    installed, BuildError for places that are not finite.
    """
    if not installed(method):
        raise CapabilityError(
            f"The map by {method} needs the package {PACKAGES[method]}:"
            " `pip install 'datasette-semsearch[map]'`, or use pca"
        )
    plane = principal_plane(vectors)
    if method != "pca" and (len(vectors) < _FEWEST or not len(neighbours[0].T) or np.ptp(plane) < _FLAT):
        method = "pca"
    places = plane
    if method != "pca":
        start = plane * (_START[method] / np.ptp(plane[:, 0]))
        with warnings.catch_warnings(), one_thread():
            warnings.simplefilter("ignore")  # both warn of each other's parameters, of seeds and of threads
            places = (_by_umap if method == "umap" else _by_tsne)(start, neighbours, seed)
    if not np.isfinite(places).all():
        raise BuildError(f"The map by {method} has places that are not finite: use another --method or --seed")
    return in_unit_square(places), method


@one_thread()
def principal_plane(vectors: FloatArray) -> Places:
    """(n, 2) the vectors along their first two principal components, the largest entry of each positive."""
    n, dim = vectors.shape
    mean = vectors.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh((vectors.T @ vectors).astype(np.float64) / max(n, 1) - np.outer(mean, mean))
    first = axes[:, : -min(2, dim) - 1 : -1]
    signs = np.sign(first[np.abs(first).argmax(axis=0), np.arange(first.shape[1])])
    plane = (vectors - mean.astype(np.float32)) @ (first * signs).astype(np.float32)
    return np.hstack([plane, np.zeros((n, 2 - plane.shape[1]))]).astype(np.float64)


def _by_umap(start: Places, neighbours: tuple[IntArray, FloatArray], seed: int) -> Places:
    """The steps of umap-learn's `fit`, without its own search for neighbours."""
    from umap import umap_

    rows, distances = _with_itself(neighbours)
    random: Any = np.random.RandomState(seed)
    metric = {"metric": "cosine", "metric_kwds": {}}
    graph, _, _ = umap_.fuzzy_simplicial_set(
        start, rows.shape[1], random, knn_indices=rows, knn_dists=distances, **metric
    )
    a, b = umap_.find_ab_params(_SPREAD, _LEAST_DISTANCE)
    jitter = random.normal(scale=1e-4, size=start.shape)  # equal items would never part
    places, _ = umap_.simplicial_set_embedding(
        start,
        graph,
        n_components=2,
        initial_alpha=1.0,
        a=a,
        b=b,
        gamma=1.0,
        negative_sample_rate=5,
        n_epochs=None,
        init=(start + jitter).astype(np.float32),
        random_state=random,
        densmap=False,
        densmap_kwds={},
        output_dens=False,
        **metric,
    )
    return np.asarray(places, np.float64)


def _by_tsne(start: Places, neighbours: tuple[IntArray, FloatArray], seed: int) -> Places:
    from openTSNE import TSNE, affinity
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    known = PrecomputedNeighbors(neighbours[0], 1 - neighbours[1].astype(np.float64))
    weights = affinity.Uniform(knn_index=known, symmetrize="mean")
    model = TSNE(initialization=start, random_state=seed, n_jobs=1)
    return np.asarray(model.fit(affinities=weights), np.float64)


def _with_itself(neighbours: tuple[IntArray, FloatArray]) -> tuple[IntArray, FloatArray]:
    """(n, k + 1) row numbers and cosine distances, each row first its own nearest, as umap-learn expects."""
    rows, cosines = neighbours
    own = np.arange(len(rows))[:, None]
    distances = np.hstack([np.zeros((len(rows), 1)), np.maximum(0, 1 - cosines)])
    return np.hstack([own, rows]), distances.astype(np.float32)


def in_unit_square(places: Places) -> Places:
    """Places (n, 2) moved and scaled into the unit square, with the same scale for both axes.

    A few items far from all others do not set the scale: they are moved to the border.
    """
    if not len(places):
        return places
    ends = (_OUTSIDE, 1 - _OUTSIDE) if len(places) >= _FRAMED else (0.0, 1.0)
    low, high = np.quantile(places, ends, axis=0)
    extent = float((high - low).max()) * (1 + 2 * _MARGIN)
    if extent < _FLAT:
        return np.full(places.shape, 0.5)
    return np.clip((places - (low + high) / 2) / extent + 0.5, 0, 1)


def share_kept(places: Places, numbers: IntArray, sample: int = 2_000) -> float:
    """The mean share of the k neighbours (n, k) of a row that are among its k nearest in the plane, on some rows."""
    from scipy.spatial import cKDTree

    n, k = numbers.shape
    if not k:
        return 1.0
    rows = np.random.default_rng(0).permutation(n)[:sample]
    _, near = cKDTree(places).query(places[rows], min(n, k + 1))
    shares = [
        len(np.intersect1d(numbers[row], found[found != row][:k])) / k for row, found in zip(rows, near, strict=True)
    ]
    return float(np.mean(shares))
