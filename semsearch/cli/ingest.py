"""Verbs that import data: documents from files, or a table that exists already."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from semsearch import registry
from semsearch.builders.base import Encodes
from semsearch.building.staleness import main_collections
from semsearch.cli.options import language_option, option
from semsearch.cli.output import Progress, remark
from semsearch.cli.upkeep import finish_writing
from semsearch.ingest.load import Columns, Loaded, load_documents, register_table
from semsearch.ingest.sources import read_sources, source_name
from semsearch.storage.connect import writing
from semsearch.storage.driver import Connection

Command = TypeVar("Command", bound=Callable[..., Any])
MAX_SKIPPED_LINES = 10  # skipped files or rows that are printed; the rest are only counted


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(ingest)


def column_options(command: Command) -> Command:
    """Adds --text, --title and --label."""
    for add_option in (
        option("--label", metavar="COL", show_default="none", help="the column of labels"),
        option("--title", metavar="COL", show_default="guessed", help="the column that holds the title"),
        option("--text", multiple=True, metavar="COL", show_default="guessed", help="a text column; may be repeated"),
    ):
        command = add_option(command)
    return command


image_option = option(
    "--image", metavar="COL", show_default="none", help="a column of images as BLOBs; vectors are learned from these"
)
encoding_option = option(
    "--encoding", default="utf-8", show_default=True, metavar="NAME", help="character encoding of text files"
)


@click.group(short_help="Import documents, graphs, images, tables or vectors")
def ingest() -> None:
    """Import documents, graphs, images or vectors into a database, or register an existing table as a dataset.

    The database file is created if it does not exist.

    \b
    semsearch ingest documents my.db articles articles.csv
    semsearch ingest images my.db photos photos/
    """


@ingest.command("documents", short_help="Import documents from files and folders")
@click.argument("db", type=click.Path())
@click.argument("dataset")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@column_options
@language_option
@option("--id", metavar="COL", show_default="a column of unique ids, else the row number", help="the key column")
@option(
    "--format",
    "format_name",
    metavar="NAME",
    show_default="from the suffix",
    help="the format of SOURCE: csv, jsonl, …",
)
@encoding_option
@option("--skip-errors", is_flag=True, help="skip files and rows that cannot be read, and list them")
def ingest_documents(
    db: str,
    dataset: str,
    sources: tuple[str, ...],
    format_name: str | None,
    encoding: str,
    skip_errors: bool,
    **columns: Any,
) -> None:
    """Import documents from files, folders or glob patterns into the table DATASET.

    Formats: txt, md, html, csv, tsv, json, jsonl and mbox, each also as .gz. SOURCE - reads standard input. Importing a
    source again updates the rows that changed.

    \b
    semsearch ingest documents my.db articles articles.csv --text body --title headline
    semsearch ingest documents my.db notes notes/ --skip-errors
    """
    items = read_sources(sources, registry.load().readers, format=format_name, encoding=encoding)
    source = source_name(sources)
    with writing(db, create=True) as connection, Progress(f"reading {source}", "item") as progress:
        loaded = load_documents(
            connection,
            dataset,
            items,
            source=source,
            columns=Columns(**columns),
            skip_errors=skip_errors,
            report=progress,
        )
        finish_writing(connection)
        following = next_step(connection, db, dataset)
    report_loaded(loaded)
    remark(following)


def next_step(connection: Connection, db: str, dataset: str) -> str:
    """What to do after an ingest: update if a collection of the dataset can embed new rows, else build."""
    builders = registry.load().builders
    for collection in main_collections(connection):
        if collection.dataset == dataset and isinstance(builders.get(collection.builder), Encodes):
            return f"Next: semsearch update {shlex.quote(db)}"
    return f"Next: semsearch build {shlex.quote(db)} {shlex.quote(dataset)}"


def report_loaded(loaded: Loaded) -> None:
    """Print how many rows were added and updated, what was guessed, and what was skipped."""
    for line in loaded.remarks:
        remark(line)
    report_skipped(loaded.skipped, loaded.skipped_count)
    parts = {"added": loaded.added, "updated": loaded.updated, "unchanged": loaded.unchanged}
    counts = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count) or "nothing new"
    remark(f"{loaded.dataset.name}: {counts}")


def report_skipped(messages: list[str], count: int) -> None:
    """Print the first messages about skipped files or rows, and how many there are."""
    for message in messages[:MAX_SKIPPED_LINES]:
        remark(f"Skipped: {message}")
    if count > MAX_SKIPPED_LINES:
        remark(f"… and {count - MAX_SKIPPED_LINES:,} more ({count:,} skipped in total)")


@ingest.command("table", short_help="Register an existing table as a dataset")
@click.argument("db", type=click.Path())
@click.argument("table")
@column_options
@image_option
@language_option
def ingest_table(db: str, table: str, **columns: Any) -> None:
    """Register the existing TABLE as a dataset. The table is neither copied nor changed.

    Then build from it. `semsearch index` does both with default settings.

    \b
    semsearch ingest table my.db articles --text body --title headline
    """
    with writing(db) as connection:
        dataset, remarks = register_table(connection, table, Columns(**columns))
        for line in remarks:
            remark(line)
        finish_writing(connection)
        following = next_step(connection, db, dataset.name)
    remark(f"{dataset.name} is now a dataset. {following}")
