"""Verbs about all items of a collection at once: neighbours, map."""

from __future__ import annotations

import click

from semsearch.analysis import maps
from semsearch.analysis import neighbours as nearest
from semsearch.analysis.neighbours import DEFAULT_K, MAX_K
from semsearch.cli.options import option, seed_option
from semsearch.cli.output import Progress, counted, remark
from semsearch.cli.upkeep import finish_writing
from semsearch.maths.projection import METHODS, installed
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import writing


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(neighbours_command)
    cli.add_command(map_command)


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


@click.command("map", short_help="Place all items in two dimensions, with named groups")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option(
    "--method",
    type=click.Choice(METHODS),
    show_default="umap if umap-learn is installed, else pca",
    help="principal components (pca, fastest), UMAP (umap), or t-SNE (tsne, slowest, keeps most neighbours)",
)
@seed_option("map")
def map_command(db: str, collection: str, method: str | None, seed: int) -> None:
    """Give every item a place in two dimensions, so that similar items are near each other.

    Writes the table COLLECTION_map with the columns id, x, y (0 to 1) and cluster, and COLLECTION_map_groups with the
    names of the groups at three levels. The page Map of the collection shows them. UMAP and t-SNE use the table of
    `neighbours`, which is written if it is missing, and begin with the principal components. `update` places new items
    by their neighbours and moves no other.

    \b
    semsearch map my.db articles_lsa
    semsearch map my.db articles_lsa --method tsne
    """
    with writing(db) as connection:
        opened = open_collection(connection, collection)
        with Progress(f"comparing items of {collection}", "item") as progress:
            made = maps.make_map(connection, opened, method, seed=seed, report=progress)
        table = maps.write(connection, made)
        finish_writing(connection)
    items = counted(len(made.keys), opened.of)
    remark(f"Wrote the table {table}: {items} by {made.method}, in {len(set(made.clusters.tolist()))} groups")
    remark(f"On the map an item has {100 * made.kept:.0f} % of its {DEFAULT_K} nearest items among its nearest")
    if method is None and not installed("umap"):
        remark("UMAP separates groups better than principal components: `pip install 'datasette-semsearch[map]'`")
