"""Removing collections and datasets, with everything that was made of them."""

from __future__ import annotations

from collections.abc import Sequence

from semsearch.errors import InputError, NotFoundError, written_list
from semsearch.records import Collection, Dataset
from semsearch.storage import checkpoints, collections, datasets, dependencies, fulltext, passages, results
from semsearch.storage.connect import transaction
from semsearch.storage.driver import Connection


def drop(db: Connection, name: str) -> list[str]:
    """Remove a collection with those of its run, or a dataset with all its collections; returns the removed names.

    Tables that the user made are kept. Raises NotFoundError for an unknown name; InputError for a part of another
    collection, and for a collection that others read, which could not embed a query without it.
    """
    dataset = datasets.find_dataset(db, name)
    with transaction(db):
        if dataset is None:
            collection = _collection_to_drop(db, name)
            together = collections.of_run(db, collection.run)
            if together[0].name != name:
                raise InputError(
                    f"{name} is a part of {together[0].name}, which needs it: drop {together[0].name} instead"
                )
            _check_unread(db, together)
            dropped = _drop_together(db, collection)
            _remove_checkpoints(db, dropped)
            return dropped
        _check_unread(db, [collection for collection in collections.all_collections(db) if collection.dataset == name])
        made = passages.dataset_of(db, name)
        dropped = [] if made is None else _drop_dataset(db, made)
        return [*dropped, *_drop_dataset(db, dataset)]


def _drop_dataset(db: Connection, dataset: Dataset) -> list[str]:
    """Remove a dataset with its collections, and a table of passages; returns their names."""
    name, dropped = dataset.name, list[str]()
    while mine := [collection for collection in collections.all_collections(db) if collection.dataset == name]:
        dropped += _drop_together(db, mine[0])
    fulltext.drop(db, dataset)
    datasets.forget(db, dataset)
    if dataset.made_by == "passages":
        passages.drop(db, dataset)
    _remove_checkpoints(db, dropped)
    return [*dropped, name]


def _collection_to_drop(db: Connection, name: str) -> Collection:
    """The collection of this name. Raises NotFoundError, which lists the collections and the datasets."""
    collection = collections.find_collection(db, name)
    if collection is not None:
        return collection
    known = {
        "collections": [other.name for other in collections.all_collections(db)],
        "datasets": [dataset.name for dataset in datasets.all_datasets(db)],
    }
    lists = [f"the {what} are {written_list(names)}" for what, names in known.items() if names]
    there = ", ".join(lists) or "the file has neither"
    raise NotFoundError(f"No collection or dataset {name!r}: {there}")


def _remove_checkpoints(db: Connection, names: Sequence[str]) -> None:
    """Delete the checkpoint files of abandoned trainings of these collections."""
    for path in filter(None, (checkpoints.path_for(db, name) for name in names)):
        checkpoints.remove(path)


def _check_unread(db: Connection, dropped: Sequence[Collection]) -> None:
    """Raises InputError if a collection that stays reads one of those to be dropped."""
    for collection in dropped:
        readers = [reader.name for reader in dependencies.readers(db, collection.name) if reader not in dropped]
        if readers:
            raise InputError(f"{collection.name} is read by {', '.join(readers)}: drop that first")


def _drop_together(db: Connection, collection: Collection) -> list[str]:
    """Remove the collections of one run and the tables of results about them; returns the collections' names."""
    dropped = collections.drop_run_collections(db, collection)
    for name in dropped:
        results.drop_all(db, name)
    dataset = datasets.find_dataset(db, collection.dataset)
    if dataset is not None and dataset.made_by == "vectors":
        datasets.forget(db, dataset)
    return dropped
