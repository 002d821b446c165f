"""What collections have not seen of their tables, and when it would pay to learn anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from semsearch.building import numeric_staleness
from semsearch.errors import InputError, NotFoundError, SemsearchError
from semsearch.records import Collection, Dataset
from semsearch.storage import change_log, collections, datasets, keys, vector_import, vectors
from semsearch.storage.change_log import Changes
from semsearch.storage.connect import snapshot
from semsearch.storage.driver import Connection

ENOUGH = 30  # texts without which nothing is said of drift
GROWTH = 0.5  # texts folded in, as a share of those fitted, from which a rebuild pays
SEEN = 2 / 3  # of what a model usually sees: a text of which it sees less is of another kind


def main_collections(db: Connection) -> list[Collection]:
    """The first collection of each run, by name: those whose items are rows or words of a whole dataset.

    Not those that were imported: no table stands behind them that could change.
    """
    found = [
        collection for collection in collections.all_collections(db) if collection.builder != vector_import.BUILDER
    ]
    first = {collection.run: collection.id for collection in sorted(found, key=lambda one: -one.id)}
    return [collection for collection in found if first[collection.run] == collection.id]


def stale_rows(db: Connection, names: Mapping[str, object] | Sequence[str]) -> dict[str, int | None]:
    """How many rows were added, changed or deleted that each of these collections has not seen.

    Reads the tables. None where that cannot be said: for words learned beside documents, for what was imported,
    and where the table or a column is gone.
    """
    found: dict[str, int | None] = dict.fromkeys(names)
    main = [collection for collection in main_collections(db) if collection.name in found]
    for dataset in sorted({collection.dataset for collection in main}):
        mine = [collection for collection in main if collection.dataset == dataset]
        with snapshot(db):
            try:
                described, changes = changes_of(db, dataset, mine)
            except (NotFoundError, InputError):
                continue
            for collection in mine:
                if collection.of == "row":
                    found[collection.name] = _stale_numbers(db, described, collection)
                    continue
                unseen = {item.key for item in changes.since(collection.revision)}
                found[collection.name] = len(unseen.union(deleted_for(db, described, changes, collection)))
    return found


def _stale_numbers(db: Connection, dataset: Dataset, collection: Collection) -> int | None:
    try:
        return numeric_staleness.unseen(db, dataset, collection).count
    except SemsearchError:  # a column is gone, or the builder
        return None


def changes_of(db: Connection, name: str, mine: Sequence[Collection]) -> tuple[Dataset, Changes]:
    """What differs in a dataset's table since the earliest revision that these collections of it have seen.

    Raises NotFoundError for a table or column that is gone, InputError for keys that are others than were built with.
    """
    dataset = datasets.get_dataset(db, name)
    if keys.table_kind(db, name) is None:
        raise NotFoundError(
            f"The table {name} is gone: name it {name} again, or `semsearch drop DB {name}` removes what was made of it"
        )
    shape = keys.shape_of(db, name)
    was_integer = any(collection.key_type == "integer" for collection in mine)
    same = (shape.key_kind, shape.key_columns) == (dataset.key_kind, dataset.key_columns)
    if not same or (was_integer and shape.key_kind != "integer"):
        key = f"{', '.join(shape.key_columns) or 'none'} ({shape.key_kind})"
        raise InputError(
            f"The key of {name} is {key} now, which is not what its collections were built with: `semsearch index DB"
            f" {name}` builds anew"
        )
    try:
        return dataset, change_log.compare(db, dataset, min(collection.revision for collection in mine))
    except NotFoundError as error:
        raise NotFoundError(f"{error}; `semsearch index DB {name} --text COLUMN` chooses anew and builds") from error


def deleted_for(db: Connection, dataset: Dataset, changes: Changes, collection: Collection) -> set[str]:
    """The keys whose rows are gone and which the collection may still hold."""
    gone = {key for _, key in changes.gone}.union(change_log.deleted_since(db, dataset, collection.revision))
    if collection.revision == 0:  # what it has seen is not known: a file from before revisions
        gone |= set(vectors.all_keys(db, collection)) - change_log.keys(db, dataset)
    return gone


def why_rebuild(fitted: Mapping[str, float], updates: Iterable[Mapping[str, float]], folded: int) -> str | None:
    """Why learning anew would pay, from a run's metrics and those of its updates; None if it would not.

    Either half as many texts as were fitted are `folded` in now. Or what was folded in since is of another kind: the
    model sees less than two thirds of what it would see of texts like its own, where what it sees is (1 - unknown)
    (1 - residual), as a builder measures it (builders.base.Drifts). At least 30 texts must speak, since single texts
    differ; of a builder that measures no drift nothing is said.

    Both bounds are from benchmarks/drift.py. Below the first, with texts of the same kind, ranking by meaning lost at
    most a tenth of its MAP; with as many folded in as fitted up to a sixth. Of texts of the same kind a model saw .8
    or more of what it expected; of another kind at most .44, and more than half of the MAP was lost.
    """
    measured = [metrics for metrics in updates if {"texts", "unknown", "residual"} <= metrics.keys()]
    texts = sum(metrics["texts"] for metrics in measured)
    if texts < ENOUGH or not {"documents", "expected_unknown", "expected_residual"} <= fitted.keys():
        return None
    documents = fitted["documents"]
    if folded >= GROWTH * documents:
        return f"{folded:,} texts are folded into a model of {documents:,.0f}"
    unknown, residual = (sum(one[what] * one["texts"] for one in measured) / texts for what in ("unknown", "residual"))
    seen = (1 - unknown) * (1 - residual)
    usual = (1 - fitted["expected_unknown"]) * (1 - fitted["expected_residual"])
    if seen >= SEEN * usual:
        return None
    return f"the model sees {seen:.0%} of what new texts say, where it would see {usual:.0%} of texts like its own"
