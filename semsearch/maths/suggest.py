"""Which items would teach most if somebody said their labels.

With few labels, what teaches is to see what there is: each suggestion is the item nearest the centre of a group
(k-means) in which nothing is labelled yet, larger groups first (Hacohen, Dekel & Weinshall, "Active Learning on a
Budget", ICML 2022). With many, what teaches is the border between labels: the items whose two likeliest labels are
closest, spread over groups so that they do not all ask the same (Zhdanov, "Diverse mini-batch Active Learning", 2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.arrays import IntArray
from semsearch.maths.blas import one_thread

Floats = npt.NDArray[np.float32]

FEW_LABELS = 300  # labelled items up to which the first way is taken
MAX_POOL_ITEMS = 4_000  # items of the pool; of more, as many are drawn
_CANDIDATES_EACH = 10  # doubtful items looked at for each that is suggested


def most_informative(
    pool: Floats, labelled: Floats, told: npt.NDArray[Any] | None, number: int, rng: np.random.Generator
) -> IntArray:
    """The places in `pool` (n, k) of at most `number` items, the most telling first.

    `labelled` (m, k) are the items that have a label; `told` (n, c) what each of the pool is believed to be, None
    where nothing is known. Same rng, same items.
    """
    number = min(number, len(pool))
    looked = np.arange(len(pool))
    if len(pool) > MAX_POOL_ITEMS:
        looked = np.sort(rng.permutation(len(pool))[:MAX_POOL_ITEMS])
    if told is None or len(labelled) <= FEW_LABELS:
        return looked[_representatives(pool[looked], labelled, number, rng)]
    doubt = -_margins(told[looked])
    order = np.argsort(-doubt, kind="stable")[: max(number, _CANDIDATES_EACH * number)]
    chosen = order[_representatives(pool[looked[order]], labelled[:0], number, rng)]
    return looked[chosen[np.argsort(-doubt[chosen], kind="stable")]]


def _margins(told: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(n,) by how much the likeliest label is likelier than the next."""
    two = np.partition(told, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def _count_distinct(X: Floats, rng: np.random.Generator) -> int:
    """About how many rows differ, at least 1: k-means cannot make more groups than that. Told by a random direction."""
    return len(np.unique(np.round(X @ rng.standard_normal(X.shape[1]), 4)))


@one_thread()  # the BLAS's threads, waking for each of k-means' many small products, take sixteen times as long
def _representatives(pool: Floats, labelled: Floats, number: int, rng: np.random.Generator) -> IntArray:
    """(number,) of the pool, the item nearest the centre of each of the groups with fewest labelled items."""
    from sklearn.cluster import KMeans

    if number >= len(pool):
        return np.arange(len(pool))
    X = np.concatenate([pool, labelled])
    groups = min(number + len(labelled), _count_distinct(X, rng))
    model = KMeans(groups, n_init=1, max_iter=20, random_state=int(rng.integers(2**31))).fit(X)
    inside, covered = model.labels_[: len(pool)], np.bincount(model.labels_[len(pool) :], minlength=groups)
    sizes = np.bincount(inside, minlength=groups)
    away = np.linalg.norm(pool - model.cluster_centers_[inside], axis=1)
    nearest = np.lexsort((away, inside))  # the items group by group, the nearest to the centre first
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    order = [group for group in np.lexsort((-sizes, covered)).tolist() if sizes[group]][:number]
    found = nearest[first[order]].tolist()
    if len(found) < number:  # fewer groups hold an item of the pool than were asked for
        rest = np.setdiff1d(np.arange(len(pool)), found)
        found += rest[np.argsort(away[rest], kind="stable")][: number - len(found)].tolist()
    return np.array(found, np.int64)
