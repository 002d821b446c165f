"""Verbs that keep a file in order and open it: drop, doctor, migrate, views, serve."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from semsearch import doctor
from semsearch.building.drop import drop
from semsearch.cli.options import listing_options
from semsearch.cli.output import print_rows, remark
from semsearch.storage import collections, connect
from semsearch.storage.driver import Connection


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    for command in (drop_command, doctor_command, migrate_command, views_command, serve_command):
        cli.add_command(command)


@click.command("drop", short_help="Remove a collection, or a dataset with its collections")
@click.argument("db", type=click.Path())
@click.argument("name")
def drop_command(db: str, name: str) -> None:
    """Remove the collection NAME, or the dataset NAME with all its collections.

    Your own tables are never removed or changed. A collection cannot be dropped while
    another one depends on it.

    \b
    semsearch drop my.db articles_lsa
    """
    with connect.writing(db) as connection:
        dropped = drop(connection, name)
        finish_writing(connection)
    remark(f"Dropped {', '.join(dropped)}. Your own tables were not changed.")


def finish_writing(connection: Connection) -> None:
    """Move the write-ahead log into the file at the end of a verb that writes; print a remark if a reader prevents it.

    This is SQLite's checkpoint, not that of a training.
    """
    try:
        text = connect.checkpoint(connection)
    except KeyboardInterrupt:
        text = "Interrupted after everything was written: copy the -wal file with the database, or write again later"
    if text:
        remark(text)


@click.command("doctor", short_help="Check this installation, or a database")
@click.argument("db", type=click.Path(), required=False)
@listing_options
def doctor_command(db: str | None, shape: str | None) -> None:
    """Check this installation and, if DB is given, that database file.

    The check of sqlite-vec runs a real search. For a file it runs SQLite's quick check and counts the vectors of each
    collection. The exit code is 1 if a check fails.

    \b
    semsearch doctor my.db
    """
    checks = doctor.check_installation() + (doctor.check_file(db) if db else [])
    print_rows([{"check": check.check, "ok": check.ok, "found": check.found} for check in checks], shape)
    if not all(check.ok for check in checks):
        sys.exit(1)


@click.command("migrate", short_help="Upgrade a file written by an older semsearch")
@click.argument("db", type=click.Path())
def migrate_command(db: str) -> None:
    """Upgrade a database file that an older semsearch wrote.

    Every command that writes does this as well. A file of a newer semsearch is an error.

    \b
    semsearch migrate my.db
    """
    with connect.writing(db, up_to_date=False) as connection:
        if not connect.has_catalogue(connection):
            remark(f"{db} has no semsearch tables yet, so there is nothing to migrate")
            return
        applied = connect.upgrade(connection)
        finish_writing(connection)
    remark(f"Applied {', '.join(applied)}" if applied else f"{db} is up to date")


@click.command("views", short_help="Remove the views of collections, or make them again")
@click.argument("db", type=click.Path())
@click.option("--off", "switch", flag_value="off", help="Remove the views of all collections.")
@click.option("--on", "switch", flag_value="on", help="Make the views of all collections again.")
def views_command(db: str, switch: str | None) -> None:
    """Remove the views of collections, or make them again.

    Each collection has a view of its vectors. A program without sqlite-vec cannot read it, and SQLite then refuses
    ALTER TABLE on every table of the file ("no such module: vec0"). Remove the views, change your tables, and make the
    views again. Searches work without views; SQL on a collection's name does not.

    \b
    semsearch views my.db --off
    sqlite3 my.db "alter table articles rename column body to text"
    semsearch views my.db --on
    """
    if switch is None:
        raise click.UsageError("Give --off or --on")
    with connect.writing(db) as connection:
        with connect.transaction(connection):
            change = collections.remove_views if switch == "off" else collections.restore_views
            names = change(connection)
        finish_writing(connection)
    done = "Removed" if switch == "off" else "Made"
    remark(f"{done} the views {', '.join(names)}." if names else "There was nothing to do: no view was changed.")


@click.command(
    "serve",
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    short_help="Open a database in Datasette with its search pages",
)
@click.argument("db", type=click.Path())
@click.argument("datasette_options", nargs=-1, type=click.UNPROCESSED)
def serve_command(db: str, datasette_options: tuple[str, ...]) -> None:
    """Open a database in Datasette, with its search pages.

    All further options go to `datasette serve`.

    \b
    semsearch serve my.db --open
    semsearch serve my.db --port 8002
    """
    open_in_datasette(db, datasette_options)


def open_in_datasette(db: str, options: Sequence[str]) -> None:
    """Run Datasette on a file until Ctrl-C. Raises DatabaseError if the file cannot be used."""
    with connect.reading(db):
        pass
    from datasette.cli import cli as datasette

    remark(f"Serving {db}. The search pages are at {_address(datasette, [db, *options])} (Ctrl-C stops the server)")
    datasette.main(args=["serve", db, *options], prog_name="datasette")


def _address(datasette: click.Group, arguments: list[str]) -> str:
    """The address of the search pages, from Datasette's own parsing of its options.

    With -p 0 Datasette chooses the port later, and it reports wrong options itself: the path alone is then returned.
    """
    below = "/-/semsearch under the address below"
    try:
        given = datasette.commands["serve"].make_context("serve", arguments, resilient_parsing=True).params
    except click.ClickException:
        return below
    if given.get("uds") or not given.get("port"):
        return below
    scheme = "https" if given.get("ssl_keyfile") or given.get("ssl_certfile") else "http"
    host = f"[{given['host']}]" if ":" in given["host"] else given["host"]
    settings = {name.rpartition(".")[2]: value for name, value in given.get("settings") or ()}
    base = str(settings.get("base_url") or "/").strip("/")
    return f"{scheme}://{host}:{given['port']}/{base}{'/' if base else ''}-/semsearch"
