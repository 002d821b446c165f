"""Verbs that analyse the vectors: duplicates, cluster, classify."""

from __future__ import annotations

from typing import Any

import click

from semsearch import present
from semsearch.analysis import clusters as clustering
from semsearch.analysis.duplicates import THRESHOLD, WORDS, duplicates
from semsearch.cli.label_column import chosen_column
from semsearch.cli.options import label_or_first_option, listing_options, option, renamed, seed_option
from semsearch.cli.output import Progress, counted, print_rows, remark, rounded, to_json
from semsearch.cli.titles import WIDEST_TITLE, titles_of
from semsearch.cli.upkeep import finish_writing
from semsearch.labels import classify as classifying
from semsearch.labels.classify import FEW_LABELS, Classified, Suggestion
from semsearch.records import Hit, OpenCollection
from semsearch.storage import datasets, results
from semsearch.storage.collections import open_collection
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection

SUGGESTED_TEXT = 200  # characters of a suggested row's text in JSON and CSV; a table shows fewer
MAX_CONFUSION_LABELS = 20  # labels up to which the confusion matrix is printed


def add_to(cli: click.Group) -> None:
    """Add the verbs to the group."""
    for command in (duplicates_command, cluster_command, classify_command):
        cli.add_command(command)


@renamed("--words", "--min-overlap")
@click.command("duplicates", short_help="List pairs of near-duplicate items")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option(
    "--threshold",
    type=float,
    default=THRESHOLD,
    show_default=True,
    metavar="COS",
    help="minimum cosine similarity of a pair: above 0, at most 1",
)
@option(
    "--min-overlap",
    type=float,
    default=WORDS,
    show_default=True,
    metavar="SHARE",
    help="minimum word overlap of two documents, above 0 and at most 1 (twice the common words over all words)",
)
@listing_options
def duplicates_command(db: str, collection: str, threshold: float, min_overlap: float, shape: str | None) -> None:
    """List pairs of items that are nearly the same, the closest first.

    Two items are a pair if their cosine similarity is at least --threshold. Two documents must also have a
    word overlap of at least --min-overlap. The search is exact. The columns are the similarity, the word overlap of
    documents, and the titles of items that have one. JSON and CSV call the first two `cosine` and `words`.

    \b
    semsearch duplicates my.db articles_lsa
    semsearch duplicates my.db articles_lsa --threshold 0.8 --min-overlap 0.6
    """
    with reading(db) as connection, Progress(f"comparing items of {collection}", "item") as progress:
        opened = open_collection(connection, collection)
        pairs = duplicates(
            connection,
            opened,
            threshold=threshold,
            words=min_overlap,
            report=progress,
        )
        titles = titles_of(connection, opened, (key for pair in pairs for key in (pair.one, pair.other)))
    if not pairs:
        remark("No near-duplicates found. A lower --threshold or --min-overlap finds more")
    rows = [
        {
            "id": pair.one,
            "other": pair.other,
            "cosine": pair.cosine,
            "words": pair.words,
            **({"title": titles.get(pair.one, ""), "other_title": titles.get(pair.other, "")} if titles else {}),
        }
        for pair in pairs
    ]
    if shape == "json":
        rows = [{**row, "similarity": row["cosine"]} for row in rows]
    if shape not in ("json", "csv"):
        hidden = {"words"} if all(pair.words is None for pair in pairs) else set()
        rows = [{name: value for name, value in rounded(row).items() if name not in hidden} for row in rows]
    print_rows(rows, shape, widest=WIDEST_TITLE)


@click.command("cluster", short_help="Group items into clusters by k-means")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option("--clusters", type=int, metavar="N", show_default="chosen from the data, 2 to 60", help="number of clusters")
@seed_option("clusters")
@listing_options
def cluster_command(db: str, collection: str, clusters: int | None, seed: int, shape: str | None) -> None:
    """Group the items of a collection by k-means and write them to the table COLLECTION_clusters.

    Items are clustered along the 30 directions in which they vary most. Without --clusters, the number with the largest
    silhouette is taken. Each cluster is labelled with its most distinctive words. The table has the columns id,
    cluster, label and similarity, which is the cosine to the centre. The listing has the item nearest to each centre.
    Clusters are numbered by size, the largest first.

    \b
    semsearch cluster my.db articles_lsa --clusters 30
    """
    with writing(db) as connection:
        items = open_collection(connection, collection)
        result = clustering.cluster(connection, items, clusters, seed=seed)
        clustering.write(connection, result)
        written = results.clusters(connection, collection, k=len(result.clusters), nearest=1)
        titles = titles_of(connection, items, (key for cluster in written for key in cluster.nearest))
        finish_writing(connection)
    rows = [
        {"cluster": row.number, "items": row.count, "label": row.label, "nearest": titles.get(key, key)}
        for row in written
        for key in row.nearest
    ]
    print_rows(rows, shape, widest=WIDEST_TITLE + 20)
    remark(f"Wrote the table {collection}_clusters: id, cluster, label, similarity")


@renamed("--words/--no-words", "--baseline")
@renamed("--labels", "--label-table")
@click.command("classify", short_help="Train a classifier and predict missing labels")
@click.argument("db", type=click.Path())
@click.argument("names", metavar="COLLECTION...", nargs=-1, required=True)
@label_or_first_option
@option(
    "--label-table",
    "table",
    metavar="TABLE",
    show_default="the dataset's own table",
    help="take COL from this table, matched by its column id, word or key",
)
@option(
    "--suggest",
    type=int,
    metavar="N",
    show_default="none",
    help="only list the N most informative rows to label next; write no predictions",
)
@option(
    "--baseline/--no-baseline",
    default=True,
    show_default="on",
    help="compare with logistic regression on a bag of words (tf-idf)",
)
@seed_option("predictions")
@listing_options
def classify_command(db: str, names: tuple[str, ...], shape: str | None, **options: Any) -> None:
    """Train a classifier on the labelled rows and predict the label of the others.

    The classifier is a logistic regression on the vectors. The vectors of several collections of the same rows are
    concatenated. Prints the cross-validated accuracy with its 95 % interval, precision and recall of each label, and
    the confusion matrix. Writes the predictions for unlabelled rows to the table COLLECTION_predictions (id, label,
    probability, second, second_probability).

    \b
    semsearch classify my.db articles_lsa --label theme
    semsearch classify my.db articles_lsa --label theme --suggest 20
    """
    baseline, suggest = options.pop("baseline"), options.pop("suggest")
    if suggest is not None:
        _suggest(db, names, suggest, shape, **options)
        return
    with writing(db) as connection:
        with Progress(f"classifying {names[0]}", "step") as progress:
            opened = [open_collection(connection, name) for name in names]
            options["column"] = options["column"] or chosen_column(connection, opened[0], options["table"])
            result = classifying.classify(connection, opened, words=baseline, report=progress, **options)
        classifying.write(connection, result, table=options["table"])
        finish_writing(connection)
    _print_classified(result, shape)


def _suggest(db: str, names: tuple[str, ...], number: int, shape: str | None, **options: Any) -> None:
    with reading(db) as connection:
        opened = [open_collection(connection, name) for name in names]
        options["column"] = options["column"] or chosen_column(connection, opened[0], options["table"])
        suggestions = classifying.suggest(connection, opened, number, **options)
        rows = _suggestion_rows(connection, opened[0], suggestions)
    print_rows(rows, shape, widest=60)
    remark(
        f"With up to {FEW_LABELS} labels these are the centres of clusters that have no label yet."
        " The number of clusters depends on N, so another N can list other rows"
    )


def _print_classified(result: Classified, shape: str | None) -> None:
    """Print everything as JSON, the rows of the labels as CSV, or tables for people."""
    if shape == "json":
        click.echo(to_json(result.as_dict()))
    elif shape == "csv":
        print_rows(_label_rows(result), shape)
    else:
        print_rows([rounded(scores.as_dict()) for scores in result.judged], shape)
        click.echo()
        print_rows([rounded(row) for row in _label_rows(result)], shape)
        if len(result.labels) <= MAX_CONFUSION_LABELS:
            click.echo("\nConfusion matrix: rows are true labels, columns are predicted labels")
            print_rows(_confusion_rows(result), shape, widest=24)
    for line in result.remarks:
        remark(line)
    remark(
        f"Wrote {counted(len(result.predictions), 'prediction')} for rows without a label to the table {result.table}"
    )


def _label_rows(result: Classified) -> list[dict[str, Any]]:
    return [label.as_dict() for label in result.labels]


def _confusion_rows(result: Classified) -> list[dict[str, Any]]:
    """A row for each true label of held-out items, a column for each predicted label."""
    names = [str(label.label) for label in result.labels]
    return [
        {"label": name} | {f"as {other}": count for other, count in zip(names, row, strict=True)}
        for name, row in zip(names, result.confusion, strict=True)
    ]


def _suggestion_rows(db: Connection, opened: OpenCollection, suggestions: list[Suggestion]) -> list[dict[str, Any]]:
    """The suggested rows with their titles and the beginning of their texts, where they have them."""
    dataset = opened.dataset
    rows: dict[str, dict[str, Any]] = {}
    has_text = False
    if opened.of != "word":
        rows = datasets.rows_by_key(db, dataset, [str(suggestion.id) for suggestion in suggestions])
        has_text = bool(dataset.text_columns) and opened.of != "image"
    result = []
    for suggestion in suggestions:
        row = rows.get(str(suggestion.id))
        title = present.title_of(dataset, Hit(suggestion.id, 1.0, row=row)) if row else ""
        facts = {
            "id": suggestion.id,
            "title": title,
            "label": suggestion.label,
            "probability": suggestion.probability,
        }
        if has_text:
            text = datasets.text_of(dataset, row)[1] if row else ""
            facts["text"] = present.shortened(text, SUGGESTED_TEXT)
        result.append(rounded(facts))
    return result
