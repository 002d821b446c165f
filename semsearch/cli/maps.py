"""Verbs about all items of a collection at once: neighbours."""

from __future__ import annotations

import click

from semsearch.analysis import neighbours as nearest
from semsearch.analysis.neighbours import DEFAULT_K, MAX_K
from semsearch.cli.options import option
from semsearch.cli.output import Progress, counted, remark
from semsearch.cli.upkeep import finish_writing
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import writing


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(neighbours_command)


@click.command("neighbours", short_help="Write the nearest items of every item to a table")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option(
    "-k",
    "--k",
    "k",
    type=int,
    default=DEFAULT_K,
    show_default=True,
    metavar="N",
    help=f"number of neighbours of each item, 1 to {MAX_K}",
)
def neighbours_command(db: str, collection: str, k: int) -> None:
    """Find the nearest items of every item and write them to the table COLLECTION_neighbours.

    The table has the columns id, rank (from 1), neighbour and score, which is the cosine similarity. `update` keeps it
    up to date. Up to 8,000 items the neighbours are exact. Beyond that, candidates are found by sign bits.

    \b
    semsearch neighbours my.db articles_lsa
    semsearch neighbours my.db articles_lsa -k 50
    """
    with writing(db) as connection:
        opened = open_collection(connection, collection)
        with Progress(f"comparing items of {collection}", "item") as progress:
            found = nearest.neighbours(connection, opened, k, report=progress)
        table = nearest.write(connection, found, k)
        finish_writing(connection)
    remark(f"Wrote the table {table}: the {found.k} nearest of each of {counted(len(found.keys), opened.of)}")
