"""Our own full-text tables: contentless FTS5, one per dataset, filled in the same pass as the hashes.

They hold no text, only which words stand where: rowid is the item's internal number, columns are title and body.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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


def exists(db: Connection, dataset: Dataset) -> bool:
    """Whether the dataset has been built once, so that its words can be searched."""
    return db.execute("select 1 from sqlite_master where name = ?", [table_name(dataset)]).fetchone() is not None


def match_any(words: Sequence[str]) -> str:
    """An FTS5 expression for rows that hold at least one of the words. Quoted, so no word can be syntax."""
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def search(db: Connection, dataset: Dataset, words: Sequence[str], limit: int | None) -> list[tuple[str, float]]:
    """Keys and BM25 scores (larger is better) of the rows that hold any of the words, best first; -1 or None: all."""
    if not words or not exists(db, dataset):
        return []
    table = table_name(dataset)
    rows = db.execute(
        f"select i.key, -f.score from (select rowid, bm25({table}) as score from {table} where {table} match ?"
        " order by score limit ?) f join _semsearch_items i on i.item = f.rowid order by f.score, i.item",
        [match_any(words), -1 if limit is None else limit],
    )
    return [(row[0], row[1]) for row in rows]


def drop(db: Connection, dataset: Dataset) -> None:
    """Remove the dataset's full-text table."""
    db.execute(f"drop table if exists {table_name(dataset)}")
