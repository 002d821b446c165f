"""Groups of a map at three levels, from its places: what a reader sees as islands, and their parts.

The places are divided by k-means into at most 128 groups. Ward's method joins their centres into fewer, so that the
levels are nested: each group of a level is a part of one group of the level above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semsearch.arrays import IntArray
from semsearch.maths.blas import one_thread
from semsearch.maths.projection import Places

LEVELS = 3  # the first has the fewest groups
_ITEMS = 40  # of a group of the last level, about
_MOST = (10, 36, 128)  # groups of each level; ten colours can be told apart
_RATIOS = (12, 4, 1)  # groups of the last level to one of each level
_FEWEST = 3  # groups of a level, if there are so many different places
_SAMPLE = 100_000  # places that the centres are fitted to


@dataclass(frozen=True)
class Grouping:
    """The groups of n places: `finest` (n,) numbers from 0, and for each level the group of each finest one."""

    finest: IntArray
    levels: tuple[IntArray, ...]  # (LEVELS,) of (finest groups,) numbers from 0, the largest group first

    def of_level(self, level: int) -> IntArray:
        """(n,) the number of each place's group at a level."""
        numbers: IntArray = self.levels[level][self.finest]
        return numbers


def group(places: Places, seed: int) -> Grouping:
    """The groups of places (n, 2). Fewer than a dozen places, or equal ones, are one group."""
    different = len(np.unique(places.round(6), axis=0)) if len(places) <= _SAMPLE else _SAMPLE
    wanted = min(_MOST[-1], max(3, round(len(places) / _ITEMS)), different)
    if len(places) < 12 or wanted < 2:
        return Grouping(np.zeros(len(places), np.int64), (np.zeros(1, np.int64),) * LEVELS)
    labels, centres = _k_means(places, wanted, seed)
    finest = _by_size(labels, labels)
    centres = centres[np.argsort(_order(labels), kind="stable")]
    least = min(_FEWEST, len(centres))
    counts = [min(most, max(least, round(len(centres) / ratio))) for ratio, most in zip(_RATIOS, _MOST, strict=True)]
    levels = [_joined(centres, count) for count in counts]
    sizes = np.bincount(finest, minlength=len(centres))
    return Grouping(finest, tuple(_renumbered(level, sizes) for level in levels))


@one_thread()
def _k_means(places: Places, number: int, seed: int) -> tuple[IntArray, Places]:
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(seed)
    sample = places if len(places) <= _SAMPLE else places[rng.choice(len(places), _SAMPLE, replace=False)]
    model = KMeans(number, n_init=2, random_state=seed).fit(sample)
    labels = model.predict(places)
    kept, labels = np.unique(labels, return_inverse=True)
    return labels, model.cluster_centers_[kept]


def _order(labels: IntArray) -> IntArray:
    """The rank of each label by the number of rows that have it, the most frequent 0."""
    rank: IntArray = np.argsort(np.argsort(-np.bincount(labels), kind="stable"), kind="stable")
    return rank


def _by_size(labels: IntArray, of: IntArray) -> IntArray:
    ranked: IntArray = _order(of)[labels]
    return ranked


def _joined(centres: Places, number: int) -> IntArray:
    """(n,) the joined group of each centre, by Ward's method, from 0."""
    from scipy.cluster.hierarchy import fcluster, linkage

    if number == len(centres):
        return np.arange(len(centres))
    joined: IntArray = fcluster(linkage(centres, "ward"), number, "maxclust") - 1
    return joined


def _renumbered(level: IntArray, sizes: IntArray) -> IntArray:
    """The same groups, numbered by the number of places in them."""
    totals = np.bincount(level, weights=sizes)
    rank = np.argsort(np.argsort(-totals, kind="stable"), kind="stable")
    numbers: IntArray = rank[level]
    return numbers
