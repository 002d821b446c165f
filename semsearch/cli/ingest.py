"""Verbs that import data: documents from files, or a table that exists already."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Callable
from typing import Any, TypeVar

import click

from semsearch import registry
from semsearch.builders.base import embeds_items
from semsearch.building.passages import make_passages
from semsearch.building.staleness import main_collections
from semsearch.cli.options import language_option, option
from semsearch.cli.output import Progress, remark
from semsearch.cli.upkeep import finish_writing
from semsearch.ingest.base import TableOptions, check_strictness, first_items
from semsearch.ingest.columns import named_columns
from semsearch.ingest.load import Columns, Loaded, load_documents, register_table
from semsearch.ingest.sources import read_sources, source_name
from semsearch.records import Dataset
from semsearch.storage.connect import writing
from semsearch.storage.datasets import count_items
from semsearch.storage.driver import Connection
from semsearch.storage.passages import LONG_CHARS, SUFFIX, count_long
from semsearch.storage.passages import dataset_of as find_passages

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
header_option = option(
    "--header/--no-header", default=None, show_default="detected", help="whether the first line is a header"
)
names_option = option(
    "--columns",
    "names",
    metavar="NAMES",
    callback=lambda context, parameter, value: column_names(value),
    show_default="those in the first line",
    help="names of the columns, separated by commas",
)
passages_option = option(
    "--passages", is_flag=True, help="cut the texts into passages, and search these: for texts of more than a page"
)
limit_option = option("--limit", type=int, metavar="N", show_default="all", help="import the first N items only")


def column_names(given: str | None) -> tuple[str, ...]:
    """The names of a list that is separated by commas; quotes protect commas inside a name."""
    if given is None:
        return ()
    return tuple(name.strip() for name in next(csv.reader([given], skipinitialspace=True), []))


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
@header_option
@names_option
@limit_option
@passages_option
@option("--keep-html", is_flag=True, help="keep HTML tags and entities in the text columns of rows")
@option("--skip-errors", is_flag=True, help="skip files and rows that cannot be read, and list them")
@option("--strict", is_flag=True, help="fail on a PDF, Office file, mail, archive or source file that cannot be read")
def ingest_documents(db: str, dataset: str, sources: tuple[str, ...], **options: Any) -> None:
    """Import documents from files, folders or glob patterns into the table DATASET.

    Formats: txt, md, html, csv, tsv, json, jsonl, mbox, eml, source code, and zip and tar of these, each also as .gz.
    With the extra `files` also pdf, docx, pptx, xlsx, ods, odt, rtf, epub, msg and others. Files that cannot be read
    are skipped and listed. If SOURCE is -, standard input is read. Importing a source again updates changed rows.
    A csv or tsv without a header is recognised. docs/ingest.md explains how each format is read.

    \b
    semsearch ingest documents my.db articles articles.csv --text body --title headline
    semsearch ingest documents my.db notes notes/ --skip-errors
    """
    format_name, encoding, limit = (options.pop(name) for name in ("format_name", "encoding", "limit"))
    header, names = options.pop("header"), options.pop("names")
    skip_errors, strict, in_passages = (options.pop(name) for name in ("skip_errors", "strict", "passages"))
    columns = Columns(**options)
    table = TableOptions(header, names, named_columns(columns))
    check_strictness(strict=strict, skip_errors=skip_errors)
    readers = registry.load().readers
    items = read_sources(sources, readers, format=format_name, encoding=encoding, table=table, strict=strict)
    source = source_name(sources)
    with writing(db, create=True) as connection, Progress(f"reading {source}", "item") as progress:
        loaded = load_documents(
            connection,
            dataset,
            first_items(items, limit),
            source=source,
            columns=columns,
            skip_errors=skip_errors,
            report=progress,
        )
        if in_passages or find_passages(connection, dataset) is not None:
            cut_into_passages(connection, loaded.dataset)
        elif long := count_long(connection, loaded.dataset):
            loaded.remarks.append(
                f"{long:,} texts are longer than {LONG_CHARS:,} characters, which one vector hardly represents:"
                " --passages cuts them into passages"
            )
        finish_writing(connection)
        following = next_step(connection, db, dataset)
    report_loaded(loaded)
    remark(following)


def cut_into_passages(connection: Connection, dataset: Dataset) -> Dataset:
    """Cut the texts of a dataset into passages, or bring these up to date, and say how many there are."""
    with Progress(f"cutting {dataset.name} into passages", "item") as progress:
        made = make_passages(connection, dataset, report=progress)
    remark(f"{made.name}: {count_items(connection, made):,} passages")
    return made


def next_step(connection: Connection, db: str, dataset: str) -> str:
    """What to do after an ingest: update if a collection of the dataset can embed new rows, else build."""
    builders = registry.load().builders
    for collection in main_collections(connection):
        if collection.dataset in (dataset, dataset + SUFFIX) and embeds_items(builders.get(collection.builder)):
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
