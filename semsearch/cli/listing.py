"""Verbs that list: builders, datasets, collections, runs."""

from __future__ import annotations

import dataclasses
import json
import textwrap

import click

from semsearch import present, registry
from semsearch.builders.base import Builder, Encodes
from semsearch.building.staleness import stale_rows
from semsearch.cli.output import listing_options, print_rows, remark
from semsearch.storage import collections, datasets
from semsearch.storage.connect import reading

WIDEST = 58  # letters of a line of what a builder does, so that a row has less than a hundred


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    for command in (list_builders, list_datasets, list_collections, list_runs):
        cli.add_command(command)


def builder_row(builder: Builder) -> dict[str, object]:
    """A builder for a listing."""
    loaded = registry.load()
    return {
        "name": builder.name,
        "reads": builder.reads,
        "embeds new items": "yes" if isinstance(builder, Encodes) else "no",
        "from": loaded.origin[builder.name],
        "options": ", ".join(field.name for field in dataclasses.fields(builder.Options)),
        "what": (builder.__doc__ or "").strip().split("\n")[0],
    }


@click.command("builders")
@listing_options
def list_builders(shape: str | None) -> None:
    """List the algorithms that can learn embeddings.

    Their options are listed by `semsearch build BUILDER --help`, and by --json and --csv.
    """
    rows = [builder_row(builder) for builder in registry.load().builders.values()]
    print_rows(rows if shape in ("json", "csv") else [_narrow(row) for row in rows], shape)


def _narrow(row: dict[str, object]) -> dict[str, object]:
    """A builder's row for a terminal: without its options, and without what all rows say."""
    what = str(row["what"])
    by = "" if row["from"] == "semsearch" else f" ({row['from']})"
    said = textwrap.fill(what.rstrip(".") + by, WIDEST)
    return {"name": row["name"], "reads": row["reads"], "new items": row["embeds new items"], "what": said}


@click.command("datasets", short_help="List the tables that can be searched.")
@click.argument("db", type=click.Path())
@listing_options
def list_datasets(db: str, shape: str | None) -> None:
    """List the datasets of a file: the tables that can be searched by meaning."""
    with reading(db) as connection:
        found = datasets.all_datasets(connection)
        rows = [present.dataset_row(dataset, datasets.count_items(connection, dataset)) for dataset in found]
    if not rows:
        remark(f"{db} has no dataset yet: `semsearch index {db} TABLE` makes one of a table")
    print_rows(rows, shape)


@click.command("collections")
@click.argument("db", type=click.Path())
@click.option("--quick", is_flag=True, help="do not read the tables to count stale rows")
@listing_options
def list_collections(db: str, quick: bool, shape: str | None) -> None:
    """List the collections of a file: what can be searched.

    The column `stale` counts the rows that were added, changed or deleted since a collection was built or updated;
    words that were learned beside documents have none.
    """
    with reading(db) as connection:
        found = collections.all_collections(connection)
        stale = {} if quick else stale_rows(connection, [collection.name for collection in found])
        rows = [present.collection_row(one) | {"stale": stale.get(one.name)} for one in found]
    if quick:
        rows = [{name: value for name, value in row.items() if name != "stale"} for row in rows]
    if not rows:
        remark(f"{db} has no collection yet: `semsearch index {db} TABLE` builds one")
    print_rows(rows, shape)


@click.command("runs", short_help="How the collections of a file were made.")
@click.argument("db", type=click.Path())
@click.argument("run", type=int, required=False)
@listing_options
def list_runs(db: str, run: int | None, shape: str | None) -> None:
    """List the runs of a file, newest first, or show one whole with its options, metrics and versions."""
    with reading(db) as connection:
        if run is None:
            rows = [present.run_row(found) for found in collections.all_runs(connection)]
            if not rows:
                remark(f"{db} has no run yet: `semsearch index {db} TABLE` makes one")
            print_rows(rows, shape)
            return
        one = present.run_dict(collections.get_run(connection, run), collections.updates_of(connection, run))
    if shape == "json":
        click.echo(json.dumps(one, indent=2))
    elif shape == "csv":
        print_rows([one], shape)
    else:
        rows = [{"what": name, "value": _line(value)} for name, value in one.items()]
        print_rows(rows, shape)


def _line(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(
            f"{name} = {entry:.4g}" if isinstance(entry, float) else f"{name} = {entry}"
            for name, entry in value.items()
        )
    if isinstance(value, list):
        return "\n".join(map(present.flat, value)) if value and isinstance(value[0], dict) else ", ".join(value)
    return str(value)
