"""Active learning: the unlabelled items that are most informative to label next.

With few labels, coverage matters: each suggestion is the item nearest the centre of a cluster (k-means) without
labelled items, larger clusters first (Hacohen, Dekel & Weinshall, "Active Learning on a Budget", ICML 2022). With many
labels, uncertainty matters: the items with the smallest margin between their two likeliest labels, spread over clusters
so that they differ (Zhdanov, "Diverse mini-batch Active Learning", 2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths.blas import one_thread

Floats = npt.NDArray[np.float32]

FEW_LABELS = 300  # labelled items up to which coverage decides
MAX_POOL_ITEMS = 4_000  # items of the pool that are considered; a larger pool is sampled
_CANDIDATES_EACH = 10  # uncertain items considered per suggestion


def most_informative(
    pool: Floats, labelled: Floats, probabilities: npt.NDArray[Any] | None, number: int, rng: np.random.Generator
) -> IntArray:
    """The positions in `pool` (n, k) of at most `number` items, the most informative first.

    `labelled` (m, k) are the items with a label; `probabilities` (n, c) are those of the labels of the pool, None if
    there is no model. The same rng gives the same items.
    """
    number = min(number, len(pool))
    sample = np.arange(len(pool))
    if len(pool) > MAX_POOL_ITEMS:
        sample = np.sort(rng.permutation(len(pool))[:MAX_POOL_ITEMS])
    if probabilities is None or len(labelled) <= FEW_LABELS:
        return sample[_representatives(pool[sample], labelled, number, rng)]
    uncertainty = -_margins(probabilities[sample])
    order = np.argsort(-uncertainty, kind="stable")[: max(number, _CANDIDATES_EACH * number)]
    chosen = order[_representatives(pool[sample[order]], labelled[:0], number, rng)]
    return sample[chosen[np.argsort(-uncertainty[chosen], kind="stable")]]


def _margins(probabilities: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(n,) the probability of the likeliest label minus that of the next."""
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def _count_distinct(X: Floats, rng: np.random.Generator) -> int:
    """About the number of distinct rows, by projection on a random direction: k-means cannot find more clusters."""
    return len(np.unique(np.round(X @ rng.standard_normal(X.shape[1]), 4)))


@one_thread()  # k-means has many small products: waking BLAS threads for each takes 16 times as long
def _representatives(pool: Floats, labelled: Floats, number: int, rng: np.random.Generator) -> IntArray:
    """(number,) the pool item nearest the centre of each of the clusters with fewest labelled items."""
    from sklearn.cluster import KMeans

    if number >= len(pool):
        return np.arange(len(pool))
    X = np.concatenate([pool, labelled])
    groups = min(number + len(labelled), _count_distinct(X, rng))
    model = KMeans(groups, n_init=1, max_iter=20, random_state=int(rng.integers(2**31))).fit(X)
    inside, covered = model.labels_[: len(pool)], np.bincount(model.labels_[len(pool) :], minlength=groups)
    sizes = np.bincount(inside, minlength=groups)
    distances = np.linalg.norm(pool - model.cluster_centers_[inside], axis=1)
    nearest = np.lexsort((distances, inside))  # items by cluster, the nearest to the centre first
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    order = [group for group in np.lexsort((-sizes, covered)).tolist() if sizes[group]][:number]
    chosen = nearest[first[order]].tolist()
    if len(chosen) < number:  # too few clusters hold an item of the pool
        rest = np.setdiff1d(np.arange(len(pool)), chosen)
        chosen += rest[np.argsort(distances[rest], kind="stable")][: number - len(chosen)].tolist()
    return np.array(chosen, np.int64)
