"""Verbs that learn on top of vectors: duplicates, cluster."""

from __future__ import annotations

import click

from semsearch import learn
from semsearch.cli.output import Progress, listing_options, print_rows, remark
from semsearch.cli.upkeep import say_checkpoint
from semsearch.storage.connect import reading, writing


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(duplicates)
    cli.add_command(cluster)


@click.command()
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("--threshold", type=float, default=0.9, show_default=True, help="least cosine of a pair")
@click.option(
    "--words", type=float, default=0.87, show_default=True, help="least share of words two documents have in common"
)
@listing_options
def duplicates(db: str, collection: str, threshold: float, words: float, shape: str | None) -> None:
    """List pairs of items that are nearly the same, closest first."""
    with reading(db) as connection, Progress(f"comparing {collection}", "item") as progress:
        found = learn.duplicates(connection, collection, threshold=threshold, words=words, report=progress)
    if not found:
        remark("No near-duplicates: a lower --threshold or --words looks further")
    rows = [{"id": pair.one, "other": pair.other, "cosine": pair.cosine, "words": pair.words} for pair in found]
    print_rows(rows, shape)


@click.command()
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("--clusters", type=int, default=20, show_default=True, help="how many")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same clusters")
@listing_options
def cluster(db: str, collection: str, clusters: int, seed: int, shape: str | None) -> None:
    """Sort a collection's items into clusters, into the table COLLECTION_clusters."""
    with writing(db) as connection:
        found = learn.cluster(connection, collection, clusters, seed=seed)
        say_checkpoint(connection)
    print_rows([{"cluster": one.number, "items": one.count, "label": one.label} for one in found], shape)
    remark(f"Written to the table {collection}_clusters: id, cluster, label, similarity")
