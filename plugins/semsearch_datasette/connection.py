"""sqlite-vec and the SQL functions on Datasette's connections, and calling search off the event loop."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from datasette import hookimpl
from datasette.database import QueryInterrupted

from semsearch import present, sqlfunctions
from semsearch.errors import CapabilityError, SemsearchError
from semsearch.storage import connect, driver, vectors
from semsearch_datasette.request_cache import known

Result = TypeVar("Result")
VEC_INTERRUPTED = "SQL logic error"
FUNCTION_FAILED = "user-defined function raised exception"  # what SQLite says of any error inside a function

NO_VEC = "no such module: vec0"
# What this installation cannot do, as seen by the last connection; the same for the whole process.
_missing: dict[str, str] = {}


@hookimpl
def prepare_connection(conn: Any, database: str, datasette: Any) -> None:
    """Datasette calls this on every connection. The list of collections reports what is missing."""
    sqlfunctions.register(conn)
    try:
        driver.load_vec(conn)
        driver.check_version(" to search by words")
        _missing.clear()
    except CapabilityError as error:
        _missing["capability"] = str(error)
        # Datasette reads every table's columns at start-up and fails where a module is missing.
        vectors.create_placeholder_tables(conn)
    if (database_object := datasette.databases.get(database)) is not None:
        patch_interrupted_errors(database_object)


def patch_interrupted_errors(database: Any) -> None:
    """Make Datasette see that a query on a vector table ran out of time.

    sqlite-vec 0.1.9 reports an interruption as SQLite's most general error. Datasette leaves out a slow facet or count
    only on the error "interrupted". Without this patch the page of a large collection's view is an error page, and each
    list of tables writes an error to the terminal for each vector table that it had no time to count.

    The method is replaced on each Database because neither version of Datasette has a hook between SQLite's error and
    its handling. To be removed once sqlite-vec passes the interruption on.
    """
    if "execute" in vars(database):
        return
    explain_function_errors(database)
    execute = database.execute

    @wraps(execute)
    async def execute_vec(sql: str, params: Any = None, *more: Any, **options: Any) -> Any:
        quiet = {"log_sql_errors": False} if vectors.PREFIX in sql and not more else {}
        try:
            return await execute(sql, params, *more, **{**options, **quiet})
        except driver.OperationalError as error:
            if error.args in ((VEC_INTERRUPTED,), (connect.INTERRUPTED,)):
                raise QueryInterrupted(error, sql, params) from error
            if quiet and options.get("log_sql_errors", True):
                sys.stderr.write(f"ERROR: sql = {sql!r}, params = {params}: {error}\n")
            raise

    database.execute = execute_vec


def explain_function_errors(database: Any) -> None:
    """Make an SQL error of a semsearch function say its reason at once, to the request that made it and to no other.

    Datasette's threads share their connections between requests, and so between actors. So each use of a connection
    ends by taking its last error, and the next request finds none with `select semsearch_error()`. Patched where
    `patch_interrupted_errors` is, for the same want of a hook.
    """
    name = "_execute_fn" if hasattr(database, "_execute_fn") else "execute_fn"
    execute_fn = getattr(database, name)

    @wraps(execute_fn)
    async def explained(function: Callable[[Any], Any]) -> Any:
        def call(conn: Any) -> Any:
            try:
                return function(conn)
            except driver.OperationalError as error:
                reason = connect.take_function_error(conn) if str(error) == FUNCTION_FAILED else None
                if str(error) == NO_VEC:
                    reason = f"Views of collections cannot be read here; pages and functions can. {missing()}"
                if reason is None:
                    raise
                raise driver.OperationalError(present.with_database(reason, file_name(database))) from error
            finally:
                connect.take_function_error(conn)

        return await execute_fn(call)

    setattr(database, name, explained)


def missing() -> str | None:
    """What this installation cannot do, with the remedy; None if nothing is missing."""
    return _missing.get("capability")


def file_name(database: Any) -> str:
    """The name of a database's file without its folders, as commands and messages show it."""
    return os.path.basename(database.path or "") or str(database.name)


async def read(database: Any, function: Callable[[Any], Result]) -> Result:
    """The result of `function`, called with a connection to this database in one of Datasette's threads.

    Commands in errors name the file.
    Raises SemsearchError for any error of SQLite.
    """
    name = file_name(database)
    checked = ("schema", database.name)
    memory = known()

    def call(conn: Any) -> Result:
        with connect.explained(name):
            if checked not in memory:
                connect.check_schema(conn, name)
                memory[checked] = True
            with connect.snapshot(conn):
                return function(conn)

    try:
        result: Result = await database.execute_fn(call)
        return result
    except SemsearchError as error:
        error.args = (present.with_database(str(error), name),)
        raise
    except driver.Error as error:  # opening the file failed before `call` could
        raise connect.plain(error, name) from error


async def quietly(database: Any, function: Callable[[Any], Result]) -> Result | None:
    """`read` for links on Datasette's own pages: None if it fails, because a link must not break the page around it."""
    try:
        return await read(database, function)
    except SemsearchError:
        return None
