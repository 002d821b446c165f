"""Opening a file to read or to write, transactions, and what SQLite's errors mean to a person."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import semsearch_migrations

from semsearch.errors import CapabilityError, DatabaseError, SchemaError
from semsearch.storage import damage, driver, new_file
from semsearch.storage.driver import Connection
from semsearch.storage.keys import table_exists

BUSY_MS = 5_000
# Migrations whose tables and columns readers can do without; a file gets them at the first write.
READABLE_WITHOUT = frozenset({"m008_sources", "m009_tokens", "m010_languages", "m011_results"})
MMAP_BYTES = 8 << 30
PAGE_SIZE = 16_384
CATALOGUE = "_semsearch_datasets"  # made by the first migration
INTERRUPTED = "interrupted"  # SQLite's text for a statement that was stopped
_VECTOR_ERRORS = ("vector data", "size doesn't match", "sqlite-vec")  # texts of sqlite-vec about its own tables
_UNFINISHED = "select 1 from (values (1), (2), (3)) left join sqlite_master limit 3"
_STEPS = "with recursive c(x) as (values (1) union all select x + 1 from c where x < 300) select max(x) from c"


def plain(error: BaseException, path: str) -> DatabaseError:
    """SQLite's own error about this file, said as what to do."""
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return DatabaseError(
            f"{path} is not an SQLite database, or is damaged: give the path of a database file ({text})"
        )
    if "locked" in text or "busy" in text:
        return DatabaseError(f"{path} is locked by another program: nothing was written; try again when it is done")
    if "full" in text:
        return DatabaseError(f"No room left to write {path}: nothing was written; free some disk space and try again")
    if "readonly" in text or "read-only" in text:
        return DatabaseError(f"{path} cannot be written: check its permissions and those of its folder")
    if any(each in text for each in _VECTOR_ERRORS):
        return DatabaseError(f"{path}: a vector table is damaged ({text}): `semsearch doctor` says which")
    if "unable to open" in text:
        return DatabaseError(f"{path} cannot be opened: check that the folder exists and may be read")
    return DatabaseError(f"{path}: SQLite says {text!r}; `semsearch doctor {path}` looks into it")


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Turns any SQLite error raised inside into a DatabaseError about this file."""
    try:
        yield
    except (driver.Error, driver.sqlite3.Warning) as error:
        raise plain(error, path) from error


def _connect(path: str, mode: str) -> Connection:
    if mode != "ro":
        driver.check_version()
    uri = f"file:{quote(str(Path(path).resolve()))}?mode={mode}{_frozen(path, mode)}"
    db = driver.sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_MS / 1000, check_same_thread=False)
    try:
        prepare(db, mode)
        db.execute(f"pragma mmap_size = {MMAP_BYTES}")
        db.execute("pragma schema_version").fetchone()  # reads the header, so a file that is no database says so here
    except BaseException:
        db.close()
        raise
    return db


def _frozen(path: str, mode: str) -> str:
    """Read as unchanging where nothing can change: SQLite cannot read a WAL file in a folder it may not write to."""
    log = Path(path + "-wal")
    sealed = mode == "ro" and not os.access(Path(path).resolve().parent, os.W_OK)
    return "&immutable=1" if sealed and not (log.exists() and log.stat().st_size) else ""


def prepare(db: Connection, mode: str = "rw") -> None:
    """sqlite-vec on this connection. To read (`ro`) it may be missing: vectors are then read by storage.shadow."""
    try:
        driver.load_vec(db)
    except CapabilityError:
        if mode != "ro":
            raise


@contextmanager
def reading(path: str) -> Iterator[Connection]:
    """A read-only connection; DatabaseError if there is no file, SchemaError if its catalogue is another version's."""
    new_file.check_path(path)
    if not os.path.isfile(path):
        raise DatabaseError(f"There is no file {path}: `semsearch ingest` or `semsearch demo` makes one")
    had_log = _has_log(path)
    with explained(path):
        db = _connect(path, "ro")
        try:
            check_schema(db, path)
            yield db
        finally:
            db.close()
            if not had_log:
                _tidy(path)


def _has_log(path: str) -> bool:
    return any(os.path.exists(f"{path}{suffix}") for suffix in ("-wal", "-shm"))


def _tidy(path: str) -> None:
    """Let SQLite remove the log that reading made beside a WAL file, which a connection that only reads leaves there.

    The last connection that may write does so when it is closed; if another program is reading, the files stay. A file
    that may not be written keeps them.
    """
    log = Path(f"{path}-wal")
    if not _has_log(path) or not os.access(path, os.W_OK) or (log.exists() and log.stat().st_size):
        return
    with suppress(driver.Error, OSError):
        db = driver.sqlite3.connect(f"file:{quote(str(Path(path).resolve()))}?mode=rw", uri=True, isolation_level=None)
        try:
            db.execute("pragma schema_version").fetchone()
        finally:
            db.close()


@contextmanager
def writing(path: str, *, create: bool = False, up_to_date: bool = True) -> Iterator[Connection]:
    """A connection to write with, its catalogue brought up to date, unless the caller will do so.

    A file that did not exist (allowed with `create`) uses WAL and 16 KB pages. If the work fails, the new file
    is deleted, unless another process has written to it. An existing file keeps its journal mode.
    """
    new_file.check_path(path)
    if not os.path.exists(path) and not create:
        raise DatabaseError(f"There is no file {path}: `semsearch ingest` or `semsearch demo` makes one")
    with explained(path):
        db, created = _connect_to_write(path)
        try:
            if up_to_date and has_catalogue(db) and pending(db):
                with transaction(db):
                    pass  # beginning to write applies what is missing
            yield db
        except BaseException:
            if created is not None:
                created.remove()
            raise
        finally:
            db.close()


def _connect_to_write(path: str) -> tuple[Connection, new_file.NewFile | None]:
    """A connection to the file that the path names, and what removes the file again if it was created here.

    Another process may remove the file between its opening and the first lock. Then it is created again.
    """
    for _ in range(new_file.MAX_TRIES):
        is_new, inode = new_file.begin(path)
        db = None
        try:
            db = _connect(path, "rw")
            _set_up(db, path)
            if new_file.inode_of(path) == inode:
                return db, new_file.NewFile(db, path) if is_new else None
        except BaseException:
            if db is not None:
                db.close()
            if new_file.inode_of(path) == inode:
                if is_new:
                    new_file.remove_empty(path)
                raise
        else:
            db.close()
    raise DatabaseError(f"{path} was removed by another program while it was opened: try again")


def _set_up(db: Connection, path: str) -> None:
    """Journal mode and page size of an empty file; how carefully commits are written; the version of the catalogue."""
    if os.path.getsize(path) == 0:
        db.execute(f"pragma page_size = {PAGE_SIZE}")
        new_file.begin_log(db, BUSY_MS / 1000)
    db.execute("pragma synchronous = normal" if is_wal(db) else "pragma synchronous = full")
    check_schema(db, path, allow_pending=True)


def file_of(db: Connection) -> tuple[str, int]:
    """What tells this connection's file from any other: its path and inode (0 in memory)."""
    path = db.execute("select file from pragma_database_list where name = 'main'").fetchone()[0] or ""
    return (path, os.stat(path).st_ino) if path else (f":memory:{id(db)}", 0)


@dataclass(frozen=True)
class FileSeen:
    """Which file was at a path, and its size in bytes."""

    device: int
    inode: int
    size: int


def file_at(path: str) -> FileSeen | None:
    """The file at a path; None if there is none. It is not opened, which would end SQLite's locks on it."""
    try:
        about = os.stat(path)
    except OSError:
        return None
    return FileSeen(about.st_dev, about.st_ino, about.st_size)


def continues(before: FileSeen | None, path: str) -> bool:
    """Whether the same file is still at a path and is not shorter than `before`.

    Raises DatabaseError if it is gone, or was cut to nothing.
    """
    now = file_at(path)
    if now is None:
        raise DatabaseError(f"{path} was moved or deleted while it was open: put it back, or open another file")
    if not now.size and before is not None and before.size:
        raise DatabaseError(f"{path} is empty, it was cut while it was open: restore it from a backup")
    return before is not None and now.size >= before.size and (now.device, now.inode) == (before.device, before.inode)


def memory_of(db: Connection, token: str) -> tuple[object, ...]:
    """The key of what a process remembers of a collection or of a dataset: its random token in the catalogue.

    A path would not do: another file can take its place while this connection still reads the first. Without a token
    (nothing of this version wrote it) the connection is the key.
    """
    return (token,) if token else ("", id(db), db.total_changes)


def stamp_of(path: str | None) -> tuple[int, ...]:
    """A value that changes when the file is written or replaced: the inodes of the file and of its log, their
    modification times and their sizes.

    For a database in memory it says nothing.
    """
    result: list[int] = []
    for name in (path, f"{path}-wal") if path else ():
        try:
            about = os.stat(name)
        except OSError:
            continue
        result += [about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size]
    return tuple(result)


def is_wal(db: Connection) -> bool:
    """Whether the file keeps a write-ahead log."""
    return bool(db.execute("pragma journal_mode").fetchone()[0] == "wal")


@contextmanager
def transaction(db: Connection) -> Iterator[None]:
    """All or nothing: any exception, Ctrl-C included, leaves the file as it was.

    The catalogue's migrations belong to the first thing written, so they are applied inside the same transaction.
    """
    db.execute("begin immediate")
    try:
        migrate(db)
        yield
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


@contextmanager
def snapshot(db: Connection) -> Iterator[None]:
    """One state of the file for several reads: without it a rebuild between two of them takes a table away.

    A statement that is read but not finished keeps it, so no transaction begins: an SQL function may be called inside
    a statement of its caller, and a transaction begun there would stay open. Inside a transaction there is one state
    already.
    """
    if db.in_transaction:
        yield
        return
    unfinished = db.execute(_UNFINISHED)
    try:
        unfinished.fetchone()
        yield
    finally:
        unfinished.close()


def check_interrupted(db: Connection) -> None:
    """Let SQLite notice that its caller's time is over: raises OperationalError ("interrupted") if so.

    SQLite looks at the clock every some hundred steps of a statement, and a function's own work is none.
    """
    db.execute(_STEPS).fetchone()


def has_catalogue(db: Connection) -> bool:
    """Whether this file has been written by semsearch."""
    return table_exists(db, CATALOGUE)


def catalogue_rows(
    db: Connection, statement: str, values: Sequence[Any] = (), *, older: str | None = None
) -> list[Any]:
    """The rows of a query of the catalogue; none where semsearch has never written to the file.

    `older` is the statement for a file that lacks the columns of READABLE_WITHOUT.
    """
    try:
        return list(db.execute(statement, values))
    except driver.OperationalError as error:
        if "no such column" in str(error) and older is not None:
            return list(db.execute(older, values))
        if "no such table" not in str(error):
            raise
        return []
    except UnicodeDecodeError as error:
        raise DatabaseError(f"The catalogue is damaged, it has text that is not UTF-8: {damage.REMEDY}") from error


def _applied(db: Connection) -> list[str]:
    """What sqlite-utils' `Migrations.applied` says, in one statement instead of five: every request asks."""
    statement = f"select name from {semsearch_migrations.TABLE} where migration_set = ? order by rowid"
    return [row[0] for row in catalogue_rows(db, statement, [semsearch_migrations.SET])]


def pending(db: Connection) -> list[str]:
    """Names of the migrations this file still lacks. Reads only."""
    applied = _applied(db)
    return [name for name in semsearch_migrations.NAMES if name not in applied]


def migrate(db: Connection) -> list[str]:
    """Apply the missing migrations, inside the caller's transaction if there is one; returns their names."""
    names = pending(db)
    if names:
        import sqlite_utils  # takes 0.1 s, which readers need not wait
        from semsearch_migrations.migrations import migrations

        migrations.apply(sqlite_utils.Database(db, execute_plugins=False))
    return names


def upgrade(db: Connection) -> list[str]:
    """Apply the missing migrations of a file that has a catalogue, in one transaction; returns their names."""
    names = pending(db) if has_catalogue(db) else []
    if names:
        with transaction(db):
            pass  # beginning to write applies what is missing
    return names


def check_schema(db: Connection, path: str, *, allow_pending: bool = False) -> None:
    """SchemaError if the file was made by a newer semsearch, or by an older one and `allow_pending` is False."""
    applied = _applied(db)
    known = semsearch_migrations.NAMES
    unknown = [name for name in applied if name not in known]
    if unknown:
        raise SchemaError(
            f"{path} was written by a newer semsearch (it has {unknown[-1]}): `pip install --upgrade semsearch`"
        )
    missing = [name for name in known if name not in applied and name not in READABLE_WITHOUT]
    if applied and missing and not allow_pending:
        raise SchemaError(f"{path} was written by an older semsearch: run `semsearch migrate {path}` once")


def take_function_error(db: Connection) -> str | None:
    """Why an SQL function of ours last failed on this connection, which it then forgets (semsearch.sqlfunctions)."""
    try:
        text: str | None = db.execute("select semsearch_error()").fetchone()[0]
    except driver.Error:  # the connection has no such function, or its file is damaged
        return None
    return text


def checkpoint(db: Connection) -> str | None:
    """Move the write-ahead log into the file, so that a copy of it is complete; a remark if a reader prevents it."""
    if not is_wal(db):
        return None
    db.execute("pragma busy_timeout = 1000")
    try:
        busy = db.execute("pragma wal_checkpoint(truncate)").fetchone()[0]
    except driver.OperationalError as error:  # a full disk: what was committed is in the log
        return (
            f"Everything was written, but it is still in the -wal file next to the database ({error}): free some disk"
            " space, then run any command that writes; copy both files until then"
        )
    finally:
        db.execute(f"pragma busy_timeout = {BUSY_MS}")
    if busy:
        return (
            "Another connection is reading, so the newest data is still in the -wal file next to the database:"
            " copy both files, or write again later"
        )
    return None
