"""Full-text tables: contentless FTS5, one per dataset, filled in the same pass as the hashes.

They contain no text, only the positions of words. rowid is the item's internal number; columns are title and body.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from semsearch.records import Dataset, Phrase
from semsearch.storage import driver
from semsearch.storage.damage import fitting
from semsearch.storage.datasets import TextItem
from semsearch.storage.driver import Connection
from semsearch.storage.keys import table_exists

PREFIX = "_semsearch_fts_"
# Terms are written as they are: FTS5 only splits at blanks and keeps letters beyond ASCII whole. Versions before 0.2
# gave it raw text.
TOKENIZER, OLD_TOKENIZER = "ascii tokenchars ''+#_''", "porter unicode61"
Indexing = Callable[[Sequence[str]], Sequence[str]]  # texts as lines of their terms, joined by blanks
_BATCH = 500  # items analysed together
# Bytes that FTS5 keeps in memory before it writes a segment. With BULK_BYTES filling a table takes 0.7 of the time, and
# it has fewer segments, so searching is faster.
BULK_BYTES, USUAL_BYTES = 64 << 20, 1 << 20


def table_name(dataset: Dataset) -> str:
    """The full-text table of a dataset."""
    return f"{PREFIX}{dataset.id}"


def refill(
    db: Connection, dataset: Dataset, items: Iterable[TextItem], numbers: Mapping[str, int], terms: Indexing
) -> None:
    """Replace the dataset's full-text table by one of all its items; `numbers` are the item numbers by key."""
    drop(db, dataset)
    create(db, table_name(dataset))
    fill(db, table_name(dataset), rows_of(((numbers[item.key], item) for item in items), terms))


def rows_of(items: Iterable[tuple[int, TextItem]], terms: Indexing) -> Iterator[tuple[int, str, str]]:
    """The rows of numbered items for `fill`: number, terms of the title and of the body."""
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        titles, bodies = terms([item.title for _, item in batch]), terms([item.body for _, item in batch])
        yield from zip((number for number, _ in batch), titles, bodies, strict=True)


def create(db: Connection, table: str, tokenizer: str = TOKENIZER) -> None:
    """Create an empty full-text table."""
    db.execute(
        f"create virtual table {table} using fts5("
        f"title, body, content='', contentless_delete=1, tokenize='{tokenizer}')"
    )


def fill(db: Connection, table: str, rows: Iterable[tuple[int, str, str]]) -> None:
    """Write many rows at once: number, terms of the title and of the body of each."""
    _configure(db, table, "hashsize", BULK_BYTES)
    db.executemany(f"insert into {table} (rowid, title, body) values (?, ?, ?)", rows)
    _configure(db, table, "hashsize", USUAL_BYTES)


def _configure(db: Connection, table: str, what: str, value: int) -> None:
    db.execute(f"insert into {table} ({table}, rank) values (?, ?)", [what, value])


def replace(
    db: Connection,
    dataset: Dataset,
    out: Sequence[int],
    items: Iterable[TextItem],
    numbers: Mapping[str, int],
    terms: Indexing,
) -> None:
    """Delete the items with the numbers `out`, and write `items` with their `numbers`. At most once per transaction."""
    table = table_name(dataset)
    _discount(db, table, out)
    db.executemany(f"delete from {table} where rowid = ?", ((number,) for number in out))
    rows = rows_of(((numbers[item.key], item) for item in items), terms)
    db.executemany(f"insert into {table} (rowid, title, body) values (?, ?, ?)", rows)


def _discount(db: Connection, table: str, out: Sequence[int]) -> None:
    """Subtract rows that will be deleted from the totals from which BM25 computes mean length and number of rows.

    FTS5 does not do that for contentless tables (fts5_storage.c, fts5StorageContentlessDelete), so idf would grow with
    every update. The totals are row 1 of the data table: varints of the number of rows and of each column's words. FTS5
    reads them at the first write of a transaction and keeps them until its end: so call this before, and once.
    """
    with fitting(f"The full-text table {table}"):
        totals = _varints(db.execute(f"select block from {table}_data where id = 1").fetchone()[0])
        for number in out:
            row = db.execute(f"select sz from {table}_docsize where id = ?", [number]).fetchone()
            if row:
                totals = [total - less for total, less in zip(totals, [1, *_varints(row[0])], strict=True)]
        block = b"".join(map(_varint, totals))
    db.execute(f"update {table}_data set block = ? where id = 1", [block])


def _varints(block: bytes) -> list[int]:
    """SQLite's variable-length integers below 2^56: seven bits per byte, the highest first, all but the last marked."""
    result, number = [], 0
    for byte in block:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            result.append(number)
            number = 0
    return result


def _varint(number: int) -> bytes:
    marked = [number >> shift & 0x7F | 0x80 for shift in range(49, 0, -7) if number >> shift]
    return bytes([*marked, number & 0x7F])


def exists(db: Connection, dataset: Dataset) -> bool:
    """Whether the dataset has been built once, so that its words can be searched."""
    return table_exists(db, table_name(dataset))


WHY_NOT = driver.too_old(" to search by words")


def is_readable() -> bool:
    """Whether this SQLite can search the words of a dataset at all."""
    return driver.is_recent()


def _check() -> None:
    """Raises CapabilityError where SQLite is too old."""
    driver.check_version(" to search by words (mode vector searches without them)")


def any_of(phrases: Sequence[Phrase]) -> str:
    """An FTS5 expression for rows that hold at least one of these phrases.

    Quoted, so that no text is read as syntax. FTS5 sums over the phrases of the expression, so a phrase that occurs
    twice counts twice, as in BM25 with the word counts of the query.
    """
    return " OR ".join(_expression(phrase) for phrase in phrases)


def _expression(phrase: Phrase) -> str:
    parts = [" ".join(phrase.terms)] if phrase.together else phrase.terms
    quoted = ['"' + part.replace('"', '""').replace("\0", " ") + '"' for part in parts]
    return " OR ".join(quoted) + (" *" if phrase.begins else "")


def best(
    db: Connection, dataset: Dataset, phrases: Sequence[Phrase], limit: int, among: Sequence[str] | None = None
) -> list[tuple[str, float]]:
    """Keys and BM25 scores (larger is better) of the rows that hold any of the phrases, best first; all with -1.

    `among` are the keys of the rows to search. FTS5's BM25 has k1 1.2, b 0.75 and idf ln((N - n + .5) / (n + .5)), not
    below 1e-6 (sqlite.org/fts5.html); title and body count alike.
    """
    if not phrases or not exists(db, dataset):
        return []
    _check()
    table = table_name(dataset)
    values: list[Any] = [any_of(phrases)]
    condition = ""
    if among is not None:
        # The plus keeps the condition out of the full-text search, which would otherwise run once per row number.
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


def holding(db: Connection, dataset: Dataset, phrase: Phrase) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The item numbers of all rows that hold a phrase, ascending, and its BM25 in each, computed as in `best`."""
    _check()
    table = table_name(dataset)
    cursor = db.cursor()
    cursor.row_factory = None  # plain tuples, whatever the connection's row_factory
    rows = cursor.execute(
        f"select rowid, -bm25({table}) from {table} where {table} match ? order by rowid", [_expression(phrase)]
    )
    result = np.fromiter(rows, dtype=[("item", np.int64), ("score", np.float64)])
    return np.ascontiguousarray(result["item"]), np.ascontiguousarray(result["score"])


def frequency(db: Connection, dataset: Dataset, phrase: Phrase, most: int) -> int:
    """The number of rows that hold a phrase; `most` if there are more."""
    _check()
    table = table_name(dataset)
    statement = f"select count(*) from (select 1 from {table} where {table} match ? limit ?)"
    return int(db.execute(statement, [_expression(phrase), most]).fetchone()[0])


def highest_item(db: Connection) -> int:
    """The highest item number of the file: about the number of items, without counting them."""
    return int(db.execute("select max(item) from _semsearch_items").fetchone()[0] or 0)


def all_items(db: Connection, dataset: Dataset) -> tuple[npt.NDArray[np.int64], list[str]]:
    """The numbers of all of a dataset's items, ascending, and their keys."""
    rows = db.execute("select item, key from _semsearch_items where dataset = ? order by item", [dataset.id]).fetchall()
    return np.fromiter((row[0] for row in rows), np.int64, len(rows)), [row[1] for row in rows]


def keys_of(db: Connection, items: Sequence[int]) -> dict[int, str]:
    """The keys of these item numbers."""
    return dict(
        db.execute(
            "select item, key from _semsearch_items where item in (select value from json_each(?))", [json.dumps(items)]
        )
    )


def items_of(db: Connection, dataset: Dataset, keys: Sequence[str]) -> npt.NDArray[np.int64]:
    """The item numbers of those of these keys that the dataset has."""
    rows = db.execute(
        "select item from _semsearch_items where dataset = ? and key in (select value from json_each(?))",
        [dataset.id, json.dumps(list(keys))],
    )
    return np.fromiter((row[0] for row in rows), np.int64)


def matching_keys(
    db: Connection, dataset: Dataset, required: Sequence[Phrase], excluded: Sequence[Phrase]
) -> list[str]:
    """The keys of the rows that hold every required phrase and none of the excluded ones, in the order of the table."""
    if not exists(db, dataset):
        return []
    _check()
    table = table_name(dataset)
    if required:
        condition = f"item in (select rowid from {table} where {table} match ?)"
        expression = " AND ".join(f"({_expression(phrase)})" for phrase in required)
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
