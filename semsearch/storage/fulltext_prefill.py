"""A full-text table filled while a builder computes, and copied to its place in the transaction that ends the build.

A separate thread fills it in a temporary database: SQLite releases Python's lock meanwhile, and most computations
leave a processor idle at times. FTS5 stores everything in a few plain tables (sqlite.org/fts5.html, section 9), which
are copied into the new table. The file is unchanged until then, also if the build fails.
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
    """The full-text table of items that will be numbered from `first`; without a number there is none."""

    def __init__(self, items: Sequence[TextItem], first: int | None, terms: fulltext.Indexing) -> None:
        self.first, self._given_up, self._terms = first, False, terms
        self._thread = ThreadPoolExecutor(1, "words ahead")
        self._filled: list[Future[Connection]] = []
        if first is not None:
            self._filled.append(self._thread.submit(self._fill, items, first))

    def _fill(self, items: Sequence[TextItem], first: int) -> Connection:
        db = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # used by one thread at a time
        try:
            db.execute("begin")
            fulltext.create(db, _NAME)
            fulltext.fill(db, _NAME, self._rows(items, first))
            db.execute("commit")
        except BaseException:
            db.close()  # frees its memory
            raise
        return db

    def _rows(self, items: Sequence[TextItem], first: int) -> Iterator[tuple[int, str, str]]:
        for row in fulltext.rows_of(enumerate(items, first), self._terms):
            if self._given_up:
                return
            yield row

    def wait(self) -> None:
        """Wait until the table is filled, or has failed."""
        wait(self._filled)

    def place(self, db: Connection, dataset: Dataset, first: int) -> bool:
        """Copy the table to its place for a dataset whose items are numbered from `first`. Returns False if it cannot
        be used: there is none, its numbers differ because another program wrote meanwhile, or the memory was full."""
        if first != self.first:
            return False
        try:
            filled = self._filled[0].result()
        except (Error, MemoryError):
            return False
        table = fulltext.table_name(dataset)
        fulltext.drop(db, dataset)
        fulltext.create(db, table)
        for part in _KEPT_IN:
            db.execute(f"delete from {table}_{part}")
            rows = filled.execute(f"select * from {_NAME}_{part}")
            marks = ", ".join("?" for _ in rows.description)
            db.executemany(f"insert into {table}_{part} values ({marks})", rows)
        return True

    def close(self) -> None:
        """Stop the thread and discard the table."""
        self._given_up = True
        self._thread.shutdown()
        for future in self._filled:
            if future.exception() is None:
                future.result().close()


@contextmanager
def words_ahead(items: Sequence[TextItem], first: int | None, terms: fulltext.Indexing) -> Iterator[Ahead]:
    """Inside, a full-text table of items numbered from `first` is filled; nothing is done for None."""
    ahead = Ahead(items, first, terms)
    try:
        yield ahead
    finally:
        ahead.close()
