"""Verbs that bring data in: documents from files, or a table that is already there."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from semsearch import registry
from semsearch.builders.base import Encodes
from semsearch.building.staleness import main_collections
from semsearch.cli.output import Progress, remark
from semsearch.cli.upkeep import say_checkpoint
from semsearch.ingest.load import Columns, Loaded, load_documents, register_table
from semsearch.ingest.sources import read_sources, source_name
from semsearch.storage.connect import writing
from semsearch.storage.driver import Connection

Command = TypeVar("Command", bound=Callable[..., Any])
LISTED = 10  # skipped files or rows named on the screen; the rest are counted


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(ingest)


def column_options(command: Command) -> Command:
    """Adds --text, --title and --label."""
    for option in (
        click.option("--label", metavar="COL", help="a column of labels"),
        click.option("--title", metavar="COL", help="the column to show as title"),
        click.option(
            "--text", multiple=True, metavar="COL", help="a text column; may be repeated; guessed if not given"
        ),
    ):
        command = option(command)
    return command


image_option = click.option("--image", metavar="COL", help="a column of pictures, as BLOBs: learn from those")


@click.group(short_help="Bring documents, graphs, pictures or vectors in.")
def ingest() -> None:
    """Bring documents, graphs, pictures or vectors into a file, or name a table that is already there."""


@ingest.command("documents")
@click.argument("db", type=click.Path())
@click.argument("dataset")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@column_options
@click.option("--id", metavar="COL", help="the column that identifies a row")
@click.option(
    "--format", "format_name", metavar="NAME", help="what SOURCE is, where its suffix does not say: csv, jsonl, …"
)
@click.option("--encoding", default="utf-8", show_default=True, help="how the text is encoded")
@click.option("--skip-errors", is_flag=True, help="leave out files and rows that cannot be read, and list them")
def ingest_documents(
    db: str,
    dataset: str,
    sources: tuple[str, ...],
    format_name: str | None,
    encoding: str,
    skip_errors: bool,
    **columns: Any,
) -> None:
    """Read documents from files, folders, patterns or - into the table DATASET.

    Understands txt, md, html, csv, tsv, json, jsonl and mbox, each also as .gz. Reading a source again updates what
    changed.
    """
    named = Columns(**columns)
    items = read_sources(sources, registry.load().readers, format=format_name, encoding=encoding)
    source = source_name(sources)
    with writing(db, create=True) as connection, Progress(f"reading {source}", "item") as progress:
        loaded = load_documents(
            connection, dataset, items, source=source, columns=named, skip_errors=skip_errors, report=progress
        )
        say_checkpoint(connection)
        following = next_step(connection, db, dataset)
    say_loaded(loaded)
    remark(following)


def next_step(connection: Connection, db: str, dataset: str) -> str:
    """What to do once rows have come in: build, or update what is built where its model can take rows in."""
    builders = registry.load().builders
    for collection in main_collections(connection):
        if collection.dataset == dataset and isinstance(builders.get(collection.builder), Encodes):
            return f"Next: semsearch update {shlex.quote(db)}"
    return f"Next: semsearch build {shlex.quote(db)} {shlex.quote(dataset)}"


def say_loaded(loaded: Loaded) -> None:
    """What became of the rows, what was guessed, and what was left out."""
    for line in loaded.remarks:
        remark(line)
    for message in loaded.skipped[:LISTED]:
        remark(f"Skipped: {message}")
    if loaded.skipped_count > LISTED:
        remark(f"… and {loaded.skipped_count - LISTED:,} more; {loaded.skipped_count:,} skipped in all")
    parts = {"added": loaded.added, "updated": loaded.updated, "unchanged": loaded.unchanged}
    said = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count) or "nothing new"
    remark(f"{loaded.dataset.name}: {said}")


@ingest.command("table")
@click.argument("db", type=click.Path())
@click.argument("table")
@column_options
@image_option
def ingest_table(
    db: str, table: str, text: tuple[str, ...], title: str | None, label: str | None, image: str | None
) -> None:
    """Use an existing TABLE in place: it is neither copied nor altered."""
    with writing(db) as connection:
        columns = Columns(text=text, title=title, label=label, image=image)
        dataset, remarks = register_table(connection, table, columns)
        for line in remarks:
            remark(line)
        say_checkpoint(connection)
        following = next_step(connection, db, dataset.name)
    remark(f"{dataset.name} is a dataset now. {following}")
