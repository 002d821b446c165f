"""Reading a table of images: the sizes of all, and the bytes of some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from semsearch.records import Dataset
from semsearch.storage.datasets import BATCH, check_column, rows_by_key
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted, shape_of


def sizes(db: Connection, dataset: Dataset) -> Counter[tuple[int, int, int]]:
    """How many pictures have each height, width and number of channels. NotFoundError for a column that is gone."""
    shape = shape_of(db, dataset.name)
    for column in ("height", "width", "channels"):
        check_column(shape, column)
    statement = f"select height, width, channels, count(*) from {quoted(dataset.name)} where channels in (1, 3)"
    statement += " and typeof(height) = 'integer' and typeof(width) = 'integer' and typeof(channels) = 'integer'"
    statement += " and height > 0 and width > 0 group by 1, 2, 3"
    return Counter({(row[0], row[1], row[2]): row[3] for row in db.execute(statement)})


def contents(db: Connection, dataset: Dataset) -> Iterator[bytes]:
    """Every BLOB in the image column of a user's table. Raises NotFoundError if the column does not exist."""
    column = dataset.image_column or "content"
    check_column(shape_of(db, dataset.name), column)
    statement = f"select {quoted(column)} from {quoted(dataset.name)} where typeof({quoted(column)}) = 'blob'"
    for row in db.execute(statement):
        yield row[0]


def rows(db: Connection, dataset: Dataset, keys: Sequence[str]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """The place in `keys`, the key and the row of each picture that is there, read some hundreds at a time."""
    for start in range(0, len(keys), BATCH):
        some = keys[start : start + BATCH]
        result = rows_by_key(db, dataset, some)
        for place, key in enumerate(some, start):
            if key in result:
                yield place, key, result[key]
