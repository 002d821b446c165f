"""A database file that a command creates: how it begins, and how it is removed again if the first work fails.

Two processes may create the same file at the same time. A file is removed only while SQLite's exclusive lock is held
and only if no other connection has written to it. A connection that opened it just before the removal notices
that its path names another file, and starts again.
"""

from __future__ import annotations

import os
from contextlib import closing, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from semsearch.errors import DatabaseError
from semsearch.storage import driver
from semsearch.storage.driver import Connection

MAX_TRIES = 20  # attempts to open a file that other processes create and remove at the same time


def check_path(path: str) -> None:
    """Raise DatabaseError for a path that cannot name a database file: empty, with NUL, a folder or a device."""
    if not path.strip():
        raise DatabaseError("The path of the database is empty: give the path of a file, such as my.db")
    if "\0" in path:
        raise DatabaseError("The path of the database has a NUL character: give the path of a file, such as my.db")
    if os.path.isdir(path):
        raise DatabaseError(f"{path} is a folder: give the path of a database file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise DatabaseError(f"{path} is a device or a pipe, not a file: give the path of a database file")


def begin(path: str) -> tuple[bool, int]:
    """Create the file if there is none: whether it was created now, and its inode.

    Raises DatabaseError if the folder does not exist or may not be written.
    """
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False, inode_of(path)
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be opened ({error.strerror}): check that the folder exists and may be written"
        ) from error
    inode = os.fstat(number).st_ino
    os.close(number)
    return True, inode


def inode_of(path: str) -> int:
    """The inode that a path names now; -1 if there is no file."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return -1


class NewFile:
    """A file that this connection has just created. It may be removed as long as no other connection wrote to it."""

    def __init__(self, db: Connection, path: str) -> None:
        self._db, self._path = db, path
        self._version = _data_version(db)
        self._was_empty = not _schema(db)  # read after the version: a write in between makes it False

    def remove(self) -> None:
        """Remove the file and its companions, unless another connection uses it or has written to it."""
        db = self._db
        with suppress(driver.Error, OSError):
            if db.in_transaction:
                db.execute("rollback")
            db.execute("pragma busy_timeout = 0")
            ours = _schema(db) if self._was_empty and _data_version(db) == self._version else []
            # This fails while another connection uses the write-ahead log. It changes the data version itself.
            db.execute("pragma journal_mode = delete")
            db.execute("begin exclusive")
            if _schema(db) in ([], ours):
                Path(self._path).unlink()


def _data_version(db: Connection) -> int:
    """A number that changes whenever another connection commits."""
    return int(db.execute("pragma data_version").fetchone()[0])


def _schema(db: Connection) -> list[Any]:
    return list(db.execute("select type, name, sql from sqlite_master order by type, name"))


def remove_empty(path: str) -> None:
    """Remove a new file that was never opened, unless another connection uses it or has written to it."""
    uri = f"file:{quote(os.path.abspath(path))}?mode=rw"
    with suppress(driver.Error), closing(driver.sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
        NewFile(db, path).remove()


def begin_log(db: Connection, seconds: float) -> None:
    """Choose WAL for an empty file, for which SQLite does not wait while another connection does so too."""
    last_try = monotonic() + seconds
    while True:
        try:
            db.execute("pragma journal_mode = wal")
            return
        except driver.OperationalError as error:
            if "locked" not in str(error) or monotonic() > last_try:
                raise
            sleep(0.01)
