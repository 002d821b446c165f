"""The map of a collection: a place in two dimensions for each item, and named groups at three levels.

An update places new items among their nearest neighbours, and moves no other item. A rebuild has other vectors: the
map of the earlier run stays, and is stale until `map` is run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from semsearch.analysis import neighbours as nearest
from semsearch.analysis.group_names import name_groups
from semsearch.analysis.neighbours import DEFAULT_K, Neighbours
from semsearch.arrays import FloatArray, IntArray
from semsearch.errors import InputError, not_a_choice
from semsearch.maths.map_groups import group
from semsearch.maths.neighbours import nearest_rows
from semsearch.maths.projection import METHODS, Method, Places, installed, project, share_kept
from semsearch.maths.vectors import largest
from semsearch.records import Collection, OpenCollection, Report, silent
from semsearch.storage import chunks
from semsearch.storage import maps as table
from semsearch.storage import neighbours as neighbour_table
from semsearch.storage.connect import snapshot, transaction
from semsearch.storage.driver import Connection
from semsearch.storage.maps import Group

_PLACED_BY = 5  # nearest items that a new item is placed between
_BLOCK = 128  # new items compared with all others at a time
_BESIDE = 1e-3  # of the map: how far from the middle of them, so that it hides none


@dataclass(frozen=True)
class Map:
    """The places (n, 2) of a collection's items in the unit square, their clusters from 1, and the groups.

    `kept` is the mean share of an item's nearest neighbours that are also its nearest on the map.
    """

    collection: Collection
    keys: Sequence[str]  # (n,)
    places: Places  # (n, 2)
    clusters: IntArray  # (n,)
    groups: Sequence[Group]
    method: Method
    seed: int
    kept: float
    neighbours: Neighbours | None  # if they were computed for the map, because the table was not there


def default_method() -> Method:
    """umap where it is installed, else pca."""
    return "umap" if installed("umap") else "pca"


def make_map(
    db: Connection,
    opened: OpenCollection,
    method: str | None = None,
    *,
    seed: int = 0,
    report: Report = silent,
) -> Map:
    """The map of a collection. Nothing is written: see `write`.

    `method` is pca, umap or tsne; None is umap where it is installed, else pca. Raises InputError for another method or
    fewer than 2 items, CapabilityError for a method whose package is missing.
    """
    chosen = default_method() if method is None else method
    if chosen not in METHODS:
        raise not_a_choice("--method", chosen, METHODS)
    collection = opened.collection
    if collection.count < 2:
        raise InputError(f"{opened.name} has {collection.count} items: a map needs at least 2")
    table.check_free(db, collection)
    with snapshot(db):
        keys, vectors = chunks.everything(db, collection)
        found = nearest.stored(db, collection, keys)
    new = None
    if found is None:
        neighbour_table.check_free(db, collection)
        found = new = Neighbours(collection, keys, *nearest_rows(vectors, DEFAULT_K, progress=report))
    places, used = project(vectors, (found.numbers, found.cosines), chosen, seed)
    grouping = group(places, seed)
    with snapshot(db):
        groups = name_groups(db, opened, keys, places, grouping)
    kept = share_kept(places, found.numbers)
    return Map(collection, keys, places, grouping.finest + 1, groups, used, seed, kept, new)


def write(db: Connection, made: Map) -> str:
    """Write COLLECTION_map (id, x, y, cluster) and COLLECTION_map_groups, and the neighbours if they are new."""
    collection = made.collection
    order = np.random.default_rng(made.seed).permutation(len(made.keys)).tolist()
    rows = ((made.keys[row], *made.places[row].tolist(), int(made.clusters[row])) for row in order)
    facts = {"method": made.method, "seed": made.seed, "kept": round(made.kept, 4)}
    with transaction(db):
        if made.neighbours is not None:
            neighbour_table.write(db, collection, made.neighbours.lists(), DEFAULT_K)
        table.write(db, collection, rows, made.groups, facts)
    return table.table_of(collection)


def refresh(db: Connection, collection: Collection, *, changed: Sequence[str] = ()) -> int | None:
    """Remove items that are gone, and place new ones and those that have `changed`; the number of both.

    None if there is no map, or it is up to date, or of another run.
    """
    points = table.read(db, collection)
    if points is None or points.state.run != collection.run or points.state.is_of(collection):
        return None
    with snapshot(db):
        keys, vectors = chunks.everything(db, collection)
    held = {key: row for row, key in enumerate(points.keys)}
    moved = held.keys() & set(changed)
    fixed = np.array([row for row, key in enumerate(keys) if key in held and key not in moved], np.int64)
    new = np.array([row for row, key in enumerate(keys) if key not in held or key in moved], np.int64)
    if not len(fixed):
        return None
    gone = held.keys() - set(keys)
    old = np.array([held[keys[row]] for row in fixed.tolist()])
    rows = [
        (keys[row], *_between(points.places[old[near]], row), int(points.clusters[old[near[0]]]))
        for row, near in zip(new.tolist(), _nearest_of(vectors, fixed, new), strict=True)
    ]
    with transaction(db):
        table.change(db, collection, [*sorted(gone | moved)], rows, points.state.facts)
    return len(new) + len(gone)


def _nearest_of(vectors: FloatArray, fixed: IntArray, new: IntArray) -> Iterator[IntArray]:
    """For each new row the places in `fixed` of the rows nearest to it."""
    others = vectors[fixed]
    for start in range(0, len(new), _BLOCK):
        for cosines in vectors[new[start : start + _BLOCK]] @ others.T:
            yield largest(cosines, _PLACED_BY)


def _between(near: Places, row: int) -> tuple[float, float]:
    """A place in the middle of others, (few, 2), a little aside."""
    angle = np.random.default_rng(row).uniform(0, 2 * np.pi)
    aside = _BESIDE * np.array([np.cos(angle), np.sin(angle)])
    x, y = np.clip(np.median(near, axis=0) + aside, 0, 1).tolist()
    return x, y
