"""The verb that keeps collections up to date with their tables."""

from __future__ import annotations

import click

from semsearch import present
from semsearch.building.rebuild_command import rebuild_command
from semsearch.building.update import Updated, update
from semsearch.cli.options import listing_options
from semsearch.cli.output import Progress, counted, print_rows, remark, with_database
from semsearch.cli.upkeep import finish_writing
from semsearch.errors import BuildError
from semsearch.storage import results
from semsearch.storage.connect import writing

NO_VECTOR = {
    "image": "no vector: the image cannot be read",
    "row": "no vector: a column has no number there",
}
WRITERS = {
    "clusters": "cluster",
    "predictions": "classify",
    "links": "predict-links",
    "samples": "sample",
    "neighbours": "neighbours",
    "map": "map",
}
NO_KNOWN_WORD = "no vector: no word is in the vocabulary. Text search still finds them"


def add_to(cli: click.Group) -> None:
    """Add the verb to the group."""
    cli.add_command(update_command)


@click.command("update", short_help="Bring collections up to date with their tables")
@click.argument("db", type=click.Path())
@click.argument("collection", required=False)
@listing_options
def update_command(db: str, collection: str | None, shape: str | None) -> None:
    """Embed new and changed rows with the existing model, and remove deleted rows.

    Without COLLECTION all collections are updated. Those of words and of graphs cannot be: the command says which of
    them need a rebuild. Texts and images are compared by hash, numeric rows by their
    vectors. The model is not trained again. If a rebuild would improve it, the command says so. Other connections see
    the collections either before or after the update. The exit code is 1 if a
    collection that can be updated, or the named one, was not.

    \b
    semsearch update my.db
    semsearch update my.db articles_lsa
    """
    with writing(db) as connection:
        with Progress(f"updating {collection or db}", "item") as progress:
            outcome = update(connection, collection, report=progress)
        stale = {done.collection.name: results.stale_tables(connection, done.collection) for done in outcome.updated}
        finish_writing(connection)
    if shape:
        print_rows([present.update_row(done.collection, done.update) for done in outcome.updated], shape)
    for done in outcome.updated:
        report_updated(done, counts=not shape)
        if done.rebuild:
            command = rebuild_command(db, done.collection, done.run)
            remark(f"Consider rebuilding {done.collection.name}: {done.rebuild}. To rebuild it: {command}")
        for table in stale[done.collection.name]:
            remark(
                f"{table} was computed before this update: run `semsearch {WRITERS[table.rpartition('_')[2]]}` again"
            )
    for table, items in outcome.refreshed.items():
        remark(f"{table}: {items:,} items updated")
    for name in sorted(outcome.rebuilds):
        remark(with_database(outcome.left[name]))
    failed = {name: why for name, why in outcome.left.items() if name not in outcome.rebuilds}
    if failed:
        raise BuildError("; ".join(_failure(name, why) for name, why in failed.items()))


def _failure(name: str, why: str) -> str:
    return why if why.startswith(f"{name} ") else f"{name} was not updated: {why}"


def report_updated(done: Updated, *, counts: bool = True) -> None:
    """Print how many rows an update added, changed and deleted, and how many have no vector."""
    collection, update = done.collection, done.update
    if counts:
        parts = {"added": update.added, "changed": update.changed, "deleted": update.deleted}
        changes = ", ".join(f"{count:,} {what}" for what, count in parts.items() if count)
        took = f" in {update.seconds:.1f} s" if changes else ""
        remark(f"{collection.name}: {changes or 'up to date'}{took}, {counted(collection.count, collection.of)}")
    if done.without_vector:
        have = "has" if done.without_vector == 1 else "have"
        remark(f"{counted(done.without_vector, 'row')} {have} {NO_VECTOR.get(collection.of, NO_KNOWN_WORD)}")
