"""Our own full-text tables: contentless FTS5, one per dataset, filled in the same pass as the hashes.

They hold no text, only which words stand where: rowid is the item's internal number, columns are title and body.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from semsearch.records import Dataset
from semsearch.storage.datasets import TextItem
from semsearch.storage.driver import Connection

PREFIX = "_semsearch_fts_"


def table_name(dataset: Dataset) -> str:
    """The full-text table of a dataset."""
    return f"{PREFIX}{dataset.id}"


def refill(db: Connection, dataset: Dataset, items: Iterable[TextItem], numbers: Mapping[str, int]) -> None:
    """Make the dataset's full-text table anew from all its items; `numbers` gives each key its item number."""
    drop(db, dataset)
    table = table_name(dataset)
    db.execute(
        f"create virtual table {table} using fts5("
        "title, body, content='', contentless_delete=1, tokenize='porter unicode61')"
    )
    rows = ((numbers[item.key], item.title, item.body) for item in items)
    db.executemany(f"insert into {table} (rowid, title, body) values (?, ?, ?)", rows)


def put(db: Connection, dataset: Dataset, items: Iterable[TextItem], numbers: Mapping[str, int]) -> None:
    """Write some items into the dataset's full-text table, in the place of what it held under their numbers."""
    rows = ((numbers[item.key], item.title, item.body) for item in items)
    db.executemany(f"insert or replace into {table_name(dataset)} (rowid, title, body) values (?, ?, ?)", rows)


def remove(db: Connection, dataset: Dataset, numbers: Iterable[int]) -> None:
    """Take the items with these numbers out of the dataset's full-text table."""
    db.executemany(f"delete from {table_name(dataset)} where rowid = ?", ((number,) for number in numbers))


def exists(db: Connection, dataset: Dataset) -> bool:
    """Whether the dataset has been built once, so that its words can be searched."""
    return db.execute("select 1 from sqlite_master where name = ?", [table_name(dataset)]).fetchone() is not None


def any_of(phrases: Sequence[str]) -> str:
    """An FTS5 expression for rows that hold at least one of these words or phrases.

    Quoted, so that no text can be syntax. One that stands twice counts twice in BM25: FTS5 sums over the expression's
    phrases, which makes the sum that of BM25 with the query's own word counts.
    """
    return " OR ".join(_quoted(phrase) for phrase in phrases)


def _quoted(phrase: str) -> str:
    return '"' + phrase.replace('"', '""').replace("\0", " ") + '"'


def best(
    db: Connection, dataset: Dataset, phrases: Sequence[str], limit: int, among: Sequence[str] | None = None
) -> list[tuple[str, float]]:
    """Keys and BM25 scores (larger is better) of the rows that hold any of the phrases, best first; a limit of -1: all.

    `among` are the keys to search among. FTS5's BM25 has k1 1.2, b 0.75 and idf ln((N - n + .5) / (n + .5)), not
    below 1e-6 (sqlite.org/fts5.html); title and body count alike.
    """
    if not phrases or not exists(db, dataset):
        return []
    table = table_name(dataset)
    values: list[Any] = [any_of(phrases)]
    condition = ""
    if among is not None:
        # The plus keeps the condition out of the full-text search, which would be run once for every row number.
        condition = (
            " and +rowid in (select item from _semsearch_items"
            " where dataset = ? and key in (select value from json_each(?)))"
        )
        values += [dataset.id, json.dumps(list(among))]
    rows = db.execute(
        f"select i.key, -f.score from (select rowid, bm25({table}) as score from {table} where {table} match ?"
        f"{condition} order by score limit ?) f join _semsearch_items i on i.item = f.rowid order by f.score, i.item",
        [*values, limit],
    )
    return [(row[0], row[1]) for row in rows]


def matching_keys(db: Connection, dataset: Dataset, required: Sequence[str], excluded: Sequence[str]) -> list[str]:
    """The keys of the rows that hold every required phrase and none of the excluded ones, in the order of the table."""
    if not exists(db, dataset):
        return []
    table = table_name(dataset)
    if required:
        condition = f"item in (select rowid from {table} where {table} match ?)"
        expression = " AND ".join(map(_quoted, required))
        if excluded:
            expression = f"({expression}) NOT ({any_of(excluded)})"
    else:
        condition = f"item not in (select rowid from {table} where {table} match ?)"
        expression = any_of(excluded)
    rows = db.execute(
        f"select key from _semsearch_items where dataset = ? and {condition} order by item", [dataset.id, expression]
    )
    return [row[0] for row in rows]


def drop(db: Connection, dataset: Dataset) -> None:
    """Remove the dataset's full-text table."""
    db.execute(f"drop table if exists {table_name(dataset)}")
