"""Verbs that keep a file in order and open it: drop, doctor, migrate, serve."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from semsearch import doctor as checks
from semsearch.building import build as engine
from semsearch.cli.output import listing_options, print_rows, remark
from semsearch.storage import connect
from semsearch.storage.driver import Connection


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    for command in (drop, doctor, migrate, serve):
        cli.add_command(command)


@click.command()
@click.argument("db", type=click.Path())
@click.argument("name")
def drop(db: str, name: str) -> None:
    """Remove a collection, or a dataset with all its collections. Your own tables always stay."""
    with connect.writing(db) as connection:
        gone = engine.drop(connection, name)
        say_checkpoint(connection)
    remark(f"Dropped {', '.join(gone)}. No table of yours was touched.")


def say_checkpoint(connection: Connection) -> None:
    """Move the log into the file at the end of a writing verb, and pass on what there is to say."""
    text = connect.checkpoint(connection)
    if text:
        remark(text)


@click.command(short_help="Check this installation, or a file.")
@click.argument("db", type=click.Path(), required=False)
@listing_options
def doctor(db: str | None, shape: str | None) -> None:
    """Check this installation, by really searching with sqlite-vec, and a file if one is given."""
    rows = checks.check_installation() + (checks.check_file(db) if db else [])
    print_rows([{"check": row.check, "ok": row.ok, "found": row.found} for row in rows], shape)
    if not all(row.ok for row in rows):
        sys.exit(1)


@click.command()
@click.argument("db", type=click.Path())
def migrate(db: str) -> None:
    """Bring a file written by an older semsearch up to date."""
    with connect.writing(db, up_to_date=False) as connection:
        if not connect.has_catalogue(connection):
            remark(f"{db} has nothing of semsearch in it yet: there is nothing to migrate")
            return
        before = connect.pending(connection)
        with connect.transaction(connection):
            pass  # beginning to write applies what is missing
        say_checkpoint(connection)
    remark(f"Applied {', '.join(before)}" if before else f"{db} is up to date")


@click.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("db", type=click.Path())
@click.argument("datasette_options", nargs=-1, type=click.UNPROCESSED)
def serve(db: str, datasette_options: tuple[str, ...]) -> None:
    """Open a file in Datasette, with its search pages. Further options go to `datasette serve`."""
    open_in_datasette(db, datasette_options)


def open_in_datasette(db: str, options: Sequence[str]) -> None:
    """Run Datasette on a file until Ctrl-C. Says first, in one line, if the file cannot be used."""
    with connect.reading(db):
        pass
    from datasette.cli import cli as datasette

    remark(f"Serving {db}: the search pages are at {_address(datasette, [db, *options])} (Ctrl-C ends)")
    datasette.main(args=["serve", db, *options], prog_name="datasette")


def _address(datasette: click.Group, arguments: list[str]) -> str:
    """Where the search pages will be, as Datasette's own reading of its options has it; it chooses what -p 0 leaves
    open, and what is wrong with the options it says itself."""
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
