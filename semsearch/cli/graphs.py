"""Verbs about graphs: ingest edges, predict-links, evaluate links, evaluate labels."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from semsearch import registry
from semsearch.analysis.links import predict_links
from semsearch.cli.ingest import (
    encoding_option,
    header_option,
    ingest,
    limit_option,
    names_option,
    next_step,
    report_skipped,
)
from semsearch.cli.label_column import chosen_column
from semsearch.cli.options import label_or_first_option, listing_options, option, renamed, seed_option
from semsearch.cli.output import Progress, counted, print_rows, remark, rounded
from semsearch.cli.search import evaluate
from semsearch.cli.titles import WIDEST_TITLE, titles_of
from semsearch.cli.upkeep import finish_writing
from semsearch.ingest.edges import EdgeSources, TableEdges, ingest_edges
from semsearch.ingest.sources import source_name
from semsearch.storage import collections, results
from semsearch.storage.connect import reading, writing
from semsearch.storage.results import Link

SHOWN_LINKS = 10  # predicted edges printed; the table holds all


def add_to(cli: click.Group) -> None:
    """Add the verbs; `ingest` has one more, `evaluate` two."""
    cli.add_command(predict_links_command)
    ingest.add_command(ingest_edges_command)
    evaluate.add_command(evaluate_links_command)
    evaluate.add_command(evaluate_labels_command)


@click.command("edges", short_help="Import a graph from files or a table of edges")
@click.argument("db", type=click.Path())
@click.argument("graph")
@click.argument("files", nargs=-1, metavar="[SOURCE]...")
@option(
    "--table", metavar="TABLE", show_default="none", help="use the edges of an existing table in place, without files"
)
@option("--source", metavar="COL", show_default="guessed", help="the column of source nodes")
@option("--target", metavar="COL", show_default="guessed", help="the column of target nodes")
@option(
    "--weight", metavar="COL", show_default="guessed, else all weights are 1", help="the column of weights, 0 or more"
)
@option(
    "--through",
    metavar="COL",
    show_default="none",
    help="with --table: connect two source nodes if they share a value of COL, such as a grant",
)
@option("--directed", is_flag=True, help="edges count from source to target only")
@option(
    "--nodes",
    metavar="FILE",
    show_default="none",
    help="attributes of the nodes: csv, tsv, json or jsonl with an id column",
)
@header_option
@names_option
@limit_option
@option(
    "--format",
    "format",
    metavar="NAME",
    show_default="from the suffix",
    help="the format of SOURCE: csv, tsv, jsonl, edgelist, adjlist or mtx",
)
@encoding_option
@option("--skip-errors", is_flag=True, help="skip rows that are not edges, and list them")
def ingest_edges_command(db: str, graph: str, skip_errors: bool, **options: Any) -> None:
    """Import a graph into the tables GRAPH (the nodes) and GRAPH_edges (source, target, weight).

    Formats: csv, tsv, jsonl, edge lists (a b weight), adjacency lists (a b c d) and Matrix Market, each also as .gz.
    The weights of repeated edges are added. Without --directed an edge counts in both directions. Self-loops are kept
    in the table but not used for learning. If GRAPH is a table already, its rows are the nodes and it is not changed.
    Importing again replaces the edges.

    \b
    semsearch ingest edges my.db friends friends.csv --nodes people.csv
    semsearch ingest edges my.db people --table worked_on --source person --through grant
    """
    columns = TableEdges(**{name: options.pop(name) for name in ("source", "target", "weight", "through", "directed")})
    sources = EdgeSources(columns=columns, **options)
    label = f"reading {sources.table or source_name(sources.files)}"
    with writing(db, create=not sources.table) as connection:
        with Progress(label, "edge") as progress:
            readers = registry.load().readers
            loaded = ingest_edges(connection, graph, sources, readers, skip_errors=skip_errors, report=progress)
        finish_writing(connection)
        following = next_step(connection, db, loaded.dataset.name)
    for line in loaded.remarks:
        remark(line)
    report_skipped(loaded.skipped, loaded.skipped_count)
    remark(f"{loaded.dataset.name}: {counted(loaded.nodes, 'node')}, {counted(loaded.edges, 'edge')}")
    remark(following)


def _titles(link: Link, titles: dict[str, str]) -> dict[str, str]:
    """The titles of both nodes, if nodes have titles."""
    both = {"source_title": titles.get(link.source, ""), "target_title": titles.get(link.target, "")}
    return both if titles else {}


@click.command("predict-links", short_help="Predict missing edges of a graph")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option("-k", type=int, default=1000, show_default=True, metavar="N", help="number of predicted edges")
@seed_option("edges")
@listing_options
def predict_links_command(db: str, collection: str, k: int, seed: int, shape: str | None) -> None:
    """Predict the most likely missing edges and write them to the table COLLECTION_links.

    A logistic regression on the cosine similarity and the node degrees scores every pair of nodes without an edge.
    Pairs with a similarity below 0.1 are left out. `score` is the log-odds of an edge, under that name in the printed
    table. `similarity` is the cosine, and `common` the number of common neighbours.

    \b
    semsearch predict-links my.db friends_netmf -k 100
    """
    with writing(db) as connection:
        nodes = collections.open_collection(connection, collection)
        links = predict_links(connection, nodes, k=k, seed=seed)
        results.write_links(connection, nodes.collection, links)
        listed = links if shape else links[:SHOWN_LINKS]
        titles = titles_of(connection, nodes, (key for link in listed for key in (link.source, link.target)))
        finish_writing(connection)
    rows = [asdict(link) | _titles(link, titles) for link in listed]
    shown = rows if shape == "json" else [_named(rounded(row), shape) for row in rows]
    print_rows(shown, shape, widest=WIDEST_TITLE)
    if shape not in ("json", "csv"):
        remark("Log-odds of 0 mean a probability of 50 %. They grow with similarity and degree")
    remark(f"Wrote {counted(len(links), 'pair')} to the table {collection}_links, best first")


def _named(row: dict[str, Any], shape: str | None) -> dict[str, Any]:
    """A predicted link for a table, with `score` called by what it is. CSV keeps the keys."""
    if shape == "csv":
        return row
    return {
        "log-odds" if name == "score" else name: round(value, 2) if name == "score" else value
        for name, value in row.items()
    }


@renamed("--hide", "--hidden-share")
@click.command("links", short_help="Measure link prediction on hidden edges")
@click.argument("db", type=click.Path())
@click.argument("collection")
@option(
    "--hidden-share",
    type=float,
    default=0.2,
    show_default=True,
    metavar="SHARE",
    help="share of the edges that are hidden from training, 0 to 1",
)
@option("-k", type=int, default=100, show_default=True, metavar="N", help="number of top pairs for precision at k")
@seed_option("hidden edges")
@listing_options
def evaluate_links_command(db: str, collection: str, hidden_share: float, k: int, seed: int, shape: str | None) -> None:
    """Hide a share of the edges, train again with the same options, and measure how well the hidden edges are found.

    `auc` is the probability that a hidden edge scores higher than a pair of nodes without an edge. `precision` is the
    share of hidden edges among the k best pairs, of those with a similarity of at least 0.1, as `predict-links` lists
    them. `left out` is the share of hidden edges below that. Common neighbours and Adamic-Adar are the baselines.

    \b
    semsearch evaluate links my.db friends_netmf
    """
    from semsearch.evaluate.links import evaluate_links

    with reading(db) as connection, Progress(f"evaluating links of {collection}", "step") as progress:
        scores = evaluate_links(connection, collection, share=hidden_share, k=k, seed=seed, report=progress)
    print_rows([row.as_dict() if shape == "json" else rounded(row.as_dict()) for row in scores], shape)


@renamed("--share", "--train-share")
@click.command("labels", short_help="Measure how well the vectors predict labels")
@click.argument("db", type=click.Path())
@click.argument("collection")
@label_or_first_option
@option(
    "--separator",
    metavar="TEXT",
    show_default="none, each cell is one label or a JSON array",
    help="the separator between several labels in a cell",
)
@option("--folds", type=int, metavar="N", show_default="none", help="use N-fold cross-validation")
@option(
    "--split",
    metavar="COL",
    show_default="none",
    help="train on rows whose COL is train, test on rows whose COL is test",
)
@option(
    "--train-share",
    "shares",
    type=float,
    multiple=True,
    metavar="SHARE",
    show_default="0.1 to 0.9",
    help="share of the items to train on; may be repeated",
)
@option(
    "--shuffles", type=int, default=10, show_default=True, metavar="N", help="random splits for each training share"
)
@option(
    "--c",
    "C",
    type=float,
    metavar="C",
    show_default="chosen by cross-validation; 1 with --train-share",
    help="inverse regularisation strength, above 0",
)
@seed_option("splits")
@listing_options
def evaluate_labels_command(
    db: str, collection: str, column: str | None, shape: str | None, seed: int, C: float | None, **options: Any
) -> None:
    """Train logistic regressions on some labelled items, predict the others, and report accuracy, micro and macro F1.

    By default it trains on random shares of 0.1 to 0.9 of the items, with one binary regression per label. For an item
    with k labels the k most likely labels are predicted, as is usual for graphs (Perozzi et al. 2014). With --folds or
    --split each test item is predicted once. If each item has one label, the classifier is that of `classify`. With
    --folds items whose label occurs only once are left out.

    \b
    semsearch evaluate labels my.db articles_lsa --label theme --folds 10
    semsearch evaluate labels my.db articles_lsa --label theme --split part
    """
    from semsearch.evaluate.labels import HoldOut, evaluate_labels

    separator, hold_out = options.pop("separator"), HoldOut(**options)
    with reading(db) as connection:
        opened = collections.open_collection(connection, collection)
        if not column and (opened.of == "word" or not opened.dataset.label_column):
            column = chosen_column(connection, opened)
        scores, labels, items = evaluate_labels(
            connection, collection, column, separator=separator, hold_out=hold_out, seed=seed, C=C
        )
    means = f", means of {counted(hold_out.shuffles, 'shuffle')}" if hold_out.by_shares else ""
    remark(f"{counted(labels, 'label')} on {counted(items, 'item')}{means}")
    print_rows([row.as_dict() if shape == "json" else rounded(row.as_dict()) for row in scores], shape)
