"""Columns that hold labels: reading one by key, and finding those that could be one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from semsearch.errors import InputError
from semsearch.records import Collection, Dataset
from semsearch.storage.datasets import check_column
from semsearch.storage.driver import Connection
from semsearch.storage.keys import Keys, TableShape, as_text, quoted, shape_of

SAMPLED = 500  # rows looked at to find columns of labels
MOST_DIFFERENT = 40  # different values, on two rows or more, of a column that is offered
_OURS = frozenset({"word", "count", "term", "documents"})  # a vocabulary's own columns, which are no labels
_LONGEST = 60  # characters of a value that is offered as a label


def table_of(collection: Collection) -> str:
    """The table whose rows are a collection's items: its dataset's, or its vocabulary."""
    return collection.vocabulary if collection.of == "word" else collection.dataset


def of_items(db: Connection, dataset: Dataset, collection: Collection, column: str) -> dict[str, Any]:
    """What the column says of each row, by the item's key, NULL included. NotFoundError lists the columns there are."""
    shape = shape_of(db, table_of(collection))
    check_column(shape, column)
    if collection.of == "word":
        return dict(db.execute(f"select word, {quoted(column)} from {quoted(shape.name)}").fetchall())
    keys = Keys(dataset.key_kind, dataset.key_columns, shape.columns)
    result: dict[str, Any] = {}
    statement = f"select {quoted(column)}, {keys.select} from {quoted(shape.name)} order by {keys.order}"
    for row in db.execute(statement):
        key = keys.of(row[1:])
        if key is not None:
            result[key] = row[0]
    return result


def of_table(db: Connection, table: str, column: str, *, words: bool) -> dict[str, Any]:
    """What the column of another table says of each item, by key: the table's column `word` or `id`, else its key.

    Raises InputError where none of them is there, NotFoundError for an unknown table or column.
    """
    shape = shape_of(db, table)
    check_column(shape, column)
    named = "word" if words else "id"
    key = named if named in shape.columns else shape.key_columns[0] if len(shape.key_columns) == 1 else None
    if key is None:
        raise InputError(f"{shape.name} has no column {named!r} to match labels to items, and no key of one column")
    rows = db.execute(f"select {quoted(key)}, {quoted(column)} from {quoted(shape.name)}")
    return {as_text(row[0]): row[1] for row in rows if row[0] is not None}


def candidates(db: Connection, dataset: Dataset, collection: Collection) -> list[str]:
    """The columns that could hold labels: few different texts or whole numbers, on most rows one that others have too.

    Found from some hundred rows spread over the table, so that every page can ask. The dataset's own column of labels
    comes first if it is one of them or still empty, else last: it may say something else of nearly every row.
    """
    shape = shape_of(db, table_of(collection))
    own = dataset.label_column if collection.of != "word" and dataset.label_column in shape.columns else None
    not_labels = {*dataset.key_columns, *dataset.text_columns, dataset.title_column} - {own}
    if collection.of == "word":
        not_labels = set(_OURS)
    columns = [name for name in shape.columns if name not in not_labels]
    values = _spread_sample(db, shape, columns)
    result = [column for column in columns if column != own and _is_label(values[column])]
    if own is None:
        return result
    return [own, *result] if _is_label(values[own]) or not _said(values[own]) else [*result, own]


def _said(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not None and value != ""]


def _is_label(values: Sequence[Any]) -> bool:
    """Whether these could be labels: texts or whole numbers of which most come again and again."""
    said = _said(values)
    counts = Counter(said)
    again = [value for value, count in counts.items() if count > 1]
    return (
        2 <= len(again) <= min(MOST_DIFFERENT, len(said) // 3)
        and 2 * (len(counts) - len(again)) <= len(said)
        and all(isinstance(value, int | str) and len(str(value)) <= _LONGEST for value in counts)
    )


def _spread_sample(db: Connection, shape: TableShape, columns: Sequence[str]) -> Mapping[str, list[Any]]:
    """Values of these columns from rows spread over the table; from the first ones where there is no rowid.

    Tables are often sorted by label, so that the first rows are all of one.
    """
    if not columns:
        return {}
    # A long value is told by its beginning; a BLOB, of which nothing is read, by a number that is no label.
    told = ", ".join(
        f"case typeof({quoted(name)}) when 'text' then substr({quoted(name)}, 1, {_LONGEST + 1})"
        f" when 'blob' then 0.5 else {quoted(name)} end"
        for name in columns
    )
    table = quoted(shape.name)
    without = db.execute("select wr from pragma_table_list(?) where schema = 'main'", [shape.name]).fetchone()[0]
    rows: list[Any]
    if without:
        rows = db.execute(f"select {told} from {table} limit {SAMPLED}").fetchall()
    else:
        least, most = db.execute(f"select min(rowid), max(rowid) from {table}").fetchone()
        step = 0 if least is None else max(1, (most - least + 1) // SAMPLED)
        places = range(least, most + 1, step) if step else range(0)
        asked = f"select {told} from {table} where rowid >= ? limit 1"
        rows = [row for place in places if (row := db.execute(asked, [place]).fetchone()) is not None]
    return {name: [row[number] for row in rows] for number, name in enumerate(columns)}
