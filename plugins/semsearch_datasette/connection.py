"""sqlite-vec and the SQL functions on Datasette's connections, and calling search off the event loop."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from datasette import hookimpl

from semsearch import sqlfunctions
from semsearch.errors import CapabilityError, SemsearchError
from semsearch.storage import connect

Result = TypeVar("Result")

_missing: dict[str, str] = {}  # what this installation lacks, as the last connection found it: one process, one answer


@hookimpl
def prepare_connection(conn: Any) -> None:
    """Datasette calls this on every connection. What is missing is told by our pages and never takes the instance down."""
    try:
        sqlfunctions.register(conn)
        connect.driver.check_version()
        _missing.clear()
    except CapabilityError as error:
        _missing["capability"] = str(error)


def missing() -> str | None:
    """What this installation lacks to search, with its remedy; None when all is there."""
    return _missing.get("capability")


def is_searchable(database: Any) -> bool:
    """Whether a database of Datasette's can hold collections: not its own internal or cross-database one."""
    return not database.name.startswith("_")


async def read(database: Any, function: Callable[[Any], Result], *, without_vectors: bool = False) -> Result:
    """What `function` returns for a connection to this database, called in one of Datasette's threads.

    Raises SemsearchError for whatever SQLite has to say, and CapabilityError where vectors are needed but cannot be read.
    """
    name = os.path.basename(database.path or "") or database.name

    def call(conn: Any) -> Result:
        if not without_vectors and (lacking := missing()):
            raise CapabilityError(lacking)
        with connect.explained(name):
            connect.check_schema(conn, name)
            return function(conn)

    try:
        return await database.execute_fn(call)
    except connect.driver.Error as error:  # opening the file failed before `call` could
        raise connect.plain(error, name) from error


async def quietly(database: Any, function: Callable[[Any], Result]) -> Result | None:
    """`read` for links on other people's pages: None where it fails, since a link must not break the page it stands on."""
    try:
        return await read(database, function, without_vectors=True)
    except SemsearchError:
        return None
