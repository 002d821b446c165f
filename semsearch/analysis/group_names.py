"""Names of the groups of a map, from the collection's own words.

A group of documents is named by words that are more frequent in it than in all: p log(p / q), with p the share of its
documents that hold the word, and q that of all. A word in the name of the group above is not used again, unless
both are the same items. Words are
named by the most frequent of them. Images, rows and nodes without a text are named by the label that is most frequent
in the group compared with all, else by the title of the item nearest to the middle of the group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.analysis.words import count_words
from semsearch.arrays import IntArray
from semsearch.maths.map_groups import LEVELS, Grouping
from semsearch.maths.projection import Places
from semsearch.maths.sparse import sp
from semsearch.maths.text import Analyzer
from semsearch.records import OpenCollection
from semsearch.storage import collections, datasets, labels
from semsearch.storage.driver import Connection
from semsearch.storage.maps import Group

_WORDS = 2  # in the name of a group
_LEAST = 3  # documents of a group that a word of its name occurs in, at least, if the group has so many
_LONGEST = 40  # characters of a name
Names = list[list[str]]  # for each level, the name of each of its groups


def name_groups(
    db: Connection, opened: OpenCollection, keys: Sequence[str], places: Places, grouping: Grouping
) -> list[Group]:
    """The groups of all levels with their names; `keys` and `places` (n, 2) are of the items."""
    if opened.of == "word":
        names = _by_frequency(db, opened, keys, grouping)
    elif opened.has_text:
        names = _by_words(db, opened, keys, grouping)
    else:
        names = _by_labels(db, opened, keys, grouping) or _by_titles(db, opened, keys, places, grouping)
    return [
        Group(level + 1, number + 1, _above(grouping, level, number), name[:_LONGEST])
        for level in range(LEVELS)
        for number, name in enumerate(names[level])
    ]


def _above(grouping: Grouping, level: int, number: int) -> int | None:
    """The number of the group of the level above, from 1; None for the first level."""
    if level == 0:
        return None
    finest = np.flatnonzero(grouping.levels[level] == number)
    return int(grouping.levels[level - 1][finest[0]]) + 1


def _is_whole(grouping: Grouping, level: int, number: int) -> bool:
    """Whether a group is the whole group of the level above."""
    own = grouping.levels[level] == number
    above = grouping.levels[level - 1]
    return bool((own == (above == above[own][0])).all())


def _nested(grouping: Grouping, ranked: Callable[[int, int], Sequence[str]], words: int) -> Names:
    """Names of the groups of all levels, from the words of each in order, none of them in the names above."""
    names: Names = []
    taken: list[list[set[str]]] = []
    for level in range(LEVELS):
        names.append([])
        taken.append([])
        for number in range(int(grouping.levels[level].max()) + 1):
            above = _above(grouping, level, number)
            if above is not None and _is_whole(grouping, level, number):
                names[level].append(names[level - 1][above - 1])
                taken[level].append(taken[level - 1][above - 1])
                continue
            used = taken[level - 1][above - 1] if above is not None else set()
            free = [word for word in ranked(level, number) if word not in used][:words]
            names[level].append(", ".join(free))
            taken[level].append(used | set(free))
    return names


def _by_frequency(db: Connection, opened: OpenCollection, keys: Sequence[str], grouping: Grouping) -> Names:
    found = collections.words(db, opened.collection, keys)
    counts = np.array([int(found.get(key, {}).get("count") or 0) for key in keys])
    order = np.argsort(-counts, kind="stable")

    def ranked(level: int, number: int) -> list[str]:
        inside = order[grouping.of_level(level)[order] == number][: 4 * _WORDS]
        return [keys[row] for row in inside.tolist()]

    return _nested(grouping, ranked, _WORDS)


def _by_words(db: Connection, opened: OpenCollection, keys: Sequence[str], grouping: Grouping) -> Names:
    counts = count_words(db, opened.dataset, keys, Analyzer())
    if not len(counts.surfaces):
        return _nested(grouping, lambda level, number: [], _WORDS)
    binary = counts.matrix.copy()
    binary.data[:] = 1
    everywhere = np.asarray((counts.documents + 1) / (len(keys) + 1))

    scores = [_scores(binary, grouping.of_level(level), everywhere) for level in range(LEVELS)]

    def ranked(level: int, number: int) -> list[str]:
        best = np.argsort(-scores[level][number], kind="stable")[: 4 * _WORDS]
        return [counts.surfaces[word] for word in best.tolist() if scores[level][number, word] > 0]

    return _nested(grouping, ranked, _WORDS)


def _scores(binary: sp.csr_matrix, numbers: IntArray, everywhere: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """(groups, words) p log(p / q); 0 for a word in too few documents of the group."""
    rows, n = np.arange(len(numbers)), int(numbers.max()) + 1
    inside = (sp.csr_matrix((np.ones(len(rows), np.float32), (numbers, rows)), (n, len(rows))) @ binary).toarray()
    sizes = np.bincount(numbers, minlength=n)[:, None]
    share = inside / sizes
    scores: npt.NDArray[Any] = share * np.log(np.maximum(share, 1e-12) / everywhere)
    scores[inside < np.minimum(_LEAST, sizes)] = 0
    return scores


def _by_labels(db: Connection, opened: OpenCollection, keys: Sequence[str], grouping: Grouping) -> Names | None:
    """Names by the column of labels; None without one that has labels of several items."""
    column = opened.dataset.label_column
    if column is None:
        return None
    found = labels.of_items(db, opened.dataset, opened.collection, column)
    values = [str(value) if (value := found.get(key)) not in (None, "") else "" for key in keys]
    everywhere = Counter(filter(None, values))
    if not everywhere or len(everywhere) > len(keys) / 2:
        return None

    def ranked(level: int, number: int) -> list[str]:
        inside = Counter(values[row] for row in np.flatnonzero(grouping.of_level(level) == number).tolist())
        del inside[""]
        return sorted(inside, key=lambda value: (-inside[value] * inside[value] / everywhere[value], value))[:1]

    return [
        [", ".join(ranked(level, number)) for number in range(int(grouping.levels[level].max()) + 1)]
        for level in range(LEVELS)
    ]


def _by_titles(
    db: Connection, opened: OpenCollection, keys: Sequence[str], places: Places, grouping: Grouping
) -> Names:
    """Names by the title of the item nearest to the middle of each group; empty where items have none."""
    middle: list[list[str]] = []
    for level in range(LEVELS):
        numbers = grouping.of_level(level)
        middle.append([])
        for number in range(int(grouping.levels[level].max()) + 1):
            rows = np.flatnonzero(numbers == number)
            away = np.linalg.norm(places[rows] - np.median(places[rows], axis=0), axis=1)
            middle[level].append(keys[rows[away.argmin()]])
    found = datasets.rows_by_key(db, opened.dataset, sorted({key for level in middle for key in level}))

    def title(key: str) -> str:
        column = opened.dataset.title_column
        named = str(found.get(key, {}).get(column) or "") if column else ""
        return key if opened.of == "node" and not named else named

    return [[title(key) for key in level] for level in middle]
