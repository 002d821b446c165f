"""Chooses the SQLite module, once, for the library, Datasette and sqlite-utils alike.

Two SQLite modules in one process do not mix (their connections and exceptions are different classes), so nobody else
imports one. Datasette and sqlite-utils take pysqlite3 where it is installed; so do we.
"""

from __future__ import annotations

from typing import Any

try:
    import pysqlite3 as sqlite3
except ImportError:
    import sqlite3

from semsearch.errors import CapabilityError

__all__ = [
    "MINIMUM",
    "Connection",
    "Error",
    "OperationalError",
    "check_version",
    "has_vec",
    "is_recent",
    "load_vec",
    "too_old",
    "sqlite3",
]
Connection = sqlite3.Connection
Error = sqlite3.Error
OperationalError = sqlite3.OperationalError
MINIMUM = (3, 43, 0)  # contentless FTS5 tables that can delete


def load_vec(db: Any) -> None:
    """Load sqlite-vec into a connection; CapabilityError with the remedy when it cannot be."""
    if not hasattr(db, "enable_load_extension"):
        raise CapabilityError(
            "This Python's sqlite3 module cannot load extensions: `pip install pysqlite3` (Linux and Windows on x86-64,"
            " macOS on arm64), or use a Python built with --enable-loadable-sqlite-extensions, such as python.org's"
        )
    try:
        import sqlite_vec

        db.enable_load_extension(True)
        try:
            sqlite_vec.load(db)
        finally:
            db.enable_load_extension(False)
    except (ImportError, Error) as error:
        raise CapabilityError(
            f"sqlite-vec cannot be loaded ({error}): `pip install --force-reinstall 'sqlite-vec>=0.1.9,<0.1.10'`"
        ) from error


def has_vec(db: Any) -> bool:
    """Whether sqlite-vec is loaded into a connection."""
    try:
        db.execute("select vec_version()").fetchone()
    except OperationalError:
        return False
    return True


def is_recent() -> bool:
    """Whether SQLite can read and write full-text tables from which rows can be deleted."""
    return bool(sqlite3.sqlite_version_info >= MINIMUM)


def too_old(what: str = "") -> str:
    """That SQLite is too old for the full-text tables of a file, and the remedy; `what` says for what."""
    needed = ".".join(map(str, MINIMUM))
    return (
        f"SQLite {sqlite3.sqlite_version} is too old{what}, {needed} is needed: `pip install pysqlite3` brings a newer"
    )


def check_version(what: str = "") -> None:
    """CapabilityError if SQLite is too old for the full-text tables of a file; `what` says for what it is needed."""
    if not is_recent():
        raise CapabilityError(too_old(what))
