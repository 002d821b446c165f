"""llm's embeddings.db: the tables `collections` and `embeddings` of simonw/llm, llm/embeddings_migrations.py.

An embedding is little-endian float32, as sqlite-vec has it. A file we make says of itself, in `_sqlite_migrations`,
that llm's own five schema changes have been made, so that llm opens it as one of its own.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

from semsearch.arrays import FloatArray
from semsearch.errors import InputError, NotFoundError
from semsearch.storage import driver
from semsearch.storage.codec import vector_to_blob
from semsearch.storage.driver import Connection

MIGRATIONS = (
    "m001_create_tables",
    "m002_foreign_key",
    "m003_add_updated",
    "m004_store_content_hash",
    "m005_add_content_blob",
)
_SCHEMA = (
    'create table "_sqlite_migrations"'
    ' ("id" INTEGER PRIMARY KEY, "migration_set" TEXT, "name" TEXT, "applied_at" TEXT)',
    'create unique index "idx__sqlite_migrations_migration_set_name" on "_sqlite_migrations" ("migration_set", "name")',
    'create table "collections" ("id" INTEGER PRIMARY KEY, "name" TEXT, "model" TEXT)',
    'create unique index "idx_collections_name" on "collections" ("name")',
    'create table "embeddings" ("collection_id" INTEGER REFERENCES "collections"("id"), "id" TEXT, "embedding" BLOB,'
    ' "content" TEXT, "content_blob" BLOB, "content_hash" BLOB, "metadata" TEXT, "updated" INTEGER,'
    ' PRIMARY KEY ("collection_id", "id"))',
    'create index "idx_embeddings_content_hash" on "embeddings" ("content_hash")',
)


def create(path: Path, collection: str, model: str, rows: Iterable[tuple[str, FloatArray]]) -> None:
    """Write a new file with one collection, from keys and their vectors (dim,) float32, all in one transaction.

    `content` stays empty, as llm leaves it unless told --store; `content_hash` is of the key, which llm wants there.
    """
    now = int(time.time())
    with closing(driver.sqlite3.connect(str(path), isolation_level=None)) as db:
        db.execute("begin")
        for statement in _SCHEMA:
            db.execute(statement)
        applied = str(datetime.now(timezone.utc))
        db.executemany(
            "insert into _sqlite_migrations (migration_set, name, applied_at) values ('llm.embeddings', ?, ?)",
            [(name, applied) for name in MIGRATIONS],
        )
        db.execute("insert into collections (id, name, model) values (1, ?, ?)", [collection, model])
        db.executemany(
            "insert into embeddings (collection_id, id, embedding, content_hash, updated) values (1, ?, ?, ?, ?)",
            (
                (key, vector_to_blob(vector), hashlib.md5(key.encode(), usedforsecurity=False).digest(), now)
                for key, vector in rows
            ),
        )
        db.execute("commit")


class LlmFile:
    """A file of llm's to read from. InputError for a file that is none."""

    def __init__(self, path: str) -> None:
        self.path = path
        if not os.path.isfile(path):
            raise InputError(f"There is no file {path}: llm keeps its own at `llm embed-db path`")
        try:
            self.db: Connection = driver.sqlite3.connect(f"file:{quote(os.path.abspath(path))}?mode=ro", uri=True)
            self.db.execute("pragma trusted_schema = off")
            self._check_tables()
            self.names = [str(row[0]) for row in self.db.execute("select name from collections order by id")]
            self.db.execute("select collection_id, id, embedding from embeddings limit 1").fetchall()
        except driver.Error as error:
            raise InputError(
                f"{path} is not an embeddings.db of llm: it lacks the tables collections and embeddings ({error})"
            ) from error

    def _check_tables(self) -> None:
        """Raise InputError for views and computed columns in place of llm's tables: they could compute without end."""
        for table in ("collections", "embeddings"):
            kind = self.db.execute("select type from sqlite_master where name = ?", [table]).fetchone()
            hidden = self.db.execute("select count(*) from pragma_table_xinfo(?) where hidden <> 0", [table]).fetchone()
            if kind is not None and (kind[0] != "table" or hidden[0]):
                raise InputError(f"{self.path} is not an embeddings.db of llm: {table} is no ordinary table")

    def choose(self, name: str | None) -> str:
        """The collection of this name, or the only one. NotFoundError lists those there are."""
        said = ", ".join(self.names) or "none"
        if name is None and len(self.names) == 1:
            return self.names[0]
        if name is None:
            raise InputError(f"{self.path} has the collections {said}: name one with --member")
        if name not in self.names:
            raise NotFoundError(f"No collection {name!r} in {self.path}: there are {said}")
        return name

    def count(self, name: str) -> int:
        """How many embeddings a collection has."""
        statement = "select count(*) from embeddings where collection_id = (select id from collections where name = ?)"
        return int(self.db.execute(statement, [name]).fetchone()[0])

    def rows(self, name: str, size: int) -> Iterator[tuple[Sequence[str], Sequence[object]]]:
        """Keys and embeddings of a collection as they stand, so many at a time."""
        cursor = self.db.execute(
            "select id, embedding from embeddings where collection_id = (select id from collections where name = ?)"
            " order by rowid",
            [name],
        )
        while rows := cursor.fetchmany(size):
            keys, blobs = zip(*rows, strict=True)
            yield [str(key) for key in keys], blobs

    def close(self) -> None:
        """Close the file."""
        self.db.close()
