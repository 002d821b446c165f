"""Verbs that learn on top of vectors: duplicates, cluster, classify."""

from __future__ import annotations

import json
from typing import Any

import click

from semsearch import present
from semsearch.analysis import clusters as grouping
from semsearch.analysis import duplicates as engine
from semsearch.cli.output import Progress, counted, listing_options, print_rows, remark, rounded
from semsearch.cli.upkeep import say_checkpoint
from semsearch.labels import classify as labels
from semsearch.labels.classify import Classified, Suggestion
from semsearch.maths.suggest import FEW_LABELS
from semsearch.records import Hit, OpenCollection
from semsearch.storage import collections, datasets
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection

TEXT = 200  # characters of a suggested row's text; a table shows fewer
MOST_SHOWN = 20  # labels in a table of what is taken for what


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    cli.add_command(duplicates)
    cli.add_command(cluster)
    cli.add_command(classify)


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
        found = engine.duplicates(
            connection,
            collections.open_collection(connection, collection),
            threshold=threshold,
            words=words,
            report=progress,
        )
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
        found = grouping.cluster(connection, collections.open_collection(connection, collection), clusters, seed=seed)
        grouping.write(connection, found)
        say_checkpoint(connection)
    print_rows([{"cluster": one.number, "items": one.count, "label": one.label} for one in found.clusters], shape)
    remark(f"Written to the table {collection}_clusters: id, cluster, label, similarity")


@click.command(short_help="Learn labels from the rows that have one, and tell the rest.")
@click.argument("db", type=click.Path())
@click.argument("names", metavar="COLLECTION...", nargs=-1, required=True)
@click.option("--label", "column", metavar="COL", help="the column of labels; by default the dataset's own")
@click.option("--labels", "table", metavar="TABLE", help="take COL from this table, by its column id, or word, or key")
@click.option("--suggest", type=int, metavar="N", help="list the N rows whose label would teach most; writes nothing")
@click.option("--words/--no-words", default=True, show_default=True, help="judge a bag of words beside the vectors")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same answers")
@listing_options
def classify(db: str, names: tuple[str, ...], shape: str | None, **asked: Any) -> None:
    """Learn a column of labels from the rows that have one, and tell the others, by logistic regression on vectors.

    Several collections of the same rows are joined. Says how often held-back rows are told right, with its 95 %
    interval, beside a bag of words; what is taken for what; and writes the table COLLECTION_predictions (id, label,
    probability, second, second_probability) for the rows that have no label.

    \b
    semsearch classify my.db articles_lsa --label theme
    semsearch classify my.db articles_lsa --label theme --suggest 20
    """
    words, suggest = asked.pop("words"), asked.pop("suggest")
    if suggest is not None:
        with reading(db) as connection:
            opened = [collections.open_collection(connection, name) for name in names]
            found = labels.suggest(connection, opened, suggest, **asked)
            rows = _suggested(connection, opened[0], found)
        print_rows(rows, shape, widest=60)
        remark(
            f"With up to {FEW_LABELS} labels these are the middles of groups in which nothing is labelled; how many"
            " groups are made, and so which rows are listed, depends on N"
        )
        return
    with writing(db) as connection:
        with Progress(f"learning from {names[0]}", "step") as progress:
            opened = [collections.open_collection(connection, name) for name in names]
            learnt = labels.classify(connection, opened, words=words, report=progress, **asked)
        labels.write(connection, learnt, table=asked["table"])
        say_checkpoint(connection)
    _print(learnt, shape)


def _print(found: Classified, shape: str | None) -> None:
    """Everything as JSON, the labels' rows as CSV, or tables for people."""
    if shape == "json":
        click.echo(json.dumps(found.as_dict(), indent=2, ensure_ascii=False, default=str))
    elif shape == "csv":
        print_rows(_label_rows(found), shape)
    else:
        print_rows([rounded(judged.as_dict()) for judged in found.judged], shape)
        click.echo()
        print_rows([rounded(row) for row in _label_rows(found)], shape)
        if len(found.labels) <= MOST_SHOWN:
            click.echo()
            print_rows(_confusion_rows(found), shape, widest=24)
    for line in found.remarks:
        remark(line)
    remark(
        f"Written to the table {found.table}: {counted(len(found.predictions), 'row')} without a label,"
        " id, label, probability, second, second_probability"
    )


def _label_rows(found: Classified) -> list[dict[str, Any]]:
    return [facts.as_dict() for facts in found.labels]


def _confusion_rows(found: Classified) -> list[dict[str, Any]]:
    """A row for each label that held-back items have, a column for each that they were told."""
    names = [str(facts.label) for facts in found.labels]
    return [
        {"label": name} | {f"as {other}": count for other, count in zip(names, row, strict=True)}
        for name, row in zip(names, found.confusion, strict=True)
    ]


def _suggested(db: Connection, opened: OpenCollection, found: list[Suggestion]) -> list[dict[str, Any]]:
    """Each with its title and the beginning of its text, where it has them."""
    dataset = opened.dataset
    rows: dict[str, dict[str, Any]] = {}
    has_text = False
    if opened.of != "word":
        rows = datasets.rows_by_key(db, dataset, [str(one.id) for one in found])
        has_text = bool(dataset.text_columns) and opened.of != "image"
    told = []
    for one in found:
        row = rows.get(str(one.id))
        title = present.title_of(dataset, Hit(one.id, 1.0, row=row)) if row else ""
        said = {"id": one.id, "title": title, "label": one.label, "probability": one.probability}
        if has_text:
            said["text"] = present.shortened(datasets.text_of(dataset, row)[1], TEXT) if row else ""
        told.append(said)
    return [rounded(row) for row in told]
