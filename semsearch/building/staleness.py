"""Find the rows that collections do not represent yet, and say when a rebuild is worthwhile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from semsearch.building import numeric_staleness
from semsearch.errors import InputError, NotFoundError, SemsearchError
from semsearch.records import Collection, Dataset
from semsearch.storage import change_log, collections, datasets, keys, vector_import, vectors
from semsearch.storage.change_log import Changes
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

MIN_TEXTS = 30  # new texts needed to judge drift
MAX_GROWTH = 0.5  # texts folded in, as a share of those fitted, from which a rebuild is recommended
MIN_REPRESENTED = 2 / 3  # of the expected share of content: below it new texts are of another kind


def main_collections(db: Connection) -> list[Collection]:
    """The first collection of each run, by name. Imported collections are left out: they have no table to follow."""
    built = [
        collection for collection in collections.all_collections(db) if collection.builder != vector_import.BUILDER
    ]
    first_id: dict[int, int] = {}
    for collection in built:
        first_id[collection.run] = min(collection.id, first_id.get(collection.run, collection.id))
    return [collection for collection in built if first_id[collection.run] == collection.id]


def stale_rows(db: Connection, names: Mapping[str, object] | Sequence[str]) -> dict[str, int | None]:
    """The number of rows added, changed or deleted since each of these collections was built or updated.

    Reads the tables. None where it is not known: for the words of a document collection, for imported collections, and
    where the table or a column is missing.
    """
    counts: dict[str, int | None] = dict.fromkeys(names)
    main = [collection for collection in main_collections(db) if collection.name in counts]
    for dataset in sorted({collection.dataset for collection in main}):
        mine = [collection for collection in main if collection.dataset == dataset]
        with snapshot(db):
            try:
                described, changes = changes_of(db, dataset, mine)
            except (NotFoundError, InputError):
                continue
            for collection in mine:
                if collection.of == "row":
                    counts[collection.name] = _stale_numbers(db, described, collection)
                    continue
                unseen = {item.key for item in changes.since(collection.revision)}
                counts[collection.name] = len(unseen.union(deleted_for(db, described, changes, collection)))
    return counts


def _stale_numbers(db: Connection, dataset: Dataset, collection: Collection) -> int | None:
    try:
        return numeric_staleness.unseen(db, dataset, collection).count
    except SemsearchError:  # a column or the builder is missing
        return None


def changes_of(db: Connection, name: str, mine: Sequence[Collection]) -> tuple[Dataset, Changes]:
    """The dataset, and the changes of its table since the oldest revision that these collections represent.

    Raises NotFoundError for a missing table or column, InputError if the key columns or their type have changed.
    """
    dataset = datasets.get_dataset(db, name)
    if keys.table_kind(db, name) is None:
        raise NotFoundError(
            f"The table {name} no longer exists: rename it back, or `semsearch drop DB {name}` removes its collections"
        )
    shape = keys.shape_of(db, name)
    was_integer = any(collection.key_type == "integer" for collection in mine)
    same = shape.is_keyed_by(dataset.key_kind, dataset.key_columns)
    if not same or (was_integer and shape.key_kind != "integer"):
        key = f"{', '.join(shape.key_columns) or 'none'} ({shape.key_kind})"
        raise InputError(
            f"The key of {name} is now {key}, but its collections were built with another key:"
            f" `semsearch index DB {name}` rebuilds them"
        )
    try:
        return dataset, change_log.compare(db, dataset, min(collection.revision for collection in mine))
    except NotFoundError as error:
        raise NotFoundError(
            f"{error}; `semsearch index DB {name} --text COLUMN` rebuilds it from another column"
        ) from error


def deleted_for(db: Connection, dataset: Dataset, changes: Changes, collection: Collection) -> set[str]:
    """The keys of deleted rows that the collection still holds, or was learned from."""
    gone = {key for _, key in changes.gone}.union(change_log.deleted_since(db, dataset, collection.revision))
    if collection.revision == 0:  # built before revisions were recorded
        gone |= set(vectors.all_keys(db, collection)) - change_log.noted_keys(db, dataset)
    if collection.of == "word":  # it has no vectors of rows
        return gone
    return vectors.known(db, collection, sorted(gone)) if gone else gone  # a row may have come and gone unseen


def why_rebuild(fitted: Mapping[str, float], updates: Iterable[Mapping[str, float]], folded: int) -> str | None:
    """The reason to rebuild a collection; None if there is none.

    `fitted` are the metrics of the run, `updates` those of its updates, `folded` the number of texts added since. A
    rebuild is recommended if half as many texts were folded in as were fitted. It is also recommended if the new texts
    are of another kind: the model represents less than two thirds of the share of content that is expected of texts
    like those fitted. That share is (1 - unknown)(1 - residual), as the builder measures it (builders.base.Drifts). At
    least 30 new texts are needed, because single texts vary.

    Both bounds come from benchmarks/drift.py. Below the first bound, with texts of the same kind, vector search lost
    at most a tenth of its MAP; with as many texts folded in as fitted, up to a sixth. Of texts of the same kind a model
    represented .8 or more of the expected share; of another kind at most .44, and it lost more than half of its MAP.
    """
    measured = [metrics for metrics in updates if {"texts", "unknown", "residual"} <= metrics.keys()]
    texts = sum(metrics["texts"] for metrics in measured)
    if texts < MIN_TEXTS or not {"documents", "expected_unknown", "expected_residual"} <= fitted.keys():
        return None
    documents = fitted["documents"]
    if folded >= MAX_GROWTH * documents:
        return f"{folded:,} texts were added to a model that was built from {documents:,.0f}"
    unknown, residual = (
        sum(metrics[name] * metrics["texts"] for metrics in measured) / texts for name in ("unknown", "residual")
    )
    represented = (1 - unknown) * (1 - residual)
    expected = (1 - fitted["expected_unknown"]) * (1 - fitted["expected_residual"])
    if represented >= MIN_REPRESENTED * expected:
        return None
    return (
        f"the model represents {100 * represented:.0f} % of the content of new texts,"
        f" where {100 * expected:.0f} % is expected"
    )
