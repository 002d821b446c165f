"""What a collection of a table's numbers has not seen of them.

Hashes are of text (storage.items), so that numbers are told by what they give: every row is embedded with the model as
it is, which costs little more than reading it, and set beside its stored vector.
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

SAME = 1e-4  # of the usual length: fit and encode multiply in different orders, so that their float32 differ a little


@dataclass(frozen=True)
class Unseen:
    """Rows whose vector is new or another than is stored, `keys` with `vectors` (n, dim); of those, how many are new;
    `gone`, what is stored without a row of numbers; and how many rows hold none in one of the columns."""

    keys: list[str]
    vectors: FloatArray
    added: int
    gone: list[str]
    lacking: int

    @property
    def count(self) -> int:
        """How many rows that is."""
        return len(self.keys) + len(self.gone)


def unseen(db: Connection, dataset: Dataset, collection: Collection) -> Unseen:
    """What differs between a table's columns and a collection of them.

    Raises NotFoundError for a column, or a builder, that is gone, InputError for a builder that cannot embed new rows.
    """
    builder = load().builder(collection.builder)
    if not isinstance(builder, Encodes):
        raise InputError(f"{collection.name} was built by {collection.builder}, which cannot embed new rows")
    options = make_options(builder, collections.get_run(db, collection.run).options)
    try:
        table, _ = corpora.numbers_of(db, dataset, options)
    except NotFoundError as error:
        again = f"`semsearch build {collection.builder} DB {dataset.name} --columns …` chooses anew and builds"
        raise NotFoundError(f"{error}; {again}") from error
    whole = np.asarray(np.isfinite(table.values).all(axis=1))
    keys = [table.keys[place] for place in np.flatnonzero(whole).tolist()]
    found = builder.encode(state_of(db, collection), Table(keys, table.columns, table.values[whole]))
    if found is None:
        found = np.zeros((len(keys), collection.dim), np.float32)
    where, stored = _stored(db, collection)
    row = np.array([where.get(key, -1) for key in keys], np.int64)
    length = float(np.sqrt(np.mean(np.sum(stored**2, axis=1)))) if len(stored) else 0.0
    before = np.zeros_like(found)  # a row of the very mean has no vector
    before[row >= 0] = stored[row[row >= 0]]
    differs = np.flatnonzero(np.linalg.norm(found - before, axis=1) > SAME * length)
    fresh = [keys[place] for place in differs.tolist()]
    return Unseen(
        fresh,
        np.asarray(found[differs], np.float32),
        int((row[differs] < 0).sum()),
        sorted(where.keys() - set(keys)),
        len(whole) - len(keys),
    )


def _stored(db: Connection, collection: Collection) -> tuple[dict[str, int], FloatArray]:
    """The place of each key, and the vectors at full length."""
    blocks = list(chunks.at_full_length(db, collection))
    keys = [str(key) for block in blocks for key in block.keys]
    vectors = [block.vectors for block in blocks] or [np.empty((0, collection.dim), np.float32)]
    return {key: place for place, key in enumerate(keys)}, np.concatenate(vectors)
