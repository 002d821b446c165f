"""Update collections: encode new and changed rows with the stored model, and remove deleted ones. Nothing is trained.

Each dataset is read once and compared with the change log (storage.change_log). The rows that a collection does not
represent yet are encoded without a lock. Then everything is written in one transaction, if the file has not changed
since it was read. Readers see the state before or the state after; a killed process leaves the state before. Word
collections do not change, because words are learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

import numpy as np

from semsearch import registry
from semsearch.arrays import FloatArray
from semsearch.builders.base import ZERO_NORM, Builder, Drifts, Encodes, embeds_items, make_options, reads_of
from semsearch.building import numeric_staleness
from semsearch.building.passages import refresh
from semsearch.building.rebuild_command import rebuild_command
from semsearch.building.results_refresh import refresh_results
from semsearch.building.staleness import changes_of, deleted_for, main_collections, stale_rows, why_rebuild
from semsearch.errors import BuildError, InputError, NotFoundError, PluginError, SemsearchError
from semsearch.images import image_arrays
from semsearch.maths.term_lines import term_lines
from semsearch.records import Collection, Dataset, Documents, Report, Run, State, Update, silent
from semsearch.search.models import state_of
from semsearch.storage import change_log, collections, datasets, dependencies, fulltext, lineage, vector_import, vectors
from semsearch.storage.change_log import Changes
from semsearch.storage.connect import snapshot, transaction
from semsearch.storage.damage import fitting
from semsearch.storage.driver import Connection

ATTEMPTS = 3  # at reading and writing, as another program may write in between
BATCH_TEXTS = 5_000  # texts encoded at once
BATCH_IMAGES = 1_000  # images encoded at once
UPDATABLE = (
    ("documents", "document"),
    ("images", "image"),
    ("table", "row"),
)  # what the builder reads, and the kind of item of its collection


@dataclass(frozen=True)
class Updated:
    """What an update did to one collection."""

    collection: Collection  # as it is now
    run: Run
    update: Update
    without_vector: int  # of the new and changed rows, those in which the model knows nothing
    rebuild: str | None  # why a rebuild is recommended, if it is


@dataclass(frozen=True)
class Outcome:
    """The collections that are up to date now, and the others by name, each with the reason."""

    updated: tuple[Updated, ...]
    left: Mapping[str, str]
    rebuilds: frozenset[str] = frozenset()  # those left that cannot be updated by design: only a rebuild adds rows
    refreshed: Mapping[str, int] = field(default_factory=dict)  # tables of results that followed, and the items written


class _NotUpdatableError(InputError):
    """A collection that cannot be updated, because its builder cannot embed new items."""


@dataclass(frozen=True)
class _Fold:
    """The changes to one collection."""

    collection: Collection
    counts: tuple[int, int, int]  # added, changed, deleted
    out: list[str]  # keys whose vectors are removed or replaced
    keys: list[str]  # (n,) keys of the new vectors
    vectors: FloatArray  # (n, dim)
    rows: int  # new and changed rows; n of them have a vector
    metrics: dict[str, float]

    @property
    def changes_nothing(self) -> bool:
        return not self.out


@dataclass(frozen=True)
class _Plan:
    """An update of a dataset's collections, computed from one snapshot of the file."""

    dataset: Dataset
    changes: Changes
    folds: list[_Fold]

    @property
    def changes_nothing(self) -> bool:
        current = all(fold.collection.revision == self.dataset.revision for fold in self.folds)
        unchanged = all(fold.changes_nothing for fold in self.folds)
        return current and unchanged and not self.changes and not self.changes.moved


def update(db: Connection, name: str | None = None, *, report: Report = silent) -> Outcome:
    """Bring one collection, or all of them, up to date with their tables.

    For all collections, those that cannot be updated are `left`, each with the reason. For one collection it raises:
    NotFoundError for an unknown name, or a missing table or column; InputError for a builder that cannot embed new
    items, inputs that have been rebuilt, or keys of another type; PluginError for a builder that is not installed;
    BuildError if other programs keep writing.

    Tables of results that can follow (building.results_refresh) are brought up to date afterwards.
    """
    if name is None:
        outcome = _update_all(db, report)
    else:
        collection = _main(db, name)
        _check_updatable(db, collection)
        outcome = Outcome((*_update(db, collection.dataset, [collection.name], report),), {})
    return replace(outcome, refreshed=refresh_results(db, [done.collection for done in outcome.updated], report))


def _update_all(db: Connection, report: Report) -> Outcome:
    """Update all collections, those of one dataset together: its table is then read once."""
    left: dict[str, str] = {}
    rebuilds: set[str] = set()
    together: dict[tuple[str, str], list[str]] = {}
    for collection in main_collections(db):
        try:
            _check_updatable(db, collection)
            own = (
                collection.name if collection.of == "row" else ""
            )  # each reads columns of its own, which may be missing
            together.setdefault((collection.dataset, own), []).append(collection.name)
        except SemsearchError as error:
            left[collection.name] = str(error)
            rebuilds |= {collection.name} if isinstance(error, _NotUpdatableError) else set()
    if not together and not left:
        raise NotFoundError("No collection to update: `semsearch index DB TABLE` builds one")
    updated: list[Updated] = []
    for (dataset, _), names in together.items():
        try:
            updated += _update(db, dataset, names, report)
        except (NotFoundError, InputError, BuildError) as error:
            left |= dict.fromkeys(names, str(error))
    stale = stale_rows(db, left)
    left = {name: reason for name, reason in left.items() if stale[name] != 0}
    return Outcome(tuple(updated), left, frozenset(rebuilds & left.keys()))


def _main(db: Connection, name: str) -> Collection:
    """The collection of this name. Raises InputError if it is a part of another."""
    collection = collections.get_collection(db, name)
    first = collections.of_run(db, collection.run)[0]
    if first.name != name:
        raise InputError(f"{name} is a part of {first.name}, which is updated as a whole: update {first.name} instead")
    return collection


def _check_updatable(db: Connection, collection: Collection) -> None:
    """Raises PluginError or InputError, with the remedy, for a collection that cannot be updated."""
    _builder_of(db, collection)
    dependencies.of_run(db, collection)  # raises InputError if an input has been rebuilt


def _builder_of(db: Connection, collection: Collection) -> Encodes:
    """The builder that embeds new rows. Raises PluginError or InputError, with the remedy, if there is none."""
    if collection.builder == vector_import.BUILDER:
        raise InputError(
            f"{collection.name} was imported, so it has no rows to update from: `semsearch ingest vectors` with the"
            " same name replaces it"
        )
    try:
        builder: Builder = registry.load().builder(collection.builder)
    except NotFoundError as error:
        raise PluginError(
            f"{collection.name} was built by {collection.builder}, which is not installed: install its plugin, or"
            " drop the collection"
        ) from error
    run = collections.get_run(db, collection.run)
    read = reads_of(builder, make_options(builder, run.options))
    if not isinstance(builder, Encodes) or not embeds_items(builder) or (read, collection.of) not in UPDATABLE:
        raise _NotUpdatableError(
            f"{collection.name} was not updated, because {collection.builder} cannot embed new rows. Rebuild it:"
            f" `{rebuild_command('DB', collection, run)}`"
        )
    return builder


def _update(db: Connection, dataset: str, names: Sequence[str], report: Report) -> list[Updated]:
    """Update some collections of one dataset in one transaction; try again if another program wrote meanwhile."""
    refresh(db, datasets.get_dataset(db, dataset))
    for _ in range(ATTEMPTS):
        started, clock = datasets.now(), perf_counter()
        with snapshot(db):
            plan = _plan(db, dataset, names, report)
        if plan.changes_nothing:
            return [_updated(db, fold, Update(started, 0.0, 0, 0, 0, {})) for fold in plan.folds]
        with transaction(db):
            if _is_unchanged(db, plan):
                return [_updated(db, *written) for written in _write(db, plan, started, clock)]
    raise BuildError(f"Other programs keep changing the collections of {dataset}: nothing was written; try again later")


def _plan(db: Connection, name: str, names: Sequence[str], report: Report) -> _Plan:
    chosen = [collections.get_collection(db, collection) for collection in names]
    dataset, changes = changes_of(db, name, chosen)
    return _Plan(dataset, changes, [_fold(db, dataset, changes, collection, report) for collection in chosen])


def _fold(db: Connection, dataset: Dataset, changes: Changes, collection: Collection, report: Report) -> _Fold:
    """Encode the rows that a collection does not represent yet."""
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
        keys, encoded = _encoded_images(db, dataset, builder, collection, state, [item.key for item in fresh])
    else:
        texts = Documents([item.key for item in fresh], [item.text for item in fresh])
        encoded = np.concatenate(list(_encoded_texts(builder, collection, state, texts, report)))
        keys, metrics = list(texts.keys), {"texts": float(len(texts))}
        if isinstance(builder, Drifts):
            metrics |= builder.drift(state, texts, encoded)
    known = np.flatnonzero(np.linalg.norm(encoded, axis=1) > ZERO_NORM).tolist()
    return _Fold(collection, counts, out, [keys[row] for row in known], encoded[known], len(fresh), metrics)


def _fold_numbers(db: Connection, dataset: Dataset, collection: Collection) -> _Fold:
    """The same for numeric rows, which the change log does not cover."""
    unseen = numeric_staleness.unseen(db, dataset, collection)
    counts = (unseen.added, len(unseen.keys) - unseen.added, len(unseen.gone))
    out = sorted({*unseen.gone, *unseen.keys})
    rows = len(unseen.keys) + unseen.lacking
    return _Fold(collection, counts, out, unseen.keys, unseen.vectors, rows, {"rows": float(len(unseen.keys))})


def _encoded_images(
    db: Connection, dataset: Dataset, builder: Encodes, collection: Collection, state: State, keys: Sequence[str]
) -> tuple[list[str], FloatArray]:
    """The keys (n,) of the readable images, and their vectors (n, dim)."""
    readable: list[str] = []
    encoded = [np.empty((0, collection.dim), np.float32)]
    for start in range(0, len(keys), BATCH_IMAGES):
        batch = image_arrays.corpus(db, dataset, keys[start : start + BATCH_IMAGES], image_arrays.shape_of_model(state))
        if len(batch):
            readable += batch.keys
            encoded.append(_checked(builder.encode(state, batch), len(batch), collection))
    return readable, np.concatenate(encoded)


def _counts(db: Connection, changes: Changes, collection: Collection, deleted: int) -> tuple[int, int, int]:
    """The numbers of rows added, changed and deleted since this collection was built or updated."""
    added, changed = len(changes.added), len(changes.changed)
    unseen = [item.key for revision, item in changes.unseen if revision > collection.revision]
    held = len(set(unseen).intersection(vectors.all_keys(db, collection))) if unseen else 0
    return added + len(unseen) - held, changed + held, deleted


def _encoded_texts(
    builder: Encodes, collection: Collection, state: State, texts: Documents, report: Report
) -> Iterator[FloatArray]:
    """The vectors (batch, dim) of the texts, batch by batch. Raises BuildError for what cannot be stored."""
    for start in range(0, len(texts), BATCH_TEXTS):
        report(start, len(texts))
        batch = Documents(texts.keys[start : start + BATCH_TEXTS], texts.texts[start : start + BATCH_TEXTS])
        with fitting(f"The model of {collection.name}"):
            encoded = builder.encode(state, batch)
        yield _checked(encoded, len(batch), collection)


def _checked(encoded: FloatArray | None, items: int, collection: Collection) -> FloatArray:
    if encoded is None:  # nothing known in any of them
        return np.zeros((items, collection.dim), np.float32)
    if encoded.shape != (items, collection.dim) or not np.isfinite(encoded).all():
        raise BuildError(
            f"{collection.builder} returned vectors of shape {encoded.shape} for {items} items in"
            f" {collection.dim} dimensions, or values that are not finite, which is a bug in that builder:"
            " nothing was written"
        )
    return encoded


def _is_unchanged(db: Connection, plan: _Plan) -> bool:
    """Whether no other program has written to the catalogue since the plan was computed."""
    now = {collection.id: collection for collection in collections.all_collections(db)}
    same = all(now.get(fold.collection.id) == fold.collection for fold in plan.folds)
    return same and datasets.get_dataset(db, plan.dataset.name) == plan.dataset


def _write(db: Connection, plan: _Plan, started: str, clock: float) -> list[tuple[_Fold, Update]]:
    """Write everything, inside the caller's transaction; the record of each update."""
    lineage.adopt(db, plan.dataset.name)
    runs = {fold.collection.run for fold in plan.folds}
    lineage.renew(db, plan.dataset.name, runs=sorted(runs), dataset=plan.dataset.id)
    dataset, numbers = change_log.note(db, plan.dataset, plan.changes)
    if plan.changes:
        out = [number for number, _ in (*plan.changes.gone, *plan.changes.changed)]
        texts = [*plan.changes.added, *(item for _, item in plan.changes.changed)]
        fulltext.replace(db, dataset, out, texts, numbers, term_lines(dataset.language))
    written = []
    for fold in plan.folds:
        count = vectors.replace(db, fold.collection, fold.out, fold.keys, fold.vectors)
        collections.set_seen(db, fold.collection, dataset.revision, count)
        record = Update(started, round(perf_counter() - clock, 3), *fold.counts, metrics=fold.metrics)
        if not fold.changes_nothing:
            collections.write_update(db, fold.collection.run, record)
        written.append((fold, record))
    change_log.prune_deletions(db, dataset)
    return written


def _updated(db: Connection, fold: _Fold, record: Update) -> Updated:
    """The result for one collection, and whether a rebuild is recommended."""
    collection = collections.get_collection(db, fold.collection.name)
    measured = [former.metrics for former in collections.updates_of(db, collection.run)]
    folded = change_log.count_since(db, datasets.get_dataset(db, collection.dataset), collection.built)
    run = collections.get_run(db, collection.run)
    reason = why_rebuild(run.metrics, measured, folded)
    return Updated(collection, run, record, fold.rows - len(fold.keys), reason)
