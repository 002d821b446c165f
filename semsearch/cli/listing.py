"""Verbs that list: builders, datasets, collections, runs."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Sequence

import click

from semsearch import present, registry
from semsearch.builders.base import Builder, Encodes, embeds_items
from semsearch.building.staleness import stale_rows
from semsearch.cli.options import listing_options, option
from semsearch.cli.output import print_rows, remark
from semsearch.records import Run, Update
from semsearch.run_facts import meanings, metric_facts, option_texts, update_texts
from semsearch.storage import collections, datasets
from semsearch.storage.connect import reading

MEANING_WIDTH = 54  # characters of a line of a metric's meaning
DESCRIPTION_WIDTH = 42  # characters of a line of a builder's description, so that a row has less than a hundred


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
        "updates": "yes" if embeds_items(builder) else "no",
        "from": loaded.origin[builder.name],
        "options": ", ".join(field.name for field in dataclasses.fields(builder.Options)),
        "what": (builder.__doc__ or "").strip().split("\n")[0],
    }


@click.command("builders", short_help="List the algorithms that learn embeddings")
@listing_options
def list_builders(shape: str | None) -> None:
    """List the algorithms that learn embeddings, what they read, and what they can embed.

    *embeds queries*: whether a query that is not in the table has a vector. *updates*: whether `semsearch update` adds
    new rows. A collection of another builder is built again. In JSON and CSV *embeds queries* is called
    `embeds new items`.

    `semsearch build BUILDER --help` explains the options of one builder. --json and --csv list those of all builders.

    \b
    semsearch builders
    """
    rows = [builder_row(builder) for builder in registry.load().builders.values()]
    print_rows(rows if shape in ("json", "csv") else [_narrow(row) for row in rows], shape)


def _narrow(row: dict[str, object]) -> dict[str, object]:
    """A builder's row for a terminal, without its options."""
    origin = "" if row["from"] == "semsearch" else f" ({row['from']})"
    what = textwrap.fill(str(row["what"]).rstrip(".") + origin, DESCRIPTION_WIDTH)
    return {
        "name": row["name"],
        "reads": row["reads"],
        "embeds new items": row["embeds new items"],
        "updates": row["updates"],
        "what": what,
    }


@click.command("datasets", short_help="List the datasets of a database")
@click.argument("db", type=click.Path())
@listing_options
def list_datasets(db: str, shape: str | None) -> None:
    """List the datasets of a database, the tables that collections are built from.

    `count` is the number of rows, `key` the key columns, and `made_by` says whether semsearch made the table.

    \b
    semsearch datasets my.db
    """
    with reading(db) as connection:
        rows = [
            present.dataset_row(dataset, datasets.count_items(connection, dataset))
            for dataset in datasets.all_datasets(connection)
        ]
    if not rows:
        remark(f"{db} has no dataset yet. `semsearch index {db} TABLE` makes a table searchable")
    print_rows(rows, shape)


@click.command("collections", short_help="List the collections of a database")
@click.argument("db", type=click.Path())
@option("--quick", is_flag=True, help="do not count stale rows, because that reads all tables")
@listing_options
def list_collections(db: str, quick: bool, shape: str | None) -> None:
    """List the collections of a database, the sets of vectors that can be searched.

    `stale` is the number of rows added, changed or deleted since the last build or update. It is empty for words that
    were learned together with documents. `language` is that of the text index.

    \b
    semsearch collections my.db
    """
    with reading(db) as connection:
        result = collections.all_collections(connection)
        stale = {} if quick else stale_rows(connection, [collection.name for collection in result])
        languages = {dataset.name: dataset.language for dataset in datasets.all_datasets(connection)}
        rows = [present.collection_row(each) | {"language": languages.get(each.dataset)} for each in result]
    if not quick:
        rows = [row | {"stale": stale.get(row["name"])} for row in rows]
    if not rows:
        remark(f"{db} has no collection yet. `semsearch index {db} TABLE` builds one")
    print_rows(rows, shape)


@click.command("runs", short_help="List the runs that built the collections")
@click.argument("db", type=click.Path())
@click.argument("run", type=int, required=False)
@listing_options
def list_runs(db: str, run: int | None, shape: str | None) -> None:
    """List the runs of a database, newest first, or show RUN with its options, metrics, versions and updates.

    A run is one execution of a builder. Each metric of RUN is printed with its meaning, range and direction.

    \b
    semsearch runs my.db
    semsearch runs my.db 3
    """
    with reading(db) as connection:
        if run is None:
            rows = [present.run_row(row) for row in collections.all_runs(connection)]
            if not rows:
                remark(f"{db} has no run yet. `semsearch index {db} TABLE` makes one")
            print_rows(rows, shape)
            return
        found = collections.get_run(connection, run)
        updates = collections.updates_of(connection, run)
    facts = present.run_dict(found, updates)
    if shape == "json":
        click.echo(json.dumps(facts | {"meanings": meanings(found.builder, found.metrics)}, indent=2))
    elif shape == "csv":
        print_rows([facts], shape)
    else:
        _print_run(found, updates, facts, shape)


def _print_run(run: Run, updates: Sequence[Update], facts: dict[str, object], shape: str | None) -> None:
    """Print a table of the facts of a run, then one of its metrics with what they mean."""
    texts = [present.update_counts(update) | update_texts(update.metrics) for update in updates]
    facts = {**facts, "seconds": f"{run.seconds:,.1f}", "options": option_texts(run), "updates": texts}
    metrics = metric_facts(run)
    del facts["metrics"]
    print_rows([{"name": name, "value": _lines(value)} for name, value in facts.items()], shape)
    if metrics:
        click.echo()
    print_rows(
        [
            {
                "metric": fact.metric.name,
                "value": fact.text,
                "meaning": textwrap.fill(fact.metric.meaning, MEANING_WIDTH),
            }
            for fact in metrics
        ],
        shape,
    )


def _lines(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name} = {entry}" for name, entry in value.items())
    if isinstance(value, list):
        return "\n".join(map(present.flat, value)) if value and isinstance(value[0], dict) else ", ".join(value)
    return str(value)
