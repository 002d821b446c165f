"""Find the rows of a numeric table that a collection of them does not represent yet.

The change log (storage.change_log) hashes texts only. So every numeric row is embedded again with the stored model,
which costs little more than reading it, and the result is compared with the stored vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semsearch.arrays import FloatArray
from semsearch.builders.base import Encodes, make_options
from semsearch.building import corpora
from semsearch.errors import InputError, NotFoundError
from semsearch.records import Collection, Dataset, Table
from semsearch.registry import load
from semsearch.search.models import state_of
from semsearch.storage import chunks, collections
from semsearch.storage.driver import Connection

TOLERANCE = 1e-4  # relative to the mean vector length: fit and encode round float32 products differently


@dataclass(frozen=True)
class Unseen:
    """The rows whose vector differs from the stored one, or is not stored."""

    keys: list[str]  # (n,)
    vectors: FloatArray  # (n, dim), not normalised
    added: int  # how many of the n are not stored
    gone: list[str]  # keys that are stored, but whose row is deleted or not numeric any more
    lacking: int  # rows without a number in one of the columns

    @property
    def count(self) -> int:
        """The number of stale rows."""
        return len(self.keys) + len(self.gone)


def unseen(db: Connection, dataset: Dataset, collection: Collection) -> Unseen:
    """The rows of a table that its collection does not represent yet.

    Raises NotFoundError for a missing column or builder, InputError for a builder that cannot embed new rows.
    """
    builder = load().builder(collection.builder)
    if not isinstance(builder, Encodes):
        raise InputError(f"{collection.name} was not updated, because {collection.builder} cannot embed new rows")
    options = make_options(builder, collections.get_run(db, collection.run).options)
    try:
        table, _ = corpora.numbers_of(db, dataset, options)
    except NotFoundError as error:
        remedy = f"`semsearch build {collection.builder} DB {dataset.name} --columns …` rebuilds it from other columns"
        raise NotFoundError(f"{error}; {remedy}") from error
    complete = np.asarray(np.isfinite(table.values).all(axis=1))
    keys = [table.keys[row] for row in np.flatnonzero(complete).tolist()]
    vectors = builder.encode(state_of(db, collection), Table(keys, table.columns, table.values[complete]))
    if vectors is None:
        vectors = np.zeros((len(keys), collection.dim), np.float32)
    row_of, stored = _stored(db, collection)
    rows = np.array([row_of.get(key, -1) for key in keys], np.int64)
    length = float(np.sqrt(np.mean(np.sum(stored**2, axis=1)))) if len(stored) else 0.0
    before = np.zeros_like(vectors)  # a row that equals the mean has no stored vector: its vector is zero
    before[rows >= 0] = stored[rows[rows >= 0]]
    differs = np.flatnonzero(np.linalg.norm(vectors - before, axis=1) > TOLERANCE * length)
    return Unseen(
        keys=[keys[row] for row in differs.tolist()],
        vectors=np.asarray(vectors[differs], np.float32),
        added=int((rows[differs] < 0).sum()),
        gone=sorted(row_of.keys() - set(keys)),
        lacking=len(complete) - len(keys),
    )


def _stored(db: Connection, collection: Collection) -> tuple[dict[str, int], FloatArray]:
    """The row of each key, and the stored vectors (n, dim), not normalised."""
    blocks = list(chunks.at_full_length(db, collection))
    keys = [str(key) for block in blocks for key in block.keys]
    vectors = [block.vectors for block in blocks] or [np.empty((0, collection.dim), np.float32)]
    return {key: row for row, key in enumerate(keys)}, np.concatenate(vectors)
