"""Verbs about graphs: ingest edges."""

from __future__ import annotations

import shlex
from typing import Any

import click

from semsearch import registry
from semsearch.cli.ingest import LISTED, ingest
from semsearch.cli.output import Progress, counted, remark
from semsearch.cli.upkeep import say_checkpoint
from semsearch.errors import InputError
from semsearch.ingest.edgefiles import EdgeColumns, edge_readers
from semsearch.ingest.edges import Linked, LoadedGraph, link_table, load_edges
from semsearch.ingest.sources import read_sources, source_name
from semsearch.storage.connect import writing
from semsearch.storage.driver import Connection


def add_to(cli: click.Group) -> None:
    """Add the verbs; `ingest` has one more."""
    ingest.add_command(ingest_edges)


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
    for line in loaded.remarks:
        remark(line)
    for message in loaded.skipped[:LISTED]:
        remark(f"Skipped: {message}")
    if len(loaded.skipped) > LISTED:
        remark(f"… and {len(loaded.skipped) - LISTED:,} more")
    remark(f"{loaded.dataset.name}: {counted(loaded.nodes, 'node')}, {counted(loaded.edges, 'edge')}")
    remark(f"Next: semsearch build {shlex.quote(db)} {shlex.quote(loaded.dataset.name)}")


def _from_table(connection: Connection, graph: str, sources: tuple[str, ...], asked: dict[str, Any]) -> LoadedGraph:
    if asked["nodes"]:
        raise InputError("--nodes describes the nodes of files of edges: with --table, GRAPH names their table")
    if asked["through"] and (asked["target"] or asked["weight"]):
        raise InputError("--through joins the sources by what they share: leave out --target and --weight")
    columns = {name: asked[name] for name in ("source", "target", "weight", "through", "directed")}
    return link_table(connection, graph, asked["table"], Linked(**columns))


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
            items,
            source=source,
            nodes=nodes,
            directed=asked["directed"],
            skip_errors=asked["skip_errors"],
            report=progress,
        )
    loaded.remarks[:0] = dict.fromkeys(columns.remarks)
    return loaded
