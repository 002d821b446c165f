"""The verb that keeps collections up to date with their tables."""

from __future__ import annotations

import click

from semsearch import present
from semsearch.building.update import Updated
from semsearch.building.update import update as fold_in
from semsearch.cli.output import Progress, counted, listing_options, print_rows, remark
from semsearch.cli.rebuild_command import again
from semsearch.cli.upkeep import say_checkpoint
from semsearch.errors import BuildError
from semsearch.storage.connect import writing


def add_to(cli: click.Group) -> None:
    """Add the verb to the group."""
    cli.add_command(update)


@click.command(short_help="Take in new, changed and deleted rows.")
@click.argument("db", type=click.Path())
@click.argument("collection", required=False)
@listing_options
def update(db: str, collection: str | None, shape: str | None) -> None:
    """Take in the rows that are new or changed since the last build or update, and take out those that are gone.

    Without COLLECTION all are brought up to date. Texts and pictures are compared by their hashes, numbers by the
    vectors they give, and embedded with the model as it is: nothing is learned anew, and a remark says when that would
    pay. Whoever searches meanwhile sees the state before or the state after. The exit code is 1 if a collection could
    not be brought up to date.
    """
    with writing(db) as connection:
        with Progress(f"folding into {collection or db}", "text") as progress:
            outcome = fold_in(connection, collection, report=progress)
        say_checkpoint(connection)
    if shape:
        print_rows([present.update_row(found.collection, found.update) for found in outcome.updated], shape)
    for found in outcome.updated:
        say_updated(found, counts=not shape)
        if found.rebuild:
            remark(f"A rebuild would pay: {found.rebuild}. {again(db, found.collection, found.run)}")
    if outcome.left:
        raise BuildError("; ".join(f"{name} was left as it is: {why}" for name, why in outcome.left.items()))


def say_updated(found: Updated, *, counts: bool = True) -> None:
    """What became of a collection."""
    collection, done = found.collection, found.update
    parts = {"added": done.added, "changed": done.changed, "deleted": done.deleted}
    said = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
    if counts:
        took = f" in {done.seconds:.1f} s" if said else ""
        remark(f"{collection.name}: {said or 'up to date'}{took}, {counted(collection.count, collection.of)}")
    if found.without_vector:
        why = {"image": "whose picture cannot be read: without a vector"}
        why["row"] = "without a number in one of the columns: without a vector"
        texts = "without a word the model knows: found by words, not by meaning"
        remark(f"{counted(found.without_vector, 'row')} {why.get(collection.of, texts)}")
