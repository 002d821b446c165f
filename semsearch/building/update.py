"""Folding new and changed rows into collections, and taking deleted ones out: by content hash, learning nothing anew.

Each dataset is read once, set beside what is noted of its rows (storage.items), and what a collection has not seen is
encoded with its model, all without a lock. Then everything is written in one transaction, if the file is still as it
was when it was read; so readers see the state before or the state after, and a process that is killed leaves the one
before. Word collections stay as they are: words are learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from semsearch import registry
from semsearch.arrays import FloatArray
from semsearch.builders.base import Builder, Drifts, Encodes, make_options, reads_of
from semsearch.building import numeric_staleness
from semsearch.building.staleness import changes_of, deleted_for, main_collections, stale_rows, why_rebuild
from semsearch.errors import BuildError, InputError, NotFoundError, PluginError, SemsearchError
from semsearch.images import image_arrays
from semsearch.records import Collection, Dataset, Documents, Report, Run, State, Update, silent
from semsearch.search.models import state_of
from semsearch.storage import change_log, collections, datasets, dependencies, fulltext, vector_import, vectors
from semsearch.storage.change_log import Changes
from semsearch.storage.connect import snapshot, transaction
from semsearch.storage.driver import Connection

ATTEMPTS = 3  # another program may write between reading and writing; if it always does, it never rests
AT_ONCE = 5_000  # texts encoded together
PICTURES_AT_ONCE = 1_000
FOLDED = (
    ("documents", "document"),
    ("images", "image"),
    ("table", "row"),
)  # what a builder reads, and what its collection is of


@dataclass(frozen=True)
class Updated:
    """What an update did to a collection, as it is now, of a run; how many of the rows have no vector, nothing in them
    being known; and why a rebuild would pay, if it would."""

    collection: Collection
    run: Run
    update: Update
    without_vector: int
    rebuild: str | None


@dataclass(frozen=True)
class Outcome:
    """The collections that are up to date now, and those that were left as they are, each with the reason."""

    updated: tuple[Updated, ...]
    left: Mapping[str, str]


@dataclass(frozen=True)
class _Fold:
    """What one collection is to take in and give up."""

    collection: Collection
    counts: tuple[int, int, int]  # added, changed, deleted
    out: list[str]
    keys: list[str]
    vectors: FloatArray
    texts: int
    metrics: dict[str, float]

    @property
    def changes_nothing(self) -> bool:
        return not self.out


@dataclass(frozen=True)
class _Plan:
    """An update of a dataset's collections, computed from the file as it was at one moment."""

    dataset: Dataset
    changes: Changes
    folds: list[_Fold]

    @property
    def changes_nothing(self) -> bool:
        dated = all(fold.collection.revision == self.dataset.revision for fold in self.folds)
        quiet = all(fold.changes_nothing for fold in self.folds)
        return dated and quiet and not self.changes and not self.changes.moved


def update(db: Connection, name: str | None = None, *, report: Report = silent) -> Outcome:
    """Bring one collection, or all of them, up to date with their tables.

    For one collection raises what stands in the way: NotFoundError for an unknown name or a table or column that is
    gone, InputError for a builder that cannot embed new rows, vectors it reads that are others now, or keys of another
    type, PluginError for a builder that
    is not installed, BuildError if other programs never stop writing. For all, those are `left` with that reason.
    """
    if name is not None:
        collection = _main(db, name)
        _builder_of(db, collection)
        dependencies.of_run(db, collection)  # or says that they are others now
        return Outcome((*_update(db, collection.dataset, [collection.name], report),), {})
    left: dict[str, str] = {}
    together: dict[tuple[str, str], list[str]] = {}
    for collection in main_collections(db):
        try:
            _builder_of(db, collection)
            dependencies.of_run(db, collection)
            alone = collection.name if collection.of == "row" else ""  # whose columns are nobody else's business
            together.setdefault((collection.dataset, alone), []).append(collection.name)
        except SemsearchError as error:
            left[collection.name] = str(error)
    if not together and not left:
        raise NotFoundError("There is no collection to update: `semsearch index DB TABLE` builds one")
    done: list[Updated] = []
    for (dataset, _), names in together.items():
        try:
            done += _update(db, dataset, names, report)
        except (NotFoundError, InputError, BuildError) as error:
            left |= dict.fromkeys(names, str(error))
    stale = stale_rows(db, left)
    return Outcome(tuple(done), {one: why for one, why in left.items() if stale[one] != 0})


def _main(db: Connection, name: str) -> Collection:
    """The collection of this name; InputError for one that is only a part of another."""
    collection = collections.get_collection(db, name)
    first = collections.of_run(db, collection.run)[0]
    if first.name != name:
        raise InputError(f"{name} was learned with {first.name} and changes only with it: update {first.name}")
    return collection


def _builder_of(db: Connection, collection: Collection) -> Encodes:
    """The builder that embeds new rows; PluginError or InputError that says what to do where there is none."""
    if collection.builder == vector_import.BUILDER:
        raise InputError(
            f"{collection.name} was imported, so there are no rows to take in: `semsearch ingest vectors` under the"
            " same name replaces it"
        )
    again = f"`semsearch build {collection.builder} DB {collection.dataset} --name {collection.name}` learns it anew"
    try:
        builder: Builder = registry.load().builder(collection.builder)
    except NotFoundError as error:
        raise PluginError(
            f"{collection.name} was built by {collection.builder}, which is not installed here: install the plugin it"
            " came with, or drop the collection"
        ) from error
    options = make_options(builder, collections.get_run(db, collection.run).options)
    if not isinstance(builder, Encodes) or (reads_of(builder, options), collection.of) not in FOLDED:
        raise InputError(
            f"{collection.name} was built by {collection.builder}, which cannot embed rows it has not seen: {again}"
        )
    return builder


def _update(db: Connection, dataset: str, names: Sequence[str], report: Report) -> list[Updated]:
    """Update some collections of one dataset in one transaction, again if another program wrote meanwhile."""
    for _ in range(ATTEMPTS):
        started, clock = datasets.now(), perf_counter()
        with snapshot(db):
            plan = _plan(db, dataset, names, report)
        if plan.changes_nothing:
            return [_told(db, fold, Update(started, 0.0, 0, 0, 0, {})) for fold in plan.folds]
        with transaction(db):
            if _is_as_read(db, plan):
                return [_told(db, *made) for made in _write(db, plan, started, clock)]
    raise BuildError(f"Other programs keep changing the collections of {dataset}: nothing was written; try again later")


def _plan(db: Connection, name: str, names: Sequence[str], report: Report) -> _Plan:
    mine = [collections.get_collection(db, one) for one in names]
    dataset, changes = changes_of(db, name, mine)
    return _Plan(dataset, changes, [_fold(db, dataset, changes, collection, report) for collection in mine])


def _fold(db: Connection, dataset: Dataset, changes: Changes, collection: Collection, report: Report) -> _Fold:
    """Encode what a collection has not seen."""
    if collection.of == "row":
        return _fold_numbers(db, dataset, collection)
    fresh = changes.since(collection.revision)
    gone = deleted_for(db, dataset, changes, collection) - {item.key for item in fresh}
    counts = _counts(db, changes, collection, len(gone))
    out = sorted(gone.union(item.key for item in fresh))
    if not fresh:
        return _Fold(collection, counts, out, [], np.empty((0, collection.dim), np.float32), 0, {})
    builder, state = _builder_of(db, collection), state_of(db, collection)
    if collection.of == "image":
        metrics: dict[str, float] = {"pictures": float(len(fresh))}
        keys, encoded = _pictures(db, dataset, builder, collection, state, [item.key for item in fresh])
    else:
        texts = Documents([item.key for item in fresh], [item.text for item in fresh])
        encoded = np.concatenate(list(_encoded(builder, collection, state, texts, report)))
        keys, metrics = list(texts.keys), {"texts": float(len(texts))}
        if isinstance(builder, Drifts):
            metrics |= builder.drift(state, texts, encoded)
    full = np.flatnonzero(np.linalg.norm(encoded, axis=1) > 1e-12).tolist()
    return _Fold(collection, counts, out, [keys[row] for row in full], encoded[full], len(fresh), metrics)


def _fold_numbers(db: Connection, dataset: Dataset, collection: Collection) -> _Fold:
    """The same for the numbers of rows, which have no hashes."""
    found = numeric_staleness.unseen(db, dataset, collection)
    counts = (found.added, len(found.keys) - found.added, len(found.gone))
    out = sorted({*found.gone, *found.keys})
    rows = len(found.keys) + found.lacking
    return _Fold(collection, counts, out, found.keys, found.vectors, rows, {"rows": float(len(found.keys))})


def _pictures(
    db: Connection, dataset: Dataset, builder: Encodes, collection: Collection, state: State, keys: Sequence[str]
) -> tuple[list[str], FloatArray]:
    """The pictures that can be read, at the model's shape, and their vectors."""
    kept: list[str] = []
    encoded = [np.empty((0, collection.dim), np.float32)]
    for start in range(0, len(keys), PICTURES_AT_ONCE):
        some = image_arrays.corpus(
            db, dataset, keys[start : start + PICTURES_AT_ONCE], image_arrays.shape_of_model(state)
        )
        if len(some):
            kept += some.keys
            encoded.append(_checked(builder.encode(state, some), len(some), collection))
    return kept, np.concatenate(encoded)


def _counts(db: Connection, changes: Changes, collection: Collection, deleted: int) -> tuple[int, int, int]:
    """Rows added, changed and deleted, as far as this collection is concerned."""
    added, changed = len(changes.added), len(changes.changed)
    unseen = [item.key for revision, item in changes.unseen if revision > collection.revision]
    held = len(set(unseen).intersection(vectors.all_keys(db, collection))) if unseen else 0
    return added + len(unseen) - held, changed + held, deleted


def _encoded(
    builder: Encodes, collection: Collection, state: State, texts: Documents, report: Report
) -> Iterator[FloatArray]:
    """The vectors of the texts, some at a time; BuildError for what cannot be stored."""
    for start in range(0, len(texts), AT_ONCE):
        report(start, len(texts))
        some = Documents(texts.keys[start : start + AT_ONCE], texts.texts[start : start + AT_ONCE])
        yield _checked(builder.encode(state, some), len(some), collection)


def _checked(found: FloatArray | None, items: int, collection: Collection) -> FloatArray:
    if found is None:  # nothing known in any of them
        return np.zeros((items, collection.dim), np.float32)
    if found.shape != (items, collection.dim) or not np.isfinite(found).all():
        raise BuildError(
            f"{collection.builder} returned vectors of shape {found.shape} for {items} items in"
            f" {collection.dim} dimensions, or not finite: a defect of that builder; nothing was written"
        )
    return found


def _is_as_read(db: Connection, plan: _Plan) -> bool:
    """Whether no other program has written to the catalogue since the plan was made."""
    now = {collection.id: collection for collection in collections.all_collections(db)}
    same = all(now.get(fold.collection.id) == fold.collection for fold in plan.folds)
    return same and datasets.get_dataset(db, plan.dataset.name) == plan.dataset


def _write(db: Connection, plan: _Plan, started: str, clock: float) -> list[tuple[_Fold, Update]]:
    """Write everything; inside the caller's transaction."""
    dataset, numbers = change_log.note(db, plan.dataset, plan.changes)
    if plan.changes:
        out = [number for number, _ in (*plan.changes.gone, *plan.changes.changed)]
        texts = [*plan.changes.added, *(item for _, item in plan.changes.changed)]
        fulltext.replace(db, dataset, out, texts, numbers)
    made = []
    for fold in plan.folds:
        count = vectors.replace(db, fold.collection, fold.out, fold.keys, fold.vectors)
        collections.set_seen(db, fold.collection, dataset.revision, count)
        update = Update(started, round(perf_counter() - clock, 3), *fold.counts, metrics=fold.metrics)
        if not fold.changes_nothing:
            collections.write_update(db, fold.collection.run, update)
        made.append((fold, update))
    change_log.prune_deletions(db, dataset)
    return made


def _told(db: Connection, fold: _Fold, update: Update) -> Updated:
    collection = collections.get_collection(db, fold.collection.name)
    measured = [one.metrics for one in collections.updates_of(db, collection.run)]
    folded = change_log.count_since(db, datasets.get_dataset(db, collection.dataset), collection.built)
    run = collections.get_run(db, collection.run)
    why = why_rebuild(run.metrics, measured, folded)
    return Updated(collection, run, update, fold.texts - len(fold.keys), why)
