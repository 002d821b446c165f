"""Pairs of rows that belong together, as only the database knows: by edges, foreign keys or mail threads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from semsearch.arrays import IntArray
from semsearch.errors import InputError
from semsearch.records import Dataset
from semsearch.storage import edges, foreign_keys
from semsearch.storage.driver import Connection
from semsearch.storage.textitem import TextItem

RELATED = ("edges", "key", "thread")
_REPLY = re.compile(
    r"^\s*(?:(?:re|aw|sv|antw|ref|fwd?|wg|tr|rif|r)\s*(?:\[\d+\])?\s*:\s*|\[[^\]]{1,40}\]\s*)+", re.IGNORECASE
)


def related_rows(db: Connection, dataset: Dataset, kind: str, items: Sequence[TextItem]) -> IntArray:
    """(m, 2) positions in `items` of two different rows that belong together, each pair once.

    `edges` are the dataset's own. `key` joins a row and the row of the same table that a foreign key names, and rows
    that name the same row of another table, each with the next. `thread` joins messages whose titles are equal without
    marks of replies, each with the next. Raises InputError for a dataset without edges or without foreign keys.
    """
    index = {item.key: row for row, item in enumerate(items)}
    if kind == "edges":
        if dataset.edges is None:
            raise InputError(f"{dataset.name} has no edges: `semsearch ingest edges` adds them")
        source, target, _ = edges.read(db, dataset, index)
        return _once(np.stack([source, target], axis=1))
    if kind == "thread":
        return _once(_chained(threads(items)))
    keys = foreign_keys.of_table(db, dataset)
    if not keys:
        raise InputError(f"{dataset.name} has no foreign key: choose other pairs, for example --pairs words")
    parts = [np.zeros((0, 2), np.int64)]
    for key in keys:
        values = foreign_keys.values(db, dataset, key)
        if key.names_own_rows:
            pairs = [(index[row], index[other]) for row, other in values if row in index and other in index]
            parts.append(np.array(pairs, np.int64).reshape(-1, 2))
        else:
            groups: dict[str, list[int]] = {}
            for row, other in values:
                if row in index:
                    groups.setdefault(other, []).append(index[row])
            parts.append(_chained(groups))
    return _once(np.concatenate(parts))


def threads(items: Iterable[TextItem]) -> Mapping[str, list[int]]:
    """The positions of messages by their title without marks of replies, in lower case. A message needs one."""
    result: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        subject = " ".join(_REPLY.sub("", item.title).lower().split())
        if subject:
            result.setdefault(subject, []).append(row)
    return result


def _chained(groups: Mapping[str, Sequence[int]]) -> IntArray:
    """(m, 2) each row of a group with the next one: as many pairs as rows, however large a group is."""
    pairs = [pair for rows in groups.values() for pair in zip(rows, rows[1:], strict=False)]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _once(pairs: IntArray) -> IntArray:
    """Each pair of different rows once."""
    return np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
