"""Whether every row of a table can be named by its key: BLOB keys, NULL in a key, keys that are equal as text."""

from __future__ import annotations

from semsearch.errors import InputError
from semsearch.records import Dataset
from semsearch.storage.driver import Connection
from semsearch.storage.keys import quoted


def rows_without_key(db: Connection, dataset: Dataset) -> int:
    """How many rows have NULL in a key column, which SQLite allows; builds leave these out.

    Raises InputError for BLOBs in a key column, and for two keys that are the same as text, such as 1 and '1'.
    """
    if dataset.key_kind not in ("text", "compound"):
        return 0
    columns, table = [quoted(column) for column in dataset.key_columns], quoted(dataset.name)
    kinds = {row[0] for column in columns for row in db.execute(f"select distinct typeof({column}) from {table}")}
    if "blob" in kinds:
        raise InputError(
            f"{dataset.name!r} has BLOBs in its key ({', '.join(dataset.key_columns)}), which cannot name a row in a"
            " URL: make a table whose key is an integer or text, such as hex() of the BLOB"
        )
    if len(kinds - {"null"}) > 1:
        _check_distinct(db, dataset, columns)
    if "null" not in kinds:
        return 0
    missing = " or ".join(f"{column} is null" for column in columns)
    return int(db.execute(f"select count(*) from {table} where {missing}").fetchone()[0])


def _check_distinct(db: Connection, dataset: Dataset, columns: list[str]) -> None:
    texts = ", ".join(f"cast({column} as text)" for column in columns)
    complete = " and ".join(f"{column} is not null" for column in columns)
    statement = (
        f"select {texts} from {quoted(dataset.name)} where {complete} group by {texts} having count(*) > 1 limit 1"
    )
    found = db.execute(statement).fetchone()
    if found is not None:
        key = ", ".join(found)
        raise InputError(
            f"Two rows of {dataset.name!r} have keys that are the same as text: {key}. Store all keys as one type"
        )
