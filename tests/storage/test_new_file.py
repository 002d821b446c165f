"""A new database file is removed after a failure only if nobody else has written to it or is about to."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from semsearch.errors import DatabaseError
from semsearch.storage import connect, new_file
from semsearch.storage.driver import sqlite3


def fail_after(path: str, act: object) -> None:
    """Create the file, call `act` while it is open, and fail."""
    with pytest.raises(ZeroDivisionError), connect.writing(path, create=True):
        assert callable(act)
        act()
        raise ZeroDivisionError


def write_good(path: str) -> None:
    with connect.writing(path, create=True) as db:
        db.execute("create table good (a)")
        db.execute("insert into good values (1)")


def good_rows(path: str) -> list[tuple[int]]:
    with connect.reading(path) as db:
        return list(db.execute("select a from good"))


def test_what_another_connection_has_written_is_kept(path: str) -> None:
    fail_after(path, lambda: write_good(path))
    assert good_rows(path) == [(1,)]


def test_a_connection_that_waits_for_the_lock_writes_into_the_file(path: str) -> None:
    def wait_and_write() -> None:
        with connect.writing(path, create=True) as db, connect.transaction(db):
            waiting.set()
            db.execute("create table good (a)")
            db.execute("insert into good values (1)")

    waiting = threading.Event()
    other = threading.Thread(target=wait_and_write)
    with pytest.raises(ZeroDivisionError), connect.writing(path, create=True) as db, connect.transaction(db):
        db.execute("create table bad (a)")
        other.start()
        time.sleep(0.3)  # the other has opened the file and waits for the lock
        assert not waiting.is_set()
        raise ZeroDivisionError
    other.join()
    assert good_rows(path) == [(1,)]


def test_two_writers_that_begin_at_once_lose_nothing(path: str) -> None:
    """As many starts as find the window: the failing one removes the file just when the other opens it."""
    for _ in range(40):
        failing = threading.Thread(target=fail_after, args=(path, lambda: None))
        failing.start()
        write_good(path)
        failing.join()
        assert good_rows(path) == [(1,)]
        os.unlink(path)
        for suffix in ("-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)


def test_a_file_that_never_opened_is_removed(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(db: object, mode: str) -> None:
        raise sqlite3.OperationalError("no such module")

    monkeypatch.setattr(connect, "prepare", refuse)
    with pytest.raises(DatabaseError, match="no such module"), connect.writing(path, create=True):
        pass
    assert os.listdir(os.path.dirname(path)) == []


def test_a_file_removed_while_it_is_opened_is_created_again(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = connect._set_up, []

    def remove_once(db: object, name: str) -> None:
        real(db, name)
        calls.append(name)
        if len(calls) == 1:
            os.unlink(name)

    monkeypatch.setattr(connect, "_set_up", remove_once)
    write_good(path)
    assert (good_rows(path), len(calls)) == ([(1,)], 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("a\0b", "NUL"),
        ("no/such/a.db", "cannot be opened"),
        ("/dev/null", "device"),
    ],
)
@pytest.mark.parametrize("create", [True, False])
def test_a_path_that_names_no_file_is_one_line(name: str, message: str, create: bool) -> None:
    opened = connect.writing(name, create=create)
    with pytest.raises(DatabaseError, match=message if create or "no/" not in name else "There is no file"), opened:
        pass


def test_an_inode_of_no_file(path: str) -> None:
    assert new_file.inode_of(path) == -1
