"""The table NAME_passages: the passages of a dataset's texts. It names its source in its own definition.

Permissions find the source there (storage.lineage). A passage's key is made of its document's key and of its content,
so that it stays when the document changes elsewhere.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from semsearch.errors import NameTakenError
from semsearch.records import Dataset
from semsearch.storage import datasets, lineage, sources
from semsearch.storage.driver import Connection
from semsearch.storage.keys import columns_of, quoted, shape_of, table_kind
from semsearch.storage.results import SOURCE_OF

SUFFIX = "_passages"
COLUMNS = ("id", "document", "position", "page", "heading", "start", "end", "text", "digest")
LONG_CHARS = 20_000  # characters of a text, some 3,000 words, above which a user is told of passages
_TYPES = ("text primary key", "text", "integer", "integer", "text", "integer", "integer", "text", "text")


class Passage(NamedTuple):
    """A passage of a document: `start` to `end` are places in its text; `page` and `position` count from 1."""

    position: int
    page: int
    heading: str
    start: int
    end: int
    text: str


def dataset_of(db: Connection, name: str) -> Dataset | None:
    """The dataset of the passages of the dataset `name`; None if it has none."""
    found = datasets.find_dataset(db, name + SUFFIX)
    return found if found is not None and found.made_by == "passages" and found.source == name else None


def count_long(db: Connection, dataset: Dataset) -> int:
    """How many texts of a dataset are longer than LONG_CHARS."""
    if dataset.kind != "documents" or not dataset.text_columns:
        return 0
    length = " + ".join(f"coalesce(length({quoted(column)}), 0)" for column in dataset.text_columns)
    statement = f"select count(*) from {quoted(dataset.name)} where {length} > {LONG_CHARS}"
    return int(db.execute(statement).fetchone()[0])


def make(db: Connection, dataset: Dataset) -> Dataset:
    """The dataset of passages of another, with an empty table if there is none yet.

    Raises NameTakenError for a table of this name that semsearch did not make.
    """
    existing = dataset_of(db, dataset.name)
    if existing is not None and columns_of(db, existing.name) == COLUMNS:
        return existing
    name = dataset.name + SUFFIX
    if table_kind(db, name) is not None:
        raise NameTakenError(f"{name} is already a table that semsearch did not write: rename it")
    numbers = sources.write(db, lineage.sources_of(db, [dataset.name]))
    note = "".join(f" /* {SOURCE_OF}{number} */" for number in numbers)
    declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in zip(COLUMNS, _TYPES, strict=True))
    db.execute(f"create table {quoted(name)} ({declared}{note})")
    db.execute(f"create index {quoted(f'{name}_document')} on {quoted(name)} (document, position)")
    described = datasets.draft(
        shape_of(db, name), text_columns=("text",), title_column="heading", made_by="passages", source=dataset.name
    )
    return datasets.save(db, dataclasses.replace(described, asked_language=dataset.asked_language))


def digests(db: Connection, passages: Dataset) -> dict[str, str]:
    """The digest of each document that has passages, by its key."""
    rows = db.execute(f"select document, digest from {quoted(passages.name)} where position = 1")
    return {row[0]: row[1] for row in rows}


def replace(db: Connection, passages: Dataset, document: str, digest: str, made: Sequence[Passage]) -> None:
    """Write the passages of a document in place of those it has. Equal ones keep their key."""
    table = quoted(passages.name)
    db.execute(f"delete from {table} where document = ?", [document])
    keys = _keys(document, made)
    rows = ([key, document, *passage, digest] for key, passage in zip(keys, made, strict=True))
    marks = ", ".join("?" * len(COLUMNS))
    db.executemany(f"insert into {table} values ({marks})", rows)


def _keys(document: str, made: Iterable[Passage]) -> list[str]:
    counts: Counter[str] = Counter()
    keys = []
    for passage in made:
        content = f"{passage.heading}\0{passage.text}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(content, digest_size=6).hexdigest()
        counts[digest] += 1
        repeated = f".{counts[digest]}" if counts[digest] > 1 else ""
        keys.append(f"{document}#{digest}{repeated}")
    return keys


def forget(db: Connection, passages: Dataset, documents: Iterable[str]) -> None:
    """Remove the passages of documents."""
    db.executemany(f"delete from {quoted(passages.name)} where document = ?", ([one] for one in documents))


def count(db: Connection, passages: Dataset) -> int:
    """How many passages there are."""
    return datasets.count_items(db, passages)


def of_document(db: Connection, passages: Dataset, document: str) -> list[dict[str, Any]]:
    """The passages of a document in order, each with its id, page, heading, start and end."""
    columns = ("id", "position", "page", "heading", "start", "end")
    named = ", ".join(map(quoted, columns))
    statement = f"select {named} from {quoted(passages.name)} where document = ? order by position"
    return [dict(zip(columns, row, strict=True)) for row in db.execute(statement, [document])]


def of_documents(db: Connection, passages: Dataset, documents: Sequence[str]) -> list[str]:
    """The keys of the passages of these documents, in order."""
    chosen = "select value from json_each(?)"
    statement = f"select id from {quoted(passages.name)} where document in ({chosen}) order by id"
    return [str(row[0]) for row in db.execute(statement, [json.dumps(list(documents))])]


def drop(db: Connection, passages: Dataset) -> None:
    """Remove the table of passages."""
    db.execute(f"drop table if exists {quoted(passages.name)}")


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """What a hit says about a passage: its id, page, heading, start and end."""
    return {name: row.get(name) for name in ("id", "page", "heading", "start", "end")}
