"""A full-text table made ahead, while a builder computes, and put in its place in the transaction that ends the build.

A thread of its own fills one in a temporary database: SQLite lets go of Python meanwhile, and no computation wants all
processors all of the time. FTS5 keeps all it knows in a few plain tables (sqlite.org/fts5.html, section 9), and the new
table is given those. Nothing of it is seen in the file before, and nothing is left if the build fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from semsearch.records import Dataset
from semsearch.storage import fulltext
from semsearch.storage.datasets import TextItem
from semsearch.storage.driver import Connection, Error, sqlite3

_NAME = "ahead"
_KEPT_IN = ("data", "idx", "docsize", "config")


class Ahead:
    """The words of items, in the order in which they will be numbered from `first`; of None, no words at all."""

    def __init__(self, items: Sequence[TextItem], first: int | None, terms: fulltext.Indexing) -> None:
        self.first, self._given_up, self._terms = first, False, terms
        self._thread = ThreadPoolExecutor(1, "words ahead")
        self._made: list[Future[Connection]] = []
        if first is not None:
            self._made.append(self._thread.submit(self._fill, items, first))

    def _fill(self, items: Sequence[TextItem], first: int) -> Connection:
        db = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # the other thread waits for this one
        try:
            db.execute("begin")
            fulltext.create(db, _NAME)
            fulltext.fill(db, _NAME, self._rows(items, first))
            db.execute("commit")
        except BaseException:
            db.close()  # the room it took is wanted
            raise
        return db

    def _rows(self, items: Sequence[TextItem], first: int) -> Iterator[tuple[int, str, str]]:
        for row in fulltext.rows_of(enumerate(items, first), self._terms):
            if self._given_up:
                return
            yield row

    def wait(self) -> None:
        """Until they are made, or cannot be."""
        wait(self._made)

    def place(self, db: Connection, dataset: Dataset, first: int) -> bool:
        """Make them the dataset's, whose items are numbered from `first`. False where that cannot be: there are none,
        they were to be numbered otherwise, since somebody else wrote meanwhile, or there was no room for them."""
        if first != self.first:
            return False
        try:
            made = self._made[0].result()
        except (Error, MemoryError):
            return False
        table = fulltext.table_name(dataset)
        fulltext.drop(db, dataset)
        fulltext.create(db, table)
        for part in _KEPT_IN:
            db.execute(f"delete from {table}_{part}")
            rows = made.execute(f"select * from {_NAME}_{part}")
            marks = ", ".join("?" for _ in rows.description)
            db.executemany(f"insert into {table}_{part} values ({marks})", rows)
        return True

    def close(self) -> None:
        """Stop, and forget them."""
        self._given_up = True
        self._thread.shutdown()
        for made in self._made:
            if made.exception() is None:
                made.result().close()


@contextmanager
def words_ahead(items: Sequence[TextItem], first: int | None, terms: fulltext.Indexing) -> Iterator[Ahead]:
    """Inside, the terms of items are made ready for numbers from `first`; nothing is done where that is None."""
    made = Ahead(items, first, terms)
    try:
        yield made
    finally:
        made.close()
