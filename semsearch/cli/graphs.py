"""Verbs about graphs: ingest edges, predict-links, evaluate links, evaluate labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from semsearch import registry
from semsearch.analysis import links
from semsearch.cli.ingest import LISTED, ingest, next_step
from semsearch.cli.output import Progress, counted, listing_options, print_rows, remark, rounded
from semsearch.cli.search import evaluate
from semsearch.cli.upkeep import say_checkpoint
from semsearch.errors import InputError
from semsearch.ingest.edgefiles import EdgeColumns, edge_readers
from semsearch.ingest.edges import GraphSource, LoadedGraph, TableEdges, link_table, load_edges
from semsearch.ingest.sources import read_sources, source_name
from semsearch.storage import collections, results
from semsearch.storage.connect import reading, writing
from semsearch.storage.driver import Connection


def add_to(cli: click.Group) -> None:
    """Add the verbs; `ingest` has one more, `evaluate` two."""
    cli.add_command(predict_links)
    ingest.add_command(ingest_edges)
    evaluate.add_command(evaluate_links)
    evaluate.add_command(evaluate_labels)


@ingest.command("edges", short_help="Read a graph: edges, and perhaps its nodes.")
@click.argument("db", type=click.Path())
@click.argument("graph")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--table", metavar="TABLE", help="take the edges from a table that is there, in place, instead of files")
@click.option("--source", metavar="COL", help="the column of nodes that edges lead from")
@click.option("--target", metavar="COL", help="the column of nodes that edges lead to")
@click.option("--weight", metavar="COL", help="the column of weights, 0 or more; without one each edge weighs 1")
@click.option("--through", metavar="COL", help="with --table: join two sources by each value of COL that they share")
@click.option("--directed", is_flag=True, help="an edge leads from source to target only")
@click.option("--nodes", metavar="FILE", help="attributes of nodes: csv, tsv, json or jsonl with an id column")
@click.option("--header/--no-header", default=None, help="whether the first line names columns; found out if not given")
@click.option(
    "--format", "format_name", metavar="NAME", help="csv, tsv, jsonl, edgelist or adjlist, if the suffix lies"
)
@click.option("--encoding", default="utf-8", show_default=True, help="how the text is encoded")
@click.option("--skip-errors", is_flag=True, help="leave out rows that are no edges, and list them")
def ingest_edges(db: str, graph: str, sources: tuple[str, ...], **asked: Any) -> None:
    """Read a graph's edges into the table GRAPH_edges (source, target, weight) and its nodes into the table GRAPH.

    Understands csv, tsv, jsonl, edge lists (a b weight) and adjacency lists (a b c d), each also as .gz. Edges given
    several times add up; without --directed they count both ways; those from a node to itself are not learned from.
    Where GRAPH is a table already, its rows are the nodes, and it stays as it is. Reading again replaces the edges.

    \b
    semsearch ingest edges my.db friends friends.csv --nodes people.csv
    semsearch ingest edges my.db people --table worked_on --source person --through grant
    """
    if bool(sources) == bool(asked["table"]):
        raise InputError("Where are the edges? Give files, or --table TABLE, and not both")
    with writing(db, create=not asked["table"]) as connection:
        loaded = (_from_table if asked["table"] else _from_files)(connection, graph, sources, asked)
        say_checkpoint(connection)
        following = next_step(connection, db, loaded.dataset.name)
    for line in loaded.remarks:
        remark(line)
    for message in loaded.skipped[:LISTED]:
        remark(f"Skipped: {message}")
    if loaded.skipped_count > LISTED:
        remark(f"… and {loaded.skipped_count - LISTED:,} more")
    remark(f"{loaded.dataset.name}: {counted(loaded.nodes, 'node')}, {counted(loaded.edges, 'edge')}")
    remark(following)


def _from_table(connection: Connection, graph: str, sources: tuple[str, ...], asked: dict[str, Any]) -> LoadedGraph:
    if asked["nodes"]:
        raise InputError("--nodes describes the nodes of files of edges: with --table, GRAPH names their table")
    if asked["through"] and (asked["target"] or asked["weight"]):
        raise InputError("--through joins the sources by what they share: leave out --target and --weight")
    columns = {name: asked[name] for name in ("source", "target", "weight", "through", "directed")}
    return link_table(connection, graph, asked["table"], TableEdges(**columns))


def _from_files(connection: Connection, graph: str, sources: tuple[str, ...], asked: dict[str, Any]) -> LoadedGraph:
    if asked["through"]:
        raise InputError("--through takes what is shared from a table: give --table, and no files")
    columns = EdgeColumns(asked["source"], asked["target"], asked["weight"], asked["header"])
    items = read_sources(sources, edge_readers(columns), format=asked["format_name"], encoding=asked["encoding"])
    readers = registry.load().readers
    nodes = read_sources([asked["nodes"]], readers, encoding=asked["encoding"]) if asked["nodes"] else ()
    source = source_name(sources)
    with Progress(f"reading {source}", "edge") as progress:
        loaded = load_edges(
            connection,
            graph,
            GraphSource(items, source, nodes),
            directed=asked["directed"],
            skip_errors=asked["skip_errors"],
            report=progress,
        )
    loaded.remarks[:0] = dict.fromkeys(columns.remarks)
    return loaded


@click.command("predict-links", short_help="Likely edges that are not there.")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("-k", type=int, default=1000, show_default=True, help="how many")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same links")
@listing_options
def predict_links(db: str, collection: str, k: int, seed: int, shape: str | None) -> None:
    """Find the likeliest edges that are not there, into the table COLLECTION_links.

    Likely are nodes that are near each other and busy; `score` is the logarithm of the odds, `common` how many
    neighbours they share.
    """
    with writing(db) as connection:
        nodes = collections.open_collection(connection, collection)
        found = links.predict_links(connection, nodes, k=k, seed=seed)
        results.write_links(connection, nodes.collection, found)
        say_checkpoint(connection)
    rows = [asdict(one) for one in (found if shape else found[:LISTED])]
    print_rows(rows if shape == "json" else [rounded(row) for row in rows], shape)
    remark(f"Written to the table {collection}_links: {counted(len(found), 'pair')}, best first")


@click.command("links", short_help="Hide edges, learn anew, find them again.")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("--hide", type=float, default=0.2, show_default=True, help="the share of edges that is hidden")
@click.option("-k", type=int, default=100, show_default=True, help="how many of the likeliest pairs are looked at")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same edges")
@listing_options
def evaluate_links(db: str, collection: str, hide: float, k: int, seed: int, shape: str | None) -> None:
    """Hide a share of the edges, learn anew as the collection was, and look for them.

    auc: how often a hidden edge is told from two nodes that are not joined; precision: of the k likeliest pairs, how
    many are hidden edges. Common neighbours and Adamic-Adar are asked the same.
    """
    from semsearch.evaluate import links

    with reading(db) as connection, Progress(f"links of {collection}", "step") as progress:
        found = links.evaluate_links(connection, collection, share=hide, k=k, seed=seed, report=progress)
    print_rows([one.as_dict() if shape == "json" else rounded(one.as_dict()) for one in found], shape)


@click.command("labels", short_help="Tell labels from vectors.")
@click.argument("db", type=click.Path())
@click.argument("collection")
@click.option("--label", "column", metavar="COL", help="the column of labels; by default the dataset's own")
@click.option("--separator", help="what stands between several labels in a cell; a JSON array needs none")
@click.option("--folds", type=int, help="hold back each of so many parts in turn, instead of shares")
@click.option("--split", metavar="COL", help="learn from the rows whose COL says train, judge those that say test")
@click.option("--share", "shares", type=float, multiple=True, help="share to train on; by default 0.1 to 0.9")
@click.option("--shuffles", type=int, default=10, show_default=True, help="how often the items are drawn anew")
@click.option("--c", "C", type=float, help="how freely weights may grow; by default chosen, or 1 with shares")
@click.option("--seed", type=int, default=0, show_default=True, help="same seed, same shuffles")
@listing_options
def evaluate_labels(db: str, collection: str, column: str | None, shape: str | None, **how: Any) -> None:
    """Train on some of the labelled items and tell the labels of the others: accuracy, micro and macro F1.

    By default with shares of 0.1 to 0.9 to train on and one logistic regression a label against the rest; of an item
    with k labels the k likeliest are told, as is usual for graphs (Perozzi et al. 2014). With --folds or --split each
    item is judged once, and one label an item is learned as `classify` learns it.

    \b
    semsearch evaluate labels my.db articles_lsa --label theme --folds 10
    semsearch evaluate labels my.db articles_lsa --label theme --split part
    """
    from semsearch.evaluate import labels

    how = _checked(how, labels.SHARES)
    with reading(db) as connection:
        found, different, items = labels.evaluate_labels(connection, collection, column, **how)
    means = f"; means of {counted(how['shuffles'], 'shuffle')}" if "shuffles" in how else ""
    remark(f"{counted(different, 'label')} on {counted(items, 'item')}{means}")
    print_rows([one.as_dict() if shape == "json" else rounded(one.as_dict()) for one in found], shape)


def _checked(how: dict[str, Any], shares: Sequence[float]) -> dict[str, Any]:
    """One way of holding items back, and what belongs to it."""
    given = [name for name in ("folds", "split", "shares") if how[name]]
    if len(given) > 1:
        raise InputError("--folds, --split and --share are three ways to hold items back: give one of them")
    if how["C"] is not None and not how["C"] > 0:
        raise InputError(f"c is {how['C']:g}: a number above 0 is needed")
    if how["shuffles"] < 1:
        raise InputError(f"shuffles is {how['shuffles']}: at least 1 is needed")
    held = how["folds"] is not None or how["split"] is not None
    if held:
        return {name: how[name] for name in ("folds", "split", "separator", "seed", "C")}
    C = 1.0 if how["C"] is None else how["C"]
    return {name: how[name] for name in ("separator", "shuffles", "seed")} | {"shares": how["shares"] or shares, "C": C}
