"""Which collections a run read beside its dataset, and whether they still are what it read.

A model keeps no copy of them: what equals a stored collection is named. A build or an import under the same name puts
other vectors there, in another space, so the run that had made them is noted too, and what needs them asks first.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from semsearch.errors import InputError
from semsearch.records import Collection, Embeddings
from semsearch.storage import chunks, collections
from semsearch.storage.driver import Connection


def asked(db: Connection, builder: str, options: Any) -> dict[str, Collection]:
    """The collections that a builder's options name, by option.

    NotFoundError for a name that is none; InputError for one of other things, or where one is needed and none named.
    """
    result = {}
    for field in dataclasses.fields(options):
        of, name = field.metadata.get("of"), getattr(options, field.name)
        if of is None:
            continue
        if name is not None:
            result[field.name] = _of(collections.get_collection(db, name), of)
        elif field.metadata.get("needed"):
            raise InputError(f"{builder} reads a collection of {of}s: {_choice(db, field.name, of)}")
    return result


def _of(collection: Collection, of: str) -> Collection:
    if collection.of != of:
        raise InputError(f"{collection.name} is a collection of {collection.of}s: one of {of}s is needed")
    return collection


def _choice(db: Connection, option: str, of: str) -> str:
    names = [collection.name for collection in collections.all_collections(db) if collection.of == of]
    if names:
        return f"give --{option.replace('_', '-')} with one of {', '.join(names)}"
    return "the file has none; `semsearch build pmi DB DATASET` or `semsearch ingest vectors DB NAME FILE` makes one"


def everything(db: Connection, collection: Collection) -> Embeddings:
    """All of a collection as a fit gave it; `columns` holds the words' counts where they are known."""
    keys: list[str] = []
    vectors = np.empty((collection.count, collection.dim), np.float32)
    for block in chunks.at_full_length(db, collection):
        vectors[len(keys) : len(keys) + len(block.keys)] = block.vectors
        keys += map(str, block.keys)
    counts = collections.word_counts(db, collection) if collection.of == "word" else {}
    columns = {"count": [counts[key] for key in keys]} if counts else {}
    return Embeddings(collection.of, keys, vectors, columns)


def write(db: Connection, run: int, read: Mapping[str, Collection]) -> None:
    """Note what a run read, by the option that named it."""
    db.executemany(
        "insert into _semsearch_inputs (run, option, collection, made) values (?, ?, ?, ?)",
        ((run, option, collection.name, collection.run) for option, collection in read.items()),
    )


def of_run(db: Connection, collection: Collection) -> dict[str, Collection]:
    """What the run of this collection read, by option; InputError if any of it is not there any more as it was."""
    result, gone = _read(db, collection)
    if gone:
        what = ", ".join(gone)
        meanwhile = "; until then only mode text works" if collection.of == "document" else ""
        raise InputError(
            f"{collection.name} was built from vectors of {what}, which were rebuilt or dropped since. Build it again"
            f" with `semsearch build {collection.builder} DB {collection.dataset} --name {collection.name} …`"
            f"{meanwhile}"
        )
    return result


def outdated(db: Connection, collection: Collection) -> bool:
    """Whether anything that the run of this collection read is not there any more as it was."""
    return bool(_read(db, collection)[1])


def _read(db: Connection, collection: Collection) -> tuple[dict[str, Collection], list[str]]:
    """What the run read and is still there, by option, and the names of what is not."""
    rows = db.execute("select option, collection, made from _semsearch_inputs where run = ?", [collection.run])
    inputs, gone = {}, []
    for option, name, run in rows.fetchall():
        source = collections.find_collection(db, name)
        if source is not None and source.run == run:
            inputs[option] = source
        else:
            gone.append(name)
    return inputs, gone


def readers(db: Connection, name: str) -> list[Collection]:
    """The collections that were made with the help of this one, or of an earlier one of its name."""
    rows = db.execute("select run from _semsearch_inputs where collection = ?", [name])
    runs = {row[0] for row in rows}
    return [collection for collection in collections.all_collections(db) if collection.run in runs]
