"""The foreign keys of a dataset's table, and the rows that they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from semsearch.records import Dataset
from semsearch.storage.driver import Connection
from semsearch.storage.keys import Keys, as_text, quoted, shape_of


@dataclass(frozen=True)
class ForeignKey:
    """A column whose values are keys; `names_own_rows` is whether they are keys of the same table."""

    column: str
    table: str
    names_own_rows: bool


def of_table(db: Connection, dataset: Dataset) -> list[ForeignKey]:
    """The foreign keys of one column, in the order of the columns. Compound ones are left out."""
    rows = db.execute('select id, "table", "from", "to" from pragma_foreign_key_list(?)', [dataset.name])
    found: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, table, column, target in rows:
        found.setdefault(number, []).append((table, column, target))
    result = []
    for parts in found.values():
        (table, column, target), *others = parts
        if not others:
            own = table.lower() == dataset.name.lower() and (target is None or (target,) == dataset.key_columns)
            result.append(ForeignKey(column, table, own))
    return sorted(result, key=lambda key: key.column)


def values(db: Connection, dataset: Dataset, key: ForeignKey) -> Iterator[tuple[str, str]]:
    """The key of each row and the value of the column, as text, in key order; without NULL."""
    reading = Keys(dataset.key_kind, dataset.key_columns, shape_of(db, dataset.name).columns)
    column = quoted(key.column)
    statement = (
        f"select {column}, {reading.select} from {quoted(dataset.name)} where {column} is not null"
        f" order by {reading.order}"
    )
    for value, *row in db.execute(statement):
        if (name := reading.of(row)) is not None:
            yield name, as_text(value)
